// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Raw memory regions.
/// @notice The verifier's large buffers live one after the other in the same memory, whose price
/// grows with the square of its size.
library Memory {
    /// @notice Reserves `size` bytes, a multiple of 32; their content is undefined.
    function allocate(uint256 size) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
            mstore(0x40, add(pointer, size))
        }
    }

    /// @notice The first free byte.
    function mark() internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    /// @notice Frees everything allocated since `mark` returned `pointer`; the caller holds no
    /// reference into it.
    function release(uint256 pointer) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }

    /// @notice The words of an array as bytes, without copying: encoders copy bytes at once, but
    /// arrays word by word. The array must not be used any more.
    function toBytes(uint256[] memory words) internal pure returns (bytes memory data) {
        assembly ("memory-safe") {
            mstore(words, shl(5, mload(words)))
            data := words
        }
    }
}
