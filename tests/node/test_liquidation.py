"""The node liquidates what fails: it finds it, tells its owner, and leaves the rest alone."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from novation.client import Client, RejectedError, Side
from novation.client.auction_models import TakeOverUpdate
from novation.client.models import AuctionUpdate, LiquidationUpdate, OrderStatus
from novation.protocol.constants import (
    HOUR_MS,
    INSURANCE_ACCOUNT_ID,
    MODE_HALTED,
    RESUME_GAP_MS,
    TAKE_OVER_AFTER_MS,
)
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.events import FundingPaid
from novation.protocol.liquidation import zero_price_ticks
from novation.protocol.margin import margin_of
from novation.protocol.orders import TimeInForce, crosses
from novation.protocol.rules.failing import is_hopeless
from novation.protocol.state import State
from novation.protocol.transactions import Liquidate, MinuteTick, ParameterKind, SetParameter
from sequencer.engine import Command
from sequencer.margin_watch import FailingPosition, MarginWatch
from tests.node.support import POLICY, RunningNode, running_node, trading_node
from tests.node.test_prices import IDLE, report
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

MARKET = "BTC-USD"
# Of 0.01 USD each.
LOTS = 19_000_000
SIZE = Decimal(LOTS) / 10_000


@asynccontextmanager
async def node_with_a_long(path: Path, **options: Any) -> AsyncIterator[RunningNode]:
    """Start a node whose account 2 holds 190,000 USD on 10,000."""
    async with trading_node(path, **options) as node:
        await _open_long(node)
        yield node


async def _open_long(node: RunningNode) -> None:
    node.l1.add_deposit(3, 10**6 * ONE_DOLLAR)
    node.l1.add_deposit(4, 10**6 * ONE_DOLLAR)
    await node.until_consumed()
    async with node.client(2) as two, node.client(3) as three:
        await three.place_order(MARKET, Side.SELL, price="100.0", size=SIZE)
        await two.place_order(MARKET, Side.BUY, price="100.0", size=SIZE)


async def test_account_when_it_fails_then_liquidated_and_its_owner_told(tmp_path: Path) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(2) as two, node.client(4) as four:
        profit = await two.place_order(
            MARKET, Side.SELL, price="105.0", size=SIZE, reduce_only=True
        )
        await four.place_order(MARKET, Side.BUY, price="97.5", size=SIZE)
        stream = aiter(two.stream_account())
        await anext(stream)
        await node.set_price(976)
        async for update in stream:
            if isinstance(update, LiquidationUpdate):
                break
        assert isinstance(update, LiquidationUpdate)
        assert update.equity < update.required
        assert update.zero_price < Decimal("97.5") < update.mark_price == Decimal("97.6")
        assert 0 < update.traded < SIZE
        order = await two.order(update.order_id)
        assert (order.is_liquidation, order.status) == (True, OrderStatus.FILLED)
        assert order.filled == update.traded
        gone = await two.order(profit.order_id)
        assert (gone.status, gone.cancel_reason) == (OrderStatus.CANCELLED, "liquidation")
        account = await two.account()
        assert account.equity is not None
        assert account.maintenance_margin is not None
        assert account.equity >= account.maintenance_margin
        assert (await two.account(INSURANCE_ACCOUNT_ID)).collateral == update.fee > 0
        l1 = node.l1
        await node.node.runner.change(lambda engine: engine.seal())
    async with running_node(tmp_path, l1=l1) as node, node.client(2) as two:
        assert (await two.order(update.order_id)).is_liquidation


async def test_account_when_nobody_bids_enough_then_waits_for_who_does(tmp_path: Path) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(2) as two, node.client(4) as four:
        await node.set_price(976)
        await four.place_order(MARKET, Side.BUY, price="90.0", size=SIZE)
        await node.node.runner.call(lambda engine: engine.margin_watch.failing(engine.state, 9, 0))
        before = (await two.status()).last_sequence
        assert (await two.account()).positions[0].size == SIZE
        await four.place_order(MARKET, Side.BUY, price="97.5", size=SIZE)
        await node.until(lambda engine: engine.state.account(2).position(0).size_lots < LOTS)
        assert (await two.status()).last_sequence > before


async def test_account_when_nobody_bids_then_in_an_auction_until_it_does_not_fail(
    tmp_path: Path,
) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(2) as two:
        stream = aiter(two.stream_account())
        await anext(stream)
        await node.set_price(976)
        started = await anext(stream)
        assert isinstance(started, AuctionUpdate)
        assert started.equity < started.required
        state = await node.node.runner.call(lambda engine: engine.state.account(2))
        assert started.start_time_ms == state.auction_start_ms > 0
        await node.set_price(990)
        ended = await anext(stream)
        assert isinstance(ended, AuctionUpdate)
        assert ended.equity >= ended.required
        assert ended.start_time_ms is None
        l1 = node.l1
        await node.set_price(976)
        await node.until(lambda engine: engine.state.account(2).auction_start_ms != 0)
        await node.node.runner.change(lambda engine: engine.seal())
    async with running_node(tmp_path, l1=l1) as node:
        await node.set_price(990)
        await node.until(lambda engine: engine.state.account(2).auction_start_ms == 0)


async def test_account_when_nothing_happens_for_a_minute_of_its_auction_then_taken_over(
    tmp_path: Path,
) -> None:
    """No message brings time or prices in: the node has to do what is due by its own clock."""
    policy = replace(POLICY, oracle=IDLE)
    async with node_with_a_long(tmp_path, policy=policy) as node:
        await node.jump(976)
        await node.until(lambda engine: engine.state.account(2).auction_start_ms != 0)
        node.move(TAKE_OVER_AFTER_MS)
        await report(node, 976)
        await node.until(lambda engine: engine.state.account(2).position(0).size_lots == 0)
        started = await node.node.runner.call(lambda engine: engine.state.account(2))
        assert started.auction_start_ms == 0


async def test_account_when_it_is_bankrupt_then_taken_over(tmp_path: Path) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        before = (await three.account()).equity
        stream = aiter(two.stream_account())
        await anext(stream)
        await node.set_price(900)
        await node.until(lambda engine: engine.state.account(2).position(0).size_lots == 0)
        async for update in stream:
            if isinstance(update, TakeOverUpdate):
                break
        assert isinstance(update, TakeOverUpdate)
        assert update.equity < 0 < update.required
        assert not update.by_insurance
        (leg,) = update.legs
        assert (leg.size, leg.mark_price, leg.reference_price) == (SIZE, 90, 100)
        assert leg.charged == -update.balance > 0 == leg.insured
        prices = await two.prices(MARKET)
        assert prices.pool_size == SIZE
        assert prices.short_quanta_per_lot < prices.funding_quanta_per_lot
        assert (await two.status()).recorded_deficit == 0
        assert (await two.account()).positions == ()
        after = (await three.account()).equity
        assert before is not None
        assert after is not None
        # What the account had paid in is all that it could lose.
        assert after - before <= Decimal(10_000)
        l1 = node.l1
        pool = await node.node.runner.call(lambda engine: engine.state.price_of(0).pool_lots)
        assert pool == LOTS
        await node.node.runner.change(lambda engine: engine.seal())
    async with running_node(tmp_path, l1=l1) as node, node.client(2) as two:
        assert (await two.account()).positions == ()


async def test_liquidation_of_a_healthy_account_then_refused_with_both_numbers(
    tmp_path: Path,
) -> None:
    async with node_with_a_long(tmp_path) as node:
        with pytest.raises(InvalidTransaction) as caught:
            await node.node.runner.enqueue(Command(Liquidate(2, 0), node.clock.now_ms()))
        assert caught.value.code is ErrorCode.NOT_FAILING
        assert caught.value.broken.field == "equity_x16"
        assert caught.value.broken.value > caught.value.broken.limit


async def test_order_below_maintenance_then_refused_unless_it_reduces(tmp_path: Path) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(2) as two:
        await node.set_price(976)
        with pytest.raises(RejectedError) as caught:
            await _bid(two)
        assert caught.value.code == ErrorCode.INSUFFICIENT_MARGIN


async def _bid(client: Client) -> None:
    await client.place_order(MARKET, Side.BUY, price="90.0", size="0.01")


def failing_now(state: State) -> set[FailingPosition]:
    """Return every position that could be liquidated now, as the specification says."""
    found = set()
    for account_id, account in state.accounts.items():
        margin = margin_of(account, state.underlyings, state.parameters)
        if margin.meets_maintenance or margin.equity_x16 < 0:
            continue
        for slot in account.positions:
            if not slot.size_lots:
                continue
            side = SELL if slot.size_lots > 0 else BUY
            terms = state.underlying_of(slot.market_id)
            limit = zero_price_ticks(margin, side, state.mark_price_x16(slot.market_id), terms)
            head_id, head_price = state.market(slot.market_id).head(side.other)
            if head_id and crosses(side, limit, head_price):
                found.add(FailingPosition(account_id, slot.market_id))
    return found


def hopeless_now(state: State) -> set[int]:
    """Return every account that may be taken over, as the specification says."""
    return {
        account_id
        for account_id, account in state.accounts.items()
        if any(slot.size_lots for slot in account.positions)
        and is_hopeless(
            account,
            margin_of(account, state.underlyings, state.parameters),
            state.globals.time_ms,
        )
    }


def due_auctions(state: State) -> set[int]:
    """Return every account whose auction should begin or end, as the specification says."""
    due = set()
    for account_id, account in state.accounts.items():
        margin = margin_of(account, state.underlyings, state.parameters)
        if (account.auction_start_ms == 0) != margin.meets_maintenance:
            due.add(account_id)
    return due


@pytest.mark.parametrize("seed", range(6))
def test_failing_accounts_when_prices_walk_then_as_by_looking_at_all(seed: int) -> None:
    rng, exchange = random.Random(seed), Exchange(sign=False)
    exchange.fund(2, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(*range(3, 12), amount_quanta=100 * ONE_DOLLAR)
    for account_id in range(3, 12):
        market_id, side = rng.choice((0, 1)), rng.choice((BUY, SELL))
        lots = rng.randint(60_000, 180_000)
        exchange.place(2, side.other, lots, 1000, market_id=market_id)
        exchange.place(account_id, side, lots, 1000, market_id=market_id)
    state, price = exchange.state, [1000, 1000]
    watch = MarginWatch(state)
    seen = begun_or_ended = taken = 0
    for _ in range(60):
        exchange.cancel_all(2)
        price = [max(1, p + rng.randint(-12, 12)) for p in price]
        watch.learn(exchange.set_price(*price).events, state)
        for market_id, mark in enumerate(price):
            for side, at in ((BUY, mark - 3), (SELL, mark + 3)):
                placed = exchange.place(2, side, 10_000, at, market_id=market_id)
                watch.learn(placed.events, state)
        expected = failing_now(state)
        found = watch.failing(state, 100, exchange.time_ms)
        assert {f.account_id for f in found} == {f.account_id for f in expected}
        assert set(found) <= expected
        for position in found:
            seen += 1
            watch.learn(exchange.liquidate(*position).events, state)
        watch.failing(state, 100, exchange.time_ms)
        assert set(watch.due_auctions(state, 100)) == due_auctions(state)
        for account_id in watch.due_auctions(state, 100):
            begun_or_ended += 1
            watch.learn(exchange.set_auction(account_id).events, state)
        assert set(watch.due_take_overs(state, 100)) == hopeless_now(state)
        for account_id in watch.due_take_overs(state, 100):
            taken += 1
            watch.learn(exchange.take_over(account_id).events, state)
        assert {f.account_id for f in MarginWatch(state).failing(state, 100, exchange.time_ms)} == {
            f.account_id for f in failing_now(state)
        }
    assert seen > 0
    assert begun_or_ended > 0
    exchange.seal()


def test_failing_account_when_only_funding_took_its_margin_then_found() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(3, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(2, SELL, 180_000, 1000)
    exchange.place(3, BUY, 180_000, 1000)
    exchange.end_minute()
    exchange.set_price(975)
    exchange.place(2, BUY, 180_000, 974, expiry_time_ms=exchange.time_ms + 2 * HOUR_MS)
    state = exchange.state
    watch = MarginWatch(state)
    assert watch.failing(state, 10, 0) == []
    # As if the market had been 14 ticks above its index for an hour.
    state.markets[0] = replace(state.market(0), funding_sum_x16=60 * (14 << 16))
    exchange.time_ms = (exchange.time_ms // HOUR_MS + 1) * HOUR_MS
    result = exchange.apply(MinuteTick())
    assert any(isinstance(event, FundingPaid) for event in result.events)
    watch.learn(result.events, state)
    assert watch.failing(state, 10, 0) == [FailingPosition(3, 0)]


def two_legs(*wanted: int) -> tuple[Exchange, MarginWatch]:
    """Return an exchange on which an account fails with a large position and a small one.

    The market of the large one is halted; the book bids for what is wanted.
    """
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(2, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(3, amount_quanta=100 * ONE_DOLLAR)
    for market_id, lots in ((0, 120_000), (1, 60_000)):
        exchange.place(2, SELL, lots, 1000, market_id=market_id)
        exchange.place(3, BUY, lots, 1000, market_id=market_id)
    exchange.set_price(975)
    for market_id in wanted:
        exchange.place(2, BUY, 180_000, 974, market_id=market_id)
    terms = replace(exchange.state.underlying_of(0), modes=MODE_HALTED)
    exchange.apply(SetParameter(ParameterKind.UNDERLYING, 0, terms.word()))
    return exchange, MarginWatch(exchange.state)


def test_failing_account_when_its_largest_market_is_halted_then_the_next_is_reduced() -> None:
    exchange, watch = two_legs(0, 1)
    assert watch.failing(exchange.state, 10, exchange.time_ms) == [FailingPosition(3, 1)]
    exchange.liquidate(3, 1)


def test_failing_account_when_it_cannot_be_reduced_then_up_for_auction_and_taken_over() -> None:
    """A Liquidate that would be refused again and again keeps nobody from the rest."""
    exchange, watch = two_legs(0)
    assert watch.failing(exchange.state, 10, exchange.time_ms) == []
    assert watch.due_auctions(exchange.state, 10) == [3]
    watch.learn(exchange.set_auction(3).events, exchange.state)
    exchange.wait(TAKE_OVER_AFTER_MS)
    assert watch.failing(exchange.state, 10, exchange.time_ms) == []
    assert watch.due_take_overs(exchange.state, 10) == [3]


def test_failing_account_when_prices_have_just_come_back_then_not_reduced_yet() -> None:
    exchange, _ = two_legs(0, 1)
    exchange.time_ms += RESUME_GAP_MS + 1
    exchange.set_price(975)
    exchange.place(2, BUY, 180_000, 974, market_id=1, time_in_force=TimeInForce.POST_ONLY)
    watch = MarginWatch(exchange.state)
    assert watch.failing(exchange.state, 10, exchange.time_ms) == []
    assert watch.due_auctions(exchange.state, 10) == [3]
    exchange.time_ms = exchange.state.globals.post_only_until_ms
    assert watch.failing(exchange.state, 10, exchange.time_ms) == [FailingPosition(3, 1)]
