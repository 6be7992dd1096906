// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PRIME} from "./Field.sol";

/// @title The last cumulative value of the diluted pool.
/// @notice The pool holds all 2^16 values whose bits sit four apart. Its cumulative value obeys
/// r_1 = 1, r_(j+1) = r_j * (1 + z * u_j) + alpha * u_j^2 with u_j the difference of neighbours,
/// which depends only on the number of trailing zeros of j; hence r_(2^i) = p_i + alpha * q_i doubles
/// in one step.
library Diluted {
    uint256 private constant N_BITS = 16;
    uint256 private constant SPACING_FACTOR = 1 << 4;

    /// @notice r_(2^16) for the challenges z and alpha, both reduced.
    function finalValue(uint256 z, uint256 alpha) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let p := add(1, z)
            let q := 1
            let difference := 1
            let increment := sub(SPACING_FACTOR, 2)
            for { let i := 1 } lt(i, N_BITS) { i := add(i, 1) } {
                // The difference at the i-th power of two, below 2^64.
                difference := add(difference, increment)
                increment := mul(increment, SPACING_FACTOR)
                let scaled := mulmod(difference, p, PRIME)
                let factor := add(p, mulmod(z, scaled, PRIME))
                // Sums of at most three reduced terms.
                q := add(mulmod(q, factor, PRIME), add(mulmod(difference, scaled, PRIME), q))
                q := mod(q, PRIME)
                p := mulmod(p, factor, PRIME)
            }
            value := addmod(p, mulmod(q, alpha, PRIME), PRIME)
        }
    }
}
