// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "../../src/verifier/Field.sol";
import {Fri} from "../../src/verifier/Fri.sol";
import {BitReversal} from "../utils/BitReversal.sol";
import {PlainFri} from "../utils/PlainFri.sol";
import {TestBase} from "../utils/TestBase.sol";

contract FriHarness {
    struct Opening {
        uint256 step;
        uint256 row;
        uint256[] positions;
        uint256[] values;
    }

    /// @dev Folds one layer that has a single row, opened at the given positions of it. The tree
    /// has no levels: its root is the leaf.
    function foldOneRow(
        Opening calldata opening,
        uint256 evalPoint,
        uint256 logDomain,
        bytes calldata siblings
    ) external view returns (uint256 value, uint256 inversePoint, uint256 used) {
        uint256 queries = PlainFri.writeQueries(logDomain, opening.positions, opening.values);
        uint256 start;
        assembly ("memory-safe") {
            start := siblings.offset
        }
        Fri.Layer memory layer = Fri.Layer(opening.step, 0, evalPoint, _leaf(opening, siblings), 32);
        uint256 count = opening.positions.length;
        (, used) = Fri.foldLayer(layer, Fri.allocate(count, logDomain), queries, count, start);
        used -= start;
        assembly ("memory-safe") {
            value := mload(add(queries, 0x20))
            inversePoint := mload(add(queries, 0x40))
        }
    }

    function _leaf(Opening calldata opening, bytes calldata siblings)
        private
        pure
        returns (uint256)
    {
        uint256[] memory coset = new uint256[](1 << opening.step);
        uint256 first = opening.row << opening.step;
        uint256 known = 0;
        uint256 taken = 0;
        for (uint256 i = 0; i < coset.length; ++i) {
            if (known < opening.positions.length && opening.positions[known] == first + i) {
                coset[i] = opening.values[known++];
            } else {
                coset[i] = uint256(bytes32(siblings[32 * taken:32 * taken + 32]));
                ++taken;
            }
        }
        return uint256(keccak256(abi.encodePacked(coset)));
    }
}

contract FriTest is TestBase {
    uint256 private constant LOG_DOMAIN = 10;

    FriHarness private immutable _HARNESS = new FriHarness();

    /// @dev Values of a polynomial of degree below 2^step on a coset fold to the constant that
    /// halving the polynomial by hand gives.
    function test_fold_whenComparedWithTwoPointFormula_thenEqual(
        uint256 step,
        uint256 row,
        uint256 evalPoint,
        uint256 seed,
        uint16 set
    ) external view {
        step = bound(step, 1, 4);
        row = bound(row, 0, (1 << (LOG_DOMAIN - step)) - 1);
        evalPoint = bound(evalPoint, 0, PRIME - 1);
        uint256 size = 1 << step;
        uint256[] memory coset = new uint256[](size);
        for (uint256 i = 0; i < size; ++i) {
            coset[i] = uint256(keccak256(abi.encode(seed, i))) % PRIME;
        }
        FriHarness.Opening memory opening = FriHarness.Opening(step, row, coset, coset);
        bytes memory siblings;
        (opening.positions, opening.values, siblings) = PlainFri.split(coset, row << step, set | 1);
        (uint256 value, uint256 inversePoint, uint256 used) =
            _HARNESS.foldOneRow(opening, evalPoint, LOG_DOMAIN, siblings);
        assertEq(used, siblings.length);
        assertEq(value, PlainFri.fold(coset, row << step, evalPoint, LOG_DOMAIN));
        _checkPoint(row, LOG_DOMAIN - step, inversePoint);
    }

    function _checkPoint(uint256 row, uint256 logDomain, uint256 inversePoint) private view {
        uint256 exponent = BitReversal.reverse(row, logDomain);
        uint256 point = Field.pow(Field.rootOfUnity(logDomain), exponent);
        assertEq(mulmod(point, inversePoint, PRIME), 1);
    }
}
