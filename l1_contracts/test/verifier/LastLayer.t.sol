// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "../../src/verifier/Field.sol";
import {Fri} from "../../src/verifier/Fri.sol";
import {LastLayer} from "../../src/verifier/LastLayer.sol";
import {BitReversal} from "../utils/BitReversal.sol";
import {PlainFri} from "../utils/PlainFri.sol";
import {TestBase} from "../utils/TestBase.sol";

contract LastLayerHarness {
    struct Opening {
        uint256 step;
        uint256 logRows;
        uint256 evalPoint;
        uint256 root;
        uint256[] positions;
        uint256[] values;
    }

    /// @dev Returns how many bytes of the opening were read.
    function check(
        Opening calldata opening,
        uint256[] calldata coefficients,
        uint256 logCoefficients,
        bytes calldata encoded
    ) external view returns (uint256) {
        uint256 logDomain = opening.logRows + opening.step;
        uint256 queries = PlainFri.writeQueries(logDomain, opening.positions, opening.values);
        uint256 count = opening.positions.length;
        LastLayer.Polynomial memory polynomial = LastLayer.Polynomial(0, logCoefficients);
        uint256 start;
        assembly ("memory-safe") {
            start := encoded.offset
            mstore(polynomial, coefficients.offset)
        }
        Fri.Layer memory layer =
            Fri.Layer(opening.step, opening.logRows, opening.evalPoint, opening.root, 32);
        Fri.Scratch memory scratch = Fri.allocate(count, logDomain);
        return LastLayer.check(layer, scratch, queries, count, start, polynomial) - start;
    }

    function evaluate(
        uint256[] calldata coefficients,
        uint256 logCoefficients,
        uint256 inversePoint,
        uint256 logDomain
    ) external pure returns (uint256) {
        LastLayer.Polynomial memory polynomial = LastLayer.Polynomial(0, logCoefficients);
        assembly ("memory-safe") {
            mstore(polynomial, coefficients.offset)
        }
        return LastLayer.evaluate(polynomial, inversePoint, logDomain);
    }
}

contract LastLayerTest is TestBase {
    uint256 private constant LOG_ROWS = 6;

    /// @dev A coset of one row, what the proof has of it, and a polynomial to which it folds.
    struct Case {
        LastLayerHarness.Opening opening;
        uint256[] coefficients;
        uint256 logCoefficients;
        uint256 row;
        uint256 leftOut;
        bytes encoded;
    }

    LastLayerHarness private immutable _HARNESS = new LastLayerHarness();

    function test_check_whenACellIsLeftOut_thenItIsDerived(uint256 seed, uint16 set) external view {
        Case memory made = _case(seed, set);
        uint256 used = _check(made);
        assertEq(used, made.encoded.length);
    }

    function test_check_whenAPairIsKnown_thenNothingIsLeftOutAndTheResultIsCompared(uint256 seed)
        external
    {
        Case memory made = _case(seed, 3);
        assertEq(made.leftOut, type(uint256).max);
        assertEq(_check(made), made.encoded.length);
        made.coefficients[0] = addmod(made.coefficients[0], 1, PRIME);
        VM.expectRevert(abi.encodeWithSelector(LastLayer.LastLayerMismatch.selector, made.row));
        this.check(made);
    }

    function test_check_whenThePolynomialIsAnother_thenTheLeafIsNotTheCommittedOne(
        uint256 seed,
        uint256 which
    ) external {
        Case memory made = _case(seed, 1);
        which %= made.coefficients.length;
        made.coefficients[which] = addmod(made.coefficients[which], 1, PRIME);
        VM.expectPartialRevert(Fri.LayerRootMismatch.selector);
        this.check(made);
    }

    function test_check_whenTheCellIsThereAllTheSame_thenTheLeafIsNotTheCommittedOne(uint256 seed)
        external
    {
        Case memory made = _case(seed, 1);
        made.encoded = bytes.concat(bytes32(made.leftOut), made.encoded);
        VM.expectPartialRevert(Fri.LayerRootMismatch.selector);
        this.check(made);
    }

    function test_evaluate_whenComparedWithPowers_thenEqual(uint256 seed, uint256 position)
        external
        view
    {
        for (uint256 log = 0; log <= 6; ++log) {
            uint256 logDomain = log + 2 + seed % 4;
            uint256[] memory coefficients = _random(seed, 1 << log);
            uint256 point = _pointAt(position % (1 << logDomain), logDomain);
            uint256 inverse = Field.inverse(point);
            uint256 value = _HARNESS.evaluate(coefficients, log, inverse, logDomain);
            assertEq(value, _valueAt(coefficients, point));
        }
    }

    function check(Case calldata made) external view returns (uint256) {
        return _check(made);
    }

    function _check(Case memory made) private view returns (uint256) {
        return _HARNESS.check(made.opening, made.coefficients, made.logCoefficients, made.encoded);
    }

    /// @dev The cells of `set` are known, and the first one in any case if none is.
    function _case(uint256 seed, uint16 set) private view returns (Case memory made) {
        uint256 step = 1 + seed % 4;
        uint256 size = 1 << step;
        made.row = (seed >> 8) % (1 << LOG_ROWS);
        made.logCoefficients = (seed >> 16) % 5;
        set = uint16(set % (1 << size));
        if (set == 0) set = 1;
        uint256[] memory coset = _random(seed ^ 1, size);
        LastLayerHarness.Opening memory opening = made.opening;
        opening.step = step;
        opening.logRows = LOG_ROWS;
        opening.evalPoint = _random(seed ^ 2, 1)[0];
        (opening.positions, opening.values,) = PlainFri.split(coset, made.row << step, set);
        (made.encoded, made.leftOut) = _encode(coset, set);
        opening.root = uint256(keccak256(abi.encodePacked(coset)));
        for (uint256 i = 0; i < LOG_ROWS; ++i) {
            bytes32 sibling = keccak256(abi.encode(seed, i));
            made.encoded = bytes.concat(made.encoded, sibling);
            opening.root = uint256(
                (made.row >> i) & 1 == 0
                    ? keccak256(abi.encode(opening.root, sibling))
                    : keccak256(abi.encode(sibling, opening.root))
            );
        }
        uint256 result = PlainFri.fold(coset, made.row << step, opening.evalPoint, LOG_ROWS + step);
        made.coefficients = _random(seed ^ 3, 1 << made.logCoefficients);
        uint256 value = _valueAt(made.coefficients, _pointAt(made.row, LOG_ROWS));
        // The lowest coefficient makes up the difference.
        uint256 difference = addmod(result, PRIME - value, PRIME);
        made.coefficients[0] = addmod(made.coefficients[0], difference, PRIME);
    }

    /// @dev Unknown cells without the one that is left out.
    function _encode(uint256[] memory coset, uint16 set)
        private
        pure
        returns (bytes memory encoded, uint256 leftOut)
    {
        uint256 first = 0;
        while ((set >> first) & 1 == 0) ++first;
        leftOut = type(uint256).max;
        for (uint256 i = 0; i < coset.length; ++i) {
            if ((set >> i) & 1 != 0) continue;
            if (i == first ^ 1) leftOut = coset[i];
            else encoded = bytes.concat(encoded, bytes32(coset[i]));
        }
    }

    function _random(uint256 seed, uint256 count) private pure returns (uint256[] memory words) {
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            words[i] = uint256(keccak256(abi.encode(seed, i))) % PRIME;
        }
    }

    function _pointAt(uint256 position, uint256 logDomain) private view returns (uint256) {
        uint256 exponent = BitReversal.reverse(position, logDomain);
        return Field.pow(Field.rootOfUnity(logDomain), exponent);
    }

    function _valueAt(uint256[] memory coefficients, uint256 point)
        private
        pure
        returns (uint256 value)
    {
        for (uint256 i = coefficients.length; i > 0; --i) {
            value = addmod(coefficients[i - 1], mulmod(value, point, PRIME), PRIME);
        }
    }
}
