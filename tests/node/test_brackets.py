"""Orders with a stop and a take-profit under one message, over gRPC and the SDK."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.client import (
    Client,
    InvalidInputError,
    OrderStream,
    RejectedError,
    Side,
    TimeInForce,
    TriggerDirection,
)
from novation.client.models import OrderStatus
from novation.client.trigger_models import BracketAck
from novation.client.triggers import bracket_message
from novation.protocol.errors import ErrorCode
from novation.protocol.transactions import PlaceBracket
from tests.node.support import RunningNode, refusal, trading_node
from tests.node.test_triggers import HOUR_MS, LOT, MARKET
from tests.support.builders import private_key
from tests.support.signing import signed


async def enter(client: Client | OrderStream, price: str = "100.0", **fields: Any) -> BracketAck:
    """Buy ten lots, with exits two dollars away on both sides of 100."""
    exits = {"stop_price": "98.0", "profit_price": "102.0"} | fields
    return await client.place_bracket(MARKET, Side.BUY, price=price, size=10 * LOT, **exits)


async def test_bracket_when_the_profit_is_reached_then_all_of_it_is_over(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as two,
        node.client(3) as three,
        node.client(4) as four,
    ):
        await three.place_order(MARKET, Side.SELL, price="100.0", size=6 * LOT)
        placed = await enter(two, label=9)
        assert (placed.order.filled, placed.order.resting) == (6 * LOT, 4 * LOT)
        assert placed.stop_order_id is not None
        assert placed.profit_order_id == placed.stop_order_id + 1 == placed.order.order_id + 2
        stop = await two.order(placed.stop_order_id)
        assert (stop.status, stop.ends_others, stop.label) == (OrderStatus.DORMANT, True, 9)
        assert (stop.side, stop.reduce_only, stop.quote_index) == (Side.SELL, True, 1)
        assert stop.time_in_force is TimeInForce.IOC
        assert stop.expiry_time_ms > node.clock.now_ms() + HOUR_MS
        await four.place_order(MARKET, Side.BUY, price="101.5", size=6 * LOT)
        await node.set_price(1020)
        assert not await two.open_orders()
        profit = await two.order(placed.profit_order_id)
        assert profit.triggered_order_id is not None
        assert (await two.order(profit.triggered_order_id)).filled == 6 * LOT
        for order_id in (placed.order.order_id, placed.stop_order_id):
            assert (await two.order(order_id)).cancel_reason == "position_closed"


async def test_bracket_when_nothing_is_filled_of_what_never_rests_then_no_exits(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        placed = await enter(two, time_in_force=TimeInForce.IOC)
        assert (placed.stop_order_id, placed.profit_order_id) == (None, None)
        assert not await two.open_orders()
        with pytest.raises(RejectedError, match="EXIT_DUE"):
            await enter(two, "97.0", profit_price="99.0")
        with pytest.raises(InvalidInputError, match="reduce_only"):
            await enter(two, reduce_only=True)


async def test_stream_when_exits_are_placed_on_it_then_as_by_calls(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        async with two.order_stream() as stream:
            placed, stop, profit = await asyncio.gather(
                enter(stream, "99.0", label=9),
                stream.place_stop(MARKET, Side.SELL, size=LOT, trigger_price="97.0"),
                stream.place_take_profit(
                    MARKET, Side.SELL, size=LOT, trigger_price="103.0", ends_others=True
                ),
            )
            with pytest.raises(RejectedError, match="EXIT_DUE"):
                await enter(stream, "97.0", profit_price="99.0")
        first_id = placed.order.order_id
        assert (placed.stop_order_id, placed.profit_order_id) == (first_id + 1, first_id + 2)
        resting = {order.order_id: order for order in await two.open_orders()}
        assert sorted(resting) == [*range(first_id, first_id + 3), stop.order_id, profit.order_id]
        assert resting[first_id].label == 9
        assert resting[stop.order_id].trigger_direction is TriggerDirection.FALL
        assert resting[profit.order_id].trigger_direction is TriggerDirection.RISE
        assert resting[profit.order_id].ends_others


def message(node: RunningNode, **changes: Any) -> PlaceBracket:
    """Return an order of account 2 with exits, signed."""
    fields = {
        "account_id": 2,
        "key_index": 0,
        "nonce": 60,
        "market_id": 0,
        "side": Side.BUY,
        "price_ticks": 1000,
        "size_lots": 10,
        "expiry_time_ms": node.clock.now_ms() + HOUR_MS,
        "max_fee_ppm": 1000,
        "stop_trigger_ticks": 980,
        "stop_price_ticks": 970,
        "profit_trigger_ticks": 1020,
        "profit_price_ticks": 1010,
        "exits_expiry_time_ms": node.clock.now_ms() + HOUR_MS,
        "valid_until_ms": node.clock.now_ms() + HOUR_MS,
    }
    return signed(PlaceBracket(**fields | changes), private_key(2), node.config)


async def test_messages_when_a_rule_is_broken_then_refused_with_field_and_limit(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        place = node.stubs.orders.PlaceBracket
        good = bracket_message(message(node))
        for field in ("stop_trigger_ticks", "profit_price_ticks"):
            bad = bracket_message(message(node))
            setattr(bad, field, 2**32)
            code, detail = await refusal(place(bad))
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert detail.field == field
        bad = bracket_message(message(node))
        bad.ClearField("order")
        assert (await refusal(place(bad)))[1].field == "order"
        bad = bracket_message(message(node))
        bad.stop_price_ticks -= 1
        assert (await refusal(place(bad)))[1].code == ErrorCode.INVALID_SIGNATURE
        # Its order is nobody's without its exits.
        assert (await refusal(node.stubs.orders.PlaceOrder(good.order)))[1].code == (
            ErrorCode.INVALID_SIGNATURE
        )
        first = await place(good)
        # The very same message gets its first answer.
        assert await place(good) == first
