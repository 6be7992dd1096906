// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../../src/interfaces/IStarkVerifier.sol";
import {Channel} from "../../src/verifier/Channel.sol";
import {StarkVerifier} from "../../src/verifier/StarkVerifier.sol";
import {GoldenVerifier} from "../utils/GoldenVerifier.sol";

contract StarkVerifierTest is GoldenVerifier {
    // Offsets in the public input and the proof (docs/spec/l1_proof.md).
    uint256 private constant LOG_STEPS_OFFSET = 0;
    uint256 private constant FINAL_AP_OFFSET = 5;
    uint256 private constant SEGMENTS_OFFSET = 9;
    uint256 private constant OUTPUT_OFFSET = 97;
    uint256 private constant N_QUERIES_OFFSET = 1;
    uint256 private constant PARAMETER_BYTES = 10;
    uint256 private constant NODE_BYTES = 24;

    StarkVerifier private _verifier;

    function setUp() external {
        _verifier = deployVerifier(goldenProgram(), goldenConfig());
    }

    function test_verify_whenProofIsValid_thenReturnsTheOutput() external {
        uint256[] memory output = _verifier.verify(goldenPublicInput, goldenProof);
        VM.snapshotGasLastCall("StarkVerifier", "verify 16 queries at blowup 4");
        assertEq(output.length, 2);
        assertEq(output[0], 0x67a90365e5caab88c15e2f6121413dc1b59c94b322d1604b1932be9a8b78546);
        assertEq(output[1], 0x399ab58e2d17603eeccae95933c81d504ce475eb1bd0080d2316b84232e133c);
    }

    function test_verify_whenAnyBitIsFlipped_thenReverts(uint256 seed) external {
        bytes memory publicInput = goldenPublicInput;
        bytes memory proof = goldenProof;
        uint256 position = seed % (8 * (publicInput.length + proof.length));
        bytes1 flip = bytes1(uint8(1 << (position % 8)));
        if (position / 8 < publicInput.length) publicInput[position / 8] ^= flip;
        else proof[position / 8 - publicInput.length] ^= flip;
        VM.expectRevert();
        _verifier.verify(publicInput, proof);
    }

    function test_verify_whenProofIsTruncated_thenReverts(uint256 length) external {
        bytes memory proof = goldenProof;
        length = bound(length, 0, proof.length - 1);
        assembly {
            mstore(proof, length)
        }
        VM.expectRevert();
        _verifier.verify(goldenPublicInput, proof);
    }

    function test_verify_whenBytesFollowTheProof_thenReverts() external {
        uint256 length = goldenProof.length;
        VM.expectRevert(
            abi.encodeWithSelector(IStarkVerifier.WrongByteLength.selector, length, length + 1)
        );
        _verifier.verify(goldenPublicInput, bytes.concat(goldenProof, hex"00"));
    }

    function test_verify_whenBytesAreRandom_thenReverts(
        bytes calldata publicInput,
        bytes calldata proof
    ) external {
        VM.expectRevert();
        _verifier.verify(publicInput, proof);
    }

    function test_verify_whenOutputIsChanged_thenTheConstraintsFail() external {
        bytes memory publicInput = goldenPublicInput;
        publicInput[OUTPUT_OFFSET + 31] ^= 0x01;
        VM.expectPartialRevert(IStarkVerifier.OutOfDomainMismatch.selector);
        _verifier.verify(publicInput, goldenProof);
    }

    function test_verify_whenOutputIsNotCanonical_thenReverts() external {
        bytes memory publicInput = goldenPublicInput;
        publicInput[OUTPUT_OFFSET + 1] = 0x00;
        VM.expectRevert(
            abi.encodeWithSelector(IStarkVerifier.NonCanonicalValue.selector, OUTPUT_OFFSET)
        );
        _verifier.verify(publicInput, goldenProof);
    }

    function test_verify_whenOutputIsNotReduced_thenReverts() external {
        bytes memory publicInput = goldenPublicInput;
        publicInput[OUTPUT_OFFSET + 1] = 0xff;
        VM.expectPartialRevert(IStarkVerifier.NotAFieldElement.selector);
        _verifier.verify(publicInput, goldenProof);
    }

    function test_verify_whenQueriesAreTooFew_thenSecurityTooLow() external {
        bytes memory proof = goldenProof;
        proof[N_QUERIES_OFFSET] = 0x0f;
        _expectTooLow("conjectured", 45_700, 47_000);
        _verifier.verify(goldenPublicInput, proof);
    }

    /// @dev The fixture has 47,680 and 32,000 thousandths of a bit.
    function test_verify_whenMoreSecurityIsAskedFor_thenSecurityTooLow() external {
        StarkVerifier.Config memory config = goldenConfig();
        config.minSecurityBits = 48;
        StarkVerifier stricter = deployVerifier(goldenProgram(), config);
        _expectTooLow("conjectured", 47_680, 48_000);
        stricter.verify(goldenPublicInput, goldenProof);
        config = goldenConfig();
        config.minProvenBits = 33;
        stricter = deployVerifier(goldenProgram(), config);
        _expectTooLow("proven", 32_000, 33_000);
        stricter.verify(goldenPublicInput, goldenProof);
    }

    function _expectTooLow(bytes32 kind, uint256 millibits, uint256 min) private {
        VM.expectRevert(
            abi.encodeWithSelector(IStarkVerifier.SecurityTooLow.selector, kind, millibits, min)
        );
    }

    function test_verify_whenStepsAreOutOfRange_thenReverts() external {
        bytes memory publicInput = goldenPublicInput;
        publicInput[LOG_STEPS_OFFSET] = 0x15;
        VM.expectRevert(
            abi.encodeWithSelector(
                IStarkVerifier.ParameterOutOfRange.selector, bytes32("log_steps"), 21, 16, 20
            )
        );
        _verifier.verify(publicInput, goldenProof);
    }

    function test_verify_whenFrameWouldOverlap_thenReverts() external {
        bytes memory publicInput = goldenPublicInput;
        publicInput[FINAL_AP_OFFSET + 2] = 0x00;
        publicInput[FINAL_AP_OFFSET + 3] = 0x10;
        VM.expectPartialRevert(IStarkVerifier.ParameterOutOfRange.selector);
        _verifier.verify(publicInput, goldenProof);
    }

    /// @dev 8,192 range checks fit into 65,536 steps, 128 signatures, 4,096 permutations.
    function test_verify_whenSegmentIsLongerThanTheTraceAllows_thenReverts() external {
        _expectInvalidSegment(4, 1774, 1774 + 8193);
        _expectInvalidSegment(5, 9966, 9966 + 2 * 129);
        _expectInvalidSegment(9, 10_222, 10_222 + 6 * 4097);
    }

    function test_verify_whenSegmentHoldsPartOfAnInstance_thenReverts() external {
        _expectInvalidSegment(5, 9966, 9967);
        _expectInvalidSegment(9, 10_222, 10_223);
    }

    function test_verify_whenSegmentRunsBackwards_thenReverts() external {
        _expectInvalidSegment(2, 1774, 1773);
        _expectInvalidSegment(4, 1774, 1773);
    }

    function test_verify_whenAbsentBuiltinIsUsed_thenReverts() external {
        _expectInvalidSegment(3, 1774, 1777);
        _expectInvalidSegment(12, 34_798, 34_805);
    }

    function test_verify_whenWorkIsMissing_thenReverts() external {
        // Roots, values, last layer: the nonce stands before the openings.
        uint256 nonce = PARAMETER_BYTES + 3 * NODE_BYTES + 169 * 32 + 5 * NODE_BYTES + 64 * 32;
        bytes memory proof = goldenProof;
        proof[nonce + 7] ^= 0x01;
        VM.expectPartialRevert(Channel.ProofOfWorkTooWeak.selector);
        _verifier.verify(goldenPublicInput, proof);
    }

    function test_verify_whenProgramIsAnother_thenReverts() external {
        bytes memory program = goldenProgram();
        program[program.length - 1] ^= 0x01;
        StarkVerifier other = deployVerifier(program, goldenConfig());
        assertTrue(other.loaderKeccak() != _verifier.loaderKeccak(), "programs differ");
        VM.expectPartialRevert(IStarkVerifier.OutOfDomainMismatch.selector);
        other.verify(goldenPublicInput, goldenProof);
    }

    function test_verify_whenNodesAreNarrower_thenReverts() external {
        StarkVerifier.Config memory config = goldenConfig();
        config.nodeBytes = 20;
        StarkVerifier other = deployVerifier(goldenProgram(), config);
        VM.expectRevert();
        other.verify(goldenPublicInput, goldenProof);
    }

    function test_constructor_whenProgramIsNotInProofMode_thenReverts() external {
        bytes memory program = goldenProgram();
        // The word of the second cell, then the address of the third.
        program[127] = 0x05;
        VM.expectRevert(abi.encodeWithSelector(IStarkVerifier.NotAProofModeProgram.selector, 1, 5));
        this.deploy(program, goldenConfig());
        program = goldenProgram();
        program[159] = 0x04;
        VM.expectRevert(abi.encodeWithSelector(IStarkVerifier.NotAProofModeProgram.selector, 2, 4));
        this.deploy(program, goldenConfig());
    }

    function test_constructor_whenProgramWordIsNotReduced_thenReverts() external {
        bytes memory program = goldenProgram();
        program[64 * 10 + 32] = 0xff;
        VM.expectPartialRevert(IStarkVerifier.NotAFieldElement.selector);
        this.deploy(program, goldenConfig());
    }

    function test_constructor_whenProgramHasPartOfACell_thenReverts() external {
        bytes memory program = bytes.concat(goldenProgram(), hex"00");
        VM.expectPartialRevert(IStarkVerifier.WrongByteLength.selector);
        this.deploy(program, goldenConfig());
    }

    function test_constructor_whenWorkIsNotRequired_thenReverts() external {
        StarkVerifier.Config memory config = goldenConfig();
        config.minProofOfWorkBits = 0;
        VM.expectPartialRevert(IStarkVerifier.ParameterOutOfRange.selector);
        this.deploy(goldenProgram(), config);
    }

    function test_constructor_whenNodesCollideBelowTheFloor_thenReverts() external {
        StarkVerifier.Config memory config = goldenConfig();
        config.nodeBytes = 20;
        config.minSecurityBits = 80;
        config.minProvenBits = 80;
        this.deploy(goldenProgram(), config);
        config.minSecurityBits = 81;
        VM.expectRevert(
            abi.encodeWithSelector(
                IStarkVerifier.ParameterOutOfRange.selector, bytes32("min_security_bits"), 81, 1, 80
            )
        );
        this.deploy(goldenProgram(), config);
    }

    function test_constructor_whenMoreIsProvenThanConjectured_thenReverts() external {
        StarkVerifier.Config memory config = goldenConfig();
        config.minProvenBits = config.minSecurityBits + 1;
        VM.expectRevert(
            abi.encodeWithSelector(
                IStarkVerifier.ParameterOutOfRange.selector, bytes32("min_proven_bits"), 48, 1, 47
            )
        );
        this.deploy(goldenProgram(), config);
    }

    function deploy(bytes memory program, StarkVerifier.Config memory config) external {
        deployVerifier(program, config);
    }

    function _expectInvalidSegment(uint256 segment, uint256 begin, uint256 stop) private {
        bytes memory publicInput = goldenPublicInput;
        uint256 offset = SEGMENTS_OFFSET + 8 * (segment - 2);
        bytes8 record = bytes8(uint64((begin << 32) | stop));
        for (uint256 i = 0; i < 8; ++i) {
            publicInput[offset + i] = record[i];
        }
        VM.expectRevert(
            abi.encodeWithSelector(IStarkVerifier.InvalidSegment.selector, segment, begin, stop)
        );
        _verifier.verify(publicInput, goldenProof);
    }
}
