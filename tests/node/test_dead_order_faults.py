"""Small faults of pruning and of the tokens of cancels, each of which only one place prevents."""

import random
from pathlib import Path

import pytest

from novation.protocol.constants import LAST_TIME_MS, RESUME_GAP_MS
from novation.protocol.errors import InvalidTransaction
from novation.protocol.orders import TimeInForce
from novation.protocol.rules.dead_orders import is_idle
from novation.protocol.state import State
from novation.protocol.transactions import CancelAll, PlaceOrder, PruneOrder, SetCancelTimer
from sequencer import pruner as pruner_module
from sequencer.dead_orders import DeadOrders
from sequencer.engine import Command
from sequencer.pruner import Pruner
from tests.node.support import UNPRUNED, trading_node
from tests.node.test_pruning import MINUTE_MS, bid, n_linked
from tests.node.test_rates import BURST, CANCELS, admission, message, n_paid
from tests.support.exchange import BUY, SELL, Exchange
from tests.support.simulation import ManualClock


async def test_order_when_it_lives_or_is_gone_by_then_the_pruner_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the command its owner, or anybody, may have been quicker."""
    async with trading_node(tmp_path, policy=UNPRUNED) as node, node.client(2) as client:
        first, gone = [await bid(client, node, price) for price in ("99.0", "98.0")]
        lives = await bid(client, node, "97.0", brief=False)
        await client.cancel_order(gone)
        node.move(MINUTE_MS)
        found = [gone, lives, 10**9, first]
        monkeypatch.setattr(pruner_module, "_dead_orders", lambda *_, **__: found)
        assert not await Pruner(node.node.runner, node.clock).prune_some()
        assert await node.node.runner.call(n_linked) == 1
        assert (await client.order(first)).cancel_reason == "expired"
        assert [order.order_id for order in await client.open_orders()] == [lives]


def dead_now(state: State, now_ms: int) -> set[int]:
    """Return every dead order that is linked, as the specification says."""
    found = set()
    for order in state.orders.values():
        account = state.account(order.account_id)
        if (
            order.expiry_time_ms <= now_ms
            or account.cancel_all_at_ms <= now_ms
            or order.order_id < account.position(order.market_id).min_order_id
            or order.order_id < state.price_of(order.market_id).dead_below_order_id
            or is_idle(order, account.position(order.market_id))
        ):
            found.add(order.order_id)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_dead_orders_when_the_node_starts_then_those_that_it_followed(seed: int) -> None:
    """Of every death, of timers that are set, set anew, or switched off, and of idle orders."""
    rng, exchange = random.Random(seed), Exchange(sign=False)
    exchange.fund(2, 3, 4)
    followed, state = DeadOrders(exchange.state), exchange.state
    for _ in range(60):
        exchange.time_ms += 1
        account_id, kind = rng.choice((2, 3, 4)), rng.random()
        if kind < 0.06:
            result = exchange.cancel_all(account_id, rng.choice((None, 0, 1)))
        elif kind < 0.25:
            at_ms = rng.choice((exchange.time_ms + rng.randint(1, 30), LAST_TIME_MS))
            result = exchange.set_cancel_timer(account_id, at_ms)
        else:
            try:
                result = exchange.apply(random_order(exchange, rng, account_id))
            except InvalidTransaction:
                continue
        followed.learn(result.events, state)
        check_the_same(followed, state, exchange.time_ms)
        if rng.random() < 0.02:
            exchange.time_ms += RESUME_GAP_MS
            followed.learn(exchange.refresh_prices().events, state)
    prune_all(exchange, followed)


def random_order(exchange: Exchange, rng: random.Random, account_id: int) -> PlaceOrder:
    """Return an order that opens, closes or flips a position, or one that rests."""
    side = rng.choice((BUY, SELL))
    if rng.random() < 0.3:
        return exchange.order(account_id, side, rng.randint(1, 4), 1010 if side is BUY else 940)
    return exchange.order(
        account_id,
        side,
        1,
        rng.randint(950, 999) if side is BUY else rng.randint(1001, 1009),
        market_id=rng.choice((0, 1)),
        time_in_force=TimeInForce.POST_ONLY,
        reduce_only=rng.random() < 0.4,
        expiry_time_ms=exchange.time_ms + rng.choice((20, 10**9)),
    )


def check_the_same(followed: DeadOrders, state: State, now_ms: int) -> None:
    """Compare all but those behind the first of a timer: its pruning tells of the others."""
    expected, most = dead_now(state, now_ms), len(state.orders) + 1
    for known in (followed, DeadOrders(state)):
        found = set(known.due(state, now_ms, most))
        assert found <= expected
        owners = {state.order(order_id).account_id for order_id in found}
        for order_id in expected - found:
            account_id = state.order(order_id).account_id
            assert state.account(account_id).cancel_all_at_ms <= now_ms
            assert account_id in owners


def prune_all(exchange: Exchange, followed: DeadOrders) -> None:
    """Prune until nothing is left to prune: what is left lives."""
    state = exchange.state
    while found := followed.due(state, exchange.time_ms, 5):
        for order_id in found:
            if state.get_order(order_id) is not None:
                followed.learn(exchange.apply(PruneOrder(order_id)).events, state)
    assert not dead_now(state, exchange.time_ms)


@pytest.mark.parametrize("kind", [CancelAll, SetCancelTimer])
def test_flood_of_orders_when_all_tokens_are_used_then_all_can_still_be_cancelled(
    kind: type[CancelAll] | type[SetCancelTimer],
) -> None:
    gate = admission(ManualClock(), {(2, 0): 0})
    assert n_paid(gate, [message(n) for n in range(1, 100)]) == BURST
    commands = [
        Command(tx, 0, message_hash=tx.nonce, is_verified=True)
        for tx in (CancelAll(2, 0, n) if kind is CancelAll else timer(n) for n in range(401, 500))
    ]
    assert n_paid(gate, commands) == CANCELS
    refused = gate.refusal(commands[-1])
    assert refused is not None
    assert refused.context.field == "key_cancels_burst"


def timer(nonce: int) -> SetCancelTimer:
    return SetCancelTimer(2, 0, nonce, LAST_TIME_MS)
