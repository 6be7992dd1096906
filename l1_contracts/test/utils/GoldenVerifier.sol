// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {StarkVerifier} from "../../src/verifier/StarkVerifier.sol";
import {Constraints} from "../../src/verifier/generated/Constraints.sol";
import {Deep} from "../../src/verifier/generated/Deep.sol";
import {PeriodicColumns} from "../../src/verifier/generated/PeriodicColumns.sol";
import {DataContract} from "./DataContract.sol";
import {TestBase} from "./TestBase.sol";

/// @dev The verifier of the fixture (script/export_fixture.py): a proof by our prover, in the frozen
/// layout, of the run of 65,536 steps that Stone's golden proof is about; nodes of 192 bits, blowup 4,
/// 16 queries, 16 bits of grinding.
abstract contract GoldenVerifier is TestBase {
    /// @dev The fixture has 47.680 bits conjectured and 32 proven.
    uint256 internal constant GOLDEN_SECURITY_BITS = 47;
    uint256 internal constant GOLDEN_PROVEN_BITS = 32;

    bytes internal goldenPublicInput = VM.readFileBinary("test/fixtures/public_input.bin");
    bytes internal goldenProof = VM.readFileBinary("test/fixtures/proof.bin");

    function deployVerifier(bytes memory program, StarkVerifier.Config memory config)
        internal
        returns (StarkVerifier)
    {
        Constraints constraints = new Constraints(address(new PeriodicColumns()));
        address loader = address(new DataContract(program));
        return new StarkVerifier(constraints, new Deep(), loader, config);
    }

    function goldenProgram() internal view returns (bytes memory) {
        return VM.readFileBinary("test/fixtures/program.bin");
    }

    function goldenConfig() internal pure returns (StarkVerifier.Config memory) {
        return StarkVerifier.Config({
            nodeBytes: 24,
            minSecurityBits: GOLDEN_SECURITY_BITS,
            minProvenBits: GOLDEN_PROVEN_BITS,
            minProofOfWorkBits: 16,
            minLogSteps: 16,
            maxLogSteps: 20
        });
    }
}
