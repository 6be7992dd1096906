// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../interfaces/IStarkVerifier.sol";
import {PRIME} from "./Field.sol";
import {ProofParameters} from "./ProofParameters.sol";
import {AirLayout} from "./generated/AirLayout.sol";

/// @title The statement: what the prover says about the run beyond the fixed program.
/// @notice Encoding (big endian): log2 of the steps (1 byte), range_check_min (2), range_check_max
/// (2), final ap (4), then for each builtin segment from output on its begin and stop address
/// (4 + 4), then the output values, each as its length (1) and its bytes without leading zeros.
/// Everything else is derived.
library PublicInput {
    uint256 internal constant N_SEGMENTS = 2 + AirLayout.N_BUILTIN_SEGMENTS;
    uint256 internal constant PROGRAM_SEGMENT = 0;
    uint256 internal constant EXECUTION_SEGMENT = 1;
    uint256 internal constant OUTPUT_SEGMENT = 2;

    /// @dev Execution starts at address 1 and ends in the endless jump of the start section.
    uint256 internal constant INITIAL_PC = 1;
    uint256 internal constant FINAL_PC = 5;

    uint256 private constant SEGMENTS_OFFSET = 9;
    uint256 private constant OUTPUT_OFFSET = SEGMENTS_OFFSET + 8 * AirLayout.N_BUILTIN_SEGMENTS;
    uint256 private constant BUILTIN_RECORD_BYTES = 5;

    struct Statement {
        uint256 logSteps;
        uint256 logTraceLength;
        uint256 rangeCheckMin;
        uint256 rangeCheckMax;
        uint256[] begins;
        uint256[] stops;
        uint256[] output;
    }

    /// @notice Decodes and checks a statement about a program of `programLength` words, all but the
    /// values of the output, for which it only makes room.
    function read(
        bytes calldata encoded,
        uint256 programLength,
        uint256 minLogSteps,
        uint256 maxLogSteps
    ) internal pure returns (Statement memory statement) {
        if (encoded.length < OUTPUT_OFFSET) {
            revert IStarkVerifier.WrongByteLength(OUTPUT_OFFSET, encoded.length);
        }
        statement.logSteps = uint8(encoded[0]);
        ProofParameters.checkRange("log_steps", statement.logSteps, minLogSteps, maxLogSteps);
        statement.logTraceLength = statement.logSteps + AirLayout.LOG_ROWS_PER_STEP;
        statement.rangeCheckMin = uint16(bytes2(encoded[1:3]));
        statement.rangeCheckMax = uint16(bytes2(encoded[3:5]));
        ProofParameters.checkRange(
            "range_check_min", statement.rangeCheckMin, 0, statement.rangeCheckMax
        );
        _readSegments(statement, encoded, programLength);
        uint256 length = statement.stops[OUTPUT_SEGMENT] - statement.begins[OUTPUT_SEGMENT];
        // A value takes at least one byte: bounds the allocation by the calldata.
        if (encoded.length < OUTPUT_OFFSET + length) {
            revert IStarkVerifier.WrongByteLength(OUTPUT_OFFSET + length, encoded.length);
        }
        statement.output = new uint256[](length);
    }

    function _readSegments(
        Statement memory statement,
        bytes calldata encoded,
        uint256 programLength
    ) private pure {
        statement.begins = new uint256[](N_SEGMENTS);
        statement.stops = new uint256[](N_SEGMENTS);
        // The frame of main begins behind the program, the caller's fp and the return pc.
        uint256 initialAp = INITIAL_PC + programLength + 2;
        statement.begins[PROGRAM_SEGMENT] = INITIAL_PC;
        statement.stops[PROGRAM_SEGMENT] = FINAL_PC;
        statement.begins[EXECUTION_SEGMENT] = initialAp;
        uint256 finalAp = uint32(bytes4(encoded[5:9]));
        // Arguments and return values of main are distinct cells.
        uint256 minFinalAp = initialAp + 2 * AirLayout.N_PROGRAM_BUILTINS;
        ProofParameters.checkRange("final_ap", finalAp, minFinalAp, type(uint32).max);
        statement.stops[EXECUTION_SEGMENT] = finalAp;
        uint256 offset = SEGMENTS_OFFSET;
        for (uint256 i = OUTPUT_SEGMENT; i < N_SEGMENTS; ++i) {
            statement.begins[i] = uint32(bytes4(encoded[offset:offset + 4]));
            statement.stops[i] = uint32(bytes4(encoded[offset + 4:offset + 8]));
            offset += 8;
        }
        _checkSegments(statement);
    }

    /// @dev A segment holds whole instances, at most as many as the trace has room for: cells used
    /// beyond that would be unconstrained. The output has no instances.
    function _checkSegments(Statement memory statement) private pure {
        bytes memory builtins = AirLayout.BUILTINS;
        for (uint256 i = OUTPUT_SEGMENT; i < N_SEGMENTS; ++i) {
            uint256 begin = statement.begins[i];
            uint256 stop = statement.stops[i];
            (uint256 rows, uint256 cells) = _builtin(builtins, i - OUTPUT_SEGMENT);
            uint256 maxInstances = rows == 0 ? 0 : (1 << statement.logTraceLength) / rows;
            if (i == OUTPUT_SEGMENT) maxInstances = type(uint32).max;
            if (
                stop < begin || (stop - begin) % cells != 0 || (stop - begin) / cells > maxInstances
            ) {
                revert IStarkVerifier.InvalidSegment(i, begin, stop);
            }
        }
    }

    function _builtin(bytes memory builtins, uint256 index)
        private
        pure
        returns (uint256 rowsPerInstance, uint256 cellsPerInstance)
    {
        uint256 offset = index * BUILTIN_RECORD_BYTES;
        uint256 record;
        assembly ("memory-safe") {
            record := shr(216, mload(add(add(builtins, 0x20), offset)))
        }
        return (record >> 8, record & 0xff);
    }

    /// @notice Reads the output's values, each one byte of length and that many bytes without
    /// leading zeros, to `statement.output` and to cells of the public memory from `cell` on.
    function readOutput(Statement memory statement, bytes calldata encoded, uint256 cell)
        internal
        pure
    {
        uint256 location = statement.begins[OUTPUT_SEGMENT];
        uint256[] memory output = statement.output;
        uint256 skipped = OUTPUT_OFFSET;
        uint256 malformed;
        assembly ("memory-safe") {
            let ptr := add(encoded.offset, skipped)
            let slot := add(output, 0x20)
            for { let end := add(slot, shl(5, mload(output))) } lt(slot, end) {
                slot := add(slot, 0x20)
            } {
                let nBytes := byte(0, calldataload(ptr))
                ptr := add(ptr, 1)
                let word := calldataload(ptr)
                // Zero for no bytes, and for more than a word has.
                let value := shr(sub(256, shl(3, nBytes)), word)
                malformed := or(malformed, gt(nBytes, 32))
                malformed := or(malformed, gt(iszero(byte(0, word)), iszero(nBytes)))
                malformed := or(malformed, iszero(lt(value, PRIME)))
                mstore(slot, value)
                mstore(cell, location)
                mstore(add(cell, 0x20), value)
                cell := add(cell, 0x40)
                location := add(location, 1)
                ptr := add(ptr, nBytes)
            }
            // What was read behind the end does not count: then the end is not met.
            malformed := or(malformed, sub(ptr, add(encoded.offset, encoded.length)))
        }
        if (malformed != 0) _revertMalformed(encoded, output.length);
    }

    /// @dev Finds the first value that is malformed. Reading does not stop to look for it.
    function _revertMalformed(bytes calldata encoded, uint256 nValues) private pure {
        uint256 offset = OUTPUT_OFFSET;
        for (uint256 i = 0; i < nValues; ++i) {
            if (offset >= encoded.length) {
                revert IStarkVerifier.WrongByteLength(offset + 1, encoded.length);
            }
            uint256 nBytes = uint8(encoded[offset]);
            uint256 end = offset + 1 + nBytes;
            if (end > encoded.length) revert IStarkVerifier.WrongByteLength(end, encoded.length);
            if (nBytes > 32 || (nBytes != 0 && encoded[offset + 1] == 0)) {
                revert IStarkVerifier.NonCanonicalValue(offset);
            }
            uint256 value = uint256(bytes32(encoded[offset + 1:end])) >> (8 * (32 - nBytes));
            if (value >= PRIME) revert IStarkVerifier.NotAFieldElement(value);
            offset = end;
        }
        revert IStarkVerifier.WrongByteLength(offset, encoded.length);
    }
}
