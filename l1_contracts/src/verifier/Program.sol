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
library Program {
    /// @dev ap += number of builtins; call main; then an endless jump.
    uint256 private constant ADD_AP = 0x40780017fff7fff;
    uint256 private constant CALL = 0x1104800180018000;
    uint256 private constant JUMP = 0x10780017fff7fff;

    /// @notice Counts and hashes the program's words. Its cells have the addresses from 1 on, and
    /// it starts as proof mode requires: the verifier takes the final pc from that.
    function inspect(address[] memory chunks) internal view returns (uint256 length, bytes32 hash) {
        uint256 nBytes = 0;
        for (uint256 i = 0; i < chunks.length; ++i) {
            uint256 size = chunks[i].code.length;
            if (size < 1 + PublicMemory.CELL_BYTES || (size - 1) % PublicMemory.CELL_BYTES != 0) {
                revert IStarkVerifier.WrongByteLength(1 + PublicMemory.CELL_BYTES, size);
            }
            nBytes += size - 1;
        }
        uint256 start = Memory.allocate(nBytes);
        PublicMemory.loadProgram(chunks, start);
        length = nBytes / PublicMemory.CELL_BYTES;
        // Six words of the start section; addresses stay far below 2^32.
        ProofParameters.checkRange("program_length", length, 6, 1 << 20);
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
        hash = keccak256(abi.encodePacked(words));
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
