// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MONTGOMERY_R_INVERSE, PRIME} from "./Field.sol";

/// @title The verifier's side of the non-interactive channel (Stone's keccak suite).
/// @notice The digest absorbs every message of the prover; challenges are hashes of the digest
/// and a counter that restarts with each message.
library Channel {
    struct State {
        bytes32 digest;
        uint256 counter;
    }

    /// @dev 31 * PRIME, the largest multiple of the prime below 2^256: draws above it are repeated,
    /// so that challenges are uniform.
    uint256 private constant DRAW_BOUND =
        0xf80000000000020f00000000000000000000000000000000000000000000001f;

    /// @dev A draw is repeated with probability 1/32; 32 repetitions in a row never happen.
    uint256 private constant MAX_DRAWS = 32;

    uint256 private constant PROOF_OF_WORK_MAGIC = 0x0123456789abcded;

    error ChallengeNotDrawn();
    error ProofOfWorkTooWeak(uint256 bits, uint64 nonce);

    /// @notice Absorbs one 32-byte message.
    function absorb(State memory state, bytes32 message) internal pure {
        bytes32 seed = _incremented(state.digest);
        assembly ("memory-safe") {
            mstore(0x00, seed)
            mstore(0x20, message)
            mstore(state, keccak256(0x00, 0x40))
            mstore(add(state, 0x20), 0)
        }
    }

    /// @notice Absorbs `length` bytes of calldata as one message.
    function absorbCalldata(State memory state, uint256 offset, uint256 length) internal pure {
        bytes32 seed = _incremented(state.digest);
        // Hashed from beyond the free pointer: the copy is not needed afterwards.
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mstore(scratch, seed)
            calldatacopy(add(scratch, 0x20), offset, length)
            mstore(state, keccak256(scratch, add(length, 0x20)))
            mstore(add(state, 0x20), 0)
        }
    }

    /// @notice Absorbs a sequence of words, each as a message of its own.
    /// @param values The distinct words.
    /// @param runs The sequence, as pairs of bytes: a position in `values`, a number of
    /// repetitions. Positions are not checked: the runs are generated.
    function absorbRuns(State memory state, uint256[] memory values, bytes memory runs)
        internal
        pure
    {
        assembly ("memory-safe") {
            let seed := add(mload(state), 1)
            let base := add(values, 0x20)
            let end := add(runs, mload(runs))
            // The last two bytes of the word at `ptr` are a pair.
            for { let ptr := runs } lt(ptr, end) {} {
                ptr := add(ptr, 2)
                let pair := mload(ptr)
                mstore(0x20, mload(add(base, and(shr(3, pair), 0x1fe0))))
                mstore(0x00, seed)
                seed := add(keccak256(0x00, 0x40), 1)
                let more := sub(and(pair, 0xff), 1)
                if more {
                    for {} gt(more, 3) { more := sub(more, 4) } {
                        mstore(0x00, seed)
                        mstore(0x00, add(keccak256(0x00, 0x40), 1))
                        mstore(0x00, add(keccak256(0x00, 0x40), 1))
                        mstore(0x00, add(keccak256(0x00, 0x40), 1))
                        seed := add(keccak256(0x00, 0x40), 1)
                    }
                    for {} more { more := sub(more, 1) } {
                        mstore(0x00, seed)
                        seed := add(keccak256(0x00, 0x40), 1)
                    }
                }
            }
            mstore(state, sub(seed, 1))
            mstore(add(state, 0x20), 0)
        }
    }

    /// @notice Draws a uniform field element. The hash is the element's Montgomery form.
    function drawFelt(State memory state) internal pure returns (uint256) {
        for (uint256 i = 0; i < MAX_DRAWS; ++i) {
            uint256 candidate = uint256(_next(state));
            if (candidate < DRAW_BOUND) {
                return mulmod(candidate, MONTGOMERY_R_INVERSE, PRIME);
            }
        }
        revert ChallengeNotDrawn();
    }

    /// @notice Checks that `nonce` makes a hash of the digest start with `bits` zeros, then absorbs
    /// it. `1 <= bits <= 64`.
    function absorbProofOfWork(State memory state, uint256 bits, uint64 nonce) internal pure {
        bytes32 prefix =
            keccak256(abi.encodePacked(uint64(PROOF_OF_WORK_MAGIC), state.digest, uint8(bits)));
        bytes32 work = keccak256(abi.encodePacked(prefix, nonce));
        if (uint256(work) >> (256 - bits) != 0) revert ProofOfWorkTooWeak(bits, nonce);
        state.digest = keccak256(abi.encodePacked(_incremented(state.digest), nonce));
        state.counter = 0;
    }

    /// @notice Draws `count` positions below `2^logDomain`, sorted, repetitions dropped.
    function drawQueries(State memory state, uint256 count, uint256 logDomain)
        internal
        pure
        returns (uint256[] memory queries)
    {
        queries = new uint256[](count);
        uint256 mask = (1 << logDomain) - 1;
        uint256 end;
        assembly ("memory-safe") {
            end := add(queries, 0x20)
        }
        uint256 word = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (i & 3 == 0) word = uint256(_next(state));
            end = _insertSorted(queries, end, (word >> 192) & mask);
            word <<= 64;
        }
        assembly ("memory-safe") {
            mstore(queries, shr(5, sub(end, add(queries, 0x20))))
        }
    }

    /// @dev Inserts into the sorted words between the array's length and `end`, unless the value is
    /// there already; returns the new end. The array has room for one more word.
    function _insertSorted(uint256[] memory sorted, uint256 end, uint256 value)
        private
        pure
        returns (uint256 newEnd)
    {
        assembly ("memory-safe") {
            // `last` is the largest word that is not above the value, or the array's length.
            let last := sub(end, 0x20)
            for {} and(gt(last, sorted), gt(mload(last), value)) { last := sub(last, 0x20) } {}
            newEnd := end
            if iszero(and(gt(last, sorted), eq(mload(last), value))) {
                let slot := add(last, 0x20)
                mcopy(add(slot, 0x20), slot, sub(end, slot))
                mstore(slot, value)
                newEnd := add(end, 0x20)
            }
        }
    }

    function _next(State memory state) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let counterPtr := add(state, 0x20)
            mstore(0x00, mload(state))
            mstore(0x20, mload(counterPtr))
            hash := keccak256(0x00, 0x40)
            mstore(counterPtr, add(mload(counterPtr), 1))
        }
    }

    /// @dev Messages are hashed with digest + 1, challenges with the digest: the two never collide.
    function _incremented(bytes32 digest) private pure returns (bytes32) {
        // Wraps around like the reference implementation; a digest of 2^256 - 1 is not reachable.
        unchecked {
            return bytes32(uint256(digest) + 1);
        }
    }
}
