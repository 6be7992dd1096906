"""A jump of an index over gRPC: who must wait, and what the API says about it."""

from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import OrderRequest, ResolvingError
from novation.protocol.constants import RESOLVE_MS
from novation.protocol.orders import Side, TimeInForce
from tests.node.support import PRICE_TICKS, trading_node
from tests.node.test_prices import buy

JUMPED_TICKS = PRICE_TICKS * 98 // 100


async def test_market_when_its_index_jumps_then_post_only_and_no_withdrawals_for_ten_seconds(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client, node.client(3) as other:
        before = await client.prices("BTC-USD")
        assert (before.reference_price, before.resolving_until_ms) == (before.mark_price, 0)
        await buy(client)
        await node.jump(JUMPED_TICKS)
        now_ms = node.clock.now_ms()
        after = await client.prices("BTC-USD")
        assert after.reference_price == before.mark_price
        assert now_ms < after.resolving_until_ms <= now_ms + RESOLVE_MS
        with pytest.raises(ResolvingError) as refused:
            await buy(other)
        assert int(refused.value.detail.limit) == after.resolving_until_ms
        with pytest.raises(ResolvingError):
            await client.withdraw(Decimal(1))
        request = OrderRequest("BTC-USD", Side.BUY, "99", "0.01", now_ms + 100_000, TimeInForce.GTC)
        view = await other.margin()
        shown = view.preview(request)
        assert shown.rests is not None
        assert shown.rests.refusal == "RESOLVING"
        await other.withdraw(Decimal(1))
        node.move(RESOLVE_MS)
        await node.jump(JUMPED_TICKS)
        await buy(other, "97")
        await client.withdraw(Decimal(1))


async def test_gain_when_it_is_not_settled_then_told_and_not_available(tmp_path: Path) -> None:
    """It is in the equity, but no order and no withdrawal counts on it before two minutes ended."""
    async with trading_node(tmp_path) as node, node.client(2) as client, node.client(3) as other:
        await other.place_order("BTC-USD", Side.SELL, price="100", size="10")
        await client.place_order("BTC-USD", Side.BUY, price="100", size="10")
        await node.set_price(PRICE_TICKS * 101 // 100)
        account = await client.account()
        assert account.unsettled_gain == Decimal(10)
        assert account.equity is not None
        assert account.initial_margin is not None
        assert account.available == account.equity - account.initial_margin - 10
        assert (await other.account()).unsettled_gain == 0
        view = await client.margin()
        request = OrderRequest("BTC-USD", Side.BUY, "101", "0.01", node.clock.now_ms() + 100_000)
        shown = view.preview(request)
        assert shown.rests is not None
        assert shown.rests.unsettled_gain == Decimal(10)
