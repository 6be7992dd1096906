// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Channel} from "../../src/verifier/Channel.sol";
import {Field, PRIME} from "../../src/verifier/Field.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev The digest, recomputed without assembly.
contract ChannelTest is TestBase {
    using Channel for Channel.State;

    function test_absorb_whenComparedWithPlainHash_thenEqual(bytes32 digest, bytes32 message)
        external
        pure
    {
        Channel.State memory state = Channel.State(digest, 7);
        state.absorb(message);
        assertEq(state.digest, _absorbed(digest, abi.encode(message)));
        assertEq(state.counter, 0);
    }

    function test_absorbCalldata_whenComparedWithPlainHash_thenEqual(
        bytes32 digest,
        bytes calldata message
    ) external pure {
        Channel.State memory state = Channel.State(digest, 7);
        uint256 offset;
        assembly {
            offset := message.offset
        }
        state.absorbCalldata(offset, message.length);
        assertEq(state.digest, _absorbed(digest, message));
        assertEq(state.counter, 0);
    }

    function test_absorbRuns_whenComparedWithSingleMessages_thenEqual(
        bytes32 digest,
        uint256[3] calldata words,
        uint8[8] calldata lengths
    ) external pure {
        uint256[] memory values = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) {
            values[i] = words[i];
        }
        bytes memory runs = new bytes(16);
        Channel.State memory plain = Channel.State(digest, 0);
        for (uint256 i = 0; i < 8; ++i) {
            uint8 length = lengths[i] == 0 ? 1 : lengths[i];
            runs[2 * i] = bytes1(uint8(i % 3));
            runs[2 * i + 1] = bytes1(length);
            for (uint256 j = 0; j < length; ++j) {
                plain.absorb(bytes32(values[i % 3]));
            }
        }
        Channel.State memory state = Channel.State(digest, 5);
        state.absorbRuns(values, runs);
        assertEq(state.digest, plain.digest);
        assertEq(state.counter, 0);
    }

    function test_drawFelt_whenComparedWithPlainHash_thenEqual(bytes32 digest) external view {
        Channel.State memory state = Channel.State(digest, 0);
        uint256 counter = 0;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 candidate = type(uint256).max;
            // 31 * PRIME overflows nothing: 31 * 2^251 < 2^256.
            while (candidate >= 31 * PRIME) {
                candidate = uint256(keccak256(abi.encode(digest, counter++)));
            }
            uint256 r = addmod(type(uint256).max % PRIME, 1, PRIME);
            assertEq(state.drawFelt(), mulmod(candidate, Field.inverse(r), PRIME));
        }
        assertEq(state.counter, counter);
    }

    function test_drawQueries_whenDrawn_thenSortedDistinctAndFromTheHashes(
        bytes32 digest,
        uint256 count,
        uint256 logDomain
    ) external pure {
        count = bound(count, 1, 64);
        logDomain = bound(logDomain, 1, 32);
        Channel.State memory state = Channel.State(digest, 0);
        uint256[] memory queries = state.drawQueries(count, logDomain);
        for (uint256 i = 1; i < queries.length; ++i) {
            assertTrue(queries[i - 1] < queries[i], "ascending");
        }
        for (uint256 i = 0; i < count; ++i) {
            uint256 block_ = uint256(keccak256(abi.encode(digest, i / 4)));
            uint256 position = uint64(block_ >> (64 * (3 - i % 4))) % (1 << logDomain);
            assertTrue(_contains(queries, position), "every drawn position is there");
        }
        assertTrue(queries.length <= count, "no more positions than draws");
    }

    function test_proofOfWork_whenBitsAreThere_thenAbsorbed(bytes32 digest) external pure {
        uint256 bits = 6;
        uint64 nonce = 0;
        while (_work(digest, bits, nonce) >> (256 - bits) != 0) ++nonce;
        Channel.State memory state = Channel.State(digest, 3);
        state.absorbProofOfWork(bits, nonce);
        assertEq(state.digest, _absorbed(digest, abi.encodePacked(nonce)));
    }

    function test_proofOfWork_whenBitsAreMissing_thenReverts(bytes32 digest) external {
        uint64 nonce = 0;
        while (_work(digest, 6, nonce) >> 250 == 0) ++nonce;
        VM.expectRevert(abi.encodeWithSelector(Channel.ProofOfWorkTooWeak.selector, 6, nonce));
        this.absorbProofOfWork(digest, 6, nonce);
    }

    function absorbProofOfWork(bytes32 digest, uint256 bits, uint64 nonce) external pure {
        Channel.State memory state = Channel.State(digest, 0);
        state.absorbProofOfWork(bits, nonce);
    }

    function _absorbed(bytes32 digest, bytes memory message) private pure returns (bytes32) {
        unchecked {
            return keccak256(bytes.concat(bytes32(uint256(digest) + 1), message));
        }
    }

    function _work(bytes32 digest, uint256 bits, uint64 nonce) private pure returns (uint256) {
        bytes32 prefix = keccak256(abi.encodePacked(hex"0123456789abcded", digest, uint8(bits)));
        return uint256(keccak256(abi.encodePacked(prefix, nonce)));
    }

    function _contains(uint256[] memory sorted, uint256 value) private pure returns (bool) {
        for (uint256 i = 0; i < sorted.length; ++i) {
            if (sorted[i] == value) return true;
        }
        return false;
    }
}
