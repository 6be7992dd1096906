// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../interfaces/IStarkVerifier.sol";
import {PRIME} from "./Field.sol";
import {Memory} from "./Memory.sol";
import {ProofParameters} from "./ProofParameters.sol";
import {PublicInput} from "./PublicInput.sol";
import {PublicMemory} from "./PublicMemory.sol";
import {AirLayout} from "./generated/AirLayout.sol";

/// @title Checks a program once, when the verifier is deployed.
/// @notice The program is the code of a data contract: a STOP byte and one cell of the public memory
/// for each word.
library Program {
    /// @dev What `inspect` finds out.
    struct Facts {
        uint256 length;
        bytes32 wordsKeccak;
        uint256 programHash;
    }

    /// @dev ap += number of builtins; call main; then an endless jump.
    uint256 private constant ADD_AP = 0x40780017fff7fff;
    uint256 private constant CALL = 0x1104800180018000;
    uint256 private constant JUMP = 0x10780017fff7fff;

    /// @dev Where the loader has the hash of the program that it loads.
    uint256 private constant PROGRAM_HASH_POSITION = 7;

    /// @notice Counts and hashes the program's words. Its cells have the addresses from 1 on, and
    /// it starts as proof mode requires: the verifier takes the final pc from that.
    function inspect(address program) internal view returns (Facts memory facts) {
        uint256 size = program.code.length;
        if (size < 1 + PublicMemory.CELL_BYTES || (size - 1) % PublicMemory.CELL_BYTES != 0) {
            revert IStarkVerifier.WrongByteLength(1 + PublicMemory.CELL_BYTES, size);
        }
        // Code that can run could destroy its contract.
        if (program.code[0] != 0) revert IStarkVerifier.NotADataContract(program);
        uint256 length = size / PublicMemory.CELL_BYTES;
        // The start section and the hash; a contract's code limits it from above.
        ProofParameters.checkRange("program_length", length, PROGRAM_HASH_POSITION + 1, 1 << 20);
        uint256 start = Memory.allocate(size - 1);
        PublicMemory.loadProgram(program, length, start);
        uint256[] memory words = new uint256[](length);
        for (uint256 i = 0; i < length; ++i) {
            uint256 location;
            (location, words[i]) = _cell(start, i);
            if (location != PublicInput.INITIAL_PC + i) {
                revert IStarkVerifier.NotAProofModeProgram(i, location);
            }
            if (words[i] >= PRIME) revert IStarkVerifier.NotAFieldElement(words[i]);
        }
        _expect(words, 0, ADD_AP);
        _expect(words, 1, AirLayout.N_PROGRAM_BUILTINS);
        _expect(words, 2, CALL);
        _expect(words, 4, JUMP);
        _expect(words, 5, 0);
        facts = Facts(length, keccak256(abi.encodePacked(words)), words[PROGRAM_HASH_POSITION]);
    }

    function _expect(uint256[] memory words, uint256 position, uint256 expected) private pure {
        if (words[position] != expected) {
            revert IStarkVerifier.NotAProofModeProgram(position, words[position]);
        }
    }

    function _cell(uint256 start, uint256 position)
        private
        pure
        returns (uint256 location, uint256 word)
    {
        uint256 cell = start + position * PublicMemory.CELL_BYTES;
        assembly ("memory-safe") {
            location := mload(cell)
            word := mload(add(cell, 0x20))
        }
    }
}
