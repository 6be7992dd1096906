// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The prime of the Stark curve's base field, 2^251 + 17 * 2^192 + 1. Sums of up to 31
/// reduced elements fit in a word, so additions may be reduced late.
uint256 constant PRIME = 0x800000000000011000000000000000000000000000000000000000000000001;

/// @dev Inverse of 2^256: the factor that takes an element out of Montgomery form.
uint256 constant MONTGOMERY_R_INVERSE =
    0x40000000000001100000000000012100000000000000000000000000000000;

/// @title Arithmetic in the prime field of the trace.
library Field {
    /// @dev Generates the multiplicative group; also the offset of the evaluation domain.
    uint256 internal constant GENERATOR = 3;

    error NoInverseOfZero();

    /// @notice `base^exponent` by the modular exponentiation precompile.
    function pow(uint256 base, uint256 exponent) internal view returns (uint256 result) {
        // Uses the free memory beyond the pointer as scratch: nothing of it survives the block.
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mstore(scratch, 0x20)
            mstore(add(scratch, 0x20), 0x20)
            mstore(add(scratch, 0x40), 0x20)
            mstore(add(scratch, 0x60), base)
            mstore(add(scratch, 0x80), exponent)
            mstore(add(scratch, 0xa0), PRIME)
            if iszero(staticcall(gas(), 0x05, scratch, 0xc0, scratch, 0x20)) {
                revert(0, 0)
            }
            result := mload(scratch)
        }
    }

    /// @notice The inverse of a non-zero element.
    function inverse(uint256 value) internal view returns (uint256) {
        if (value % PRIME == 0) revert NoInverseOfZero();
        return pow(value, PRIME - 2);
    }

    /// @notice A primitive root of unity of order `2^logOrder`; `logOrder <= 192`.
    function rootOfUnity(uint256 logOrder) internal view returns (uint256) {
        return pow(GENERATOR, (PRIME - 1) >> logOrder);
    }

    /// @notice Reverses the lowest `nBits` bits of `value < 2^nBits`; `nBits <= 64`.
    function reverseBits(uint256 value, uint256 nBits) internal pure returns (uint256 reversed) {
        reversed = value;
        reversed = ((reversed & 0x5555555555555555) << 1) | ((reversed >> 1) & 0x5555555555555555);
        reversed = ((reversed & 0x3333333333333333) << 2) | ((reversed >> 2) & 0x3333333333333333);
        reversed = ((reversed & 0x0f0f0f0f0f0f0f0f) << 4) | ((reversed >> 4) & 0x0f0f0f0f0f0f0f0f);
        reversed = ((reversed & 0x00ff00ff00ff00ff) << 8) | ((reversed >> 8) & 0x00ff00ff00ff00ff);
        reversed = ((reversed & 0x0000ffff0000ffff) << 16) | ((reversed >> 16) & 0x0000ffff0000ffff);
        reversed = ((reversed & 0x00000000ffffffff) << 32) | (reversed >> 32);
        reversed >>= 64 - nBits;
    }
}
