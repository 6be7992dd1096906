// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "../verifier/Field.sol";

/// @title Public keys of the Stark curve: x coordinates of its points.
library StarkKey {
    /// @dev y^2 = x^3 + x + BETA.
    uint256 private constant BETA =
        0x6f21413efbe40de150e596d72f7a8c5609ad26c15c915c1f4cdfcb99cee9e89;

    /// @notice Whether a signature can exist for this key. A square other than zero, by Euler's
    /// criterion: the group's order is odd, so no point has y = 0.
    function isValid(uint256 key) internal view returns (bool) {
        if (key == 0 || key >= PRIME) return false;
        uint256 cube = mulmod(mulmod(key, key, PRIME), key, PRIME);
        return Field.pow(addmod(addmod(cube, key, PRIME), BETA, PRIME), (PRIME - 1) / 2) == 1;
    }
}
