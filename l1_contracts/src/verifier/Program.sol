// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../interfaces/IStarkVerifier.sol";
import {PRIME} from "./Field.sol";
import {Memory} from "./Memory.sol";
import {ProofParameters} from "./ProofParameters.sol";
import {PublicMemory} from "./PublicMemory.sol";
import {AirLayout} from "./generated/AirLayout.sol";

/// @title Checks a program once, when the verifier is deployed.
library Program {
    uint256 private constant WORD_MIN_BYTES = 8;

    /// @dev ap += number of builtins; call main; then an endless jump.
    uint256 private constant ADD_AP = 0x40780017fff7fff;
    uint256 private constant CALL = 0x1104800180018000;
    uint256 private constant JUMP = 0x10780017fff7fff;

    /// @notice Counts and hashes the words of the packed program, and checks that it starts as
    /// proof mode requires: the verifier takes the final pc from that.
    function inspect(address[] memory chunks) internal view returns (uint256 length, bytes32 hash) {
        uint256 maxWords = 0;
        for (uint256 i = 0; i < chunks.length; ++i) {
            ProofParameters.checkRange("program_chunk_bytes", chunks[i].code.length, 9, 24_576);
            maxWords += chunks[i].code.length / WORD_MIN_BYTES;
        }
        uint256 start = Memory.allocate(maxWords * PublicMemory.CELL_BYTES);
        uint256 end = PublicMemory.loadProgram(chunks, start);
        length = (end - start) / PublicMemory.CELL_BYTES;
        // Six words of the start section.
        ProofParameters.checkRange("program_length", length, 6, maxWords);
        _expect(start, 0, ADD_AP);
        _expect(start, 1, AirLayout.N_PROGRAM_BUILTINS);
        _expect(start, 2, CALL);
        _expect(start, 4, JUMP);
        _expect(start, 5, 0);
        uint256[] memory words = new uint256[](length);
        for (uint256 i = 0; i < length; ++i) {
            words[i] = _word(start, i);
            if (words[i] >= PRIME) revert IStarkVerifier.NotAFieldElement(words[i]);
        }
        hash = keccak256(abi.encodePacked(words));
    }

    function _expect(uint256 start, uint256 position, uint256 expected) private pure {
        uint256 word = _word(start, position);
        if (word != expected) revert IStarkVerifier.NotAProofModeProgram(position, word);
    }

    function _word(uint256 start, uint256 position) private pure returns (uint256 word) {
        uint256 cell = start + position * PublicMemory.CELL_BYTES + 0x20;
        assembly ("memory-safe") {
            word := mload(cell)
        }
    }
}
