// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "./Field.sol";
import {Memory} from "./Memory.sol";
import {Merkle} from "./Merkle.sol";

/// @title The query phase of FRI.
/// @notice Values stay in Montgomery form, as they are hashed: every step is linear in them.
///
/// A layer's domain is a multiplicative subgroup in bit-reversed order: position i holds the point
/// g^reverse(i), so a coset of 2^step points is contiguous. A committed row is one coset; folding
/// it halves it `step` times by f(x) + f(-x) + beta/x * (f(x) - f(-x)), squaring beta and x.
///
/// Queries are a queue of (position, value, 1/point) triples with strictly ascending positions.
library Fri {
    uint256 internal constant MAX_STEP = 4;

    /// @dev Bytes of a query: position, value, inverse of the point.
    uint256 internal constant QUERY_BYTES = 0x60;

    struct Layer {
        uint256 step;
        uint256 logRows;
        uint256 evalPoint;
        uint256 root;
        uint256 nodeBytes;
    }

    /// @dev Working memory of one proof: coset buffer, Merkle queue, powers of the 16th root of
    /// unity in bit-reversed order and their inverses. The table of a smaller coset is a prefix.
    struct Scratch {
        uint256 coset;
        uint256 merkleQueue;
        uint256 roots;
        uint256 inverseRoots;
    }

    /// @dev Position in the queue and in calldata; row and 1/(first point) of the coset at hand.
    struct Walk {
        uint256 read;
        uint256 end;
        uint256 cursor;
        uint256 row;
        uint256 inversePoint;
    }

    error NonCanonicalValue();
    error LayerRootMismatch(uint256 expected, uint256 computed);
    error LastLayerMismatch(uint256 position);

    /// @notice Allocates the working memory for `maxQueries` queries.
    function allocate(uint256 maxQueries) internal view returns (Scratch memory scratch) {
        uint256 size = 1 << MAX_STEP;
        scratch.coset = Memory.allocate(size * 0x20);
        scratch.merkleQueue = Memory.allocate(maxQueries * Merkle.ENTRY_BYTES);
        scratch.roots = Memory.allocate(size * 0x20);
        scratch.inverseRoots = Memory.allocate(size * 0x20);
        uint256 root = Field.rootOfUnity(MAX_STEP);
        uint256 power = 1;
        for (uint256 i = 0; i < size; ++i) {
            uint256 slot = Field.reverseBits(i, MAX_STEP) * 0x20;
            // The inverse of the i-th power is the (16 - i)-th power.
            uint256 inverseSlot = Field.reverseBits((size - i) % size, MAX_STEP) * 0x20;
            uint256 roots = scratch.roots + slot;
            uint256 inverseRoots = scratch.inverseRoots + inverseSlot;
            assembly ("memory-safe") {
                mstore(roots, power)
                mstore(inverseRoots, power)
            }
            power = mulmod(power, root, PRIME);
        }
    }

    /// @notice Opens one committed layer at the queries, checks the opening and folds the queries
    /// in place to the next layer.
    /// @return count Number of queries left.
    /// @return end Calldata offset behind the layer's opening.
    function foldLayer(
        Layer memory layer,
        Scratch memory scratch,
        uint256 queries,
        uint256 nQueries,
        uint256 cursor
    ) internal pure returns (uint256 count, uint256 end) {
        Walk memory walk = Walk(queries, queries + nQueries * QUERY_BYTES, cursor, 0, 0);
        while (walk.read < walk.end) {
            _gatherCoset(layer.step, scratch, walk);
            _pushLeaf(layer, scratch, count, walk.row);
            uint256 scale = mulmod(layer.evalPoint, walk.inversePoint, PRIME);
            uint256 folded = _foldCoset(layer.step, scratch, scale);
            _writeQuery(queries + count * QUERY_BYTES, walk, folded, layer.step);
            ++count;
        }
        bytes32 root;
        (root, end) = Merkle.computeRoot(
            scratch.merkleQueue, count, layer.logRows, walk.cursor, layer.nodeBytes
        );
        if (uint256(root) != layer.root) revert LayerRootMismatch(layer.root, uint256(root));
    }

    /// @notice Checks that the queries lie on the polynomial with the given coefficients.
    /// @param coefficients Calldata offset of the coefficients, lowest degree first.
    /// @param logDomain The last layer's domain has `2^logDomain` points.
    function checkLastLayer(
        uint256 queries,
        uint256 count,
        uint256 coefficients,
        uint256 nCoefficients,
        uint256 logDomain
    ) internal view {
        uint256 inverseExponent = (1 << logDomain) - 1;
        for (uint256 i = 0; i < count; ++i) {
            uint256 query = queries + i * QUERY_BYTES;
            uint256 position;
            uint256 value;
            uint256 inversePoint;
            assembly ("memory-safe") {
                position := mload(query)
                value := mload(add(query, 0x20))
                inversePoint := mload(add(query, 0x40))
            }
            // Points lie in the subgroup of order 2^logDomain.
            uint256 point = Field.pow(inversePoint, inverseExponent);
            if (evaluate(coefficients, nCoefficients, point) != value) {
                revert LastLayerMismatch(position);
            }
        }
    }

    /// @notice Horner evaluation of a polynomial whose coefficients lie in calldata.
    function evaluate(uint256 coefficients, uint256 nCoefficients, uint256 point)
        internal
        pure
        returns (uint256 value)
    {
        assembly ("memory-safe") {
            for { let ptr := add(coefficients, shl(5, nCoefficients)) } gt(ptr, coefficients) {} {
                ptr := sub(ptr, 0x20)
                // Below 2 * PRIME: one reduced product and one reduced coefficient.
                value := add(calldataload(ptr), mulmod(value, point, PRIME))
            }
            value := mod(value, PRIME)
        }
    }

    /// @dev Fills the coset buffer with the queries of the next row, and with siblings from the
    /// proof where there is no query.
    function _gatherCoset(uint256 step, Scratch memory scratch, Walk memory walk) private pure {
        uint256 read = walk.read;
        uint256 end = walk.end;
        uint256 cursor = walk.cursor;
        uint256 coset = scratch.coset;
        uint256 roots = scratch.roots;
        bool nonCanonical;
        assembly ("memory-safe") {
            let first := mload(read)
            let position := shl(step, shr(step, first))
            mstore(add(walk, 0x60), shr(step, first))
            // 1/x_0 = (1/x_j) * root_j for the j-th point of the coset.
            mstore(
                add(walk, 0x80),
                mulmod(
                    mload(add(read, 0x40)), mload(add(roots, shl(5, sub(first, position)))), PRIME
                )
            )
            let cosetEnd := add(coset, shl(add(step, 5), 1))
            for { let slot := coset } lt(slot, cosetEnd) { slot := add(slot, 0x20) } {
                switch and(lt(read, end), eq(mload(read), position))
                case 1 {
                    mstore(slot, mload(add(read, 0x20)))
                    read := add(read, 0x60)
                }
                default {
                    let sibling := calldataload(cursor)
                    nonCanonical := or(nonCanonical, iszero(lt(sibling, PRIME)))
                    mstore(slot, sibling)
                    cursor := add(cursor, 0x20)
                }
                position := add(position, 1)
            }
            mstore(walk, read)
            mstore(add(walk, 0x40), cursor)
        }
        if (nonCanonical) revert NonCanonicalValue();
    }

    /// @dev Hashes the coset buffer into the Merkle queue. Rows have at least two columns.
    function _pushLeaf(Layer memory layer, Scratch memory scratch, uint256 index, uint256 row)
        private
        pure
    {
        uint256 mask = Merkle.nodeMask(layer.nodeBytes);
        uint256 step = layer.step;
        uint256 coset = scratch.coset;
        uint256 entry = scratch.merkleQueue + index * Merkle.ENTRY_BYTES;
        assembly ("memory-safe") {
            mstore(entry, row)
            mstore(add(entry, 0x20), and(keccak256(coset, shl(add(step, 5), 1)), mask))
        }
    }

    /// @dev Folds the coset buffer to one reduced value; `scale` is beta over the first point.
    function _foldCoset(uint256 step, Scratch memory scratch, uint256 scale)
        private
        pure
        returns (uint256 folded)
    {
        uint256 coset = scratch.coset;
        uint256 inverseRoots = scratch.inverseRoots;
        assembly ("memory-safe") {
            for { let size := shl(step, 0x20) } gt(size, 0x20) { size := shr(1, size) } {
                let out := coset
                for { let i := 0 } lt(i, size) { i := add(i, 0x40) } {
                    let left := mload(add(coset, i))
                    let right := mload(add(coset, add(i, 0x20)))
                    let factor := mulmod(scale, mload(add(inverseRoots, i)), PRIME)
                    let odd := mulmod(factor, add(left, sub(PRIME, right)), PRIME)
                    mstore(out, mod(add(odd, add(left, right)), PRIME))
                    out := add(out, 0x20)
                }
                scale := mulmod(scale, scale, PRIME)
            }
            folded := mload(coset)
        }
    }

    /// @dev The folded point is the coset's first point to the power 2^step.
    function _writeQuery(uint256 query, Walk memory walk, uint256 value, uint256 step)
        private
        pure
    {
        uint256 position = walk.row;
        uint256 inversePoint = walk.inversePoint;
        for (uint256 i = 0; i < step; ++i) {
            inversePoint = mulmod(inversePoint, inversePoint, PRIME);
        }
        assembly ("memory-safe") {
            mstore(query, position)
            mstore(add(query, 0x20), value)
            mstore(add(query, 0x40), inversePoint)
        }
    }
}
