"""What an order is worth at least, over gRPC and the SDK."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import query_service_pb2
from novation.client import OrderRequest, RejectedError, Side, TimeInForce
from novation.client.messages import place_message
from novation.protocol.constants import QUANTA_PER_USD
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.transactions import ParameterKind
from tests.node.support import RunningNode, refusal, running_node, trading_node
from tests.support.builders import underlying

MARKET = "BTC-USD"
LOT = Decimal("0.0001")
# At 100 USD a lot is a cent.
LEAST = 100
TERMS = underlying(min_order_usd=1)
HOUR_MS = 3_600_000


async def raise_the_limit(node: RunningNode) -> None:
    """Let L1's owner say that orders of the first market must be worth a dollar."""
    node.l1.set_parameter(ParameterKind.UNDERLYING, 0, TERMS.word())
    await node.until_consumed()


async def place(client: Any, side: Side, price: str, lots: int, **fields: Any) -> Any:
    """Place an order."""
    return await client.place_order(MARKET, side, price=price, size=lots * LOT, **fields)


async def test_order_when_it_is_too_small_then_refused_with_value_and_limit(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await place(client, Side.BUY, "100.0", 1)
        await raise_the_limit(node)
        with pytest.raises(RejectedError) as caught:
            await place(client, Side.BUY, "100.0", LEAST - 1)
        detail = caught.value.detail
        assert caught.value.code == ErrorCode.ORDER_TOO_SMALL
        assert (detail.name, detail.field) == ("ORDER_TOO_SMALL", "notional_quanta")
        assert (detail.value, detail.limit) == ("990000", str(QUANTA_PER_USD))
        request = OrderRequest(
            MARKET, Side.SELL, "99.9", LEAST * LOT, node.clock.now_ms() + HOUR_MS
        )
        message = place_message(client.sign_order(request))
        code, refused = await refusal(node.stubs.orders.PlaceOrder(message))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert (refused.field, refused.value) == ("notional_quanta", "999000")
        ack = await place(client, Side.BUY, "100.0", LEAST)
        assert ack.result is ResultCode.RESTING
        assert [level.n_orders for level in (await client.book(MARKET)).bids] == [2]


async def test_position_when_it_is_smaller_then_closed_at_once_but_not_by_resting(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await place(two, Side.SELL, "100.0", 1)
        await place(three, Side.BUY, "100.0", 1)
        await raise_the_limit(node)
        await place(two, Side.BUY, "100.0", LEAST)
        with pytest.raises(RejectedError, match="ORDER_TOO_SMALL"):
            await place(three, Side.SELL, "100.0", 1, reduce_only=True)
        with pytest.raises(RejectedError, match="ORDER_TOO_SMALL"):
            await place(three, Side.SELL, "100.0", 1, time_in_force=TimeInForce.IOC)
        closed = await three.place_market_order(MARKET, Side.SELL, size=LOT, reduce_only=True)
        assert (closed.result, closed.filled) == (ResultCode.FILLED, LOT)
        assert (await three.account()).positions == ()


async def test_terms_when_asked_for_then_the_limit_is_told_and_kept(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        assert [market.terms.min_order_usd for market in await client.markets()] == [0, 0]
        await raise_the_limit(node)
        request = query_service_pb2.GetExchangeRequest()
        exchange = await node.stubs.queries.GetExchange(request)
        assert [item.min_order_usd for item in exchange.underlyings] == [1, 0]
        assert [item.min_order_usd for item in exchange.markets] == [1, 0]
        assert (await client.markets())[0].terms == TERMS
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node, node.client(2) as client:
        assert (await client.markets())[0].terms == TERMS
        assert node.parameters.underlyings[0] == replace(underlying(), min_order_usd=1)
