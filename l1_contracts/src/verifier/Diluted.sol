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
    function finalValue(uint256 z, uint256 alpha) internal pure returns (uint256) {
        uint256 p = addmod(1, z, PRIME);
        uint256 q = 1;
        uint256 difference = 1;
        uint256 increment = SPACING_FACTOR - 2;
        for (uint256 i = 1; i < N_BITS; ++i) {
            // The difference at the i-th power of two; below 2^64, so nothing wraps.
            difference += increment;
            increment *= SPACING_FACTOR;
            uint256 scaled = mulmod(difference, p, PRIME);
            uint256 factor = addmod(p, mulmod(z, scaled, PRIME), PRIME);
            uint256 tail = addmod(mulmod(difference, scaled, PRIME), q, PRIME);
            q = addmod(mulmod(q, factor, PRIME), tail, PRIME);
            p = mulmod(p, factor, PRIME);
        }
        return addmod(p, mulmod(q, alpha, PRIME), PRIME);
    }
}
