"""Prices over gRPC: refused when stale, brought in when needed, and the dead are shown as dead."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from novation.api.v1 import order_service_pb2
from novation.client import (
    Client,
    NoAuctionError,
    PostOnlyPeriodError,
    QuoteRequest,
    Side,
    StalePriceError,
    TimeInForce,
)
from novation.client.messages import place_message
from novation.client.models import OrderStatus
from novation.client.oracle import OracleClient
from novation.protocol.constants import (
    POST_ONLY_MS,
    PRICE_VALIDITY_MS,
    REPORT_SPREAD_MS,
    RESUME_GAP_MS,
)
from novation.protocol.transactions import (
    AddKey,
    CancelAll,
    CancelOrder,
    ListMarket,
    MinuteTick,
    ParameterKind,
    PlaceOrder,
    PruneOrder,
    RemoveKey,
    SetCancelTimer,
    Unsigned,
    UserTransaction,
)
from sequencer.config import OraclePolicy
from sequencer.engine import Engine
from sequencer.oracle import DUTIES, PRICED
from tests.node.support import (
    POLICY,
    PRICE_TICKS,
    UNPRUNED,
    RunningNode,
    refusal,
    running_node,
    trading_node,
)
from tests.support.builders import private_key, underlying
from tests.support.signing import signed
from tests.support.waiting import within_patience

IDLE = OraclePolicy(grace_ms=1, min_interval_ms=1, idle_interval_ms=RESUME_GAP_MS - 1)


async def buy(client: Client, price: str = "100", **changes: object) -> object:
    """Place an order for a lot of the first market, whose tick is 0.1 USD."""
    return await client.place_order(
        "BTC-USD",
        Side.BUY,
        price=price,
        size="0.0001",
        **changes,  # type: ignore[arg-type]
    )


async def test_order_at_a_stale_price_is_refused_with_age_and_limit(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        node.move(20_000)
        with pytest.raises(StalePriceError) as caught:
            await buy(client)
        detail = caught.value.detail
        assert (detail.name, detail.field) == ("STALE_PRICE", "price_age_ms")
        assert int(detail.limit) == PRICE_VALIDITY_MS
        assert 20_000 <= int(detail.value) < 30_000
        # Nothing of this account depends on prices.
        await client.withdraw("1")
        await node.set_price()
        await buy(client)
        node.move(20_000)
        with pytest.raises(StalePriceError):
            await client.withdraw("1")


async def report(node: RunningNode, price_ticks: int = PRICE_TICKS) -> None:
    """Let a quorum of oracle nodes report."""
    prices_x16 = [price_ticks << 16] * len(node.parameters.underlyings)
    time_ms = node.clock.now_ms()
    for index in range(node.parameters.oracle_quorum):
        async with OracleClient(node.target, node.oracle_signer(index)) as oracle:
            await oracle.submit(time_ms, prices_x16)


def oracle_time_ms(engine: Engine) -> int:
    """Return the time of the prices that hold."""
    return engine.state.globals.oracle_time_ms


async def test_update_that_nobody_needs_waits_for_an_order(tmp_path: Path) -> None:
    policy = replace(POLICY, oracle=IDLE)
    async with trading_node(tmp_path, policy=policy) as node, node.client(2) as client:
        first_ms = await node.node.runner.call(oracle_time_ms)
        node.move(60_000)
        await report(node)
        await asyncio.sleep(0.1)
        assert await node.node.runner.call(oracle_time_ms) == first_ms
        # A stranger's message brings in nothing.
        order = PlaceOrder(2, 0, 9, 0, Side.BUY, PRICE_TICKS, 1, 2**47, 1000)
        stranger = signed(order, private_key(3), node.config)
        _, detail = await refusal(node.stubs.orders.PlaceOrder(place_message(stranger)))
        assert detail.name == "INVALID_SIGNATURE"
        assert await node.node.runner.call(oracle_time_ms) == first_ms
        await buy(client)
        assert await node.node.runner.call(oracle_time_ms) > first_ms


async def test_listing_at_old_prices_when_a_stranger_asks_then_refused_and_brings_none_in(
    tmp_path: Path,
) -> None:
    """Nobody pays for it, so it must not make the node put prices into a batch."""
    policy = replace(POLICY, oracle=IDLE, lists_markets=False)
    async with trading_node(tmp_path, policy=policy) as node:
        market_id = len(node.parameters.underlyings)
        word = underlying(symbol="NEW-USD", multiplier=100).word()
        node.l1.set_parameter(ParameterKind.UNDERLYING, market_id, word)
        await node.until_consumed()
        node.move(1_000)
        await node.jump(PRICE_TICKS)
        last_ms = await node.node.runner.call(oracle_time_ms)
        node.move(60_000)
        await report(node)
        request = order_service_pb2.ListMarketRequest(market_id=market_id)
        status, detail = await refusal(node.stubs.orders.ListMarket(request))
        assert (status.name, detail.name) == ("FAILED_PRECONDITION", "STALE_PRICE")
        assert (detail.field, detail.limit) == ("price_age_ms", str(PRICE_VALIDITY_MS))
        assert await node.node.runner.call(oracle_time_ms) == last_ms
        async with node.client(2) as client:
            await buy(client)
        assert await node.node.runner.call(oracle_time_ms) > last_ms
        await node.stubs.orders.ListMarket(request)


async def quote(client: Client) -> None:
    """Place a quote for ten lots of the first market."""
    await client.mass_quote("BTC-USD", [QuoteRequest(Side.BUY, "100", "0.001")])


async def bid_for_nothing(client: Client) -> None:
    """Bid for an account that is not up for auction, which only fresh prices can tell."""
    with pytest.raises(NoAuctionError):
        await client.bid(3, min_discount="0.00001", max_notional=10**6)


@pytest.mark.parametrize("act", [quote, bid_for_nothing])
async def test_update_that_nobody_needs_waits_for_quotes_and_bids(
    tmp_path: Path, act: Callable[[Client], Awaitable[None]]
) -> None:
    policy = replace(POLICY, oracle=IDLE)
    async with trading_node(tmp_path, policy=policy) as node, node.client(2) as client:
        first_ms = await node.node.runner.call(oracle_time_ms)
        node.move(60_000)
        await report(node)
        await asyncio.sleep(0.1)
        assert await node.node.runner.call(oracle_time_ms) == first_ms
        await act(client)
        assert await node.node.runner.call(oracle_time_ms) > first_ms


async def test_update_that_moves_a_price_does_not_wait(tmp_path: Path) -> None:
    async with trading_node(tmp_path, policy=replace(POLICY, oracle=IDLE)) as node:
        first_ms = await node.node.runner.call(oracle_time_ms)
        node.move(5_000)
        await report(node, PRICE_TICKS + 1)
        await node.until(lambda engine: oracle_time_ms(engine) > first_ms)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("idle_interval_ms", RESUME_GAP_MS),
        ("refresh_ms", PRICE_VALIDITY_MS),
        ("round_span_ms", REPORT_SPREAD_MS + 1),
        ("refresh_ms", -1),
    ],
)
def test_policy_that_would_stop_trading_is_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        replace(IDLE, **{field: value})


def test_messages_that_bring_no_prices_in_are_those_that_need_none() -> None:
    """A new kind is on one side or the other: who adds it has to say."""
    without = {kind for kind in get_args(UserTransaction) if not issubclass(kind, PRICED)}
    assert without == {AddKey, CancelAll, CancelOrder, RemoveKey, SetCancelTimer}
    # Anybody may ask for a listing, and nothing else of these at old prices does any harm.
    idle = {kind for kind in get_args(Unsigned) if not issubclass(kind, DUTIES)}
    assert idle == {ListMarket, MinuteTick, PruneOrder}


async def test_orders_that_a_gap_killed_are_shown_as_dead_and_can_be_cancelled(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path, policy=UNPRUNED) as node,
        node.client(2) as client,
        node.client(3) as other,
    ):
        await buy(client)
        await buy(client, "99.9")
        await buy(client, "99.8")
        books = aiter(client.stream_book("BTC-USD"))
        assert len((await anext(books)).bids) == 3
        # More than a gap, however fast the test is: at exactly RESUME_GAP_MS nothing dies.
        node.move(RESUME_GAP_MS + 1)
        await node.set_price()
        assert (await within_patience(anext(books))).bids == ()
        assert (await client.book("BTC-USD")).bids == ()
        orders = await client.open_orders()
        assert [order.status for order in orders] == [OrderStatus.KILLED] * 3
        status = await client.status()
        assert status.post_only_until_ms > node.clock.now_ms()
        with pytest.raises(PostOnlyPeriodError):
            await buy(other)
        await client.cancel_order(orders[1].order_id)
        left = await client.open_orders()
        assert [order.order_id for order in left] == [orders[0].order_id, orders[2].order_id]
        await other.place_order(
            "BTC-USD",
            Side.SELL,
            price="100",
            size="0.0001",
            time_in_force=TimeInForce.POST_ONLY,
        )
        found = await client.order(orders[0].order_id)
        assert (found.status, found.cancel_reason) == (OrderStatus.CANCELLED, "killed")
        node.move(POST_ONLY_MS)
        await node.set_price()
        assert len((await buy(client)).fills) == 1  # type: ignore[attr-defined]
        await node.node.runner.change(Engine.seal)
        l1 = node.l1
    # The view that is built from the state shows the same, though one dead order is left in it.
    async with running_node(tmp_path, policy=UNPRUNED, l1=l1) as node, node.client(2) as client:
        assert (await client.book("BTC-USD")).bids == ()
        assert (await client.book("BTC-USD")).asks == ()
