// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExchange} from "../src/interfaces/IExchange.sol";
import {Operation} from "../src/types/Batch.sol";
import {BatchBuilder} from "./utils/BatchBuilder.sol";
import {ExchangeBase} from "./utils/ExchangeBase.sol";

/// @dev Deposits that their owners want back, and batches that were sealed before they said so.
contract ReclaimTest is ExchangeBase {
    uint32 private constant ALICE_ID = 2;
    uint32 private constant BOB_ID = 3;

    function test_reclaim_whenRequestedAndDelayIsOver_thenReturnedOnceAndSkipped() external {
        deposit(ALICE, KEY, AMOUNT);
        deposit(BOB, KEY, AMOUNT);
        _request(ALICE, 0, ALICE_ID, AMOUNT);
        VM.warp(START + RECLAIM_DELAY - 1);
        VM.expectRevert(
            abi.encodeWithSelector(IExchange.ReclaimTooEarly.selector, START + RECLAIM_DELAY)
        );
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
        VM.warp(START + RECLAIM_DELAY);
        uint256 before = token.balanceOf(ALICE);
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
        assertEq(token.balanceOf(ALICE) - before, AMOUNT);
        _assertQueued(AMOUNT);
        VM.expectRevert(_notRequested(AMOUNT));
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);

        _consume(BOB, BOB_ID, AMOUNT);
        settle(nextHeader());
        (uint256 head,, uint256 consumed_) = exchange.queue();
        assertEq(head, 2);
        assertEq(consumed_, 1);
        _assertQueued(0);
    }

    function test_reclaim_whenOldButNotRequested_thenReverts() external {
        deposit(ALICE, KEY, AMOUNT);
        VM.warp(START + 10 * RECLAIM_DELAY);
        VM.expectRevert(_notRequested(AMOUNT));
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
    }

    /// @dev The attack: wait until a batch with the deposit is sealed, then take the deposit away.
    function test_updateState_whenReclaimIsRequestedAfterSealing_thenSettlesWithinTheDelay()
        external
    {
        deposit(ALICE, KEY, AMOUNT);
        deposit(BOB, KEY, AMOUNT);
        VM.warp(START + RECLAIM_DELAY);
        _request(ALICE, 0, ALICE_ID, AMOUNT);
        VM.warp(START + 2 * RECLAIM_DELAY - 1);
        _consume(ALICE, ALICE_ID, AMOUNT);
        _consume(BOB, BOB_ID, AMOUNT);
        settle(nextHeader());
        (uint256 head,, uint256 consumed_) = exchange.queue();
        assertEq(head, 2);
        assertEq(consumed_, 2);
        _assertQueued(0);
        VM.warp(START + 2 * RECLAIM_DELAY);
        VM.expectRevert(_notRequested(AMOUNT));
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
    }

    /// @dev The attack: deposit the same again, so that the batch sealed first consumes that entry,
    /// and the batch with the second deposit depends on the one set aside long ago.
    function test_updateState_whenAnEqualDepositFollowsTheRequest_thenItHasTheWholeDelayToo()
        external
    {
        deposit(ALICE, KEY, AMOUNT);
        _request(ALICE, 0, ALICE_ID, AMOUNT);
        VM.warp(START + RECLAIM_DELAY - 1);
        deposit(ALICE, KEY, AMOUNT);
        _consume(ALICE, ALICE_ID, AMOUNT);
        settle(nextHeader());
        VM.warp(START + RECLAIM_DELAY);
        VM.expectRevert(
            abi.encodeWithSelector(
                IExchange.ReclaimTooEarly.selector, START + 2 * RECLAIM_DELAY - 1
            )
        );
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
        _consume(ALICE, ALICE_ID, AMOUNT);
        settle(nextHeader());
        _assertQueued(0);
    }

    function test_updateState_whenRequestedDepositIsLeftOut_thenTheNextIsTheHead() external {
        deposit(ALICE, KEY, AMOUNT);
        deposit(BOB, KEY, AMOUNT);
        _request(ALICE, 0, ALICE_ID, AMOUNT);
        _consume(BOB, BOB_ID, AMOUNT);
        settle(nextHeader());
        VM.warp(START + RECLAIM_DELAY);
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
        _assertQueued(0);
    }

    function test_updateState_whenRequestedDepositIsConsumedTwiceOrAfterReclaim_thenReverts()
        external
    {
        deposit(ALICE, KEY, AMOUNT);
        _request(ALICE, 0, ALICE_ID, AMOUNT);
        bytes memory exhausted = abi.encodeWithSelector(IExchange.QueueExhausted.selector, 1);
        _consume(ALICE, ALICE_ID, AMOUNT);
        _consume(ALICE, ALICE_ID, AMOUNT);
        settleExpecting(nextHeader(), exhausted);
        delete consumed;
        VM.warp(START + RECLAIM_DELAY);
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
        _consume(ALICE, ALICE_ID, AMOUNT);
        settleExpecting(nextHeader(), exhausted);
    }

    function test_request_whenNotTheDepositorsOrNotPending_thenReverts() external {
        deposit(ALICE, KEY, AMOUNT);
        bytes memory notPending = abi.encodeWithSelector(IExchange.DepositNotPending.selector, 0);
        VM.expectRevert(notPending);
        VM.prank(BOB);
        exchange.requestReclaim(0, USD, ALICE_ID, KEY, AMOUNT);
        VM.expectRevert(notPending);
        VM.prank(ALICE);
        exchange.requestReclaim(0, USD, ALICE_ID, KEY, AMOUNT + 1);
        VM.expectRevert(abi.encodeWithSelector(IExchange.DepositNotPending.selector, 1));
        VM.prank(ALICE);
        exchange.requestReclaim(1, USD, ALICE_ID, KEY, AMOUNT);
        _request(ALICE, 0, ALICE_ID, AMOUNT);
        VM.expectRevert(notPending);
        VM.prank(ALICE);
        exchange.requestReclaim(0, USD, ALICE_ID, KEY, AMOUNT);

        deposit(ALICE, KEY, AMOUNT);
        _consume(ALICE, ALICE_ID, AMOUNT);
        settle(nextHeader());
        VM.expectRevert(abi.encodeWithSelector(IExchange.DepositNotPending.selector, 1));
        VM.prank(ALICE);
        exchange.requestReclaim(1, USD, ALICE_ID, KEY, AMOUNT);
    }

    /// @dev A spent request must not serve as the waiting time of a later, equal deposit.
    function test_reclaim_whenAnEqualDepositWasRequestedLongAgo_thenTheDelayCountsAnew() external {
        deposit(ALICE, KEY, AMOUNT);
        _request(ALICE, 0, ALICE_ID, AMOUNT);
        _consume(ALICE, ALICE_ID, AMOUNT);
        settle(nextHeader());
        VM.warp(START + 3 * RECLAIM_DELAY);
        deposit(ALICE, KEY, AMOUNT);
        VM.expectRevert(_notRequested(AMOUNT));
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
        _request(ALICE, 1, ALICE_ID, AMOUNT);
        VM.expectRevert(
            abi.encodeWithSelector(IExchange.ReclaimTooEarly.selector, START + 4 * RECLAIM_DELAY)
        );
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
    }

    /// @dev Whatever is requested after sealing, in whatever pattern of equal deposits, the sealed
    /// batch settles, and exactly the deposits that it left out are paid back.
    function testFuzz_updateState_whenAnySubsetIsRequested_thenEverySealedBatchSettles(
        uint8 before,
        uint8 afterwards,
        uint8 owners
    ) external {
        uint256 n = 8;
        for (uint256 i = 0; i < n; ++i) {
            deposit(_owner(owners, i), KEY, AMOUNT);
        }
        uint256 nLeftOut;
        for (uint256 i = 0; i < n; ++i) {
            address owner = _owner(owners, i);
            if (_bit(before, i)) {
                _request(owner, i, _id(owners, i), AMOUNT);
                ++nLeftOut;
            } else {
                _consume(owner, _id(owners, i), AMOUNT);
            }
        }
        for (uint256 i = 0; i < n; ++i) {
            if (_bit(afterwards, i) && !_bit(before, i)) {
                _request(_owner(owners, i), i, _id(owners, i), AMOUNT);
            }
        }
        settle(nextHeader());
        _assertQueued(nLeftOut * AMOUNT);
        VM.warp(START + RECLAIM_DELAY);
        for (uint256 i = 0; i < n; ++i) {
            if (!_bit(before, i)) continue;
            exchange.reclaimDeposit(USD, _id(owners, i), _owner(owners, i), KEY, AMOUNT);
        }
        _assertQueued(0);
        (uint256 totalQuanta,,) = exchange.custody(USD);
        assertEq(totalQuanta, (n - nLeftOut) * AMOUNT);
    }

    function test_skipReclaimed_whenLimited_thenHeadMovesOnlyThatFar() external {
        for (uint256 i = 0; i < 4; ++i) {
            deposit(ALICE, KEY, AMOUNT);
        }
        for (uint256 i = 0; i < 3; ++i) {
            _request(ALICE, i, ALICE_ID, AMOUNT);
        }
        exchange.skipReclaimed(2);
        (uint256 head,,) = exchange.queue();
        assertEq(head, 2);
        exchange.skipReclaimed(9);
        (head,,) = exchange.queue();
        assertEq(head, 3);
    }

    function test_request_whenSent_thenGasIsRecorded() external {
        deposit(ALICE, KEY, AMOUNT);
        VM.prank(ALICE);
        exchange.requestReclaim(0, USD, ALICE_ID, KEY, AMOUNT);
        VM.snapshotGasLastCall("Exchange", "request a reclaim");
        VM.warp(START + RECLAIM_DELAY);
        exchange.reclaimDeposit(USD, ALICE_ID, ALICE, KEY, AMOUNT);
        VM.snapshotGasLastCall("Exchange", "reclaim");
    }

    function _request(address owner, uint256 index, uint32 accountId, uint64 amount) private {
        VM.prank(owner);
        exchange.requestReclaim(index, USD, accountId, KEY, amount);
    }

    function _consume(address owner, uint32 accountId, uint64 amount) private {
        consumed.push(BatchBuilder.Consumed(depositOperation(owner, accountId, amount), 0));
    }

    function _notRequested(uint64 amount) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchange.ReclaimNotRequested.selector, USD, ALICE_ID, amount);
    }

    function _assertQueued(uint256 expected) private view {
        (,, uint256 queuedQuanta) = exchange.custody(USD);
        assertEq(queuedQuanta, expected);
    }

    /// @dev Alice owns the first deposit and has the first account, so that the ids are known.
    function _owner(uint8 owners, uint256 i) private pure returns (address) {
        return i != 0 && _bit(owners, i) ? BOB : ALICE;
    }

    function _id(uint8 owners, uint256 i) private pure returns (uint32) {
        return _owner(owners, i) == ALICE ? ALICE_ID : BOB_ID;
    }

    function _bit(uint8 bits, uint256 i) private pure returns (bool) {
        return bits >> i & 1 == 1;
    }
}
