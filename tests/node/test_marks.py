"""Marks over gRPC: the node takes the ticks by itself, and shows what follows."""

from decimal import Decimal
from pathlib import Path

from novation.api.v1 import query_service_pb2, types_pb2
from novation.client import Client, Side
from novation.protocol.constants import HOUR_MS, MINUTE_MS
from novation.protocol.transactions import MinuteTick
from sequencer.engine import Engine
from sequencer.journal import read_entries
from tests.node.support import PRICE_TICKS, RunningNode, running_node, trading_node

INDEX_X16 = PRICE_TICKS << 16
DEAR_TICKS = 20_000


async def quote(client: Client) -> None:
    """Quote more than a sample needs, two ticks of 0.1 USD above the index in the middle."""
    for side, price in ((Side.BUY, "100.1"), (Side.SELL, "100.3")):
        await client.place_order("BTC-USD", side, price=price, size="110")


async def end_minute(node: RunningNode, price_ticks: int = PRICE_TICKS) -> None:
    """Let the minute end just behind new prices, and send something."""
    next_tick_ms = await node.node.runner.call(_next_tick_ms)
    node.move(next_tick_ms - node.clock.now_ms() - 1_000)
    await node.set_price(price_ticks)
    node.move(1_001)
    await node.fund(3)


async def shown(node: RunningNode) -> types_pb2.Market:
    """Return the first market as the node shows it."""
    response = await node.stubs.queries.GetExchange(query_service_pb2.GetExchangeRequest())
    return next(market for market in response.markets if market.market_id == 0)


def _next_tick_ms(engine: Engine) -> int:
    return engine.state.globals.next_tick_ms


async def test_mark_when_the_book_is_above_the_index_then_shown_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await quote(client)
        await end_minute(node)
        market = await shown(node)
        premium_x16 = (2 << 16) * 2 // 5
        assert market.index_price_x16 == INDEX_X16
        assert market.mark_price_x16 == INDEX_X16 + premium_x16
        state = await node.node.runner.call(lambda engine: engine.state.globals)
        entries = await node.node.runner.call(_ticks)
        assert entries == [state.next_tick_ms - MINUTE_MS] * 2
    async with running_node(tmp_path, clock=node.clock) as node, node.client(2) as client:
        assert await shown(node) == market
        assert await client.mark_price("BTC-USD") == market.mark_price_x16 / Decimal(655_360)
        assert await node.node.runner.call(_next_tick_ms) == state.next_tick_ms


async def test_funding_when_an_hour_is_over_then_equity_of_both_sides_and_the_market_show_it(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as buyer, node.client(4) as seller:
        await node.set_price(DEAR_TICKS)
        await buyer.place_order("BTC-USD", Side.BUY, price="2000", size="2")
        await seller.place_order("BTC-USD", Side.SELL, price="2000", size="2")
        await end_minute(node, DEAR_TICKS)
        before = [(await client.account()).equity for client in (buyer, seller)]
        prices = await buyer.prices("BTC-USD")
        # An eighth of 100 ppm of interest.
        assert abs(prices.funding_rate - Decimal("0.0000125")) < Decimal("0.000000001")
        assert prices.mark_price == prices.index_price == 2_000
        assert prices.next_funding_time_ms % HOUR_MS == 0
        node.move(prices.next_funding_time_ms - node.clock.now_ms() + 1)
        await node.set_price(DEAR_TICKS)
        paid = await buyer.prices("BTC-USD")
        # 2.5 quanta a lot of 0.0001 BTC, of which two are whole.
        assert paid.funding_quanta_per_lot == 2
        after = [(await client.account()).equity for client in (buyer, seller)]
        funding = 2 * 20_000 * Decimal("0.000001")
        assert after == [before[0] - funding, before[1] + funding]


def _ticks(engine: Engine) -> list[int]:
    """Return the minutes of the ticks in the journal."""
    entries = read_entries(engine._database, 1)
    return [
        entry.time_ms // MINUTE_MS * MINUTE_MS
        for entry in entries
        if isinstance(entry.transaction, MinuteTick)
    ]
