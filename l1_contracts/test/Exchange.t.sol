// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Exchange} from "../src/Exchange.sol";
import {IExchange} from "../src/interfaces/IExchange.sol";
import {BatchHeader, Operation} from "../src/types/Batch.sol";
import {PRIME} from "../src/verifier/Field.sol";
import {AcceptingVerifier} from "./utils/AcceptingVerifier.sol";
import {BatchBuilder} from "./utils/BatchBuilder.sol";
import {ExchangeBase} from "./utils/ExchangeBase.sol";
import {FeeToken} from "./utils/FeeToken.sol";
import {ParameterWords} from "./utils/ParameterWords.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

contract ExchangeTest is ExchangeBase {
    function test_deposit_whenSent_thenQueuedAndInCustody() external {
        assertEq(deposit(ALICE, KEY, AMOUNT), 0);
        VM.snapshotGasLastCall("Exchange", "deposit to a new account");
        assertEq(deposit(BOB, KEY, 2 * AMOUNT), 1);
        assertEq(token.balanceOf(address(exchange)), 3 * AMOUNT);
        (uint256 head, uint256 tail, uint256 consumed_) = exchange.queue();
        assertEq(head, 0);
        assertEq(tail, 2);
        assertEq(consumed_, 0);
        assertEq(exchange.queuedAt(1), START);
        _assertCustody(3 * AMOUNT, 0, 3 * AMOUNT);
    }

    function test_deposit_whenPairIsKnown_thenSameAccount() external {
        deposit(ALICE, KEY, AMOUNT);
        deposit(BOB, KEY, AMOUNT);
        deposit(ALICE, KEY + 1, AMOUNT);
        deposit(ALICE, KEY, AMOUNT);
        assertEq(exchange.accountIdOf(ALICE, KEY), 2);
        assertEq(exchange.accountIdOf(BOB, KEY), 3);
        assertEq(exchange.accountIdOf(ALICE, KEY + 1), 4);
        assertEq(exchange.accountIdOf(BOB, KEY + 1), 0);
    }

    function test_deposit_whenKeyIsNoFieldElement_thenReverts() external {
        VM.expectRevert(abi.encodeWithSelector(IExchange.InvalidStarkKey.selector, PRIME));
        deposit(ALICE, PRIME, AMOUNT);
        VM.expectRevert(abi.encodeWithSelector(IExchange.InvalidStarkKey.selector, 0));
        deposit(ALICE, 0, AMOUNT);
    }

    /// @dev The points are those that Python's reference finds below 17.
    function test_deposit_whenKeyIsNoPoint_thenReverts() external {
        uint256[10] memory points = [uint256(1), 2, 3, 4, 6, 7, 8, 10, 11, 16];
        uint256 next = 0;
        for (uint256 key = 1; key <= 16; ++key) {
            if (key == points[next]) ++next;
            else VM.expectRevert(abi.encodeWithSelector(IExchange.InvalidStarkKey.selector, key));
            deposit(ALICE, key, AMOUNT);
        }
        assertEq(next, points.length);
        VM.expectRevert(abi.encodeWithSelector(IExchange.InvalidStarkKey.selector, PRIME + 1));
        deposit(ALICE, PRIME + 1, AMOUNT);
        VM.expectPartialRevert(IExchange.InvalidStarkKey.selector);
        deposit(ALICE, type(uint256).max, AMOUNT);
    }

    function test_deposit_whenAmountIsOutOfRange_thenReverts() external {
        VM.expectPartialRevert(IExchange.AmountOutOfRange.selector);
        deposit(ALICE, KEY, 999);
        token.mint(ALICE, 2 ** 62);
        deposit(ALICE, KEY, 2 ** 62 - 1000);
        VM.expectRevert(
            abi.encodeWithSelector(IExchange.AmountOutOfRange.selector, 1001, 1000, 1000)
        );
        deposit(ALICE, KEY, 1001);
        deposit(ALICE, KEY, 1000);
    }

    function test_deposit_whenTokenTakesAFee_thenReverts() external {
        FeeToken feeToken = new FeeToken();
        Exchange other = new Exchange(
            feeToken, new AcceptingVerifier(), OWNER, OPERATOR, config(), ParameterWords.first()
        );
        feeToken.mint(address(this), AMOUNT);
        feeToken.approve(address(other), AMOUNT);
        VM.expectRevert(
            abi.encodeWithSelector(IExchange.WrongAmountReceived.selector, AMOUNT, AMOUNT - 1)
        );
        other.deposit(USD, KEY, AMOUNT);
    }

    function test_updateState_whenBatchConsumesDeposits_thenRootAndQueueMove() external {
        deposit(ALICE, KEY, AMOUNT);
        deposit(BOB, KEY, 2 * AMOUNT);
        _consume(depositOperation(ALICE, 2, AMOUNT), 0);
        settle(nextHeader());
        (uint256 root, uint256 batchNumber,, uint256 updatedAt) = exchange.state();
        assertEq(root, NEW_ROOT);
        assertEq(batchNumber, 1);
        assertEq(updatedAt, START);
        (uint256 head,, uint256 consumed_) = exchange.queue();
        assertEq(head, 1);
        assertEq(consumed_, 1);
        assertEq(exchange.queuedAt(0), 0);
        _assertCustody(3 * AMOUNT, 0, 2 * AMOUNT);
    }

    function test_updateState_whenBatchSettles_thenTheEventHashesItsPublicInput() external {
        BatchHeader memory header = nextHeader();
        bytes32 outputHash = keccak256(encode(header));
        VM.expectEmit(true, true, true, true);
        emit IExchange.BatchFinalised(1, GENESIS_ROOT, NEW_ROOT, START * 1000, outputHash);
        settle(header);
        assertEq(exchange.GENESIS_ROOT(), GENESIS_ROOT);
    }

    function test_digestAt_whenEntryIsPending_thenTheHashOfItsFields() external {
        deposit(BOB, KEY, AMOUNT);
        deposit(ALICE, KEY, AMOUNT);
        bytes32 hash = keccak256(abi.encode(uint256(1), 3, AMOUNT, ALICE, KEY, USD));
        assertEq(exchange.digestAt(1), uint256(hash) >> 40);
        assertEq(exchange.digestAt(2), 0);
        _consume(depositOperation(BOB, 2, AMOUNT), 0);
        settle(nextHeader());
        assertEq(exchange.digestAt(0), 0);
        assertEq(exchange.digestAt(1), uint256(hash) >> 40);
    }

    function test_updateState_whenDepositFailed_thenRefundIsPayable() external {
        deposit(ALICE, KEY, AMOUNT);
        _consume(depositOperation(ALICE, 2, AMOUNT), 9);
        settle(nextHeader());
        assertEq(exchange.pendingWithdrawal(USD, ALICE), AMOUNT);
        _assertCustody(AMOUNT, AMOUNT, 0);
    }

    function test_updateState_whenQueueOrderIsChanged_thenReverts() external {
        deposit(ALICE, KEY, AMOUNT);
        deposit(BOB, KEY, AMOUNT);
        Operation memory second = depositOperation(BOB, 3, AMOUNT);
        _consume(second, 0);
        _consume(depositOperation(ALICE, 2, AMOUNT), 0);
        settleExpecting(
            nextHeader(), abi.encodeWithSelector(IExchange.OperationMismatch.selector, 0, second)
        );
    }

    function test_updateState_whenAnyFieldOfAnOperationDiffers_thenReverts() external {
        deposit(ALICE, KEY, AMOUNT);
        for (uint256 field = 0; field < 6; ++field) {
            Operation memory operation = depositOperation(ALICE, 2, AMOUNT);
            if (field == 0) operation.kind = 2;
            if (field == 1) operation.accountId += 1;
            if (field == 2) operation.amountQuanta += 1;
            if (field == 3) operation.l1Address = BOB;
            if (field == 4) operation.starkKey += 1;
            if (field == 5) operation.assetId = ETH;
            delete consumed;
            _consume(operation, 0);
            settleExpecting(
                nextHeader(),
                abi.encodeWithSelector(IExchange.OperationMismatch.selector, 0, operation)
            );
        }
    }

    function test_updateState_whenMoreIsConsumedThanQueued_thenReverts() external {
        deposit(ALICE, KEY, AMOUNT);
        _consume(depositOperation(ALICE, 2, AMOUNT), 0);
        _consume(depositOperation(ALICE, 2, AMOUNT), 0);
        settleExpecting(nextHeader(), abi.encodeWithSelector(IExchange.QueueExhausted.selector, 1));
    }

    function test_updateState_whenDepositIsConsumedTwice_thenReverts() external {
        deposit(ALICE, KEY, AMOUNT);
        _consume(depositOperation(ALICE, 2, AMOUNT), 0);
        settle(nextHeader());
        _consume(depositOperation(ALICE, 2, AMOUNT), 0);
        settleExpecting(nextHeader(), abi.encodeWithSelector(IExchange.QueueExhausted.selector, 1));
        BatchHeader memory header = nextHeader();
        header.firstQueuePosition = 0;
        settleExpecting(header, abi.encodeWithSelector(IExchange.WrongQueuePosition.selector, 1, 0));
    }

    function test_updateState_whenOldRootIsAnother_thenReverts() external {
        BatchHeader memory header = nextHeader();
        header.oldRoot = 1;
        settleExpecting(
            header, abi.encodeWithSelector(IExchange.WrongOldRoot.selector, GENESIS_ROOT, 1)
        );
    }

    function test_updateState_whenConfigurationIsAnother_thenReverts() external {
        BatchHeader memory header = nextHeader();
        header.configHash = 1;
        settleExpecting(
            header, abi.encodeWithSelector(IExchange.WrongConfigHash.selector, CONFIG_HASH, 1)
        );
    }

    function test_updateState_whenBatchIsRepeatedOrSkipped_thenReverts() external {
        settle(nextHeader());
        BatchHeader memory header = nextHeader();
        header.batchNumber = 1;
        settleExpecting(header, abi.encodeWithSelector(IExchange.WrongBatchNumber.selector, 2, 1));
        header.batchNumber = 3;
        settleExpecting(header, abi.encodeWithSelector(IExchange.WrongBatchNumber.selector, 2, 3));
    }

    function test_updateState_whenTimeIsOutsideTheWindow_thenReverts() external {
        uint256 minMs = (START - MAX_BATCH_AGE) * 1000;
        uint256 maxMs = (START + MAX_CLOCK_SKEW) * 1000;
        BatchHeader memory header = nextHeader();
        header.lastTimeMs = uint48(maxMs + 1);
        settleExpecting(header, _timeError(maxMs + 1, minMs, maxMs));
        header.firstTimeMs = uint48(minMs - 2);
        header.lastTimeMs = uint48(minMs - 1);
        settleExpecting(header, _timeError(minMs - 1, minMs, maxMs));
        header.firstTimeMs = uint48(maxMs);
        header.lastTimeMs = uint48(maxMs);
        settle(header);
    }

    function test_updateState_whenTimeRunsBackwards_thenReverts() external {
        BatchHeader memory header = nextHeader();
        header.firstTimeMs = header.lastTimeMs + 1;
        settleExpecting(header, _timeError(header.firstTimeMs, 0, header.lastTimeMs));
        settle(nextHeader());
        header = nextHeader();
        header.firstTimeMs = uint48(START * 1000 - 1);
        settleExpecting(header, _timeError(START * 1000 - 1, START * 1000, START * 1000));
    }

    function test_updateState_whenSenderIsNoOperator_thenOnlyAfterTheTimeout() external {
        bytes memory publicInput = encode(nextHeader());
        VM.warp(START + OPERATOR_TIMEOUT);
        VM.expectRevert(
            abi.encodeWithSelector(
                IExchange.OperatorOnly.selector, address(this), START + OPERATOR_TIMEOUT
            )
        );
        exchange.updateState(publicInput, hex"01");
        VM.warp(START + OPERATOR_TIMEOUT + 1);
        exchange.updateState(publicInput, hex"01");
        (uint256 root,,,) = exchange.state();
        assertEq(root, NEW_ROOT);
    }

    function test_updateState_whenProofIsRejected_thenNothingChanges() external {
        bytes memory publicInput = encode(nextHeader());
        VM.expectRevert(AcceptingVerifier.ProofRejected.selector);
        VM.prank(OPERATOR);
        exchange.updateState(publicInput, "");
        (uint256 root, uint256 batchNumber,,) = exchange.state();
        assertEq(root, GENESIS_ROOT);
        assertEq(batchNumber, 0);
    }

    function test_updateState_whenMoreIsPaidThanHeld_thenReverts() external {
        deposit(ALICE, KEY, AMOUNT);
        _pay(BOB, 1);
        settleExpecting(
            nextHeader(),
            abi.encodeWithSelector(IExchange.CustodyMismatch.selector, USD, 0, AMOUNT + 1, AMOUNT)
        );
    }

    function test_updateState_whenCustodyIsAnother_thenReverts() external {
        deposit(ALICE, KEY, AMOUNT);
        deposit(BOB, KEY, 2 * AMOUNT);
        _consume(depositOperation(ALICE, 2, AMOUNT), 0);
        _pay(BOB, 7);
        BatchHeader memory header = nextHeader();
        assertEq(header.custodyQuanta[0], AMOUNT - 7);
        for (uint256 i = 0; i < 2; ++i) {
            header.custodyQuanta[0] = uint64(AMOUNT - 8 + 2 * i);
            settleExpecting(
                header,
                abi.encodeWithSelector(
                    IExchange.CustodyMismatch.selector,
                    USD,
                    header.custodyQuanta[0],
                    2 * AMOUNT + 7,
                    3 * AMOUNT
                )
            );
        }
        settle(nextHeader());
        // What is paid out or reclaimed afterwards was none of the state's.
        exchange.withdraw(USD, BOB);
        settle(nextHeader());
        (uint256 total, uint256 due, uint256 queued) = exchange.custody(USD);
        assertEq(total - due - queued, AMOUNT - 7);
    }

    function test_updateState_whenADepositFailed_thenItIsNotInTheStatesCustody() external {
        deposit(ALICE, KEY, AMOUNT);
        _consume(depositOperation(ALICE, 2, AMOUNT), 1);
        BatchHeader memory header = nextHeader();
        header.custodyQuanta[0] = AMOUNT;
        settleExpecting(
            header,
            abi.encodeWithSelector(IExchange.CustodyMismatch.selector, USD, AMOUNT, AMOUNT, AMOUNT)
        );
        header.custodyQuanta[0] = 0;
        settle(header);
    }

    function test_withdraw_whenCredited_thenPaidOnce() external {
        deposit(ALICE, KEY, AMOUNT);
        _consume(depositOperation(ALICE, 2, AMOUNT), 0);
        _pay(BOB, 2_000_000);
        _pay(BOB, 500_000);
        settle(nextHeader());
        assertEq(exchange.pendingWithdrawal(USD, BOB), 2_500_000);
        _assertCustody(AMOUNT, 2_500_000, 0);
        uint256 before = token.balanceOf(BOB);
        assertEq(exchange.withdraw(USD, BOB), 2_500_000);
        VM.snapshotGasLastCall("Exchange", "withdraw");
        assertEq(exchange.withdraw(USD, BOB), 0);
        assertEq(token.balanceOf(BOB) - before, 2_500_000);
        _assertCustody(AMOUNT - 2_500_000, 0, 0);
    }

    function test_setOperator_whenSenderIsNotOwner_thenReverts() external {
        VM.expectRevert();
        exchange.setOperator(BOB, true);
        VM.prank(OWNER);
        exchange.setOperator(BOB, true);
        assertTrue(exchange.isOperator(BOB), "operator added");
        VM.prank(OWNER);
        exchange.setOperator(OPERATOR, false);
        assertTrue(!exchange.isOperator(OPERATOR), "operator removed");
    }

    function test_constructor_whenTokenHasOtherDecimals_thenReverts() external {
        EighteenDecimals wrong = new EighteenDecimals();
        AcceptingVerifier verifier = new AcceptingVerifier();
        VM.expectRevert(abi.encodeWithSelector(IExchange.WrongTokenDecimals.selector, 18));
        new Exchange(wrong, verifier, OWNER, OPERATOR, config(), ParameterWords.first());
    }

    function _consume(Operation memory operation, uint8 resultCode) private {
        consumed.push(BatchBuilder.Consumed(operation, resultCode));
    }

    function _pay(address owner, uint64 amount) private {
        payments.push(BatchBuilder.Payment(owner, amount, USD));
    }

    function _timeError(uint256 timeMs, uint256 minMs, uint256 maxMs)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IExchange.BatchTimeOutOfRange.selector, timeMs, minMs, maxMs);
    }

    function _assertCustody(uint256 total, uint256 payable_, uint256 queued) private view {
        (uint256 totalQuanta, uint256 payableQuanta, uint256 queuedQuanta) = exchange.custody(USD);
        assertEq(totalQuanta, total);
        assertEq(payableQuanta, payable_);
        assertEq(queuedQuanta, queued);
        assertTrue(token.balanceOf(address(exchange)) >= total, "tokens cover custody");
    }
}

/// @dev The default of 18 decimals.
contract EighteenDecimals is ERC20("Eighteen", "E18") {}
