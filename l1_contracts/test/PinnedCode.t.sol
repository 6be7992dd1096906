// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestUsd} from "../script/TestUsd.sol";
import {Exchange} from "../src/Exchange.sol";
import {IConstraints} from "../src/interfaces/IConstraints.sol";
import {IDeep} from "../src/interfaces/IDeep.sol";
import {IStarkVerifier} from "../src/interfaces/IStarkVerifier.sol";
import {PinnedCode} from "../src/libraries/PinnedCode.sol";
import {StarkVerifier} from "../src/verifier/StarkVerifier.sol";
import {Constraints} from "../src/verifier/generated/Constraints.sol";
import {Deep} from "../src/verifier/generated/Deep.sol";
import {PeriodicColumns} from "../src/verifier/generated/PeriodicColumns.sol";
import {AcceptingVerifier} from "./utils/AcceptingVerifier.sol";
import {GoldenVerifier} from "./utils/GoldenVerifier.sol";
import {MetamorphicFactory} from "./utils/Metamorphic.sol";
import {ParameterWords} from "./utils/ParameterWords.sol";

/// @dev The deployer makes every contract that the verifier relies on so that it vanishes with the
/// transaction, and puts one of them back with other code.
contract PinnedCodeTest is GoldenVerifier {
    enum Part {
        Loader,
        PeriodicColumns,
        Constraints,
        Deep,
        Verifier
    }

    MetamorphicFactory private _factory;
    StarkVerifier private _verifier;
    Exchange private _exchange;
    address[5] private _accounts;
    bytes[5] private _codes;

    // One transaction: what is created here and destroys itself is gone in the tests.
    function setUp() external {
        _factory = new MetamorphicFactory();
        _createDoomed(Part.Loader, bytes.concat(hex"00", goldenProgram()));
        _createDoomed(Part.PeriodicColumns, address(new PeriodicColumns()).code);
        Constraints constraints = new Constraints(_accounts[uint256(Part.PeriodicColumns)]);
        _createDoomed(Part.Constraints, address(constraints).code);
        _createDoomed(Part.Deep, address(new Deep()).code);
        _createDoomed(Part.Verifier, address(new AcceptingVerifier()).code);
        _verifier = new StarkVerifier(
            IConstraints(_accounts[uint256(Part.Constraints)]),
            IDeep(_accounts[uint256(Part.Deep)]),
            _accounts[uint256(Part.Loader)],
            goldenConfig()
        );
        Exchange.Config memory config;
        _exchange = new Exchange(
            new TestUsd(),
            IStarkVerifier(_accounts[uint256(Part.Verifier)]),
            address(this),
            address(this),
            config,
            ParameterWords.first()
        );
    }

    function test_verify_whenContractsComeBackAsTheyWere_thenAccepts() external {
        for (uint256 i = 0; i < _accounts.length; ++i) {
            assertEq(_accounts[i].code.length, 0);
            assertEq(_factory.create(i, _codes[i], false), _accounts[i]);
        }
        _verifier.verify(goldenPublicInput, goldenProof);
    }

    /// @dev The proof is one of the program that came, whose last word differs.
    function test_verify_whenTheLoaderIsReplaced_thenReverts() external {
        _restoreAllBut(Part.Loader);
        _expectCodeReplaced(Part.Loader);
        _verifier.verify(goldenPublicInput, goldenProof);
    }

    function test_verify_whenConstraintsAreReplaced_thenReverts() external {
        _restoreAllBut(Part.Constraints);
        _expectCodeReplaced(Part.Constraints);
        _verifier.verify(goldenPublicInput, goldenProof);
    }

    function test_verify_whenDeepIsReplaced_thenReverts() external {
        _restoreAllBut(Part.Deep);
        _expectCodeReplaced(Part.Deep);
        _verifier.verify(goldenPublicInput, goldenProof);
    }

    function test_verify_whenPeriodicColumnsAreReplaced_thenReverts() external {
        _restoreAllBut(Part.PeriodicColumns);
        VM.expectPartialRevert(Constraints.WrongPeriodicColumns.selector);
        _verifier.verify(goldenPublicInput, goldenProof);
    }

    function test_updateState_whenTheVerifierIsReplaced_thenReverts() external {
        _restoreAllBut(Part.Verifier);
        _expectCodeReplaced(Part.Verifier);
        _exchange.updateState("", hex"01");
    }

    function test_verify_whenAPartIsGone_thenReverts() external {
        VM.expectPartialRevert(PinnedCode.CodeReplaced.selector);
        _verifier.verify(goldenPublicInput, goldenProof);
    }

    function test_constructor_whenTheLoaderCanRun_thenReverts() external {
        bytes memory code = bytes.concat(hex"5f", goldenProgram());
        address loader = _factory.create(100, code, false);
        Constraints constraints = new Constraints(address(new PeriodicColumns()));
        IDeep deep = new Deep();
        VM.expectRevert(abi.encodeWithSelector(IStarkVerifier.NotADataContract.selector, loader));
        new StarkVerifier(constraints, deep, loader, goldenConfig());
    }

    /// @dev The code of an account with a delegation is a pointer to code that may change.
    function test_constructor_whenAPartIsNoContract_thenReverts() external {
        Constraints constraints = new Constraints(address(new PeriodicColumns()));
        address loader = _factory.create(101, bytes.concat(hex"00", goldenProgram()), false);
        address delegating = address(0xde1e);
        VM.etch(delegating, bytes.concat(hex"ef0100", bytes20(address(new Deep()))));
        address[2] memory accounts = [delegating, address(0xe0a)];
        for (uint256 i = 0; i < 2; ++i) {
            VM.expectRevert(abi.encodeWithSelector(PinnedCode.NotAContract.selector, accounts[i]));
            new StarkVerifier(constraints, IDeep(accounts[i]), loader, goldenConfig());
        }
    }

    function _createDoomed(Part part, bytes memory code) private {
        uint256 i = uint256(part);
        _codes[i] = code;
        _accounts[i] = _factory.create(i, code, true);
    }

    /// @dev The last byte of the code of one part is another.
    function _restoreAllBut(Part part) private {
        bytes storage code = _codes[uint256(part)];
        code[code.length - 1] ^= 0x01;
        for (uint256 i = 0; i < _accounts.length; ++i) {
            _factory.create(i, _codes[i], false);
        }
    }

    function _expectCodeReplaced(Part part) private {
        address account = _accounts[uint256(part)];
        bytes memory original = _codes[uint256(part)];
        original[original.length - 1] ^= 0x01;
        VM.expectRevert(
            abi.encodeWithSelector(
                PinnedCode.CodeReplaced.selector,
                account,
                keccak256(original),
                keccak256(_codes[uint256(part)])
            )
        );
    }
}
