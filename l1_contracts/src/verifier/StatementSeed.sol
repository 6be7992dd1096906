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

    function _appendDynamicParams(uint256 next) private pure returns (uint256) {
        bytes memory table = AirLayout.DYNAMIC_PARAMS;
        assembly ("memory-safe") {
            // The last four bytes of the word at `ptr` are an entry of the table.
            let ptr := add(table, 4)
            for { let end := add(ptr, mload(table)) } lt(ptr, end) { ptr := add(ptr, 4) } {
                mstore(next, and(mload(ptr), 0xffffffff))
                next := add(next, 0x20)
            }
        }
        return next;
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
