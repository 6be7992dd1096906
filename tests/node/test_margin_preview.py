"""`client.margin()`: what it says of an order is what the node then does, at every limit."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from novation.client import (
    Client,
    InvalidInputError,
    MarginRejectedError,
    OffGridError,
    OrderRequest,
    RejectedError,
    Side,
    TimeInForce,
    UnknownMarketError,
)
from novation.client.clock import now_ms
from novation.client.models import OrderOutcome
from sequencer.engine import Engine
from tests.node.support import PRICE_TICKS, RunningNode, trading_node
from tests.support.simulation import deposit_entry

POOR = 5
LOT = Decimal("0.0001")


def request(side: Side, price: str, size: Decimal | str, **fields: object) -> OrderRequest:
    """Return an order in BTC-USD that lives for an hour."""
    order = OrderRequest("BTC-USD", side, price, size, now_ms() + 3_600_000)
    return replace(order, **fields)  # type: ignore[arg-type]


@asynccontextmanager
async def two_traders(path: Path, amount_usd: int) -> AsyncIterator[tuple[RunningNode, Any, Any]]:
    """Yield a node, a rich client and one with so much."""
    async with trading_node(path) as node, node.client(2) as rich:
        node.l1.entries.append(deposit_entry(len(node.l1.entries), POOR, amount_usd * 10**6))
        await node.until_consumed()
        async with node.client(POOR) as poor:
            yield node, rich, poor


async def _place(client: Client, order: OrderRequest) -> None:
    await client.submit_order(client.sign_order(order))


async def _check_after(client: Client, way: OrderOutcome | None) -> None:
    """The account is as the outcome says."""
    account = await client.account()
    assert way is not None
    assert (way.equity, way.initial_margin, way.maintenance_margin) == (
        account.equity,
        account.initial_margin,
        account.maintenance_margin,
    )


@pytest.mark.parametrize("side", Side)
async def test_largest_size_when_placed_then_accepted_and_a_lot_more_refused(
    side: Side, tmp_path: Path
) -> None:
    price = {Side.BUY: "100.3", Side.SELL: "99.7"}[side]
    async with two_traders(tmp_path, 100) as (_, rich, poor):
        margin = await poor.margin()
        most = margin.max_size("BTC-USD", side, price)
        assert most > 0
        too_much = request(side, price, most + LOT)
        shown = margin.preview(too_much)
        assert not shown.is_accepted
        refused = shown.fills
        assert refused is not None
        assert (refused.refusal, refused.result) == ("INSUFFICIENT_MARGIN", None)
        assert refused.available is not None
        assert refused.available < 0
        await rich.place_order("BTC-USD", side.other, price=price, size=most + LOT)
        with pytest.raises(MarginRejectedError):
            await _place(poor, too_much)
        order = request(side, price, most)
        shown = margin.preview(order)
        assert shown.is_accepted
        await _place(poor, order)
        await _check_after(poor, shown.fills)
        filled = shown.fills
        assert filled is not None
        assert filled.above_liquidation is not None
        assert filled.above_liquidation > 0


def random_order(rng: random.Random) -> OrderRequest:
    """Return an order that either fills whole or not at all."""
    return request(
        rng.choice(tuple(Side)),
        str(Decimal(980 + rng.randrange(0, 30)) / 10),
        LOT * 10 ** rng.randrange(1, 6) * rng.randrange(1, 10),
        reduce_only=rng.random() < 0.2,
        time_in_force=rng.choice((TimeInForce.FOK, TimeInForce.POST_ONLY)),
    )


async def test_previews_of_random_orders_then_what_the_node_does(tmp_path: Path) -> None:
    rng, said = random.Random(12), []
    async with two_traders(tmp_path, 60) as (node, rich, poor):
        for step in range(14):
            if step == 7:
                node.move(1_000)
                await node.set_price(PRICE_TICKS - 20)
            order = random_order(rng)
            shown = (await poor.margin()).preview(order)
            fills = order.time_in_force is TimeInForce.FOK
            assert ((shown.rests is None), (shown.fills is None)) == (fills, not fills)
            way = shown.fills if fills else shown.rests
            if fills:
                await rich.place_order(
                    "BTC-USD", order.side.other, price=order.price, size=order.size
                )
            if way.is_accepted:
                await _place(poor, order)
                await _check_after(poor, way)
            else:
                with pytest.raises(RejectedError) as refused:
                    await _place(poor, order)
                assert refused.value.detail.name == way.refusal
            said.append(way.is_accepted)
            for client, account_id in ((poor, POOR), (rich, 2)):
                await client.cancel_all()
                # The dead leave the book, where they would be met.
                await node.until(partial(_has_no_orders, account_id=account_id))
    assert {True, False} == set(said)


def _has_no_orders(engine: Engine, account_id: int) -> bool:
    return not engine.state.orders_of(account_id)


async def test_bad_orders_when_previewed_then_refused_as_when_placed(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        margin = await client.margin()
        for order, error in (
            (request(Side.BUY, "100.05", "0.01"), OffGridError),
            (request(Side.BUY, "100", "0.00005"), OffGridError),
            (request(Side.BUY, "100", "0.01", market="NO-USD"), UnknownMarketError),
            (replace(request(Side.BUY, "100", "0.01"), side="buy"), InvalidInputError),
            (request(Side.BUY, "100", "0.01", reduce_only=1), InvalidInputError),
            (request(Side.BUY, "100", "0.01", max_fee_ppm=-1), InvalidInputError),
            (request(Side.BUY, "100", "0.01", expiry_time_ms=0), InvalidInputError),
            (None, InvalidInputError),
        ):
            with pytest.raises(error):
                margin.preview(order)  # type: ignore[arg-type]
        for size in ("0", "500000", "-0.01"):
            shown = margin.preview(request(Side.BUY, "100", size)).rests
            assert shown is not None
            assert (shown.refusal, shown.equity, shown.is_accepted) == (
                "INVALID_FIELD",
                None,
                False,
            )
        outside = margin.preview(request(Side.BUY, "200", "0.01")).rests
        assert outside is not None
        assert (outside.refusal, outside.equity) == ("PRICE_OUTSIDE_BAND", None)
        assert outside.reason is not None
        assert "limit 1100" in outside.reason
        assert margin.max_size("BTC-USD", Side.BUY, "200") == 0
        assert margin.max_size("BTC-USD", Side.BUY, "100", reduce_only=True) == 0
        with pytest.raises(OffGridError):
            margin.max_size("BTC-USD", Side.BUY, "100.05")
