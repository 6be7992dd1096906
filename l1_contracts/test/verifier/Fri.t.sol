// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "../../src/verifier/Field.sol";
import {Fri} from "../../src/verifier/Fri.sol";
import {Memory} from "../../src/verifier/Memory.sol";
import {BitReversal} from "../utils/BitReversal.sol";
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
        uint256 queries = _writeQueries(logDomain, opening.positions, opening.values);
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

    function evaluateReversed(uint256[] calldata coefficients, uint256 point)
        external
        pure
        returns (uint256)
    {
        uint256 offset;
        assembly ("memory-safe") {
            offset := coefficients.offset
        }
        return Fri.evaluateReversed(offset, coefficients.length, point);
    }

    function _writeQueries(
        uint256 logDomain,
        uint256[] calldata positions,
        uint256[] calldata values
    ) private view returns (uint256 queries) {
        queries = Memory.allocate(positions.length * Fri.QUERY_BYTES);
        uint256 generator = Field.rootOfUnity(logDomain);
        for (uint256 i = 0; i < positions.length; ++i) {
            uint256 point = Field.pow(generator, BitReversal.reverse(positions[i], logDomain));
            uint256 inverse = Field.inverse(point);
            uint256 slot = queries + i * Fri.QUERY_BYTES;
            uint256 position = positions[i];
            uint256 value = values[i];
            assembly ("memory-safe") {
                mstore(slot, position)
                mstore(add(slot, 0x20), value)
                mstore(add(slot, 0x40), inverse)
            }
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
        (opening.positions, opening.values, siblings) = _split(coset, row << step, set | 1);
        (uint256 value, uint256 inversePoint, uint256 used) =
            _HARNESS.foldOneRow(opening, evalPoint, LOG_DOMAIN, siblings);
        assertEq(used, siblings.length);
        assertEq(value, _foldPlain(coset, row << step, evalPoint));
        _checkPoint(row, LOG_DOMAIN - step, inversePoint);
    }

    function test_evaluateReversed_whenComparedWithPowers_thenEqual(
        uint256[] calldata words,
        uint256 point
    ) external view {
        point = bound(point, 0, PRIME - 1);
        uint256[] memory coefficients = new uint256[](words.length);
        uint256 expected = 0;
        for (uint256 i = 0; i < words.length; ++i) {
            coefficients[i] = words[i] % PRIME;
            uint256 term = mulmod(coefficients[i], Field.pow(point, words.length - 1 - i), PRIME);
            expected = addmod(expected, term, PRIME);
        }
        assertEq(_HARNESS.evaluateReversed(coefficients, point), expected);
    }

    function _checkPoint(uint256 row, uint256 logDomain, uint256 inversePoint) private view {
        uint256 exponent = BitReversal.reverse(row, logDomain);
        uint256 point = Field.pow(Field.rootOfUnity(logDomain), exponent);
        assertEq(mulmod(point, inversePoint, PRIME), 1);
    }

    function _foldPlain(uint256[] memory values, uint256 position, uint256 beta)
        private
        view
        returns (uint256)
    {
        uint256 logDomain = LOG_DOMAIN;
        uint256 size = values.length;
        while (size > 1) {
            uint256 generator = Field.rootOfUnity(logDomain);
            for (uint256 i = 0; i < size; i += 2) {
                uint256 exponent = BitReversal.reverse(position + i, logDomain);
                uint256 inverse = Field.inverse(Field.pow(generator, exponent));
                uint256 sum = addmod(values[i], values[i + 1], PRIME);
                uint256 difference = addmod(values[i], PRIME - values[i + 1], PRIME);
                uint256 odd = mulmod(mulmod(beta, inverse, PRIME), difference, PRIME);
                values[i / 2] = addmod(sum, odd, PRIME);
            }
            beta = mulmod(beta, beta, PRIME);
            position /= 2;
            size /= 2;
            --logDomain;
        }
        return values[0];
    }

    function _split(uint256[] memory coset, uint256 first, uint16 set)
        private
        pure
        returns (uint256[] memory positions, uint256[] memory values, bytes memory siblings)
    {
        uint256 count = 0;
        for (uint256 i = 0; i < coset.length; ++i) {
            count += (set >> i) & 1;
        }
        positions = new uint256[](count);
        values = new uint256[](count);
        uint256 next = 0;
        for (uint256 i = 0; i < coset.length; ++i) {
            if ((set >> i) & 1 == 0) {
                siblings = bytes.concat(siblings, bytes32(coset[i]));
            } else {
                positions[next] = first + i;
                values[next++] = coset[i];
            }
        }
    }
}
