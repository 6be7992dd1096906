// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../../src/interfaces/IStarkVerifier.sol";
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

    function test_requireReduced_whenOneWordIsThePrime_thenNamesIt(uint8 count, uint8 place)
        external
    {
        uint256[] memory words = new uint256[](bound(count, 1, 40));
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = PRIME - 1;
        }
        this.requireReduced(words);
        words[place % words.length] = PRIME + place;
        VM.expectRevert(
            abi.encodeWithSelector(IStarkVerifier.NotAFieldElement.selector, PRIME + place)
        );
        this.requireReduced(words);
    }

    function requireReduced(uint256[] memory words) external pure {
        uint256 start;
        assembly ("memory-safe") {
            start := add(words, 0x20)
        }
        Field.requireReduced(start, words.length);
    }

    function inverse(uint256 value) external view returns (uint256) {
        return Field.inverse(value);
    }
}
