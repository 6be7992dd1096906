// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExchange} from "../src/interfaces/IExchange.sol";
import {BatchHeader, Operation} from "../src/types/Batch.sol";
import {BatchBuilder} from "./utils/BatchBuilder.sol";
import {ExchangeBase} from "./utils/ExchangeBase.sol";
import {TestAsset} from "./utils/TestAsset.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @dev Assets besides USD: what may be one, and that none of them pays for another.
contract AssetsTest is ExchangeBase {
    uint64 private constant MIN_DEPOSIT = 10;
    /// @dev Of a token with 18 decimals, whose quantum is 1e-8.
    uint256 private constant UNITS = 10 ** 10;

    TestAsset private eth;

    function setUp() public override {
        super.setUp();
        eth = _token(18);
        VM.prank(OWNER);
        assertEq(exchange.addAsset(eth, 8, MIN_DEPOSIT), ETH);
    }

    function test_addAsset_whenListed_thenIndicesAreDenseAndTheTokenIsKnown() external {
        assertEq(exchange.nAssets(), 2);
        (address first, uint8 usdDecimals, uint64 usdUnits, uint64 usdMin) = exchange.asset(USD);
        assertEq(first, address(token));
        assertEq(usdDecimals, 6);
        assertEq(usdUnits, 1);
        assertEq(usdMin, 1000);
        (address second, uint8 decimals, uint64 units, uint64 min) = exchange.asset(ETH);
        assertEq(second, address(eth));
        assertEq(decimals, 8);
        assertEq(units, UNITS);
        assertEq(min, MIN_DEPOSIT);
        VM.expectEmit(true, true, true, true);
        TestAsset third = new TestAsset(30, false);
        emit IExchange.AssetAdded(2, address(third), 12);
        VM.prank(OWNER);
        assertEq(exchange.addAsset(third, 12, 0), 2);
        (,, uint64 widest, uint64 least) = exchange.asset(2);
        assertEq(widest, 10 ** 18);
        assertEq(least, 1);
    }

    function test_addAsset_whenSenderIsNotTheOwner_thenReverts() external {
        TestAsset other = _token(18);
        VM.expectRevert(
            abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this))
        );
        exchange.addAsset(other, 8, 1);
    }

    function test_addAsset_whenTokenIsListedAlready_thenReverts() external {
        VM.expectRevert(abi.encodeWithSelector(IExchange.DuplicateAsset.selector, ETH));
        VM.prank(OWNER);
        exchange.addAsset(eth, 9, 1);
        VM.expectRevert(abi.encodeWithSelector(IExchange.DuplicateAsset.selector, USD));
        VM.prank(OWNER);
        exchange.addAsset(token, 6, 1);
    }

    function test_addAsset_whenQuantaAreNoWholeUnitsOrTooMany_thenReverts() external {
        TestAsset coarse = _token(6);
        VM.expectRevert(abi.encodeWithSelector(IExchange.WrongTokenDecimals.selector, 6));
        VM.prank(OWNER);
        exchange.addAsset(coarse, 7, 1);
        TestAsset fine = _token(27);
        VM.expectRevert(abi.encodeWithSelector(IExchange.WrongTokenDecimals.selector, 27));
        VM.prank(OWNER);
        exchange.addAsset(fine, 8, 1);
        VM.prank(OWNER);
        exchange.addAsset(fine, 9, 1);
    }

    function test_addAsset_whenTokenIsNoContract_thenReverts() external {
        VM.expectRevert();
        VM.prank(OWNER);
        exchange.addAsset(IERC20Metadata(BOB), 8, 1);
    }

    function test_addAsset_whenThereAreEight_thenReverts() external {
        for (uint8 i = 2; i < 8; ++i) {
            TestAsset next = _token(18);
            VM.prank(OWNER);
            assertEq(exchange.addAsset(next, 8, 1), i);
        }
        TestAsset ninth = _token(18);
        VM.expectRevert(abi.encodeWithSelector(IExchange.TooManyAssets.selector, 8));
        VM.prank(OWNER);
        exchange.addAsset(ninth, 8, 1);
    }

    function test_deposit_whenAssetIsUnknown_thenReverts() external {
        VM.expectRevert(abi.encodeWithSelector(IExchange.UnknownAsset.selector, 2));
        depositAsset(2, ALICE, KEY, AMOUNT);
        VM.expectRevert(abi.encodeWithSelector(IExchange.UnknownAsset.selector, 2));
        exchange.withdraw(2, ALICE);
        VM.expectRevert(abi.encodeWithSelector(IExchange.UnknownAsset.selector, 2));
        exchange.custody(2);
        VM.expectRevert(abi.encodeWithSelector(IExchange.UnknownAsset.selector, 2));
        exchange.pendingWithdrawal(2, ALICE);
        VM.expectRevert(abi.encodeWithSelector(IExchange.UnknownAsset.selector, 2));
        exchange.asset(2);
    }

    function test_deposit_whenOfAnAsset_thenItsTokenMovesByWholeQuanta() external {
        VM.expectEmit(true, true, true, true);
        emit IExchange.DepositQueued(0, 2, ALICE, KEY, AMOUNT, ETH);
        depositAsset(ETH, ALICE, KEY, AMOUNT);
        assertEq(eth.balanceOf(address(exchange)), AMOUNT * UNITS);
        assertEq(token.balanceOf(address(exchange)), 0);
        _assertCustody(ETH, AMOUNT, 0, AMOUNT);
        _assertCustody(USD, 0, 0, 0);
        // One account has all assets.
        depositAsset(USD, ALICE, KEY, AMOUNT);
        assertEq(exchange.accountIdOf(ALICE, KEY), 2);
    }

    function test_deposit_whenAmountIsOutOfTheAssetsRange_thenReverts() external {
        VM.expectRevert(
            abi.encodeWithSelector(IExchange.AmountOutOfRange.selector, 9, MIN_DEPOSIT, 2 ** 62)
        );
        depositAsset(ETH, ALICE, KEY, 9);
        eth.mint(ALICE, 2 ** 62 * UNITS);
        depositAsset(ETH, ALICE, KEY, 2 ** 62 - 20);
        VM.expectRevert(
            abi.encodeWithSelector(IExchange.AmountOutOfRange.selector, 21, MIN_DEPOSIT, 20)
        );
        depositAsset(ETH, ALICE, KEY, 21);
        // Another asset has room of its own.
        depositAsset(USD, ALICE, KEY, AMOUNT);
    }

    function test_deposit_whenTokenTakesAFeeOrReturnsFalse_thenReverts() external {
        TestAsset fee = new TestAsset(18, true);
        VM.prank(OWNER);
        uint8 assetId = exchange.addAsset(fee, 8, 1);
        _fund(fee, ALICE);
        VM.expectRevert(
            abi.encodeWithSelector(
                IExchange.WrongAmountReceived.selector, AMOUNT * UNITS, AMOUNT * UNITS - 1
            )
        );
        depositAsset(assetId, ALICE, KEY, AMOUNT);
        eth.die();
        VM.expectRevert(
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(eth))
        );
        depositAsset(ETH, ALICE, KEY, AMOUNT);
        _assertCustody(assetId, 0, 0, 0);
        _assertCustody(ETH, 0, 0, 0);
    }

    function test_updateState_whenAnAssetIsDepositedAndPaid_thenOnlyItMoves() external {
        depositAsset(ETH, ALICE, KEY, AMOUNT);
        depositAsset(USD, ALICE, KEY, AMOUNT);
        _consume(ETH, AMOUNT, 0);
        _consume(USD, AMOUNT, 0);
        payments.push(BatchBuilder.Payment(BOB, 7, ETH));
        VM.expectEmit(true, true, true, true);
        emit IExchange.WithdrawalCredited(1, BOB, ETH, 7);
        settle(nextHeader());
        _assertCustody(ETH, AMOUNT, 7, 0);
        _assertCustody(USD, AMOUNT, 0, 0);
        assertEq(exchange.pendingWithdrawal(USD, BOB), 0);
        assertEq(exchange.withdraw(USD, BOB), 0);
        uint256 before = eth.balanceOf(BOB);
        VM.expectEmit(true, true, true, true);
        emit IExchange.WithdrawalPaid(BOB, ETH, 7);
        assertEq(exchange.withdraw(ETH, BOB), 7);
        assertEq(eth.balanceOf(BOB) - before, 7 * UNITS);
        assertEq(exchange.withdraw(ETH, BOB), 0);
        _assertCustody(ETH, AMOUNT - 7, 0, 0);
        _assertCustody(USD, AMOUNT, 0, 0);
    }

    function test_updateState_whenDepositIsConsumedAsAnotherAsset_thenReverts() external {
        depositAsset(ETH, ALICE, KEY, AMOUNT);
        _consume(USD, AMOUNT, 0);
        settleExpecting(
            nextHeader(),
            abi.encodeWithSelector(IExchange.OperationMismatch.selector, 0, consumed[0].operation)
        );
    }

    function test_updateState_whenDepositFailed_thenTheAssetIsRefunded() external {
        depositAsset(ETH, ALICE, KEY, AMOUNT);
        _consume(ETH, AMOUNT, 1);
        settle(nextHeader());
        assertEq(exchange.pendingWithdrawal(ETH, ALICE), AMOUNT);
        assertEq(exchange.pendingWithdrawal(USD, ALICE), 0);
        _assertCustody(ETH, AMOUNT, AMOUNT, 0);
    }

    function test_updateState_whenCustodyOfAnyAssetIsAnother_thenReverts() external {
        depositAsset(ETH, ALICE, KEY, AMOUNT);
        depositAsset(USD, ALICE, KEY, AMOUNT);
        _consume(ETH, AMOUNT, 0);
        _consume(USD, AMOUNT, 0);
        for (uint8 assetId = 0; assetId < 8; ++assetId) {
            BatchHeader memory header = nextHeader();
            header.custodyQuanta[assetId] += 1;
            settleExpecting(
                header,
                abi.encodeWithSelector(
                    IExchange.CustodyMismatch.selector,
                    assetId,
                    header.custodyQuanta[assetId],
                    0,
                    assetId < 2 ? AMOUNT : 0
                )
            );
        }
        // What is missing of one asset does not come from another.
        BatchHeader memory swapped = nextHeader();
        swapped.custodyQuanta[USD] += 1;
        swapped.custodyQuanta[ETH] -= 1;
        settleExpecting(
            swapped,
            abi.encodeWithSelector(IExchange.CustodyMismatch.selector, USD, AMOUNT + 1, 0, AMOUNT)
        );
        settle(nextHeader());
    }

    function test_updateState_whenAnUnknownAssetIsPaid_thenReverts() external {
        payments.push(BatchBuilder.Payment(BOB, 7, 2));
        settleExpecting(nextHeader(), abi.encodeWithSelector(IExchange.UnknownAsset.selector, 2));
    }

    function test_reclaim_whenOfAnAsset_thenOnlyAsThatAsset() external {
        depositAsset(ETH, ALICE, KEY, AMOUNT);
        VM.prank(ALICE);
        VM.expectRevert(abi.encodeWithSelector(IExchange.DepositNotPending.selector, 0));
        exchange.requestReclaim(0, USD, 2, KEY, AMOUNT);
        VM.prank(ALICE);
        exchange.requestReclaim(0, ETH, 2, KEY, AMOUNT);
        VM.warp(START + RECLAIM_DELAY);
        VM.expectRevert(
            abi.encodeWithSelector(IExchange.ReclaimNotRequested.selector, USD, 2, AMOUNT)
        );
        exchange.reclaimDeposit(USD, 2, ALICE, KEY, AMOUNT);
        uint256 before = eth.balanceOf(ALICE);
        exchange.reclaimDeposit(ETH, 2, ALICE, KEY, AMOUNT);
        assertEq(eth.balanceOf(ALICE) - before, AMOUNT * UNITS);
        _assertCustody(ETH, 0, 0, 0);
    }

    /// @dev A token that fails stops its own withdrawals and nothing else.
    function test_withdraw_whenTheTokenFails_thenOtherAssetsAndBatchesGoOn() external {
        depositAsset(ETH, ALICE, KEY, AMOUNT);
        depositAsset(USD, ALICE, KEY, AMOUNT);
        _consume(ETH, AMOUNT, 0);
        _consume(USD, AMOUNT, 0);
        payments.push(BatchBuilder.Payment(ALICE, 5, ETH));
        payments.push(BatchBuilder.Payment(ALICE, 6, USD));
        eth.die();
        settle(nextHeader());
        VM.expectRevert(
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(eth))
        );
        exchange.withdraw(ETH, ALICE);
        assertEq(exchange.pendingWithdrawal(ETH, ALICE), 5);
        assertEq(exchange.withdraw(USD, ALICE), 6);
        settle(nextHeader());
    }

    function _token(uint8 decimals) private returns (TestAsset made) {
        made = new TestAsset(decimals, false);
        _fund(made, ALICE);
    }

    function _fund(TestAsset asset, address user) private {
        asset.mint(user, 10 * uint256(AMOUNT) * UNITS);
        VM.prank(user);
        asset.approve(address(exchange), type(uint256).max);
    }

    function _consume(uint8 assetId, uint64 amount, uint8 resultCode) private {
        Operation memory operation = depositOperation(ALICE, 2, amount);
        operation.assetId = assetId;
        consumed.push(BatchBuilder.Consumed(operation, resultCode));
    }

    function _assertCustody(uint8 assetId, uint256 total, uint256 due, uint256 queued)
        private
        view
    {
        (uint256 totalQuanta, uint256 payableQuanta, uint256 queuedQuanta) =
            exchange.custody(assetId);
        assertEq(totalQuanta, total);
        assertEq(payableQuanta, due);
        assertEq(queuedQuanta, queued);
    }
}
