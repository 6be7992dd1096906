// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../interfaces/IStarkVerifier.sol";

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

    /// @notice Reverts unless all words of a region are below the prime.
    function requireReduced(uint256 start, uint256 count) internal pure {
        uint256 bits = 0;
        assembly ("memory-safe") {
            let ptr := start
            for { let end := add(start, shl(7, shr(2, count))) } lt(ptr, end) {
                ptr := add(ptr, 0x80)
            } {
                let half := or(mload(ptr), mload(add(ptr, 0x20)))
                bits := or(bits, or(half, or(mload(add(ptr, 0x40)), mload(add(ptr, 0x60)))))
            }
            for { let end := add(start, shl(5, count)) } lt(ptr, end) { ptr := add(ptr, 0x20) } {
                bits := or(bits, mload(ptr))
            }
        }
        // Reduced values above 2^251 exist, but hardly occur: then look closer.
        if (bits >> 251 != 0) _requireEachReduced(start, count);
    }

    function _requireEachReduced(uint256 start, uint256 count) private pure {
        for (uint256 i = 0; i < count; ++i) {
            uint256 value;
            assembly ("memory-safe") {
                value := mload(add(start, shl(5, i)))
            }
            if (value >= PRIME) revert IStarkVerifier.NotAFieldElement(value);
        }
    }
}
