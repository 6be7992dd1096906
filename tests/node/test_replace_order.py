"""An order in the place of another one, over gRPC and the SDK."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.client import (
    InvalidInputError,
    OrderCancelledError,
    OrderFilledError,
    OrderRequest,
    RateLimitedError,
    RejectedError,
    Replacement,
    Side,
    TimeInForce,
)
from novation.client.messages import replace_message
from novation.client.models import OrderStatus, OrderUpdate
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.transactions import ReplaceOrder
from sequencer.rates import RatePolicy
from tests.node.support import RunningNode, refusal, running_node, trading_node
from tests.node.test_rates import limited_node
from tests.support.builders import private_key
from tests.support.signing import signed

MARKET = "BTC-USD"
LOT = Decimal("0.0001")
HOUR_MS = 3_600_000


async def rest(client: Any, side: Side, price: str, lots: int, **fields: Any) -> Any:
    """Place an order."""
    return await client.place_order(MARKET, side, price=price, size=lots * LOT, **fields)


def order(node: RunningNode, price: str, lots: int, **fields: Any) -> OrderRequest:
    """Return an ask."""
    until_ms = node.clock.now_ms() + HOUR_MS
    return OrderRequest(MARKET, Side.SELL, price, lots * LOT, until_ms, **fields)


async def test_order_when_replaced_then_stream_queries_and_restart_agree(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        old = await rest(two, Side.SELL, "100.0", 10)
        updates = aiter(two.stream_account())
        await anext(updates)
        ack = await two.replace_order(old.order_id, price="100.5", label=7)
        assert ack.result is ResultCode.RESTING
        assert (ack.resting, ack.price, ack.cancelled) == (10 * LOT, Decimal("100.5"), 10 * LOT)
        seen = [update async for update in first_updates(updates, 2)]
        assert [(update.order_id, update.status) for update in seen] == [
            (old.order_id, OrderStatus.CANCELLED),
            (ack.order_id, OrderStatus.RESTING),
        ]
        assert seen[0].cancel_reason == "replaced"
        with pytest.raises(OrderCancelledError, match="for another one"):
            await two.cancel_order(old.order_id)
        taken = await rest(three, Side.BUY, "100.5", 12)
        assert taken.filled == 10 * LOT
        await check_replaced(node, old.order_id, ack.order_id)
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node:
        await check_replaced(node, old.order_id, ack.order_id)


async def first_updates(updates: Any, n: int) -> Any:
    """Yield the next updates of orders."""
    while n:
        update = await anext(updates)
        if isinstance(update, OrderUpdate):
            n -= 1
            yield update


async def check_replaced(node: RunningNode, old_id: int, new_id: int) -> None:
    """Check what is told of both orders."""
    async with node.client(2) as client:
        old, new = await client.order(old_id), await client.order(new_id)
        assert (old.status, old.cancel_reason) == (OrderStatus.CANCELLED, "replaced")
        assert (new.status, new.filled, new.label) == (OrderStatus.FILLED, 10 * LOT, 7)
        assert (await client.book(MARKET)).asks == ()


async def test_order_when_it_only_shrinks_then_keeps_its_number_and_place(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        first = await rest(two, Side.SELL, "100.0", 10)
        await rest(three, Side.SELL, "100.0", 10)
        await rest(three, Side.BUY, "99.0", 1)
        ack = await two.replace_order(first.order_id, size=4 * LOT)
        assert (ack.result, ack.order_id) == (ResultCode.AMENDED, first.order_id)
        assert (ack.resting, ack.price, ack.fills, ack.cancelled) == (
            4 * LOT, Decimal("100.0"), (), 0,
        )  # fmt: skip
        shown = await two.order(first.order_id)
        assert (shown.size, shown.remaining, shown.status) == (
            4 * LOT,
            4 * LOT,
            OrderStatus.RESTING,
        )
        (level,) = (await two.book(MARKET)).asks
        assert (level.size, level.n_orders) == (14 * LOT, 2)
        await rest(three, Side.BUY, "99.1", 1)
        async with node.client(4) as four:
            assert (await rest(four, Side.BUY, "100.0", 4)).filled == 4 * LOT
        assert (await two.order(first.order_id)).status is OrderStatus.FILLED
        with pytest.raises(OrderFilledError):
            await two.replace_order(first.order_id, size=LOT)


async def test_order_when_filled_since_it_was_seen_then_no_more_than_signed(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        placed = await rest(two, Side.SELL, "100.0", 10)
        raised = Replacement(order(node, "100.5", 8), 10 * LOT, placed.order_id)
        smaller = replace(raised, order=order(node, "100.5", 3))
        messages = [two.sign_replacement(raised), two.sign_replacement(smaller)]
        await rest(three, Side.BUY, "100.0", 5)
        async with two.order_stream() as stream:
            ack = await stream.send_replacement(messages[0])
        # Sent again, it gets the first answer.
        assert await two.submit_replacement(messages[0]) == ack
        assert (ack.result, ack.resting, ack.cancelled) == (ResultCode.RESTING, 3 * LOT, 5 * LOT)
        named = Replacement(order(node, "100.6", 3), 8 * LOT, nonce=messages[0].nonce)
        gone = await two.submit_replacement(two.sign_replacement(named))
        assert (gone.result, gone.order_id) == (ResultCode.NOTHING_LEFT, ack.order_id)
        assert (gone.resting, gone.cancelled) == (0, 3 * LOT)
        assert (await two.book(MARKET)).asks == ()
        with pytest.raises(OrderCancelledError):
            await two.submit_replacement(messages[1])


@pytest.mark.parametrize(
    ("changes", "code", "status", "field"),
    [
        ({"seen_lots": 9}, ErrorCode.ORDER_GREW, "FAILED_PRECONDITION", "seen_lots"),
        ({"in_place": True}, ErrorCode.CANNOT_KEEP_PLACE, "FAILED_PRECONDITION", "price_ticks"),
        ({"order_id": 99}, ErrorCode.UNKNOWN_ORDER, "NOT_FOUND", "order_id"),
        ({"market_id": 1}, ErrorCode.UNKNOWN_ORDER, "NOT_FOUND", "market_id"),
        ({"account_id": 3}, ErrorCode.NOT_ORDER_OWNER, "PERMISSION_DENIED", "account_id"),
        ({"price_ticks": 1}, ErrorCode.PRICE_OUTSIDE_BAND, "FAILED_PRECONDITION", "price_ticks"),
        ({"seen_lots": 0}, ErrorCode.INVALID_FIELD, "INVALID_ARGUMENT", "seen_lots"),
        ({"order_id": 0}, ErrorCode.INVALID_FIELD, "INVALID_ARGUMENT", "order_id"),
        ({"placed_nonce": 1}, ErrorCode.INVALID_FIELD, "INVALID_ARGUMENT", "order_id"),
    ],
)
async def test_replacement_when_it_breaks_a_rule_then_refused_and_the_old_order_stays(
    tmp_path: Path, changes: dict[str, int], code: ErrorCode, status: str, field: str
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        placed = await rest(two, Side.SELL, "100.0", 10)
        tx = two.sign_replacement(Replacement(order(node, "100.5", 8), 10 * LOT, placed.order_id))
        tx = replace(tx, nonce=50, **changes)
        before = await node.trace()
        message = replace_message(signed(tx, private_key(tx.account_id), node.config))
        found, detail = await refusal(node.stubs.orders.ReplaceOrder(message))
        assert (detail.code, detail.field) == (code, field)
        assert found is grpc.StatusCode[status]
        assert await node.trace() == before
        assert (await two.order(placed.order_id)).remaining == 10 * LOT


async def test_replacement_when_no_order_is_in_it_or_another_signed_it_then_refused(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        placed = await rest(two, Side.SELL, "100.0", 10)
        tx = two.sign_replacement(Replacement(order(node, "100.5", 8), 10 * LOT, placed.order_id))
        message = replace_message(tx)
        message.ClearField("order")
        code, detail = await refusal(node.stubs.orders.ReplaceOrder(message))
        assert (code, detail.field) == (grpc.StatusCode.INVALID_ARGUMENT, "order")
        # What the old order's name does not agree with was not signed: nor is it a plain order.
        for other in (replace(tx, seen_lots=11), replace(tx, signature=two_signs(tx, node))):
            _, detail = await refusal(node.stubs.orders.ReplaceOrder(replace_message(other)))
            assert detail.name == "INVALID_SIGNATURE"
        _, detail = await refusal(node.stubs.orders.PlaceOrder(replace_message(tx).order))
        assert detail.name == "INVALID_SIGNATURE"


def two_signs(tx: ReplaceOrder, node: RunningNode) -> Any:
    """Return a signature of another key."""
    return signed(tx, private_key(3), node.config).signature


async def test_replacement_when_it_only_takes_away_then_counted_as_a_cancellation(
    tmp_path: Path,
) -> None:
    rates = RatePolicy(key_orders_per_s=1, key_orders_burst=2)
    async with limited_node(tmp_path, rates) as node, node.client(2) as two:
        placed = await rest(two, Side.SELL, "100.0", 10)
        moved = await two.replace_order(placed.order_id, price="100.1")
        with pytest.raises(RateLimitedError):
            await two.replace_order(moved.order_id, price="100.2")
        for lots in (9, 8, 7):
            ack = await two.replace_order(moved.order_id, size=lots * LOT)
            assert ack.result is ResultCode.AMENDED


async def test_client_when_an_argument_is_wrong_then_named_and_nothing_is_sent(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        placed = await rest(two, Side.SELL, "100.0", 10)
        asked = order(node, "100.5", 8)
        for request, name in (
            (Replacement(asked, 10 * LOT), "order_id"),
            (Replacement(asked, 10 * LOT, placed.order_id, 5), "order_id"),
            (Replacement(asked, 10 * LOT, placed.order_id, key_index=0), "key_index"),
            (Replacement(asked, LOT / 2, placed.order_id), "lot"),
            (Replacement(asked, LOT, placed.order_id, in_place=1), "in_place"),  # type: ignore[arg-type]
            (asked, "request"),
        ):
            with pytest.raises(InvalidInputError, match=name):
                two.sign_replacement(request)  # type: ignore[arg-type]
        assert (await two.account()).keys[0].last_nonce == 1
        ioc = await two.replace_order(placed.order_id, size=5 * LOT, time_in_force=TimeInForce.IOC)
        assert ioc.result is ResultCode.IOC_CANCELLED
        with pytest.raises(RejectedError):
            await two.replace_order(placed.order_id, size=LOT)
