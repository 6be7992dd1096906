// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Diluted} from "../../src/verifier/Diluted.sol";
import {PRIME} from "../../src/verifier/Field.sol";
import {TestBase} from "../utils/TestBase.sol";

contract DilutedTest is TestBase {
    /// @dev The recurrence over all 2^16 values, step by step.
    function test_finalValue_whenComparedWithTheRecurrence_thenEqual() external pure {
        uint256 z = uint256(keccak256("z")) % PRIME;
        uint256 alpha = uint256(keccak256("alpha")) % PRIME;
        uint256 r = 1;
        uint256 previous = 0;
        for (uint256 j = 1; j < 1 << 16; ++j) {
            uint256 value = _dilute(j);
            uint256 u = addmod(value, PRIME - previous, PRIME);
            uint256 tail = mulmod(alpha, mulmod(u, u, PRIME), PRIME);
            r = addmod(mulmod(r, addmod(1, mulmod(z, u, PRIME), PRIME), PRIME), tail, PRIME);
            previous = value;
        }
        assertEq(Diluted.finalValue(z, alpha), r);
    }

    /// @dev Spreads 16 bits to every fourth bit.
    function _dilute(uint256 x) private pure returns (uint256) {
        x = (x | (x << 24)) & 0x000000ff000000ff;
        x = (x | (x << 12)) & 0x000f000f000f000f;
        x = (x | (x << 6)) & 0x0303030303030303;
        return (x | (x << 3)) & 0x1111111111111111;
    }
}
