// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The order of a layer's points, one bit at a time.
library BitReversal {
    function reverse(uint256 value, uint256 nBits) internal pure returns (uint256 reversed) {
        for (uint256 i = 0; i < nBits; ++i) {
            reversed |= ((value >> i) & 1) << (nBits - 1 - i);
        }
    }
}
