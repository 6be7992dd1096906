"""Cancel by message, all at once, and by the timer: over the API, in streams, after a restart."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import order_service_pb2, types_pb2
from novation.client import (
    Client,
    InvalidInputError,
    LocalSigner,
    OrderCancelledError,
    OrderFilledError,
    OrderRequest,
    Permission,
    PermissionRejectedError,
    ReceiptError,
    Side,
    TimerInPastError,
    UnknownMarketError,
)
from novation.client.clock import now_ms
from novation.client.messages import cancel_all_message, cancel_message, cancel_timer_message
from novation.client.models import OrderStatus, OrderUpdate
from novation.protocol.constants import LAST_TIME_MS, MAX_KEYS, NONCE_BOUND, TIME_BOUND
from novation.protocol.transactions import CancelAll, CancelOrder, SetCancelTimer
from sequencer.engine import Engine
from tests.node.support import (
    UNPRUNED,
    RunningNode,
    refusal,
    running_node,
    trading_node,
)
from tests.support.builders import private_key
from tests.support.signing import signed

MARKET, OTHER = "BTC-USD", "ETH-USD"
MINUTE_MS, HOUR_MS = 60_000, 3_600_000


async def bid(client: Client, price: str = "99.0", market: str = MARKET) -> int:
    """Place an order that rests; return its number."""
    return (await client.place_order(market, Side.BUY, price=price, size="0.0011")).order_id


async def shown(client: Client, market: str = MARKET) -> tuple[int, int]:
    """Return how many price levels of bids, and of the account's orders, are shown."""
    return len((await client.book(market)).bids), len(await client.open_orders())


async def test_cancel_all_when_sent_then_no_order_is_shown_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path, policy=UNPRUNED) as node, node.client(2) as client:
        ids = [await bid(client), await bid(client, "98.0"), await bid(client, "9.90", OTHER)]
        await node.node.runner.change(Engine.seal)
        ids.append(await bid(client, "97.0"))
        ack = await client.cancel_all()
        assert ack.n_cancelled == 4
        assert (await client.cancel_all()).n_cancelled == 0
        for order_id in ids:
            order = await client.order(order_id)
            assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "cancel_all")
            assert order.remaining == 0
        assert await shown(client) == (0, 0)
        assert (await client.account()).n_open_orders == 0
        later, l1 = await bid(client, "96.0"), node.l1
    for _ in range(2):
        async with (
            running_node(tmp_path, policy=UNPRUNED, l1=l1) as node,
            node.client(2) as client,
        ):
            assert await shown(client) == (1, 1)
            assert [order.order_id for order in await client.open_orders()] == [later]
            assert await shown(client, OTHER) == (0, 1)
            assert (await client.order(ids[0])).cancel_reason == "cancel_all"
            # From the journal the first time, from the sealed state the second.
            await node.node.runner.change(Engine.seal)


async def test_cancel_all_of_one_market_then_the_other_keeps_its_orders(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await bid(client)
        kept = await bid(client, "9.90", OTHER)
        assert (await client.cancel_all(MARKET)).n_cancelled == 1
        assert [order.order_id for order in await client.open_orders()] == [kept]
        with pytest.raises(UnknownMarketError):
            await client.cancel_all("NO-USD")
        assert (await client.cancel_all(1)).n_cancelled == 1


async def test_cancelled_order_when_still_linked_then_never_filled_and_cancelled_with_no_lots(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path, policy=UNPRUNED) as node,
        node.client(2) as maker,
        node.client(3) as taker,
    ):
        first, second = await bid(maker), await bid(maker, "98.0")
        await maker.cancel_all()
        assert (await maker.cancel_order(second)).cancelled == 0
        ack = await taker.place_order(MARKET, Side.SELL, price="98.0", size="0.0011")
        assert (ack.filled, ack.resting) == (0, Decimal("0.0011"))
        for order_id in (first, second):
            with pytest.raises(OrderCancelledError, match="by its owner with all others"):
                await maker.cancel_order(order_id)


async def test_stream_then_tells_of_each_order_and_each_level_that_all_are_gone(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ids = [await bid(client), await bid(client, "98.0")]
        account, book = aiter(client.stream_account()), aiter(client.stream_book(MARKET))
        await anext(account)
        assert len((await anext(book)).bids) == 2
        await client.cancel_all()
        updates = [await anext(account) for _ in ids]
        assert (await anext(book)).bids == ()
        told = [
            (update.order_id, update.status, update.cancel_reason)
            for update in updates
            if isinstance(update, OrderUpdate)
        ]
        assert told == [(i, OrderStatus.CANCELLED, "cancel_all") for i in ids]


async def test_order_when_named_by_its_message_then_cancelled_and_the_answer_has_its_number(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        tx = client.sign_order(_request())
        placed = await client.submit_order(tx)
        ack = await client.cancel_order(nonce=tx.nonce)
        assert (ack.order_id, ack.receipt.order_id) == (placed.order_id, placed.order_id)
        assert ack.cancelled == Decimal("0.0011")
        with pytest.raises(OrderCancelledError, match=f"order {placed.order_id} .* by its owner"):
            await client.cancel_order(nonce=tx.nonce, key_index=0)
        async with client.order_stream() as stream:
            tx = client.sign_order(_request())
            placed = await stream.send_order(tx)
            market = client.exchange.market(MARKET)
            ack = await stream.cancel_order(None, market, nonce=tx.nonce)
            assert ack.order_id == placed.order_id


async def test_order_when_named_by_its_message_too_late_then_told_why_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as maker,
        node.client(3) as taker,
    ):
        tx = maker.sign_order(_request())
        placed = await maker.submit_order(tx)
        await taker.place_order(MARKET, Side.SELL, price="99.0", size="0.0011")
        with pytest.raises(OrderFilledError, match=f"order {placed.order_id} was filled"):
            await maker.cancel_order(nonce=tx.nonce)
        with pytest.raises(Exception, match="UNKNOWN_ORDER"):
            await taker.cancel_order(nonce=tx.nonce + 1)
        l1 = node.l1
    for _ in range(2):
        async with running_node(tmp_path, l1=l1) as node, node.client(2) as maker:
            with pytest.raises(OrderFilledError):
                await maker.cancel_order(nonce=tx.nonce)
            await node.node.runner.change(Engine.seal)


async def test_all_commands_in_one_stream_then_answered_in_order(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as client,
        client.order_stream() as stream,
    ):
        await stream.place_order(_request())
        timer = await stream.set_cancel_timer(node.clock.now_ms() + HOUR_MS)
        assert timer.cancel_all_at_ms is not None
        assert (await stream.cancel_all(OTHER)).n_cancelled == 0
        assert (await stream.cancel_all()).n_cancelled == 1
        assert (await stream.set_cancel_timer(None)).cancel_all_at_ms is None


async def test_timer_when_set_anew_or_off_then_the_account_shows_it(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        assert (await client.account()).cancel_all_at_ms is None
        at_ms = node.clock.now_ms() + HOUR_MS
        assert (await client.set_cancel_timer(at_ms)).cancel_all_at_ms == at_ms
        assert (await client.account()).cancel_all_at_ms == at_ms
        assert (await client.set_cancel_timer(at_ms + 1)).cancel_all_at_ms == at_ms + 1
        assert (await client.set_cancel_timer(None)).cancel_all_at_ms is None
        assert (await client.account()).cancel_all_at_ms is None
        with pytest.raises(TimerInPastError) as caught:
            await client.set_cancel_timer(node.clock.now_ms())
        detail = caught.value.detail
        assert (detail.name, detail.field) == ("TIMER_IN_PAST", "cancel_all_at_ms")
        assert int(detail.limit) > int(detail.value)
        tx = signed(SetCancelTimer(2, 0, 90, 0), private_key(2), node.config)
        _, found = await refusal(node.stubs.orders.SetCancelTimer(cancel_timer_message(tx)))
        assert (found.code, found.field, found.value) == (detail.code, "cancel_all_at_ms", "0")


async def test_timer_when_it_runs_out_then_an_order_of_later_lives(tmp_path: Path) -> None:
    async with trading_node(tmp_path, policy=UNPRUNED) as node, node.client(2) as client:
        old = await bid(client)
        await client.set_cancel_timer(node.clock.now_ms() + MINUTE_MS)
        node.move(MINUTE_MS)
        await node.set_price()
        # It met the timer before it met the book.
        new = await bid(client, "98.0")
        assert (await client.order(old)).cancel_reason == "timer"
        assert [order.order_id for order in await client.open_orders()] == [new]
        assert (await client.account()).cancel_all_at_ms is None


async def test_cancellation_when_the_timer_was_quicker_then_counts_its_own_lots_only(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path, policy=UNPRUNED) as node, node.client(2) as client:
        first, _second = await bid(client), await bid(client, "98.0")
        await client.set_cancel_timer(node.clock.now_ms() + MINUTE_MS)
        node.move(MINUTE_MS)
        ack = await client.cancel_order(first)
        assert ack.cancelled == Decimal("0.0011")


async def test_key_without_the_permission_to_trade_then_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as admin:
        signer = LocalSigner(0xABC)
        await admin.add_key(signer.public_key, Permission.WITHDRAW)
        order_id = await bid(admin)
        at_ms = node.clock.now_ms() + HOUR_MS
        async with Client(node.target, account_id=2, signer=signer) as client:
            before = await node.trace()
            for call in (
                client.cancel_all(),
                client.cancel_all(MARKET),
                client.set_cancel_timer(at_ms),
                client.set_cancel_timer(None),
                client.cancel_order(order_id),
            ):
                with pytest.raises(PermissionRejectedError):
                    await call
            assert await node.trace() == before


async def test_strangers_signature_then_refused_and_nothing_changes(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await bid(client)
        before, at_ms = await node.trace(), node.clock.now_ms() + HOUR_MS
        orders, stranger, config = node.stubs.orders, private_key(3), node.config
        by_nonce = CancelOrder(2, 0, 50, 0, placed_key_index=0, placed_nonce=1)
        calls = (
            orders.CancelAll(cancel_all_message(signed(CancelAll(2, 0, 50), stranger, config))),
            orders.SetCancelTimer(
                cancel_timer_message(signed(SetCancelTimer(2, 0, 50, at_ms), stranger, config))
            ),
            orders.CancelOrder(cancel_message(signed(by_nonce, stranger, config))),
        )
        for call in calls:
            status, detail = await refusal(call)
            assert (status, detail.name) == (
                grpc.StatusCode.INVALID_ARGUMENT,
                "INVALID_SIGNATURE",
            )
        assert await node.trace() == before


Edit = Callable[[Any], None]


def _set(**fields: Any) -> Edit:
    def edit(request: Any) -> None:
        for name, value in fields.items():
            setattr(request, name, value)

    return edit


def _unsign(request: Any) -> None:
    request.ClearField("signature")


def _shorten(request: Any) -> None:
    request.signature.s = b"\x01" * 31


SIGNER: dict[str, tuple[str, str, Edit]] = {
    "no signature": ("MISSING_FIELD", "signature", _unsign),
    "short signature": ("MALFORMED_MESSAGE", "signature.s", _shorten),
    "unknown account": ("UNKNOWN_ACCOUNT", "account_id", _set(account_id=99)),
    "unknown key": ("UNKNOWN_KEY", "key_index", _set(key_index=1)),
    "key slot too great": ("INVALID_FIELD", "key_index", _set(key_index=MAX_KEYS)),
    "nonce zero": ("INVALID_FIELD", "nonce", _set(nonce=0)),
    "nonce too great": ("INVALID_FIELD", "nonce", _set(nonce=NONCE_BOUND)),
    "nonce too far": ("NONCE_TOO_FAR", "nonce", _set(nonce=NONCE_BOUND - 1)),
    "over": ("MESSAGE_EXPIRED", "valid_until_ms", _set(valid_until_ms=0)),
    "valid for ever": ("VALIDITY_TOO_LONG", "valid_until_ms", _set(valid_until_ms=TIME_BOUND - 1)),
    "end too great": ("INVALID_FIELD", "valid_until_ms", _set(valid_until_ms=TIME_BOUND)),
}
FIELDS: dict[str, dict[str, tuple[str, str, Edit]]] = {
    "CancelAll": {
        **SIGNER,
        "market too great": ("INVALID_FIELD", "market_id", _set(market_id=2048)),
    },
    "SetCancelTimer": {
        **SIGNER,
        "time too great": (
            "INVALID_FIELD", "cancel_all_at_ms", _set(cancel_all_at_ms=TIME_BOUND),
        ),
    },
    "CancelOrder": {
        **SIGNER,
        "nothing named": ("INVALID_FIELD", "order_id", _set(order_id=0, placed_nonce=0)),
        "named twice": ("INVALID_FIELD", "order_id", _set(order_id=1)),
        "slot without a nonce": (
            "INVALID_FIELD", "placed_key_index",
            _set(order_id=1, placed_nonce=0, placed_key_index=1),
        ),
        "slot too great": ("INVALID_FIELD", "placed_key_index", _set(placed_key_index=MAX_KEYS)),
        "placed nonce too great": (
            "INVALID_FIELD", "placed_nonce", _set(placed_nonce=NONCE_BOUND),
        ),
        "message that placed nothing": (
            "UNKNOWN_ORDER", "placed_nonce", _set(placed_nonce=7777),
        ),
    },
}  # fmt: skip


@pytest.mark.parametrize("method", FIELDS)
async def test_message_with_a_bad_field_then_refused_with_its_code(
    method: str, tmp_path: Path
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await bid(client)
        before = await node.trace()
        for name, (code, field, edit) in FIELDS[method].items():
            request = _good(node, method)
            edit(request)
            if code == "UNKNOWN_ORDER":
                request = cancel_message(
                    signed(CancelOrder(2, 0, 60, 0, 0, 7777), private_key(2), node.config)
                )
            _, detail = await refusal(getattr(node.stubs.orders, method)(request))
            assert (detail.name, detail.field) == (code, field), name
        assert await node.trace() == before
        assert (await getattr(node.stubs.orders, method)(_good(node, method))).receipt.sequence


async def test_malformed_bytes_then_refused_by_every_method(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        for method in FIELDS:
            call = node.stubs.channel.unary_unary(f"/novation.api.v1.OrderService/{method}")
            status, detail = await refusal(call(b"\xff\xff\xff\x07not protobuf"))
            assert (status, detail.name) == (
                grpc.StatusCode.INVALID_ARGUMENT,
                "MALFORMED_MESSAGE",
            )


async def test_unlisted_market_then_cancels_nothing_or_is_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        order_id = await bid(client)
        tx = signed(CancelAll(2, 0, 60, 1000), private_key(2), node.config)
        response = await node.stubs.orders.CancelAll(cancel_all_message(tx))
        assert response.n_cancelled_orders == 0
        assert [order.order_id for order in await client.open_orders()] == [order_id]


async def test_message_when_sent_again_then_its_first_answer(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await bid(client)
        at_ms = node.clock.now_ms() + HOUR_MS
        key, config, orders = private_key(2), node.config, node.stubs.orders
        cancel = cancel_all_message(signed(CancelAll(2, 0, 60), key, config))
        timer = cancel_timer_message(signed(SetCancelTimer(2, 0, 61, at_ms), key, config))
        first = await orders.CancelAll(cancel), await orders.SetCancelTimer(timer)
        assert (await orders.CancelAll(cancel), await orders.SetCancelTimer(timer)) == first
        assert first[0].n_cancelled_orders == 1


async def test_arguments_of_the_client_then_checked_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        before = await node.trace()
        calls: list[tuple[dict[str, Any], str]] = [
            ({}, "order_id: either"),
            ({"order_id": 1, "nonce": 1}, "order_id: either"),
            ({"order_id": 1, "key_index": 0}, "key_index"),
            ({"nonce": 0}, "nonce"),
            ({"nonce": True}, "nonce"),
            ({"nonce": "1"}, "nonce"),
            ({"nonce": 1, "key_index": MAX_KEYS}, "key_index"),
            ({"order_id": 0}, "order_id"),
        ]
        for arguments, name in calls:
            with pytest.raises(InvalidInputError, match=name):
                await client.cancel_order(**arguments)
        for time_ms in (0, -1, TIME_BOUND, 1.5, "1", True):
            with pytest.raises(InvalidInputError, match="time_ms"):
                await client.set_cancel_timer(time_ms)  # type: ignore[arg-type]
        for market in (True, 1.5, b"BTC-USD", 99):
            with pytest.raises(InvalidInputError):
                await client.cancel_all(market)  # type: ignore[arg-type]
        assert await node.trace() == before
        assert (await client.set_cancel_timer(LAST_TIME_MS)).cancel_all_at_ms is None


async def test_receipt_of_another_order_then_not_accepted(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        order_id = await bid(client)
        factory = client._signing()
        tx = factory.cancel_order(order_id)
        response = await node.stubs.orders.CancelOrder(cancel_message(tx))
        changed = order_service_pb2.CancelOrderResponse(
            receipt=types_pb2.Receipt.FromString(response.receipt.SerializeToString())
        )
        changed.receipt.order_id += 1
        with pytest.raises(ReceiptError):
            factory.cancel_receipt(tx, changed)
        assert factory.cancel_receipt(tx, response).order_id == order_id


def _good(node: RunningNode, method: str) -> Any:
    key, config = private_key(2), node.config
    if method == "CancelAll":
        return cancel_all_message(signed(CancelAll(2, 0, 70, 0), key, config))
    if method == "SetCancelTimer":
        at_ms = node.clock.now_ms() + HOUR_MS
        return cancel_timer_message(signed(SetCancelTimer(2, 0, 70, at_ms), key, config))
    return cancel_message(signed(CancelOrder(2, 0, 70, 0, 0, 1), key, config))


def _request() -> OrderRequest:
    return OrderRequest(MARKET, Side.BUY, "99.0", "0.0011", now_ms() + HOUR_MS)
