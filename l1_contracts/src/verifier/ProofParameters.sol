// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../interfaces/IStarkVerifier.sol";
import {Fri} from "./Fri.sol";

/// @title The first bytes of a proof: parameters chosen by the prover, checked against a floor.
library ProofParameters {
    struct Values {
        uint256 logBlowup;
        uint256 nQueries;
        uint256 proofOfWorkBits;
        uint256 logLastLayerBound;
        uint256[] friSteps;
    }

    /// @dev Security is counted in thousandths of a bit.
    struct Floor {
        uint256 minConjectured;
        uint256 minProven;
        uint256 minProofOfWorkBits;
    }

    uint256 private constant FIXED_BYTES = 5;
    uint256 internal constant MILLIBITS_PER_BIT = 1000;
    uint256 private constant MIN_LOG_BLOWUP = 2;
    uint256 private constant MAX_LOG_BLOWUP = 8;
    /// @dev What a query is worth if no word agrees with the code better than random ones, for
    /// blowups 4 to 256: docs/spec/proof_format.md, section 7.
    bytes14 private constant RANDOM_WORDS = hex"07bc0b9f0f81136317461b281f0b";
    /// @dev What it is worth below the Johnson bound, for each doubling of the blowup.
    uint256 private constant JOHNSON = 500;
    uint256 private constant MAX_QUERIES = 64;
    uint256 private constant MAX_PROOF_OF_WORK_BITS = 50;
    uint256 private constant MAX_LOG_LAST_LAYER = 10;
    uint256 private constant MAX_FRI_LAYERS = 12;

    /// @notice Reads and checks the parameters.
    /// @return values The parameters.
    /// @return length Number of bytes read.
    function read(bytes calldata proof, uint256 logTraceLength, Floor memory floor)
        internal
        pure
        returns (Values memory values, uint256 length)
    {
        if (proof.length < FIXED_BYTES) {
            revert IStarkVerifier.WrongByteLength(FIXED_BYTES, proof.length);
        }
        values.logBlowup = uint8(proof[0]);
        values.nQueries = uint8(proof[1]);
        values.proofOfWorkBits = uint8(proof[2]);
        values.logLastLayerBound = uint8(proof[3]);
        uint256 nLayers = uint8(proof[4]);
        checkRange("log_blowup", values.logBlowup, MIN_LOG_BLOWUP, MAX_LOG_BLOWUP);
        checkRange("n_queries", values.nQueries, 1, MAX_QUERIES);
        checkRange(
            "proof_of_work_bits",
            values.proofOfWorkBits,
            floor.minProofOfWorkBits,
            MAX_PROOF_OF_WORK_BITS
        );
        checkRange("log_last_layer", values.logLastLayerBound, 0, MAX_LOG_LAST_LAYER);
        checkRange("fri_layers", nLayers, 1, MAX_FRI_LAYERS);
        checkSecurity("conjectured", conjectured(values), floor.minConjectured);
        checkSecurity("proven", proven(values), floor.minProven);
        length = FIXED_BYTES + nLayers;
        if (proof.length < length) revert IStarkVerifier.WrongByteLength(length, proof.length);
        values.friSteps = _readSteps(proof[FIXED_BYTES:length], values, logTraceLength);
    }

    /// @notice Conjectured security in thousandths of a bit.
    function conjectured(Values memory values) internal pure returns (uint256) {
        uint256 entry = 2 * (values.logBlowup - MIN_LOG_BLOWUP);
        uint256 perQuery = uint16(bytes2(RANDOM_WORDS << (8 * entry)));
        return values.nQueries * perQuery + values.proofOfWorkBits * MILLIBITS_PER_BIT;
    }

    /// @notice Proven security in thousandths of a bit. All rounds but the queries are worth more
    /// than 128 bits in this field.
    function proven(Values memory values) internal pure returns (uint256) {
        return
            values.nQueries * values.logBlowup * JOHNSON + values.proofOfWorkBits
                * MILLIBITS_PER_BIT;
    }

    /// @notice Reverts unless `millibits >= min`.
    function checkSecurity(bytes32 kind, uint256 millibits, uint256 min) internal pure {
        if (millibits < min) revert IStarkVerifier.SecurityTooLow(kind, millibits, min);
    }

    /// @notice Reverts unless `min <= value <= max`.
    function checkRange(bytes32 name, uint256 value, uint256 min, uint256 max) internal pure {
        if (value < min || value > max) {
            revert IStarkVerifier.ParameterOutOfRange(name, value, min, max);
        }
    }

    function _readSteps(bytes calldata encoded, Values memory values, uint256 logTraceLength)
        private
        pure
        returns (uint256[] memory steps)
    {
        steps = new uint256[](encoded.length);
        uint256 logDegreeBound = values.logLastLayerBound;
        for (uint256 i = 0; i < steps.length; ++i) {
            steps[i] = uint8(encoded[i]);
            checkRange("fri_step", steps[i], 1, Fri.MAX_STEP);
            logDegreeBound += steps[i];
        }
        if (logDegreeBound != logTraceLength) {
            revert IStarkVerifier.FriDegreeMismatch(logTraceLength, logDegreeBound);
        }
    }
}
