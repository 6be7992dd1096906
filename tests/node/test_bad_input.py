"""Every kind of bad input gets its code, changes nothing, and leaves the node alive."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import (
    oracle_service_pb2,
    order_service_pb2,
    query_service_pb2,
    stream_service_pb2,
)
from novation.client.messages import cancel_message, place_message, withdraw_message
from novation.client.oracle import report_message
from novation.protocol.constants import (
    LAST_TIME_MS,
    MAX_VALIDITY_MS,
    NONCE_STEP,
    REPORT_SPREAD_MS,
    TIME_BOUND,
)
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.transactions import CancelOrder, PlaceOrder, Withdraw
from tests.node.support import (
    PRICE_TICKS,
    RunningNode,
    Stubs,
    refusal,
    report_at,
    trading_node,
)
from tests.support.builders import parameters, private_key
from tests.support.signing import signed

HOUR_MS = 3_600_000
Status = grpc.StatusCode


def order(node: RunningNode, *, key: int | None = None, **changes: Any) -> PlaceOrder:
    """Return a signed order that is good but for the changes."""
    fields = {
        "account_id": 2,
        "key_index": 0,
        "nonce": 100,
        "market_id": 0,
        "side": Side.BUY,
        "price_ticks": PRICE_TICKS,
        "size_lots": 10,
        "expiry_time_ms": node.clock.now_ms() + HOUR_MS,
        "max_fee_ppm": 1000,
    } | changes
    tx = PlaceOrder(**fields)
    return signed(tx, private_key(2) if key is None else key, node.config)


ORDERS: dict[str, tuple[Status, str, str, Callable[[RunningNode], PlaceOrder]]] = {
    "bad signature": (
        Status.INVALID_ARGUMENT, "INVALID_SIGNATURE", "signature",
        lambda node: order(node, key=999),
    ),
    "unknown account": (
        Status.NOT_FOUND, "UNKNOWN_ACCOUNT", "account_id",
        lambda node: order(node, account_id=77),
    ),
    "unknown key": (
        Status.NOT_FOUND, "UNKNOWN_KEY", "key_index", lambda node: order(node, key_index=1),
    ),
    "unknown market": (
        Status.NOT_FOUND, "UNKNOWN_MARKET", "market_id", lambda node: order(node, market_id=9),
    ),
    "market id too great": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "market_id",
        lambda node: order(node, market_id=2048),
    ),
    "price zero": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "price_ticks",
        lambda node: order(node, price_ticks=0),
    ),
    "size zero": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "size_lots",
        lambda node: order(node, size_lots=0),
    ),
    "nonce zero": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "nonce", lambda node: order(node, nonce=0),
    ),
    "validity of too many bits": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "valid_until_ms",
        lambda node: replace(order(node), valid_until_ms=TIME_BOUND),
    ),
    "expired": (
        Status.FAILED_PRECONDITION, "ORDER_EXPIRED", "expiry_time_ms",
        lambda node: order(node, expiry_time_ms=node.clock.now_ms() - 1),
    ),
    "price above the band": (
        Status.FAILED_PRECONDITION, "PRICE_OUTSIDE_BAND", "price_ticks",
        lambda node: order(node, price_ticks=2 * PRICE_TICKS),
    ),
    "insufficient margin": (
        Status.FAILED_PRECONDITION, "INSUFFICIENT_MARGIN", "size_lots",
        lambda node: order(node, size_lots=2**31),
    ),
    "fee above the signed limit": (
        Status.FAILED_PRECONDITION, "FEE_ABOVE_LIMIT", "max_fee_ppm",
        lambda node: order(node, max_fee_ppm=1),
    ),
    "reduce-only without a position": (
        Status.FAILED_PRECONDITION, "REDUCE_ONLY_INCREASES", "reduce_only",
        lambda node: order(node, reduce_only=True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
async def test_bad_order_is_refused_with_its_code_and_changes_nothing(
    name: str, tmp_path: Path
) -> None:
    status, code, field, make = ORDERS[name]
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        request = place_message(make(node))
        found, detail = await refusal(node.stubs.orders.PlaceOrder(request))
        assert (found, detail.name, detail.field) == (status, code, field)
        assert detail.code > 0
        assert detail.value or detail.limit, detail
        assert await node.trace() == before
        await _assert_alive(node)


async def test_bad_signature_names_the_hash_that_should_have_been_signed(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        tx = order(node, key=999)
        _, detail = await refusal(node.stubs.orders.PlaceOrder(place_message(tx)))
        assert int.from_bytes(detail.expected_hash, "big") == tx.message_hash(node.config)
        assert hex(tx.message_hash(node.config)) in detail.message


async def test_used_old_and_far_nonces_are_refused_with_what_may_be_used(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        for nonce in (100, 98):
            await node.stubs.orders.PlaceOrder(place_message(order(node, nonce=nonce)))
        before = await node.trace()
        for nonce, name, limit in (
            (100, "NONCE_USED", 101),
            (98, "NONCE_USED", 101),
            (35, "NONCE_TOO_OLD", 36),
            (1, "NONCE_TOO_OLD", 36),
            (101 + NONCE_STEP, "NONCE_TOO_FAR", 100 + NONCE_STEP),
        ):
            request = place_message(order(node, nonce=nonce, size_lots=11))
            status, detail = await refusal(node.stubs.orders.PlaceOrder(request))
            assert status is Status.FAILED_PRECONDITION
            found = (detail.name, detail.field, detail.limit, detail.value)
            assert found == (name, "nonce", str(limit), str(nonce))
        assert await node.trace() == before
        for nonce in (36, 99, 100 + NONCE_STEP):
            await node.stubs.orders.PlaceOrder(place_message(order(node, nonce=nonce)))
        await _assert_alive(node)


async def test_message_that_is_over_or_lasts_too_long_is_refused_with_the_time(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        now_ms = node.clock.now_ms()
        for until_ms, name in (
            (now_ms - 1, "MESSAGE_EXPIRED"),
            (1, "MESSAGE_EXPIRED"),
            (now_ms + MAX_VALIDITY_MS + HOUR_MS, "VALIDITY_TOO_LONG"),
            (LAST_TIME_MS, "VALIDITY_TOO_LONG"),
        ):
            request = place_message(order(node, valid_until_ms=until_ms))
            status, detail = await refusal(node.stubs.orders.PlaceOrder(request))
            assert status is Status.FAILED_PRECONDITION
            assert (detail.name, detail.field) == (name, "valid_until_ms")
            assert detail.value == str(until_ms)
            limit_ms = now_ms if until_ms <= now_ms else now_ms + MAX_VALIDITY_MS
            assert limit_ms <= int(detail.limit) < limit_ms + 60_000
        assert await node.trace() == before
        tx = order(node, valid_until_ms=node.clock.now_ms() + 10_000)
        first = await node.stubs.orders.PlaceOrder(place_message(tx))
        node.move(60_000)
        # Sent again it gets its first answer, though it is over; changed it is not the same.
        assert await node.stubs.orders.PlaceOrder(place_message(tx)) == first
        longer = replace(tx, valid_until_ms=tx.valid_until_ms + HOUR_MS)
        _, detail = await refusal(node.stubs.orders.PlaceOrder(place_message(longer)))
        assert detail.name == "NONCE_USED"
        unsigned = replace(longer, nonce=tx.nonce + 1)
        _, detail = await refusal(node.stubs.orders.PlaceOrder(place_message(unsigned)))
        assert detail.name == "INVALID_SIGNATURE"


async def test_post_only_order_that_crosses_is_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        ask = order(node, account_id=3, side=Side.SELL, key=private_key(3))
        await node.stubs.orders.PlaceOrder(place_message(ask))
        before = await node.trace()
        request = place_message(order(node, time_in_force=TimeInForce.POST_ONLY))
        _, detail = await refusal(node.stubs.orders.PlaceOrder(request))
        assert (detail.name, detail.limit) == ("POST_ONLY_CROSSES", str(PRICE_TICKS - 1))
        assert await node.trace() == before


async def test_cancel_of_unknown_and_foreign_orders_is_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        placed = await node.stubs.orders.PlaceOrder(place_message(order(node)))
        before = await node.trace()
        unknown = signed(CancelOrder(2, 0, 200, 12345), private_key(2), node.config)
        status, detail = await refusal(node.stubs.orders.CancelOrder(cancel_message(unknown)))
        assert (status, detail.name, detail.value) == (Status.NOT_FOUND, "UNKNOWN_ORDER", "12345")
        foreign = signed(
            CancelOrder(3, 0, 200, placed.receipt.order_id), private_key(3), node.config
        )
        status, detail = await refusal(node.stubs.orders.CancelOrder(cancel_message(foreign)))
        assert (status, detail.name) == (Status.PERMISSION_DENIED, "NOT_ORDER_OWNER")
        assert await node.trace() == before


async def test_withdrawal_beyond_margin_or_bounds_is_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        for amount_quanta, code in ((10**11, "INSUFFICIENT_MARGIN"), (0, "INVALID_FIELD")):
            tx = signed(Withdraw(2, 0, 300, amount_quanta), private_key(2), node.config)
            _, detail = await refusal(node.stubs.orders.Withdraw(withdraw_message(tx)))
            assert detail.name == code
        tx = replace(tx, amount_quanta=2**63)
        _, detail = await refusal(node.stubs.orders.Withdraw(withdraw_message(tx)))
        assert (detail.name, detail.field) == ("INVALID_FIELD", "amount_quanta")
        assert await node.trace() == before


Edit = Callable[[order_service_pb2.PlaceOrderRequest], None]


def _clear(name: str) -> Edit:
    return lambda request: request.ClearField(name)


def _set_side(request: order_service_pb2.PlaceOrderRequest) -> None:
    request.side = 9  # type: ignore[assignment]


def _shorten_r(request: order_service_pb2.PlaceOrderRequest) -> None:
    request.signature.r = b"\x01" * 31


def _overflow_r(request: order_service_pb2.PlaceOrderRequest) -> None:
    request.signature.r = b"\xff" * 32


def _overflow_nonce(request: order_service_pb2.PlaceOrderRequest) -> None:
    request.nonce = 2**64 - 1


MESSAGES: dict[str, tuple[str, str, Edit]] = {
    "no side": ("MISSING_FIELD", "side", _clear("side")),
    "no time in force": ("MISSING_FIELD", "time_in_force", _clear("time_in_force")),
    "no self-trade mode": ("MISSING_FIELD", "self_trade_mode", _clear("self_trade_mode")),
    "no signature": ("MISSING_FIELD", "signature", _clear("signature")),
    "unknown side": ("FIELD_OUT_OF_RANGE", "side", _set_side),
    "short r": ("MALFORMED_MESSAGE", "signature.r", _shorten_r),
    "r of 256 bits": ("INVALID_SIGNATURE", "signature", _overflow_r),
    "nonce of 64 bits": ("INVALID_FIELD", "nonce", _overflow_nonce),
}


@pytest.mark.parametrize("name", MESSAGES)
async def test_message_with_a_bad_form_is_refused_with_its_code(name: str, tmp_path: Path) -> None:
    code, field, edit = MESSAGES[name]
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        request = place_message(order(node))
        edit(request)
        _, detail = await refusal(node.stubs.orders.PlaceOrder(request))
        assert (detail.name, detail.field) == (code, field)
        assert await node.trace() == before
        await _assert_alive(node)


async def test_malformed_protobuf_is_refused_on_every_unary_method(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        for path in (
            "OrderService/PlaceOrder",
            "OrderService/CancelOrder",
            "OrderService/Withdraw",
            "QueryService/GetAccount",
            "OracleService/SubmitReport",
        ):
            call = node.stubs.channel.unary_unary(f"/novation.api.v1.{path}")
            status, detail = await refusal(call(b"\xff\xff\xff\x07not protobuf"))
            assert (status, detail.name) == (Status.INVALID_ARGUMENT, "MALFORMED_MESSAGE")
        assert await node.trace() == before
        await _assert_alive(node)


async def test_malformed_message_on_the_order_stream_gets_an_answer_and_the_stream_goes_on(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        open_stream = node.stubs.channel.stream_stream("/novation.api.v1.OrderService/StreamOrders")
        good = order_service_pb2.StreamOrdersRequest(request_id=7, place=place_message(order(node)))
        call = open_stream(iter([b"\xff\xff\xff", b"", good.SerializeToString()]))
        answers = [order_service_pb2.StreamOrdersResponse.FromString(raw) async for raw in call]
        assert [answer.error.name for answer in answers[:2]] == [
            "MALFORMED_MESSAGE", "MISSING_FIELD",
        ]  # fmt: skip
        assert answers[2].request_id == 7
        assert answers[2].placed.receipt.order_id > 0


async def test_oversize_message_is_refused_with_limit_and_size(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        request = place_message(order(node))
        request.signature.r = b"\x01" * 20_000
        status, detail = await refusal(node.stubs.orders.PlaceOrder(request))
        assert (status, detail.name) == (Status.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")
        assert (detail.limit, int(detail.value)) == ("16384", len(request.SerializeToString()))
        request.signature.r = b"\x01" * 3_000_000
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await node.stubs.orders.PlaceOrder(request)
        assert caught.value.code() is Status.RESOURCE_EXHAUSTED
        assert await node.trace() == before
        await _assert_alive(node)


def _update(
    time_ms: int, signers: list[int], claimed_ticks: int = 1010
) -> oracle_service_pb2.SubmitUpdateRequest:
    reports = [report_at(index, time_ms, 1010 + index) for index in signers]
    return oracle_service_pb2.SubmitUpdateRequest(
        oracle_time_ms=time_ms,
        prices_x16=[claimed_ticks << 16] * len(parameters().underlyings),
        reports=[report_message(report) for report in reports],
    )


def _forge_signer(request: oracle_service_pb2.SubmitUpdateRequest) -> None:
    request.reports[1].signer_index = 5


def _forge_signature(request: oracle_service_pb2.SubmitUpdateRequest) -> None:
    request.reports[1].signature.CopyFrom(request.reports[0].signature)


def _spread_times(request: oracle_service_pb2.SubmitUpdateRequest) -> None:
    earlier = report_at(0, request.reports[0].time_ms - REPORT_SPREAD_MS - 1, 1010)
    request.reports[0].CopyFrom(report_message(earlier))
    request.oracle_time_ms = earlier.time_ms


UPDATES: dict[str, tuple[str, list[int], int, int, Any]] = {
    "duplicate signer": ("SIGNERS_NOT_ASCENDING", [0, 0], 1010, 0, None),
    "signers out of order": ("SIGNERS_NOT_ASCENDING", [1, 0], 1010, 0, None),
    "unknown signer": ("UNKNOWN_SIGNER", [0, 1], 1010, 0, _forge_signer),
    "short quorum": ("QUORUM_NOT_REACHED", [0], 1010, 0, None),
    "stale time": ("REPORT_TIME_OUTSIDE_WINDOW", [0, 1], 1010, -61_000, None),
    "time of the past": ("ORACLE_TIME_NOT_INCREASING", [0, 1], 1010, -30_000, None),
    "apart": ("REPORTS_APART", [0, 1], 1010, 1_500, _spread_times),
    "wrong median": ("PRICE_NOT_MEDIAN", [0, 1], 1011, 1, None),
    "wrong signature": ("INVALID_SIGNATURE", [0, 1], 1010, 1, _forge_signature),
}


@pytest.mark.parametrize("name", UPDATES)
async def test_bad_oracle_update_is_refused_with_its_code(name: str, tmp_path: Path) -> None:
    code, signers, claimed_ticks, offset_ms, edit = UPDATES[name]
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        time_ms = node.clock.now_ms() + 1 + offset_ms
        request = _update(time_ms, signers, claimed_ticks)
        if edit is not None:
            edit(request)
        _, detail = await refusal(node.stubs.oracle.SubmitUpdate(request))
        assert detail.name == code
        assert await node.trace() == before
        good = _update(node.clock.now_ms() + 1000, [0, 1])
        response = await node.stubs.oracle.SubmitUpdate(good)
        assert response.receipt.sequence > 0


async def test_bad_oracle_reports_are_refused_and_do_not_count(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        now_ms = node.clock.now_ms()
        good = report_message(report_at(0, now_ms + 5, PRICE_TICKS))
        forged = report_message(report_at(1, now_ms + 5, PRICE_TICKS))
        forged.prices_x16[0] += 1
        old = report_message(report_at(1, now_ms - 599_000, PRICE_TICKS))
        stubs: Stubs = node.stubs
        submit = oracle_service_pb2.SubmitReportRequest
        assert (await stubs.oracle.SubmitReport(submit(report=good))).n_waiting == 1
        for report, code in ((forged, "INVALID_SIGNATURE"), (old, "STALE_REPORT")):
            _, detail = await refusal(stubs.oracle.SubmitReport(submit(report=report)))
            assert detail.name == code
        _, detail = await refusal(stubs.oracle.SubmitReport(submit()))
        assert (detail.name, detail.field) == ("MISSING_FIELD", "report")
        assert await node.trace() == before


async def test_queries_and_streams_for_what_does_not_exist_are_not_found(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        queries, streams = node.stubs.queries, node.stubs.streams
        calls = (
            queries.GetAccount(query_service_pb2.GetAccountRequest(account_id=99)),
            queries.GetOrder(query_service_pb2.GetOrderRequest(order_id=99)),
            queries.GetOrder(query_service_pb2.GetOrderRequest(message_hash=b"\x01" * 32)),
            queries.GetBook(query_service_pb2.GetBookRequest(market_id=99)),
            queries.GetBatch(query_service_pb2.GetBatchRequest(batch_number=99)),
            streams.StreamBook(stream_service_pb2.StreamBookRequest(market_id=99)).read(),
            streams.StreamAccount(stream_service_pb2.StreamAccountRequest(account_id=99)).read(),
        )
        for call in calls:
            status, detail = await refusal(call)
            assert (status, detail.name) == (Status.NOT_FOUND, "NOT_FOUND")
        empty = queries.GetOrder(query_service_pb2.GetOrderRequest())
        assert (await refusal(empty))[1].name == "MISSING_FIELD"
        huge = queries.GetBatch(query_service_pb2.GetBatchRequest(batch_number=2**64 - 1))
        assert (await refusal(huge))[1].name == "NOT_FOUND"
        await _assert_alive(node)


async def _assert_alive(node: RunningNode) -> None:
    health = node.stubs.channel.unary_unary("/grpc.health.v1.Health/Check")
    assert await health(b"") == b"\x08\x01"
    good = order(node, nonce=500, account_id=4, key=private_key(4), price_ticks=PRICE_TICKS - 50)
    placed = await node.stubs.orders.PlaceOrder(place_message(good))
    assert placed.receipt.order_id > 0
