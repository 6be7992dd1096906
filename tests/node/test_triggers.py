"""Stops and take-profits over gRPC and the SDK: they wait, they are placed by the node, they go."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.client import (
    Client,
    InvalidInputError,
    OrderCancelledError,
    OrderRequest,
    RejectedError,
    Side,
    TriggerDirection,
)
from novation.client.models import OrderStatus, OrderUpdate
from novation.client.trigger_models import TriggerAck
from novation.client.triggers import trigger_message
from novation.protocol.constants import RESOLVE_MS
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import OrderList
from novation.protocol.transactions import PlaceTrigger
from sequencer.engine import TRIGGERS_AT_ONCE
from tests.node.support import POLICY, RunningNode, refusal, running_node, trading_node
from tests.node.test_prices import IDLE, report
from tests.support.builders import private_key
from tests.support.signing import signed
from tests.support.waiting import until

MARKET = "BTC-USD"
LOT = Decimal("0.0001")
HOUR_MS = 3_600_000


async def hold(two: Client, three: Client, lots: int = 100) -> None:
    """Let the first account hold lots long, and the other one short."""
    await three.place_order(MARKET, Side.SELL, price="100.0", size=lots * LOT)
    await two.place_order(MARKET, Side.BUY, price="100.0", size=lots * LOT)


async def stop(client: Client, trigger: str, lots: int = 10, **fields: Any) -> TriggerAck:
    """End a long position when the mark is at or below a price."""
    return await client.place_stop(
        MARKET, Side.SELL, size=lots * LOT, trigger_price=trigger, **fields
    )


async def order_updates(updates: Any, n: int) -> list[OrderUpdate]:
    """Return the next updates of orders."""
    found: list[OrderUpdate] = []
    while len(found) < n:
        update = await anext(updates)
        if isinstance(update, OrderUpdate):
            found.append(update)
    return found


async def test_stop_when_the_mark_reaches_it_then_placed_by_the_node(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as two,
        node.client(3) as three,
        node.client(4) as four,
    ):
        await hold(two, three)
        dormant = await stop(two, "99.0", label=7)
        far = await stop(two, "90.0")
        (listed, _) = await two.open_orders()
        assert (listed.order_id, listed.status) == (dormant.order_id, OrderStatus.DORMANT)
        assert (listed.trigger_price, listed.trigger_direction) == (
            Decimal("99.0"),
            TriggerDirection.FALL,
        )
        book = await two.book(MARKET)
        assert not book.asks
        await four.place_order(MARKET, Side.BUY, price="98.5", size=4 * LOT)
        updates = aiter(two.stream_account())
        await anext(updates)
        await node.set_price(990)
        seen = await order_updates(updates, 3)
        gone = await two.order(dormant.order_id)
        assert (gone.status, gone.remaining) == (OrderStatus.TRIGGERED, 0)
        assert gone.triggered_order_id is not None
        assert [(update.order_id, update.status) for update in seen] == [
            (dormant.order_id, OrderStatus.TRIGGERED),
            (gone.triggered_order_id, OrderStatus.RESTING),
            (gone.triggered_order_id, OrderStatus.CANCELLED),
        ]
        placed = await two.order(gone.triggered_order_id)
        assert (placed.filled, placed.cancel_reason) == (4 * LOT, "ioc")
        assert (placed.dormant_order_id, placed.label) == (dormant.order_id, 7)
        assert placed.message_hash == gone.message_hash
        with pytest.raises(OrderCancelledError, match="is order"):
            await two.cancel_order(dormant.order_id)
        assert [order.order_id for order in await two.open_orders()] == [far.order_id]
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node, node.client(2) as two:
        (left,) = await two.open_orders()
        assert (left.order_id, left.status) == (far.order_id, OrderStatus.DORMANT)
        await two.cancel_order(far.order_id)
        assert not await two.open_orders()


async def test_stop_when_a_jump_has_held_it_up_then_placed_behind_that_though_nobody_trades(
    tmp_path: Path,
) -> None:
    """Prices that held at the jump are old by then, and no message brings others in."""
    async with (
        trading_node(tmp_path, policy=replace(POLICY, oracle=IDLE)) as node,
        node.client(2) as two,
        node.client(3) as three,
        node.client(4) as four,
    ):
        await hold(two, three)
        dormant = await stop(two, "99.0")
        await four.place_order(MARKET, Side.BUY, price="97.5", size=10 * LOT)
        await node.jump(980)
        assert (await two.order(dormant.order_id)).status is OrderStatus.DORMANT
        node.move(RESOLVE_MS)
        await report(node, 980)

        async def is_triggered() -> bool:
            return (await two.order(dormant.order_id)).status is OrderStatus.TRIGGERED

        await until(is_triggered)


async def test_exits_when_one_closes_the_position_then_the_other_is_gone(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as two,
        node.client(3) as three,
        node.client(4) as four,
    ):
        await hold(two, three)
        ending = await stop(two, "99.0", 100, ends_others=True)
        profit = await two.place_take_profit(
            MARKET, Side.SELL, size=100 * LOT, trigger_price="101.0", ends_others=True
        )
        entry = await two.place_order(MARKET, Side.BUY, price="90.0", size=LOT)
        assert (await two.order(ending.order_id)).ends_others
        await four.place_order(MARKET, Side.BUY, price="98.5", size=100 * LOT)
        await node.set_price(990)
        assert not await two.open_orders()
        for order_id in (profit.order_id, entry.order_id):
            assert (await two.order(order_id)).cancel_reason == "position_closed"
        await node.until(lambda engine: engine.state.get_order(entry.order_id) is None)
        with pytest.raises(OrderCancelledError, match="with the position that it belonged to"):
            await two.cancel_order(entry.order_id)


async def test_dormant_orders_when_the_node_restarts_then_they_wait_on(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await hold(two, three)
        sealed = await stop(two, "99.0")
        await node.node.runner.change(lambda engine: engine.seal())
        profit = await two.place_take_profit(
            MARKET, Side.SELL, size=10 * LOT, trigger_price="101.0", price="101.5"
        )
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node, node.client(2) as two:
        dormant = {order.order_id for order in await two.open_orders()}
        assert dormant == {sealed.order_id, profit.order_id}
        await node.set_price(1010)
        order = await two.order(profit.order_id)
        assert order.triggered_order_id is not None
        resting = await two.order(order.triggered_order_id)
        assert (resting.status, resting.price) == (OrderStatus.RESTING, Decimal("101.5"))
        assert (await two.book(MARKET)).asks[0].price == Decimal("101.5")


async def test_flood_when_more_are_due_than_the_engine_takes_at_once_then_all_go(
    tmp_path: Path,
) -> None:
    n = 3 * TRIGGERS_AT_ONCE
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await hold(two, three)
        for _ in range(n):
            await stop(two, "99.0", 1)
        await node.set_price(990)
        # Cancelling is possible all the time; nobody needs to send anything for the others.
        await three.cancel_all()
        await node.until(lambda engine: engine.state.market(0).head(OrderList.FALLS) == (0, 0))
        assert not await two.open_orders()


async def test_dead_dormant_orders_when_their_time_is_over_then_pruned(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await hold(two, three)
        dormant = await stop(two, "99.0", expiry_time_ms=node.clock.now_ms() + 100)
        all_gone = await stop(two, "98.0")
        node.move(200)
        await node.until(lambda engine: engine.state.get_order(dormant.order_id) is None)
        order = await two.order(dormant.order_id)
        assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "expired")
        assert (await two.cancel_all()).n_cancelled == 1
        await node.until(lambda engine: engine.state.get_order(all_gone.order_id) is None)
        assert (await two.order(all_gone.order_id)).cancel_reason == "cancel_all"


def message(node: RunningNode, **changes: Any) -> PlaceTrigger:
    """Return an order of account 2 that lies dormant, signed."""
    fields = {
        "account_id": 2,
        "key_index": 0,
        "nonce": 60,
        "market_id": 0,
        "side": Side.SELL,
        "price_ticks": 900,
        "size_lots": 10,
        "expiry_time_ms": node.clock.now_ms() + HOUR_MS,
        "max_fee_ppm": 1000,
        "reduce_only": True,
        "trigger_price_ticks": 990,
        "valid_until_ms": node.clock.now_ms() + HOUR_MS,
    }
    return signed(PlaceTrigger(**fields | changes), private_key(2), node.config)


async def test_messages_when_a_rule_is_broken_then_refused_with_field_and_limit(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        place = node.stubs.orders.PlaceTrigger
        good = trigger_message(message(node))
        for field, value in (
            ("trigger_price_ticks", 0),
            ("trigger_price_ticks", 2**32),
            ("trigger_direction", 0),
            ("trigger_direction", 3),
        ):
            bad = trigger_message(message(node))
            setattr(bad, field, value)
            code, detail = await refusal(place(bad))
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert detail.field == field
        bad = trigger_message(message(node))
        bad.ClearField("order")
        assert (await refusal(place(bad)))[1].field == "order"
        for changes, expected, name in (
            ({"reduce_only": False}, ErrorCode.INVALID_FIELD, "reduce_only"),
            ({"market_id": 9}, ErrorCode.UNKNOWN_MARKET, "market_id"),
            ({"expiry_time_ms": 5}, ErrorCode.ORDER_EXPIRED, "expiry_time_ms"),
            ({"max_fee_ppm": 1}, ErrorCode.FEE_ABOVE_LIMIT, "max_fee_ppm"),
        ):
            _, detail = await refusal(place(trigger_message(message(node, **changes))))
            assert (detail.code, detail.field) == (expected, name), changes
        other = trigger_message(replace(message(node), trigger_price_ticks=991))
        _, detail = await refusal(place(other))
        assert detail.code == ErrorCode.INVALID_SIGNATURE
        first = await place(good)
        # The very same message gets its first answer.
        assert await place(good) == first


async def test_client_when_asked_for_what_cannot_be_then_says_so(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        with pytest.raises(InvalidInputError, match="time_in_force"):
            await stop(two, "99.0", price="98.0", time_in_force=3)
        with pytest.raises(InvalidInputError, match="price_ticks -10"):
            await stop(two, "-1")
        request = OrderRequest(
            MARKET, Side.SELL, "99.0", LOT, node.clock.now_ms() + HOUR_MS, reduce_only=False
        )
        with pytest.raises(InvalidInputError, match="reduce_only"):
            two._signing().place_trigger(request, "99.0", TriggerDirection.FALL)
        with pytest.raises(RejectedError, match="UNKNOWN_ORDER"):
            await two.replace_order((await stop(two, "99.0")).order_id, price="99.0")
