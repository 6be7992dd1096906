// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Memory} from "./Memory.sol";
import {PublicInput} from "./PublicInput.sol";
import {PublicMemory} from "./PublicMemory.sol";
import {AirLayout} from "./generated/AirLayout.sol";

/// @title The first digest of the channel: a hash of the whole statement.
/// @notice The words are those of Stone's keccak suite, so that its verifier accepts the same proof.
library StatementSeed {
    /// @dev Five leading words, the layout's parameters, the segments, the page's five words.
    uint256 private constant N_WORDS =
        5 + AirLayout.N_DYNAMIC_PARAMS + 2 * PublicInput.N_SEGMENTS + 5;

    /// @notice Hashes the statement and its public memory page.
    function digest(PublicInput.Statement memory statement, PublicMemory.Page memory page)
        internal
        pure
        returns (bytes32 hash)
    {
        uint256 buffer = Memory.allocate(N_WORDS * 32);
        uint256 next = buffer;
        // No layer of the Merkle trees uses an arithmetic-friendly hash.
        next = _append(next, 0);
        next = _append(next, statement.logSteps);
        next = _append(next, statement.rangeCheckMin);
        next = _append(next, statement.rangeCheckMax);
        next = _append(next, AirLayout.LAYOUT_CODE);
        next = _appendDynamicParams(next);
        for (uint256 i = 0; i < PublicInput.N_SEGMENTS; ++i) {
            next = _append(next, statement.begins[i]);
            next = _append(next, statement.stops[i]);
        }
        next = _appendPage(next, page);
        assembly ("memory-safe") {
            hash := keccak256(buffer, sub(next, buffer))
        }
    }

    function _appendDynamicParams(uint256 next) private pure returns (uint256 end) {
        bytes memory table = AirLayout.DYNAMIC_PARAMS;
        // Eight entries of four bytes at once: the last word of the table may have fewer, and what
        // is written for them is overwritten by what follows.
        assembly ("memory-safe") {
            end := add(next, shl(3, mload(table)))
            for { let ptr := add(table, 0x20) } lt(next, end) { ptr := add(ptr, 0x20) } {
                let entries := mload(ptr)
                mstore(next, shr(224, entries))
                mstore(add(next, 0x20), and(shr(192, entries), 0xffffffff))
                mstore(add(next, 0x40), and(shr(160, entries), 0xffffffff))
                mstore(add(next, 0x60), and(shr(128, entries), 0xffffffff))
                mstore(add(next, 0x80), and(shr(96, entries), 0xffffffff))
                mstore(add(next, 0xa0), and(shr(64, entries), 0xffffffff))
                mstore(add(next, 0xc0), and(shr(32, entries), 0xffffffff))
                mstore(add(next, 0xe0), and(entries, 0xffffffff))
                next := add(next, 0x100)
            }
        }
    }

    /// @dev The padding cell (the first cell), the number of pages, the page's length and hash.
    function _appendPage(uint256 next, PublicMemory.Page memory page)
        private
        pure
        returns (uint256)
    {
        uint256 start = page.start;
        uint256 length = page.nCells * PublicMemory.CELL_BYTES;
        uint256 location;
        uint256 value;
        uint256 hash;
        assembly ("memory-safe") {
            location := mload(start)
            value := mload(add(start, 0x20))
            hash := keccak256(start, length)
        }
        next = _append(next, location);
        next = _append(next, value);
        next = _append(next, 1);
        next = _append(next, page.nCells);
        return _append(next, hash);
    }

    function _append(uint256 next, uint256 word) private pure returns (uint256) {
        assembly ("memory-safe") {
            mstore(next, word)
        }
        return next + 32;
    }
}
