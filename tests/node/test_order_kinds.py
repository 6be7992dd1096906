"""Fill-or-kill, sliding and market orders, labels and self-trade modes, over gRPC and the SDK."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import order_service_pb2, types_pb2
from novation.client import (
    InvalidInputError,
    OrderRequest,
    RejectedError,
    SelfTradeMode,
    SelfTradeScope,
    Side,
    TimeInForce,
)
from novation.client.messages import place_message
from novation.client.models import OrderStatus, OrderUpdate
from novation.protocol.errors import ErrorCode, ResultCode
from tests.node.support import RunningNode, refusal, running_node, trading_node

MARKET = "BTC-USD"
LOT = Decimal("0.0001")
HOUR_MS = 3_600_000


async def rest(client: Any, side: Side, price: str, lots: int = 3, **fields: Any) -> Any:
    """Place an order."""
    return await client.place_order(MARKET, side, price=price, size=lots * LOT, **fields)


async def test_fok_when_it_cannot_fill_then_refused_with_the_lots_that_could(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await rest(two, Side.SELL, "100.0")
        with pytest.raises(RejectedError) as caught:
            await rest(three, Side.BUY, "100.0", 4, time_in_force=TimeInForce.FOK)
        assert caught.value.code == ErrorCode.FOK_NOT_FILLED
        detail = caught.value.detail
        assert (detail.field, detail.value, detail.limit) == ("size_lots", "4", "3")
        ack = await rest(three, Side.BUY, "100.0", 3, time_in_force=TimeInForce.FOK)
        assert ack.result is ResultCode.FILLED


async def test_slide_when_it_crosses_then_the_answer_says_at_which_price_it_rests(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await rest(two, Side.SELL, "100.0")
        ack = await rest(three, Side.BUY, "100.5", time_in_force=TimeInForce.POST_ONLY_SLIDE)
        market = three.exchange.market(MARKET)
        assert ack.price == Decimal("100.0") - market.tick_size
        assert ack.resting == 3 * LOT
        order = await three.order(ack.order_id)
        assert (order.price, order.time_in_force) == (ack.price, TimeInForce.POST_ONLY_SLIDE)
        assert (await three.book(MARKET)).bids[0].price == ack.price


async def test_market_order_when_the_book_is_thin_then_the_rest_is_gone(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await rest(two, Side.SELL, "100.0", 1)
        await rest(two, Side.SELL, "100.9", 1)
        await rest(two, Side.SELL, "101.1", 1)
        ack = await three.place_market_order(MARKET, Side.BUY, size=5 * LOT, label=9)
        assert (ack.result, ack.filled, ack.resting) == (ResultCode.IOC_CANCELLED, 2 * LOT, 0)
        assert (await three.order(ack.order_id)).label == 9
        ack = await three.place_market_order(MARKET, Side.BUY, size=5 * LOT, worst_price="101.0")
        assert ack.filled == 0
        await rest(two, Side.BUY, "99.1", 1)
        ack = await three.place_market_order(MARKET, Side.SELL, size=LOT, slippage_ppm=5_000)
        assert ack.filled == 0
        ack = await three.place_market_order(MARKET, Side.SELL, size=LOT)
        assert ack.filled == LOT
        for fields in ({"slippage_ppm": 10**6}, {"slippage_ppm": 1.5}, {"side": "buy"}):
            with pytest.raises(InvalidInputError, match=next(iter(fields))):
                await three.place_market_order(
                    **{"market": MARKET, "side": Side.BUY, "size": LOT, **fields}
                )


async def test_decrement_when_orders_meet_then_book_stream_and_restart_agree(
    tmp_path: Path,
) -> None:
    spared = {
        "self_trade_mode": SelfTradeMode.DECREMENT,
        "self_trade_scope": SelfTradeScope.OWNER,
    }
    async with trading_node(tmp_path) as node, node.client(2) as two:
        ask = await rest(two, Side.SELL, "100.0", 5, label=2**64 - 1)
        updates = aiter(two.stream_account())
        await anext(updates)
        ack = await rest(two, Side.BUY, "100.0", 2, **spared)
        assert ack.result is ResultCode.SELF_TRADE_CANCELLED
        assert (ack.filled, ack.resting, ack.decremented) == (0, 0, 2 * LOT)
        update = await anext(updates)
        while not (isinstance(update, OrderUpdate) and update.order_id == ask.order_id):
            update = await anext(updates)
        assert (update.status, update.remaining) == (OrderStatus.RESTING, 3 * LOT)
        assert (update.decremented, update.label) == (2 * LOT, 2**64 - 1)
        await check_decremented(node, ask.order_id, ack.order_id)
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node:
        await check_decremented(node, ask.order_id, ack.order_id)


async def check_decremented(node: RunningNode, ask_id: int, bid_id: int) -> None:
    """Check the book, and both orders."""
    async with node.client(2) as client:
        (level,) = (await client.book(MARKET)).asks
        assert (level.size, level.n_orders) == (3 * LOT, 1)
        ask, bid = await client.order(ask_id), await client.order(bid_id)
        assert (ask.status, ask.remaining, ask.decremented) == (
            OrderStatus.RESTING,
            3 * LOT,
            2 * LOT,
        )
        assert (bid.status, bid.cancel_reason) == (OrderStatus.CANCELLED, "self_trade")
        assert (bid.remaining, bid.decremented) == (0, 2 * LOT)


async def test_taking_order_when_it_is_cancelled_then_the_resting_one_stays_shown(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        await rest(two, Side.SELL, "100.0", 5)
        ack = await rest(two, Side.BUY, "100.0", 2, self_trade_mode=SelfTradeMode.CANCEL_TAKING)
        assert ack.result is ResultCode.SELF_TRADE_CANCELLED
        (level,) = (await two.book(MARKET)).asks
        assert level.size == 5 * LOT
        assert (await two.order(ack.order_id)).cancel_reason == "self_trade"
        both = await rest(two, Side.BUY, "100.0", 2, self_trade_mode=SelfTradeMode.CANCEL_BOTH)
        assert both.result is ResultCode.SELF_TRADE_CANCELLED
        assert (await two.book(MARKET)).asks == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"time_in_force": 6}, "time_in_force"),
        ({"self_trade_mode": 5}, "self_trade_mode"),
        ({"self_trade_mode": 0}, "self_trade_mode"),
        ({"self_trade_scope": 3}, "self_trade_scope"),
        ({"self_trade_scope": 0}, "self_trade_scope"),
    ],
)
async def test_order_when_a_choice_is_not_one_then_refused_by_name(
    tmp_path: Path, changes: dict[str, int], field: str
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        request = OrderRequest(MARKET, Side.BUY, "99.0", LOT, node.clock.now_ms() + HOUR_MS)
        message = place_message(two.sign_order(request))
        for name, value in changes.items():
            setattr(message, name, value)
        code, detail = await refusal(node.stubs.orders.PlaceOrder(message))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert detail.field == field


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"label": -1}, "label"),
        ({"label": 2**64}, "label"),
        ({"label": "a"}, "label"),
        ({"self_trade_mode": 1}, "self_trade_mode"),
        ({"self_trade_scope": "owner"}, "self_trade_scope"),
        ({"time_in_force": 3}, "time_in_force"),
    ],
)
async def test_client_when_an_argument_is_wrong_then_named_and_nothing_is_sent(
    tmp_path: Path, fields: dict[str, Any], name: str
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        with pytest.raises(InvalidInputError, match=name):
            await rest(two, Side.BUY, "99.0", **fields)
        assert (await two.account()).keys[0].last_nonce == 0


def test_enumerations_when_compared_then_the_api_has_every_one() -> None:
    assert len(types_pb2.TimeInForce.values()) == len(TimeInForce) + 1
    assert len(types_pb2.SelfTradeMode.values()) == len(SelfTradeMode) + 1
    assert len(types_pb2.SelfTradeScope.values()) == len(SelfTradeScope) + 1
    assert order_service_pb2.PlaceOrderRequest(label=2**64 - 1).label == 2**64 - 1
