// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "./Field.sol";
import {Memory} from "./Memory.sol";

/// @title Points of a multiplicative subgroup of order 2^logDomain in bit-reversed order.
/// @notice Position p holds g^reverse(p). Bit i of a position stands for the factor of order
/// 2^(i + 1), whatever the domain: a point is the product of one table entry per four bits.
library Domain {
    /// @dev A part of the table: the products of the factors of four bits, 16 words.
    uint256 private constant PART_BYTES = 0x200;

    /// @notice Makes the table. Its first 16 words are the powers of the 16th root of unity in
    /// bit-reversed order, and the table of a smaller power of two of them is a prefix.
    /// @param logDomain At least 4.
    function makeTable(uint256 logDomain) internal view returns (uint256 table) {
        table = Memory.allocate(((logDomain + 3) >> 2) * PART_BYTES);
        uint256 root = Field.rootOfUnity(logDomain);
        // From the highest bit down, as each root is the square of the next longer one. Entries of
        // bits that the positions do not have are undefined.
        assembly ("memory-safe") {
            for { let bit := logDomain } bit {} {
                bit := sub(bit, 1)
                let entry := add(table, shl(9, shr(2, bit)))
                mstore(entry, 1)
                let distance := shl(and(bit, 3), 0x20)
                for { let end := add(entry, PART_BYTES) } lt(entry, end) {
                    entry := add(entry, shl(1, distance))
                } { mstore(add(entry, distance), mulmod(mload(entry), root, PRIME)) }
                root := mulmod(root, root, PRIME)
            }
        }
    }

    /// @notice The point at a position below 2^logDomain, and its inverse.
    function pointAt(uint256 table, uint256 logDomain, uint256 position)
        internal
        pure
        returns (uint256 point, uint256 inverse)
    {
        assembly ("memory-safe") {
            let top := sub(logDomain, 1)
            // g^-e = g * g^(2^logDomain - 1 - e): that exponent has all bits flipped.
            let flipped := xor(position, sub(shl(logDomain, 1), 1))
            point := 1
            inverse := mload(add(add(table, shl(9, shr(2, top))), shl(and(top, 3), 0x20)))
            for { let part := table } or(position, flipped) { part := add(part, PART_BYTES) } {
                point := mulmod(point, mload(add(part, shl(5, and(position, 15)))), PRIME)
                inverse := mulmod(inverse, mload(add(part, shl(5, and(flipped, 15)))), PRIME)
                position := shr(4, position)
                flipped := shr(4, flipped)
            }
        }
    }
}
