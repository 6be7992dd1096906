// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Memory} from "../../src/verifier/Memory.sol";
import {Merkle} from "../../src/verifier/Merkle.sol";
import {TestBase} from "../utils/TestBase.sol";

contract MerkleHarness {
    function computeRoot(
        uint256[] calldata indices,
        bytes32[] calldata leaves,
        uint256 height,
        bytes calldata siblings,
        uint256 nodeBytes,
        bool rawLeaves
    ) external pure returns (bytes32 root, uint256 used) {
        uint256 count = indices.length;
        uint256 queue = Memory.allocate(count * Merkle.ENTRY_BYTES);
        for (uint256 i = 0; i < count; ++i) {
            uint256 entry = queue + i * Merkle.ENTRY_BYTES;
            uint256 index = indices[i];
            bytes32 leaf = leaves[i];
            assembly ("memory-safe") {
                mstore(entry, index)
                mstore(add(entry, 0x20), leaf)
            }
        }
        uint256 start;
        assembly ("memory-safe") {
            start := siblings.offset
        }
        uint256 cursor = start;
        if (rawLeaves) {
            (count, cursor) = Merkle.foldRawLeaves(queue, count, cursor, nodeBytes);
            --height;
        }
        (root, cursor) = Merkle.computeRoot(queue, count, height, cursor, nodeBytes);
        used = cursor - start;
    }
}

/// @dev A whole tree built level by level, and its openings read off it.
contract MerkleTest is TestBase {
    uint256 private constant HEIGHT = 6;

    MerkleHarness private immutable _HARNESS = new MerkleHarness();
    bytes32[] private _nodes;
    bytes private _siblings;
    uint256[] private _indices;
    bytes32[] private _leaves;

    function test_root_whenOpenedAtAnySet_thenEqualsTheTrees(
        uint64 set,
        uint256 seed,
        uint256 width
    ) external {
        width = bound(width, 20, 32);
        _open(set | 1, seed, width, false);
        (bytes32 root, uint256 used) =
            _HARNESS.computeRoot(_indices, _leaves, HEIGHT, _siblings, width, false);
        assertEq(root, _nodes[1]);
        assertEq(used, _siblings.length);
    }

    function test_root_whenFewPathsAreFarApart_thenEqualsTheTrees(
        uint256 first,
        uint256 second,
        uint256 seed
    ) external {
        _open(uint64((1 << (first % 64)) | (1 << (second % 64))), seed, 24, false);
        (bytes32 root, uint256 used) =
            _HARNESS.computeRoot(_indices, _leaves, HEIGHT, _siblings, 24, false);
        assertEq(root, _nodes[1]);
        assertEq(used, _siblings.length);
    }

    function test_root_whenLeavesAreRaw_thenEqualsTheTrees(uint64 set, uint256 seed) external {
        _open(set | 4, seed, 24, true);
        (bytes32 root, uint256 used) =
            _HARNESS.computeRoot(_indices, _leaves, HEIGHT, _siblings, 24, true);
        assertEq(root, _nodes[1]);
        assertEq(used, _siblings.length);
    }

    function test_root_whenABitIsFlipped_thenDiffers(uint64 set, uint256 seed, uint256 position)
        external
    {
        _open(set | 1, seed, 24, false);
        uint256 total = 32 * _leaves.length + _siblings.length;
        position = bound(position, 0, 8 * total - 1);
        uint256 byteIndex = position / 8;
        bytes1 flip = bytes1(uint8(1 << (position % 8)));
        if (byteIndex < 32 * _leaves.length) {
            _leaves[byteIndex / 32] ^= bytes32(flip) >> (8 * (byteIndex % 32));
        } else {
            _siblings[byteIndex - 32 * _leaves.length] ^= flip;
        }
        (bytes32 root,) = _HARNESS.computeRoot(_indices, _leaves, HEIGHT, _siblings, 24, false);
        assertTrue(root != _nodes[1], "root differs");
    }

    function test_root_whenQueueIsEmpty_thenReverts() external {
        VM.expectRevert(Merkle.EmptyQueue.selector);
        _HARNESS.computeRoot(new uint256[](0), new bytes32[](0), 3, "", 24, false);
    }

    function _open(uint64 set, uint256 seed, uint256 width, bool rawLeaves) private {
        uint256 size = 1 << HEIGHT;
        bytes32 mask = bytes32(~(type(uint256).max >> (8 * width)));
        _nodes = new bytes32[](2 * size);
        for (uint256 i = 0; i < size; ++i) {
            _nodes[size + i] = keccak256(abi.encode(seed, i));
            if (!rawLeaves) _nodes[size + i] &= mask;
        }
        for (uint256 i = size - 1; i > 0; --i) {
            _nodes[i] = keccak256(abi.encode(_nodes[2 * i], _nodes[2 * i + 1])) & mask;
        }
        bool[] memory known = new bool[](2 * size);
        for (uint256 i = 0; i < size; ++i) {
            if ((set >> i) & 1 == 0) continue;
            known[size + i] = true;
            _indices.push(i);
            _leaves.push(_nodes[size + i]);
        }
        for (uint256 level = size; level > 1; level /= 2) {
            for (uint256 i = level; i < 2 * level; ++i) {
                if (!known[i]) continue;
                known[i / 2] = true;
                if (!known[i ^ 1]) {
                    _pushSibling(_nodes[i ^ 1], rawLeaves && level == size ? 32 : width);
                }
            }
        }
    }

    function _pushSibling(bytes32 node, uint256 width) private {
        for (uint256 i = 0; i < width; ++i) {
            _siblings.push(node[i]);
        }
    }
}
