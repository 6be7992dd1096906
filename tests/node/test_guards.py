"""Guards of market makers' quotes, over gRPC and the SDK."""

from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import (
    InvalidInputError,
    OffGridError,
    OrderCancelledError,
    QuoteRequest,
    Side,
)
from novation.client.messages import quotes_message
from novation.client.models import OrderStatus, OrderUpdate
from novation.protocol.constants import GUARD_BOUND
from novation.protocol.transactions import MassQuote, Quote, QuoteTerms
from tests.node.support import RunningNode, refusal, running_node, trading_node
from tests.support.builders import private_key
from tests.support.signing import signed

MARKET = "BTC-USD"
LOT = Decimal("0.0001")
ASKS = [QuoteRequest(Side.SELL, price, 10 * LOT) for price in ("100.1", "100.2", "100.3")]


async def test_guard_when_spent_then_the_rest_is_gone_from_book_stream_and_lists(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        placed = await two.mass_quote(MARKET, ASKS, guard=15 * LOT)
        updates = aiter(two.stream_account())
        await anext(updates)
        await three.place_order(MARKET, Side.BUY, price="100.1", size=4 * LOT)
        assert (await two.account()).positions[0].guarded == 11 * LOT
        taken = await three.place_order(MARKET, Side.BUY, price="100.3", size=30 * LOT)
        assert taken.filled == 16 * LOT
        killed = {}
        while len(killed) < 1:
            update = await anext(updates)
            if isinstance(update, OrderUpdate) and update.status is OrderStatus.CANCELLED:
                killed[update.order_id] = update.cancel_reason
        assert killed == {placed.order_ids[2]: "guard"}
        await check_spent(node, placed.order_ids[2])
        with pytest.raises(OrderCancelledError, match="by the guard"):
            await two.cancel_order(placed.order_ids[2])
        # The node prunes what died.
        await node.until(lambda engine: placed.order_ids[2] not in engine.state.orders)
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node:
        await check_spent(node, placed.order_ids[2])


async def check_spent(node: RunningNode, order_id: int) -> None:
    """Check what is told of an order that a guard has killed, and of its account."""
    async with node.client(2) as client:
        order = await client.order(order_id)
        assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "guard")
        assert (await client.book(MARKET)).asks == ()
        position = (await client.account()).positions[0]
        assert (position.size, position.open_sell, position.guarded) == (-20 * LOT, 0, None)


async def test_guard_when_quotes_come_anew_then_theirs_holds(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await two.mass_quote(MARKET, ASKS, guard=5 * LOT)
        await two.mass_quote(MARKET, ASKS)
        assert (await two.account()).positions[0].guarded is None
        taken = await three.place_order(MARKET, Side.BUY, price="100.3", size=30 * LOT)
        assert taken.filled == 30 * LOT


async def test_guard_when_out_of_range_or_not_signed_then_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        for guard, error in ((0, InvalidInputError), (LOT / 2, OffGridError)):
            with pytest.raises(error):
                await two.mass_quote(MARKET, ASKS, guard=guard)
        with pytest.raises(InvalidInputError, match="guard"):
            await two.mass_quote(MARKET, ASKS, guard=GUARD_BOUND * LOT)
        terms = QuoteTerms(node.clock.now_ms() + 10**6, 1000, guard_lots=5)
        tx = MassQuote(2, 0, 50, 0, terms, (Quote(Side.BUY, 990, 1),))
        request = quotes_message(signed(tx, private_key(2), node.config))
        request.guard_lots = 6
        _, detail = await refusal(node.stubs.orders.MassQuote(request))
        assert detail.name == "INVALID_SIGNATURE"
        request.guard_lots = GUARD_BOUND
        _, detail = await refusal(node.stubs.orders.MassQuote(request))
        assert (detail.name, detail.field) == ("INVALID_FIELD", "guard_lots")
