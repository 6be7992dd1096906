// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Domain} from "./Domain.sol";
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

    /// @dev Inverses of the roots of unity of order 4, 8 and 16: those at positions 2, 4 and 8 of
    /// the bit-reversed table.
    uint256 private constant INVERSE_ROOT_4 =
        0x01dafdc6d65d66b5accedf99bcd607383ad971a9537cdf25d59e99d90becc81e;
    uint256 private constant INVERSE_ROOT_8 =
        0x0446ed3ce295dda2b5ea677394813e6eab8bfbc55397aacac8e6df6f4bc9ca34;
    uint256 private constant INVERSE_ROOT_16 =
        0x05c3ed0c6f6ac6dd647c9ba3e4721c1eb14011ea3d174c52d7981c5b8145aa75;

    uint256 private constant FIFTEEN_PRIMES =
        0x78000000000000ff00000000000000000000000000000000000000000000000f;

    /// @dev Assembly relies on the order of the fields.
    struct Layer {
        uint256 step;
        uint256 logRows;
        uint256 evalPoint;
        uint256 root;
        uint256 nodeBytes;
    }

    /// @dev Working memory of one proof: coset buffer, Merkle queue, table of the domain's points,
    /// which begins with the powers of the 16th root of unity in bit-reversed order. The table of a
    /// smaller coset is a prefix.
    struct Scratch {
        uint256 coset;
        uint256 merkleQueue;
        uint256 roots;
    }

    /// @dev Next query to read and end of the queue, calldata offset, next query to write (never
    /// ahead of reading), 1/(first point) of the coset at hand. Assembly relies on the order.
    struct Walk {
        uint256 read;
        uint256 end;
        uint256 cursor;
        uint256 write;
        uint256 inversePoint;
    }

    error LayerRootMismatch(uint256 expected, uint256 computed);

    /// @notice Allocates the working memory for `maxQueries` queries in a domain of `2^logDomain`
    /// points; `logDomain >= MAX_STEP`.
    function allocate(uint256 maxQueries, uint256 logDomain)
        internal
        view
        returns (Scratch memory scratch)
    {
        scratch.coset = Memory.allocate((1 << MAX_STEP) * 0x20);
        scratch.merkleQueue = Memory.allocate(maxQueries * Merkle.ENTRY_BYTES);
        scratch.roots = Domain.makeTable(logDomain);
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
        Walk memory walk = Walk(queries, queries + nQueries * QUERY_BYTES, cursor, queries, 0);
        uint256 mask = Merkle.nodeMask(layer.nodeBytes);
        while (walk.read < walk.end) {
            gatherCoset(layer.step, scratch, walk);
            pushLeaf(layer.step, scratch, count, walk.write, mask);
            foldCoset(layer, scratch, walk);
            unchecked {
                // At most one per query.
                ++count;
            }
        }
        end = checkRoot(layer, scratch, count, walk.cursor);
    }

    /// @notice Checks the leaves in the Merkle queue against the layer's root.
    /// @return end Calldata offset behind the layer's siblings.
    function checkRoot(Layer memory layer, Scratch memory scratch, uint256 count, uint256 cursor)
        internal
        pure
        returns (uint256 end)
    {
        bytes32 root;
        (root, end) =
            Merkle.computeRoot(scratch.merkleQueue, count, layer.logRows, cursor, layer.nodeBytes);
        if (uint256(root) != layer.root) revert LayerRootMismatch(layer.root, uint256(root));
    }

    /// @notice Fills the coset buffer with the queries of the next row, and with siblings from the
    /// proof between them. Writes the row's position to the output and keeps 1/(first point).
    function gatherCoset(uint256 step, Scratch memory scratch, Walk memory walk) internal pure {
        uint256 coset = scratch.coset;
        uint256 roots = scratch.roots;
        uint256 bits = 0;
        assembly ("memory-safe") {
            let read := mload(walk)
            let end := mload(add(walk, 0x20))
            let cursor := mload(add(walk, 0x40))
            let first := mload(read)
            let row := shr(step, first)
            let position := shl(step, row)
            let next := add(position, shl(step, 1))
            // 1/x_0 = (1/x_j) * root_j for the j-th point of the coset.
            let root := mload(add(roots, shl(5, sub(first, position))))
            mstore(add(walk, 0x80), mulmod(mload(add(read, 0x40)), root, PRIME))
            let slot := coset
            for {} 1 {} {
                let known := next
                if lt(read, end) { if lt(mload(read), next) { known := mload(read) } }
                let length := shl(5, sub(known, position))
                calldatacopy(slot, cursor, length)
                cursor := add(cursor, length)
                slot := add(slot, length)
                if eq(known, next) { break }
                mstore(slot, mload(add(read, 0x20)))
                slot := add(slot, 0x20)
                position := add(known, 1)
                read := add(read, 0x60)
            }
            // A coset has two points, or a multiple of four.
            bits := or(mload(coset), mload(add(coset, 0x20)))
            for {} gt(slot, add(coset, 0x40)) {} {
                slot := sub(slot, 0x80)
                let half := or(mload(slot), mload(add(slot, 0x20)))
                bits := or(bits, or(half, or(mload(add(slot, 0x40)), mload(add(slot, 0x60)))))
            }
            mstore(walk, read)
            mstore(add(walk, 0x40), cursor)
            mstore(mload(add(walk, 0x60)), row)
        }
        // Reduced values above 2^251 exist, but hardly occur: then look closer.
        if (bits >> 251 != 0) Field.requireReduced(coset, 1 << step);
    }

    /// @notice Hashes the coset buffer into the Merkle queue, under the row in the output query.
    /// Rows have at least two columns, hence a leaf hash.
    function pushLeaf(
        uint256 step,
        Scratch memory scratch,
        uint256 index,
        uint256 query,
        uint256 mask
    ) internal pure {
        uint256 coset = scratch.coset;
        uint256 queue = scratch.merkleQueue;
        assembly ("memory-safe") {
            let entry := add(queue, shl(6, index))
            mstore(entry, mload(query))
            mstore(add(entry, 0x20), and(keccak256(coset, shl(step, 0x20)), mask))
        }
    }

    /// @notice Folds the coset buffer to one value and writes it to the output query with the inverse
    /// of its point, which is the coset's first point to the power 2^step.
    ///
    /// A coset of 2k points is folded by halves: the second half starts at the k-th root of the
    /// table, and both folds meet at the k-th power of the first point.
    function foldCoset(Layer memory layer, Scratch memory scratch, Walk memory walk) internal pure {
        uint256 coset = scratch.coset;
        assembly ("memory-safe") {
            // l + r + f * (l - r). Each level more than doubles the bound: below 1, 3, 7, 15 and
            // 31 primes after 0 to 4 levels.
            function meet(l, r, f) -> v {
                v := add(add(l, r), mulmod(f, add(l, sub(FIFTEEN_PRIMES, r)), PRIME))
            }
            function fold2(ptr, s) -> v {
                v := meet(mload(ptr), mload(add(ptr, 0x20)), s)
            }
            function fold4(ptr, s) -> v {
                v := fold2(add(ptr, 0x40), mulmod(s, INVERSE_ROOT_4, PRIME))
                v := meet(fold2(ptr, s), v, mulmod(s, s, PRIME))
            }
            function fold8(ptr, s) -> v {
                v := fold4(add(ptr, 0x80), mulmod(s, INVERSE_ROOT_8, PRIME))
                let left := fold4(ptr, s)
                s := mulmod(s, s, PRIME)
                v := meet(left, v, mulmod(s, s, PRIME))
            }
            function fold16(ptr, s) -> v {
                v := fold8(add(ptr, 0x100), mulmod(s, INVERSE_ROOT_16, PRIME))
                let left := fold8(ptr, s)
                s := mulmod(s, s, PRIME)
                s := mulmod(s, s, PRIME)
                v := meet(left, v, mulmod(s, s, PRIME))
            }
            let step := mload(layer)
            let inversePoint := mload(add(walk, 0x80))
            let scale := mulmod(mload(add(layer, 0x40)), inversePoint, PRIME)
            let value
            switch step
            case 1 { value := fold2(coset, scale) }
            case 2 { value := fold4(coset, scale) }
            case 3 { value := fold8(coset, scale) }
            default { value := fold16(coset, scale) }
            for {} step { step := sub(step, 1) } {
                inversePoint := mulmod(inversePoint, inversePoint, PRIME)
            }
            let write := mload(add(walk, 0x60))
            mstore(add(write, 0x20), mod(value, PRIME))
            mstore(add(write, 0x40), inversePoint)
            mstore(add(walk, 0x60), add(write, 0x60))
        }
    }
}
