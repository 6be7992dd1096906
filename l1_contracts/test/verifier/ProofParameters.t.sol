// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../../src/interfaces/IStarkVerifier.sol";
import {ProofParameters} from "../../src/verifier/ProofParameters.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev Security is counted to the thousandth of a bit, and compared at the edge.
contract ProofParametersTest is TestBase {
    /// @dev One layer of 2^3 and a last layer of 2^6.
    uint256 private constant LOG_TRACE_LENGTH = 9;
    uint256 private constant MIN_WORK = 25;

    function read(bytes calldata proof, uint256 minConjectured, uint256 minProven)
        external
        pure
        returns (uint256 conjectured, uint256 proven)
    {
        (ProofParameters.Values memory values,) = ProofParameters.read(
            proof, LOG_TRACE_LENGTH, ProofParameters.Floor(minConjectured, minProven, MIN_WORK)
        );
        return (ProofParameters.conjectured(values), ProofParameters.proven(values));
    }

    function test_read_whenTheProfilesAreUsed_thenTheirSecurity() external view {
        _check(2, 36, 25, 96_280, 61_000);
        _check(3, 24, 25, 96_400, 61_000);
        _check(5, 14, 27, 96_482, 62_000);
        _check(4, 18, 25, 96_442, 61_000);
        _check(6, 12, 25, 96_496, 61_000);
        _check(7, 11, 25, 101_472, 63_500);
        _check(8, 9, 25, 96_523, 61_000);
    }

    function test_read_whenAThousandthIsMissing_thenSecurityTooLow() external {
        bytes memory proof = _proof(3, 24, 25);
        this.read(proof, 96_400, 61_000);
        _expectTooLow("conjectured", 96_400, 96_401);
        this.read(proof, 96_401, 61_000);
        _expectTooLow("proven", 61_000, 61_001);
        this.read(proof, 96_400, 61_001);
    }

    /// @dev The old count, queries times log2 of the blowup, gave exactly 96 bits.
    function test_read_whenTheOldCountGives96_thenSecurityTooLow() external {
        _expectTooLow("conjectured", 95_425, 96_000);
        this.read(_proof(3, 23, 27), 96_000, 1);
        _expectTooLow("conjectured", 95_300, 96_000);
        this.read(_proof(2, 35, 26), 96_000, 1);
    }

    function test_read_whenTheBlowupHasNoCount_thenOutOfRange() external {
        _expectBlowup(0);
        _expectBlowup(1);
        _expectBlowup(9);
        _expectBlowup(255);
    }

    function _check(
        uint8 logBlowup,
        uint8 nQueries,
        uint8 work,
        uint256 conjectured,
        uint256 proven
    ) private view {
        (uint256 counted, uint256 countedProven) =
            this.read(_proof(logBlowup, nQueries, work), conjectured, proven);
        assertEq(counted, conjectured);
        assertEq(countedProven, proven);
    }

    function _expectBlowup(uint8 logBlowup) private {
        VM.expectRevert(
            abi.encodeWithSelector(
                IStarkVerifier.ParameterOutOfRange.selector, bytes32("log_blowup"), logBlowup, 2, 8
            )
        );
        this.read(_proof(logBlowup, 64, 50), 1, 1);
    }

    function _expectTooLow(bytes32 kind, uint256 millibits, uint256 min) private {
        VM.expectRevert(
            abi.encodeWithSelector(IStarkVerifier.SecurityTooLow.selector, kind, millibits, min)
        );
    }

    function _proof(uint8 logBlowup, uint8 nQueries, uint8 work)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(logBlowup, nQueries, work, uint8(6), uint8(1), uint8(3));
    }
}
