// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, MONTGOMERY_R_INVERSE, PRIME} from "../../src/verifier/Field.sol";
import {TestBase} from "../utils/TestBase.sol";

contract FieldTest is TestBase {
    function test_pow_whenExponentIsSmall_thenEqualsRepeatedMultiplication(
        uint256 base,
        uint8 exponent
    ) external view {
        uint256 expected = 1;
        for (uint256 i = 0; i < exponent; ++i) {
            expected = mulmod(expected, base, PRIME);
        }
        assertEq(Field.pow(base, exponent), expected);
    }

    function test_inverse_whenMultiplied_thenOne(uint256 value) external view {
        value = bound(value, 1, PRIME - 1);
        assertEq(mulmod(value, Field.inverse(value), PRIME), 1);
    }

    function test_inverse_whenZero_thenReverts() external {
        VM.expectRevert(Field.NoInverseOfZero.selector);
        this.inverse(PRIME);
    }

    function test_rootOfUnity_whenSquaredToTheEnd_thenOneAndMinusOneBefore() external view {
        for (uint256 log = 1; log <= 30; ++log) {
            uint256 root = Field.rootOfUnity(log);
            assertEq(Field.pow(root, 1 << log), 1);
            assertEq(Field.pow(root, 1 << (log - 1)), PRIME - 1);
        }
    }

    function test_montgomeryInverse_whenMultipliedWithTwoTo256_thenOne() external pure {
        uint256 r = addmod(type(uint256).max % PRIME, 1, PRIME);
        assertEq(mulmod(r, MONTGOMERY_R_INVERSE, PRIME), 1);
    }

    function test_reverseBits_whenComparedWithBitLoop_thenEqual(uint256 value, uint256 nBits)
        external
        pure
    {
        nBits = bound(nBits, 1, 64);
        value = bound(value, 0, (1 << nBits) - 1);
        uint256 expected = 0;
        for (uint256 i = 0; i < nBits; ++i) {
            expected |= ((value >> i) & 1) << (nBits - 1 - i);
        }
        assertEq(Field.reverseBits(value, nBits), expected);
    }

    function inverse(uint256 value) external view returns (uint256) {
        return Field.inverse(value);
    }
}
