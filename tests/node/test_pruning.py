"""The node takes dead orders out of the book: expired, killed, cancelled at once, timed out."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from novation.client import Client, OrderExpiredError, Side
from novation.client.models import OrderStatus, OrderUpdate
from novation.protocol.constants import RESUME_GAP_MS
from novation.protocol.state import State
from novation.protocol.transactions import PruneOrder
from sequencer import dead_orders
from sequencer.clock import Clock, SystemClock
from sequencer.config import BatchPolicy
from sequencer.dead_orders import DeadOrders
from sequencer.engine import Engine
from sequencer.pruner import LOOK_MS, ORDERS_PER_ROUND, Pruner
from sequencer.runner import EngineRunner
from tests.node.support import (
    UNPRUNED,
    RunningNode,
    running_node,
    trading_node,
)
from tests.support.exchange import BUY, Exchange

MARKET, MINUTE_MS = "BTC-USD", 60_000


async def bid(client: Client, node: RunningNode, price: str = "99.0", *, brief: bool = True) -> int:
    """Place an order that rests, for half a minute or long; return its number."""
    lifetime_ms = MINUTE_MS // 2 if brief else 10 * RESUME_GAP_MS
    ack = await client.place_order(
        MARKET,
        Side.BUY,
        price=price,
        size="0.0001",
        expiry_time_ms=node.clock.now_ms() + lifetime_ms,
    )
    return ack.order_id


class TwoLooks(SystemClock):
    """The time of another clock; the second pause ends the loop that asks for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.pauses_ms: list[int] = []

    def now_ms(self) -> int:
        return self._clock.now_ms()

    async def sleep_ms(self, duration_ms: int) -> None:
        self.pauses_ms.append(duration_ms)
        if len(self.pauses_ms) == 2:
            raise asyncio.CancelledError


def n_linked(engine: Engine) -> int:
    return len(engine.state.orders)


async def test_order_when_its_time_is_over_then_pruned_and_shown_as_expired(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        kept, order_id = await bid(client, node, "98.0", brief=False), await bid(client, node)
        account, book = aiter(client.stream_account()), aiter(client.stream_book(MARKET))
        await anext(account)
        await anext(book)
        node.move(MINUTE_MS)
        await node.until(lambda engine: n_linked(engine) == 1)
        order = await client.order(order_id)
        assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "expired")
        assert [found.order_id for found in await client.open_orders()] == [kept]
        assert [str(level.price) for level in (await client.book(MARKET)).bids] == ["98.0"]
        update = await anext(account)
        assert isinstance(update, OrderUpdate)
        assert (update.order_id, update.cancel_reason) == (order_id, "expired")
        assert len((await anext(book)).bids) == 1
        with pytest.raises(OrderExpiredError):
            await client.cancel_order(order_id)


async def test_order_when_nothing_is_left_to_reduce_then_pruned_and_told(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:

        async def trade(seller: Client, buyer: Client) -> None:
            await seller.place_order(MARKET, Side.SELL, price="100.0", size="0.001")
            await buyer.place_order(MARKET, Side.BUY, price="100.0", size="0.001")

        await trade(three, two)
        profit = await two.place_order(
            MARKET, Side.SELL, price="101.0", size="0.001", reduce_only=True
        )
        account = aiter(two.stream_account())
        await anext(account)
        await trade(two, three)
        await node.until(lambda engine: n_linked(engine) == 0)
        async for update in account:
            if isinstance(update, OrderUpdate) and update.order_id == profit.order_id:
                assert update.cancel_reason == "reduce_only"
                break
        assert (await two.account()).positions == ()


async def test_orders_of_every_death_then_pruned_and_what_they_reserved_is_free(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as two,
        node.client(3) as three,
        node.client(4) as four,
    ):
        of_reason: dict[str, list[int]] = {"cancel_all": [], "timer": []}
        for price in ("99.0", "98.0"):
            of_reason["cancel_all"].append(await bid(two, node, price, brief=False))
            of_reason["timer"].append(await bid(three, node, price, brief=False))
        lives = await bid(four, node, brief=False)
        await three.set_cancel_timer(node.clock.now_ms() + MINUTE_MS)
        await two.cancel_all()
        node.move(MINUTE_MS)
        await node.until(lambda engine: n_linked(engine) == 1)
        for client, reason in ((two, "cancel_all"), (three, "timer")):
            account = await client.account()
            assert account.positions == ()
            assert account.cancel_all_at_ms is None
            assert (await client.open_orders()) == ()
            orders = [await client.order(order_id) for order_id in of_reason[reason]]
            assert [order.cancel_reason for order in orders] == [reason, reason]
        node.move(RESUME_GAP_MS)
        await node.set_price()
        await node.until(lambda engine: n_linked(engine) == 0)
        assert (await four.order(lives)).cancel_reason == "killed"
        assert (await four.account()).positions == ()


async def test_timer_without_orders_then_nothing_is_done(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await client.set_cancel_timer(node.clock.now_ms() + MINUTE_MS)
        node.move(MINUTE_MS)
        await node.set_price()
        before = await node.trace()
        assert not await Pruner(node.node.runner, node.clock).prune_some()
        assert await node.trace() == before


async def test_orders_when_they_died_while_the_node_was_away_then_pruned_after_the_start(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path, policy=UNPRUNED) as node, node.client(2) as client:
        expired = await bid(client, node)
        await node.node.runner.change(Engine.seal)
        # One is in the sealed state, one in the journal.
        other = await bid(client, node, "98.0")
        kept = await bid(client, node, "97.0", brief=False)
        l1, clock = node.l1, node.clock
        node.move(MINUTE_MS)
    async with running_node(tmp_path, l1=l1, clock=clock) as node, node.client(2) as client:
        await node.until(lambda engine: n_linked(engine) == 1)
        for order_id in (expired, other):
            assert (await client.order(order_id)).cancel_reason == "expired"
        assert (await client.order(kept)).status is OrderStatus.RESTING


async def test_flood_that_expires_at_once_then_pruned_in_rounds_through_full_batches(
    tmp_path: Path,
) -> None:
    small = BatchPolicy(max_cost_steps=10_000_000, max_age_ms=3_600_000, max_transactions=20)
    async with (
        trading_node(tmp_path, policy=replace(UNPRUNED, batch=small)) as node,
        node.client(2) as client,
    ):
        pruner, n_orders = Pruner(node.node.runner, node.clock), 2 * ORDERS_PER_ROUND + 5
        for place in range(n_orders):
            await bid(client, node, f"9{place % 10}.0")
        left = [n_orders]
        node.move(MINUTE_MS)
        while await pruner.prune_some():
            left.append(await node.node.runner.call(n_linked))
        left.append(await node.node.runner.call(n_linked))
        assert left == [n_orders, n_orders - 32, n_orders - 64, 0]
        assert await client.open_orders() == ()
        assert (await client.book(MARKET)).bids == ()


async def test_pruner_when_others_always_wait_for_the_engine_then_a_round_at_each_look(
    tmp_path: Path,
) -> None:
    """Dead orders cost nothing: a flood of commands must not keep them in the book."""
    async with trading_node(tmp_path, policy=UNPRUNED) as node, node.client(2) as client:
        for place in range(ORDERS_PER_ROUND + 1):
            await bid(client, node, f"9{place % 10}.0")
        node.move(MINUTE_MS)
        runner, looks = node.node.runner, TwoLooks(node.clock)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(EngineRunner, "n_pending", 1)
            with pytest.raises(asyncio.CancelledError):
                await Pruner(runner, looks).run()
        assert looks.pauses_ms == [LOOK_MS, LOOK_MS]
        assert await runner.call(n_linked) == 0


async def test_order_when_its_owner_is_quicker_then_the_pruner_goes_on(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ids = [await bid(client, node, f"9{place}.0") for place in range(8)]
        node.move(MINUTE_MS)
        await asyncio.gather(
            *(client.cancel_order(order_id) for order_id in ids), return_exceptions=True
        )
        await node.set_price()
        last = await bid(client, node)
        node.move(MINUTE_MS)
        await node.until(lambda engine: n_linked(engine) == 0)
        assert (await client.order(last)).cancel_reason == "expired"


def exchange_of(n_orders: int, seed: int = 1) -> tuple[Exchange, DeadOrders]:
    """Return an exchange whose orders have various ends, and what follows it."""
    rng, exchange = random.Random(seed), Exchange(sign=False)
    exchange.fund(2, 3)
    dead = DeadOrders(exchange.state)
    for _ in range(n_orders):
        expiry_time_ms = exchange.time_ms + rng.randint(1, 50)
        result = exchange.place(
            rng.choice((2, 3)), BUY, 1, rng.randint(950, 999), expiry_time_ms=expiry_time_ms
        )
        dead.learn(result.events, exchange.state)
    return exchange, dead


def dead_by_scan(state: State, now_ms: int) -> set[int]:
    return {i for i, order in state.orders.items() if order.expiry_time_ms <= now_ms}


def test_dead_orders_as_by_looking_at_all_and_known_until_they_are_gone() -> None:
    exchange, dead = exchange_of(60)
    state = exchange.state
    for _ in range(60):
        exchange.time_ms += 1
        now_ms, expected = exchange.time_ms, dead_by_scan(exchange.state, exchange.time_ms)
        assert set(dead.due(state, now_ms, 100)) == expected
        assert set(DeadOrders(state).due(state, now_ms, 100)) == expected
        for order_id in dead.due(state, now_ms, 3):
            dead.learn(exchange.apply(PruneOrder(order_id)).events, state)
    while found := dead.due(state, exchange.time_ms, 7):
        for order_id in found:
            exchange.apply(PruneOrder(order_id))
    assert not state.orders


def test_dead_order_that_is_not_pruned_then_does_not_keep_others_waiting() -> None:
    exchange, dead = exchange_of(10)
    now_ms = exchange.time_ms + 100
    rounds = [dead.due(exchange.state, now_ms, 4) for _ in range(5)]
    assert all(len(found) == 4 for found in rounds)
    assert {order_id for found in rounds for order_id in found} == set(exchange.state.orders)


def test_clock_when_set_back_then_no_living_order_is_named_and_none_is_forgotten() -> None:
    exchange, dead = exchange_of(10)
    state, now_ms = exchange.state, exchange.time_ms
    assert len(dead.due(state, now_ms + 100, 100)) == 10
    for moment_ms in range(now_ms, now_ms + 60):
        assert set(dead.due(state, moment_ms, 100)) == dead_by_scan(state, moment_ms)


def test_call_when_many_die_at_once_then_looks_at_few(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange, dead = exchange_of(50)
    looks: list[int] = []
    original = exchange.state.get_order

    def counted(order_id: int) -> object:
        looks.append(order_id)
        return original(order_id)

    monkeypatch.setattr(dead_orders, "_MOST_LOOKS", 8)
    monkeypatch.setattr(exchange.state, "get_order", counted)
    assert len(dead.due(exchange.state, exchange.time_ms + 100, 4)) == 4
    assert len(looks) <= 2 * 8


def test_heaps_when_orders_and_timers_come_and_go_then_stay_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dead_orders, "_SPARE_ENTRIES", 4)
    exchange = Exchange(sign=False)
    exchange.fund(2)
    dead = DeadOrders(exchange.state)
    for _ in range(50):
        placed = exchange.place(2, BUY, 1, 990)
        dead.learn(placed.events, exchange.state)
        (order_id,) = exchange.state.orders
        dead.learn(exchange.cancel(2, order_id).events, exchange.state)
        timer = exchange.set_cancel_timer(2, exchange.time_ms + 1_000_000)
        dead.learn(timer.events, exchange.state)
    assert len(dead._expiries) <= 7
    assert len(dead._timers) <= 7
