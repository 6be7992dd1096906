"""Outside bids: an auction is found, followed and bid in over gRPC, and the answers are right."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import (
    BidLimitError,
    Client,
    InvalidInputError,
    MarginRejectedError,
    NoAuctionError,
    NotFoundError,
    RejectedError,
)
from novation.client.auction_models import AuctionUpdate, BidUpdate
from novation.protocol.constants import INSURANCE_ACCOUNT_ID, SHARE_X16_ONE
from novation.protocol.errors import ErrorCode, ResultCode
from tests.node.support import POLICY, RunningNode, running_node
from tests.node.test_liquidation import LOTS, MARKET, SIZE, node_with_a_long
from tests.node.test_prices import IDLE, report
from tests.support.builders import ONE_DOLLAR

LIMITS = {"min_discount": "0.00001", "max_notional": 10**6}


async def fail(node: RunningNode) -> None:
    """Let account 2 fail, and wait until it is up for auction."""
    await node.set_price(976)
    await node.until(lambda engine: engine.state.account(2).auction_start_ms != 0)


async def test_bid_when_an_account_is_up_for_auction_then_taken_and_both_told(
    tmp_path: Path,
) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(2) as two, node.client(4) as four:
        assert (await four.auctions()).auctions == ()
        everybody = aiter(four.stream_auctions((await four.auctions()).sequence))
        owner = aiter(two.stream_account())
        await anext(owner)
        await fail(node)
        listed = await four.auctions()
        (auction,) = listed.auctions
        assert (auction.account_id, listed.n_auctions) == (2, 1)
        assert auction.equity < auction.maintenance_margin < auction.initial_margin
        assert auction.discount >= Decimal("0.05")
        assert auction.enough_share is not None
        assert 0 < auction.enough_share < 1
        assert [(held.symbol, held.size) for held in auction.positions] == [(MARKET, SIZE)]
        begun = await anext(everybody)
        assert isinstance(begun, AuctionUpdate)
        assert begun.start_time_ms == auction.start_time_ms
        small = await four.bid(2, share="0.015625", **LIMITS)
        assert small.fill.share == Decimal("0.015625")
        assert [part.size for part in small.fill.taken] == [SIZE / 64]
        assert small.receipt.result_code == ResultCode.DONE
        rest = await four.bid(2, **LIMITS)
        assert rest.receipt.result_code == ResultCode.BID_CAPPED
        assert rest.fill.share < 1
        for stream in (everybody, owner):
            kinds = [await anext(stream) for _ in range(3 if stream is everybody else 4)]
            fills = [update.fill for update in kinds if isinstance(update, BidUpdate)]
            assert fills == [small.fill, rest.fill]
            ended = kinds[-1]
            assert isinstance(ended, AuctionUpdate)
            assert ended.start_time_ms is None
        assert (await four.auctions()).auctions == ()
        account = await two.account()
        assert account.equity is not None
        assert account.initial_margin is not None
        assert account.equity >= account.initial_margin
        paid = small.fill.fee + rest.fill.fee
        assert (await two.account(INSURANCE_ACCOUNT_ID)).collateral == paid > 0
        taken = sum(part.size for fill in (small.fill, rest.fill) for part in fill.taken)
        assert (await four.account()).positions[0].size == taken
        await node.node.runner.change(lambda engine: engine.seal())


async def test_discount_when_listed_while_nothing_happens_then_that_of_now(tmp_path: Path) -> None:
    """Who waits for a discount would else wait until somebody else does something."""
    policy = replace(POLICY, oracle=IDLE)
    async with node_with_a_long(tmp_path, policy=policy) as node, node.client(4) as four:
        await node.jump(976)
        await node.until(lambda engine: engine.state.account(2).auction_start_ms != 0)
        (first,) = (await four.auctions()).auctions
        node.move(10_000)
        later = await four.auctions()
        (second,) = later.auctions
        grown = second.discount - first.discount
        assert Decimal("0.16") <= grown < Decimal("0.2")
        await report(node, 976)
        # The bid brings in prices, and gets at least what was listed.
        filled = await four.bid(2, share="0.01", **LIMITS)
        assert filled.fill.share > 0


async def test_bid_when_its_limits_are_not_met_then_refused_and_nothing_moves(
    tmp_path: Path,
) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(4) as four, node.client(2) as two:
        with pytest.raises(NoAuctionError) as caught:
            await four.bid(2, **LIMITS)
        assert caught.value.code == ErrorCode.NO_AUCTION
        await fail(node)
        before = (await four.status()).last_sequence
        with pytest.raises(BidLimitError) as limited:
            await four.bid(2, min_discount="0.5", max_notional=10**6)
        assert limited.value.detail.field == "min_discount_ppm"
        assert int(limited.value.detail.limit) < int(limited.value.detail.value) == 500_000
        with pytest.raises(BidLimitError) as limited:
            await four.bid(2, min_discount=0, max_notional=1)
        assert limited.value.detail.field == "max_notional_quanta"
        with pytest.raises(RejectedError) as own:
            await two.bid(2, **LIMITS)
        assert own.value.code == ErrorCode.OWN_ACCOUNT
        with pytest.raises(NotFoundError):
            await four.bid(77, **LIMITS)
        with pytest.raises(InvalidInputError):
            await four.bid(2, share=2, **LIMITS)
        with pytest.raises(InvalidInputError):
            await four.bid(2, share="0.00001", **LIMITS)
        with pytest.raises(InvalidInputError):
            await four.bid(2, min_discount="0.0000001", max_notional=1)
        for wrong in ({"share": 1.0}, {"failing_account_id": -1}, {"max_notional": "x"}):
            fields = {"failing_account_id": 2, **LIMITS, **wrong}
            with pytest.raises(InvalidInputError):
                await four.bid(**fields)
        assert (await four.status()).last_sequence == before


async def test_bidder_when_it_would_lack_margin_then_refused(tmp_path: Path) -> None:
    async with node_with_a_long(tmp_path) as node:
        node.l1.add_deposit(5, ONE_DOLLAR)
        await node.until_consumed()
        await fail(node)
        async with node.client(5) as five:
            await _bid_beyond_margin(five)


async def _bid_beyond_margin(client: Client) -> None:
    with pytest.raises(MarginRejectedError):
        await client.bid(2, min_discount=0, max_notional=10**6)


async def test_auctions_when_the_node_starts_again_then_those_of_the_state(tmp_path: Path) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(4) as four:
        await fail(node)
        (auction,) = (await four.auctions()).auctions
        bid = await four.bid(2, share="0.01", **LIMITS)
        assert bid.fill.taken[0].size == Decimal(-(-LOTS * 655 // SHARE_X16_ONE)) / 10_000
        await node.node.runner.change(lambda engine: engine.seal())
        l1 = node.l1
    async with running_node(tmp_path, l1=l1) as node, node.client(4) as four:
        (again,) = (await four.auctions()).auctions
        assert again.start_time_ms == auction.start_time_ms
        assert again.positions[0].size == SIZE - bid.fill.taken[0].size


async def test_bid_on_the_order_stream_then_answered_there(tmp_path: Path) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(4) as four:
        await fail(node)
        async with four.order_stream() as orders:
            answer = await orders.bid(2, share="0.01", **LIMITS)
        assert answer.fill.failing_account_id == 2
