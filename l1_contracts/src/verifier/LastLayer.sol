// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "./Field.sol";
import {Fri} from "./Fri.sol";
import {Memory} from "./Memory.sol";
import {Merkle} from "./Merkle.sol";

/// @title The last committed layer of FRI, whose cosets fold to values of a known polynomial.
/// @notice As the result of folding is known and linear in the coset, the proof leaves out one cell
/// of it: the other one of the pair that the first known cell is in, unless that is known as well.
///
/// A cell at the point x has the coefficient 1 + t + ... + t^(k-1) = (t^k - 1) / (t - 1) in the
/// result, with t = beta/x and k cells. t^k is the same for the whole coset: beta^k/y, with y the
/// point of the result. So one inversion serves all cosets.
library LastLayer {
    /// @dev What is known of a coset before it is read: where in the buffer the cell belongs that is
    /// left out, t - 1 for it, the result of folding, t^k - 1 (its inverse, once that is known), and
    /// the product of these of all cosets before. Assembly relies on the order.
    struct Coset {
        uint256 slot;
        uint256 factor;
        uint256 result;
        uint256 divisor;
        uint256 productBefore;
    }

    /// @dev Bytes of a `Coset`.
    uint256 private constant COSET_BYTES = 0xa0;

    /// @dev The slot of a coset of which no cell is left out.
    uint256 private constant NO_SLOT = type(uint256).max;

    /// @dev The coefficients' calldata offset, lowest degree first, and the logarithm of their
    /// number.
    struct Polynomial {
        uint256 coefficients;
        uint256 logCoefficients;
    }

    error LastLayerMismatch(uint256 position);

    /// @notice Opens the layer at the queries and checks that it folds to the polynomial.
    /// @return end Calldata offset behind the layer's opening.
    function check(
        Fri.Layer memory layer,
        Fri.Scratch memory scratch,
        uint256 queries,
        uint256 nQueries,
        uint256 cursor,
        Polynomial memory polynomial
    ) internal view returns (uint256 end) {
        uint256 coset = Memory.allocate(nQueries * COSET_BYTES);
        uint256 completed = Memory.allocate(2 * nQueries * Fri.QUERY_BYTES);
        Fri.Walk memory walk =
            Fri.Walk(queries, queries + nQueries * Fri.QUERY_BYTES, 0, completed, 0);
        _prepare(layer, polynomial, walk, coset);
        walk = Fri.Walk(completed, walk.write, cursor, queries, 0);
        uint256 mask = Merkle.nodeMask(layer.nodeBytes);
        uint256 count = 0;
        while (walk.read < walk.end) {
            uint256 row = walk.write;
            Fri.gatherCoset(layer.step, scratch, walk);
            Fri.foldCoset(layer, scratch, walk);
            _fillIn(coset, scratch.coset, row);
            Fri.pushLeaf(layer.step, scratch, count, row, mask);
            unchecked {
                // At most one per query.
                ++count;
                coset += COSET_BYTES;
            }
        }
        end = Fri.checkRoot(layer, scratch, count, walk.cursor);
    }

    /// @dev Copies the queries to `walk.write`, completed by the cells that are left out, with the
    /// value zero; writes what is known of each coset.
    function _prepare(
        Fri.Layer memory layer,
        Polynomial memory polynomial,
        Fri.Walk memory walk,
        uint256 cosets
    ) private view {
        uint256 product = 1;
        uint256 coset = cosets;
        while (walk.read < walk.end) {
            (uint256 slot, uint256 inversePoint) = _completePair(layer.step, walk);
            _copyRest(layer.step, walk);
            // t for the cell that is left out, and t^k.
            uint256 t = mulmod(layer.evalPoint, inversePoint, PRIME);
            uint256 power = t;
            assembly ("memory-safe") {
                for { let bits := mload(layer) } bits { bits := sub(bits, 1) } {
                    power := mulmod(power, power, PRIME)
                    inversePoint := mulmod(inversePoint, inversePoint, PRIME)
                }
            }
            uint256 result = evaluate(polynomial, inversePoint, layer.logRows);
            assembly ("memory-safe") {
                let divisor := addmod(power, sub(PRIME, 1), PRIME)
                mstore(coset, slot)
                mstore(add(coset, 0x20), addmod(t, sub(PRIME, 1), PRIME))
                mstore(add(coset, 0x40), result)
                mstore(add(coset, 0x60), divisor)
                mstore(add(coset, 0x80), product)
                product := mulmod(product, divisor, PRIME)
                coset := add(coset, COSET_BYTES)
            }
        }
        _invertDivisors(cosets, coset, Field.inverse(product));
    }

    /// @dev Copies the first query of a coset with the other cell of its pair.
    /// @return slot Where that cell belongs, or `NO_SLOT` if it is known.
    /// @return inversePoint The inverse of that cell's point.
    function _completePair(uint256 step, Fri.Walk memory walk)
        private
        pure
        returns (uint256 slot, uint256 inversePoint)
    {
        uint256 none = NO_SLOT;
        assembly ("memory-safe") {
            let read := mload(walk)
            let write := mload(add(walk, 0x60))
            let position := mload(read)
            let partner := xor(position, 1)
            // The points of a pair are opposite.
            inversePoint := sub(PRIME, mload(add(read, 0x40)))
            slot := shl(5, and(partner, sub(shl(step, 1), 1)))
            // The lower one cannot be known: this is the first.
            let isSecond := and(position, 1)
            let own := add(write, mul(isSecond, 0x60))
            let other := add(write, mul(iszero(isSecond), 0x60))
            mcopy(own, read, 0x60)
            read := add(read, 0x60)
            if and(lt(read, mload(add(walk, 0x20))), eq(mload(read), partner)) {
                slot := none
            }
            switch eq(slot, none)
            case 1 {
                mcopy(other, read, 0x60)
                read := add(read, 0x60)
            }
            default {
                mstore(other, partner)
                mstore(add(other, 0x20), 0)
                mstore(add(other, 0x40), inversePoint)
            }
            mstore(walk, read)
            mstore(add(walk, 0x60), add(write, 0xc0))
        }
    }

    /// @dev Copies the other queries of the coset that was written last.
    function _copyRest(uint256 step, Fri.Walk memory walk) private pure {
        assembly ("memory-safe") {
            let read := mload(walk)
            let end := mload(add(walk, 0x20))
            let write := mload(add(walk, 0x60))
            let row := shr(step, mload(sub(write, 0x60)))
            for {} lt(read, end) { read := add(read, 0x60) } {
                if sub(shr(step, mload(read)), row) { break }
                mcopy(write, read, 0x60)
                write := add(write, 0x60)
            }
            mstore(walk, read)
            mstore(add(walk, 0x60), write)
        }
    }

    /// @dev Replaces each divisor by its inverse, from the inverse of their product.
    function _invertDivisors(uint256 cosets, uint256 end, uint256 inverse) private pure {
        assembly ("memory-safe") {
            for { let coset := end } gt(coset, cosets) {} {
                coset := sub(coset, COSET_BYTES)
                let divisor := mload(add(coset, 0x60))
                mstore(add(coset, 0x60), mulmod(inverse, mload(add(coset, 0x80)), PRIME))
                inverse := mulmod(inverse, divisor, PRIME)
            }
        }
    }

    /// @dev Writes the cell that is left out into the coset buffer; if none is, compares the result.
    /// @param query What folding wrote: the row, the result with zero in place of that cell.
    function _fillIn(uint256 coset, uint256 buffer, uint256 query) private pure {
        uint256 slot;
        uint256 missing;
        uint256 position;
        assembly ("memory-safe") {
            position := mload(query)
            slot := mload(coset)
            missing := addmod(mload(add(coset, 0x40)), sub(PRIME, mload(add(query, 0x20))), PRIME)
        }
        if (slot == NO_SLOT) {
            if (missing != 0) revert LastLayerMismatch(position);
            return;
        }
        assembly ("memory-safe") {
            missing := mulmod(missing, mload(add(coset, 0x20)), PRIME)
            missing := mulmod(missing, mload(add(coset, 0x60)), PRIME)
            mstore(add(buffer, slot), missing)
        }
    }

    /// @notice The polynomial's value at the point with the given inverse, which lies in the
    /// subgroup of order `2^logDomain`.
    function evaluate(Polynomial memory polynomial, uint256 inversePoint, uint256 logDomain)
        internal
        pure
        returns (uint256 value)
    {
        // f(1/u) = f*(u) * u^(1-n), where f* has the n coefficients of f in reversed order, and
        // u^(1-n) = u * (u^n)^(m-1), where m * n is the order of the subgroup.
        uint256 logCoefficients = polynomial.logCoefficients;
        value = evaluateReversed(polynomial.coefficients, 1 << logCoefficients, inversePoint);
        assembly ("memory-safe") {
            value := mulmod(value, inversePoint, PRIME)
            let power := inversePoint
            for { let bits := logCoefficients } bits { bits := sub(bits, 1) } {
                power := mulmod(power, power, PRIME)
            }
            for { let bits := sub(logDomain, logCoefficients) } bits { bits := sub(bits, 1) } {
                value := mulmod(value, power, PRIME)
                power := mulmod(power, power, PRIME)
            }
        }
    }

    /// @notice Horner evaluation of a polynomial whose coefficients lie in calldata, the highest
    /// degree first.
    function evaluateReversed(uint256 coefficients, uint256 nCoefficients, uint256 point)
        internal
        pure
        returns (uint256 value)
    {
        // Every step leaves a reduced product plus a word that is below the prime.
        assembly ("memory-safe") {
            let p := PRIME
            let ptr := coefficients
            for { let end := add(ptr, shl(8, shr(3, nCoefficients))) } lt(ptr, end) {
                ptr := add(ptr, 0x100)
            } {
                value := add(calldataload(ptr), mulmod(value, point, p))
                value := add(calldataload(add(ptr, 0x20)), mulmod(value, point, p))
                value := add(calldataload(add(ptr, 0x40)), mulmod(value, point, p))
                value := add(calldataload(add(ptr, 0x60)), mulmod(value, point, p))
                value := add(calldataload(add(ptr, 0x80)), mulmod(value, point, p))
                value := add(calldataload(add(ptr, 0xa0)), mulmod(value, point, p))
                value := add(calldataload(add(ptr, 0xc0)), mulmod(value, point, p))
                value := add(calldataload(add(ptr, 0xe0)), mulmod(value, point, p))
            }
            for { let end := add(coefficients, shl(5, nCoefficients)) } lt(ptr, end) {
                ptr := add(ptr, 0x20)
            } { value := add(calldataload(ptr), mulmod(value, point, p)) }
            value := mod(value, p)
        }
    }
}
