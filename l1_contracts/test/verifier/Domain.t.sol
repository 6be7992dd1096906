// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Domain} from "../../src/verifier/Domain.sol";
import {Field} from "../../src/verifier/Field.sol";
import {BitReversal} from "../utils/BitReversal.sol";
import {TestBase} from "../utils/TestBase.sol";

contract DomainTest is TestBase {
    function test_pointAt_whenComparedWithAPower_thenEqualAndWithItsInverse(
        uint256 position,
        uint256 logDomain
    ) external view {
        // The largest domain: 2^24 steps of 16 rows, blowup 256.
        logDomain = bound(logDomain, 4, 36);
        position = bound(position, 0, (1 << logDomain) - 1);
        _check(position, logDomain);
    }

    function test_pointAt_whenPositionIsFirstOrLast_thenEqualAndWithItsInverse() external view {
        for (uint256 logDomain = 4; logDomain <= 36; ++logDomain) {
            _check(0, logDomain);
            _check((1 << logDomain) - 1, logDomain);
            _check(1 << (logDomain - 1), logDomain);
        }
    }

    function test_table_whenReadAtItsBeginning_thenHasReversedPowersOfTheSixteenthRoot()
        external
        view
    {
        uint256 table = Domain.makeTable(21);
        uint256 root = Field.rootOfUnity(4);
        for (uint256 i = 0; i < 16; ++i) {
            uint256 entry;
            assembly ("memory-safe") {
                entry := mload(add(table, shl(5, i)))
            }
            assertEq(entry, Field.pow(root, BitReversal.reverse(i, 4)));
        }
    }

    function _check(uint256 position, uint256 logDomain) private view {
        (uint256 point, uint256 inverse) =
            Domain.pointAt(Domain.makeTable(logDomain), logDomain, position);
        uint256 exponent = BitReversal.reverse(position, logDomain);
        assertEq(point, Field.pow(Field.rootOfUnity(logDomain), exponent));
        assertEq(inverse, Field.inverse(point));
    }
}
