// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Batched Merkle openings.
/// @notice Nodes are keccak hashes truncated to their first `nodeBytes` bytes; they are packed
/// without gaps in calldata and kept left-aligned in words with zero tails in memory.
///
/// The opened leaves form a queue of (index, digest) pairs with strictly ascending indices. The
/// levels are folded one by one, each from left to right; a sibling comes from the queue if it is
/// known, else from the proof, so the proof holds no derivable node.
library Merkle {
    /// @dev Bytes of a queue entry: index, digest.
    uint256 internal constant ENTRY_BYTES = 0x40;

    error EmptyQueue();

    /// @notice Folds the queue to the root. The queue is overwritten.
    /// @param queue Memory address of the first entry.
    /// @param count Number of entries, at least 1; all indices below `2^height`.
    /// @param height Number of levels between the leaves and the root.
    /// @param cursor Calldata offset of the first sibling.
    /// @param nodeBytes Bytes of a node, 1 to 32.
    /// @return root The root that the leaves and siblings hash to.
    /// @return end Calldata offset behind the last sibling used.
    function computeRoot(
        uint256 queue,
        uint256 count,
        uint256 height,
        uint256 cursor,
        uint256 nodeBytes
    ) internal pure returns (bytes32 root, uint256 end) {
        if (count == 0) revert EmptyQueue();
        uint256 mask = nodeMask(nodeBytes);
        uint256 meetings = _meetings(queue, count, height);
        for (uint256 level = 0; level < height; ++level) {
            uint256 apart = _trailingZeros(meetings >> level);
            if (apart != 0) {
                cursor = _foldChains(queue, count, apart, cursor, nodeBytes);
                level += apart;
                if (level == height) break;
            }
            (count, cursor) = _foldLevel(queue, count, cursor, nodeBytes, mask, mask);
        }
        assembly ("memory-safe") {
            root := mload(add(queue, 0x20))
        }
        end = cursor;
    }

    /// @notice Keeps the first `nodeBytes` bytes of a word; `nodeBytes <= 32`.
    function nodeMask(uint256 nodeBytes) internal pure returns (uint256) {
        // Cannot underflow: nodeBytes <= 32. A shift by 256 gives 0, hence the mask 0 for 0 bytes.
        unchecked {
            return ~(type(uint256).max >> (8 * nodeBytes));
        }
    }

    /// @notice Folds the bottom level of a table with one column, whose leaves are not hashed:
    /// a missing half of a pair is a whole word of the proof.
    function foldRawLeaves(uint256 queue, uint256 count, uint256 cursor, uint256 nodeBytes)
        internal
        pure
        returns (uint256 nextCount, uint256 nextCursor)
    {
        // The pairs' digests are truncated like any node, the siblings are full words.
        return _foldLevel(queue, count, cursor, 0x20, type(uint256).max, nodeMask(nodeBytes));
    }

    /// @dev The levels at which paths meet, as bits, and a bit at `height`: neighbours meet at the
    /// highest bit in which they differ, and so do the nodes that they have become by then.
    function _meetings(uint256 queue, uint256 count, uint256 height)
        private
        pure
        returns (uint256 meetings)
    {
        assembly ("memory-safe") {
            meetings := shl(height, 1)
            let last := add(queue, shl(6, sub(count, 1)))
            for { let entry := queue } lt(entry, last) { entry := add(entry, 0x40) } {
                let difference := xor(mload(entry), mload(add(entry, 0x40)))
                meetings := or(meetings, shl(sub(255, clz(difference)), 1))
            }
        }
    }

    /// @dev The position of the lowest bit of a word that is not zero.
    function _trailingZeros(uint256 word) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := sub(255, clz(and(word, sub(0, word))))
        }
    }

    /// @dev Folds each path separately over `levels` levels on which no two paths meet: the
    /// siblings of one path are `count` nodes apart.
    function _foldChains(
        uint256 queue,
        uint256 count,
        uint256 levels,
        uint256 cursor,
        uint256 nodeBytes
    ) private pure returns (uint256 nextCursor) {
        uint256 mask = nodeMask(nodeBytes);
        assembly ("memory-safe") {
            let stride := mul(count, nodeBytes)
            nextCursor := add(cursor, mul(stride, levels))
            let end := add(queue, shl(6, count))
            for { let entry := queue } lt(entry, end) { entry := add(entry, 0x40) } {
                // Five more bits, so that the lowest bit of the index selects the side directly:
                // 0x00 or 0x20, left or right half of the pair.
                let index := shl(5, mload(entry))
                let node := mload(add(entry, 0x20))
                let sibling := cursor
                for { let odd := and(levels, 3) } odd { odd := sub(odd, 1) } {
                    let side := and(index, 0x20)
                    mstore(side, node)
                    mstore(xor(side, 0x20), and(calldataload(sibling), mask))
                    node := and(keccak256(0x00, 0x40), mask)
                    index := shr(1, index)
                    sibling := add(sibling, stride)
                }
                for {} lt(sibling, nextCursor) { sibling := add(sibling, stride) } {
                    let side := and(index, 0x20)
                    mstore(side, node)
                    mstore(xor(side, 0x20), and(calldataload(sibling), mask))
                    sibling := add(sibling, stride)
                    side := and(shr(1, index), 0x20)
                    mstore(side, and(keccak256(0x00, 0x40), mask))
                    mstore(xor(side, 0x20), and(calldataload(sibling), mask))
                    sibling := add(sibling, stride)
                    side := and(shr(2, index), 0x20)
                    mstore(side, and(keccak256(0x00, 0x40), mask))
                    mstore(xor(side, 0x20), and(calldataload(sibling), mask))
                    sibling := add(sibling, stride)
                    side := and(shr(3, index), 0x20)
                    mstore(side, and(keccak256(0x00, 0x40), mask))
                    mstore(xor(side, 0x20), and(calldataload(sibling), mask))
                    node := and(keccak256(0x00, 0x40), mask)
                    index := shr(4, index)
                }
                mstore(entry, shr(5, index))
                mstore(add(entry, 0x20), node)
                cursor := add(cursor, nodeBytes)
            }
        }
    }

    function _foldLevel(
        uint256 queue,
        uint256 count,
        uint256 cursor,
        uint256 siblingBytes,
        uint256 siblingMask,
        uint256 parentMask
    ) private pure returns (uint256 nextCount, uint256 nextCursor) {
        // Reads at `entry`, writes the parent at `out`. Every step reads at least one entry and
        // writes one, so `out` never overtakes `entry`. 0x00 and 0x20 are scratch space.
        assembly ("memory-safe") {
            let end := add(queue, shl(6, count))
            let out := queue
            for { let entry := queue } lt(entry, end) {} {
                let index := mload(entry)
                let side := shl(5, and(index, 1))
                mstore(side, mload(add(entry, 0x20)))
                entry := add(entry, 0x40)
                switch and(lt(entry, end), eq(mload(entry), xor(index, 1)))
                case 1 {
                    mstore(xor(side, 0x20), mload(add(entry, 0x20)))
                    entry := add(entry, 0x40)
                }
                default {
                    mstore(xor(side, 0x20), and(calldataload(cursor), siblingMask))
                    cursor := add(cursor, siblingBytes)
                }
                mstore(out, shr(1, index))
                mstore(add(out, 0x20), and(keccak256(0x00, 0x40), parentMask))
                out := add(out, 0x40)
            }
            nextCount := shr(6, sub(out, queue))
            nextCursor := cursor
        }
    }
}
