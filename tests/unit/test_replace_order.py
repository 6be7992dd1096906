"""An order takes the place of another one, or that one shrinks where it stands."""

from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.batch import ReplaceOrderHints
from novation.protocol.constants import MAX_ORDERS_PER_SLOT, PRICE_VALIDITY_MS, RESUME_GAP_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, OrderAmended, OrderCancelled, OrderPlaced
from novation.protocol.orders import TimeInForce
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

LATER_MS = 60_000
SHRUNK = {"side": SELL, "size_lots": 9, "price_ticks": 1001}


def quoting(n_markets: int = 2) -> Exchange:
    """Return an exchange in which 2 has asks of ten lots, the first before one of 3."""
    exchange = Exchange(parameters(n_markets), sign=False)
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 10, 1001)
    exchange.place(3, SELL, 10, 1001)
    exchange.place(2, SELL, 10, 1002)
    return exchange


def refused(exchange: Exchange, *order: Any, **changes: Any) -> InvalidTransaction:
    """Return why an order is not replaced; nothing has changed."""
    before = exchange.state.accounts.copy(), exchange.state.orders.copy()
    with pytest.raises(InvalidTransaction) as caught:
        exchange.replace_order(*order, **changes)
    assert (exchange.state.accounts, exchange.state.orders) == before
    return caught.value


def sums(exchange: Exchange, account_id: int = 2) -> tuple[int, int, int]:
    """Return the open sums and the number of orders of a slot."""
    slot = exchange.state.account(account_id).position(0)
    return slot.open_buy_lots, slot.open_sell_lots, slot.n_orders


def test_order_when_replaced_then_gone_and_the_new_one_is_last_at_its_price() -> None:
    exchange = quoting()
    result = exchange.replace_order(1, SELL, 7, 1001, label=5)
    assert result.result_code is ResultCode.RESTING
    assert result.events == (
        OrderCancelled(1, 2, 0, SELL, 1001, 10, CancelReason.REPLACED),
        OrderPlaced(4, 2, 3, 0, SELL, 1001, 7, 7, label=5),
    )
    assert result.hints is not None
    assert result.hints.order_id == 4
    assert exchange.book(SELL) == [(2, 1001, 10), (4, 1001, 7), (3, 1002, 10)]
    assert sums(exchange) == (0, 17, 2)
    exchange.seal()


def test_order_when_made_smaller_in_place_then_keeps_id_place_and_origin() -> None:
    exchange = quoting()
    end_ms = exchange.time_ms + LATER_MS
    result = exchange.shrink(1, 4, expiry_time_ms=end_ms, max_fee_ppm=700)
    assert result.result_code is ResultCode.AMENDED
    assert result.events == (OrderAmended(1, 2, 0, SELL, 1001, 6, 4, end_ms),)
    order = exchange.state.order(1)
    assert (order.remaining_lots, order.expiry_time_ms, order.max_fee_ppm) == (4, end_ms, 700)
    assert (order.key_index, order.nonce) == (0, 1)
    assert exchange.book(SELL) == [(1, 1001, 4), (2, 1001, 10), (3, 1002, 10)]
    assert sums(exchange) == (0, 14, 2)
    exchange.cancel_placed_by(2, 1)
    assert sums(exchange) == (0, 10, 1)
    exchange.seal()


def test_order_when_named_by_its_message_then_replaced_all_the_same() -> None:
    exchange = quoting()
    exchange.replace_order(1, SELL, 3, 1005, order_id=0, placed_nonce=1, account_id=2)
    assert exchange.book(SELL) == [(2, 1001, 10), (3, 1002, 10), (4, 1005, 3)]
    named = {"order_id": 0, "placed_nonce": 3, "account_id": 2, "seen_lots": 3}
    exchange.replace_order(4, SELL, 2, 1005, in_place=True, **named)
    assert exchange.book(SELL)[-1] == (4, 1005, 2)


def test_order_when_turned_round_then_the_other_side_trades() -> None:
    exchange = quoting()
    result = exchange.replace_order(3, BUY, 12, 1001, seen_lots=10, account_id=2)
    assert result.result_code is ResultCode.RESTING
    # Its own ask goes before it buys from 3.
    assert exchange.size(2) == 10
    assert exchange.book(BUY) == [(4, 1001, 2)]


@pytest.mark.parametrize(
    ("filled", "size", "rests"), [(0, 12, 12), (1, 12, 11), (9, 12, 3), (9, 10, 1), (4, 3, None)]
)
def test_order_when_filled_since_it_was_seen_then_so_much_less_is_placed(
    filled: int, size: int, rests: int | None
) -> None:
    """So its owner is never filled for more than he signed, seen from where he looked."""
    exchange = quoting()
    if filled:
        exchange.place(4, BUY, filled, 1001)
    result = exchange.replace_order(1, SELL, size, 1003, seen_lots=10)
    assert exchange.state.get_order(1) is None
    if rests is None:
        assert result.result_code is ResultCode.NOTHING_LEFT
        assert [type(event) for event in result.events] == [OrderCancelled]
        assert exchange.state.globals.next_order_id == 5
    else:
        assert (
            exchange.state.order(exchange.state.globals.next_order_id - 1).remaining_lots == rests
        )
    exchange.place(4, BUY, 100, 1003)
    assert -exchange.size(2) == 10 + max(size, filled)


@pytest.mark.parametrize(("filled", "size", "rests"), [(0, 9, 9), (3, 9, 6), (8, 9, 1), (9, 9, 0)])
def test_order_when_filled_since_and_made_smaller_then_so_much_less_stays(
    filled: int, size: int, rests: int
) -> None:
    exchange = quoting()
    if filled:
        exchange.place(4, BUY, filled, 1001)
    result = exchange.shrink(1, size, seen_lots=10)
    expected = ResultCode.AMENDED if rests else ResultCode.NOTHING_LEFT
    assert result.result_code is expected
    assert exchange.book(SELL)[0] == ((1, 1001, rests) if rests else (2, 1001, 10))
    exchange.seal()


def test_order_when_too_small_in_place_then_nothing_is_left() -> None:
    """Who places the least order and shrinks it would have dust for nothing."""
    exchange = Exchange(replace(parameters(1), underlyings=(underlying(min_order_usd=1),)))
    exchange.fund(2)
    exchange.place(2, SELL, 200, 1000)
    exchange.shrink(1, 100)
    assert exchange.book(SELL) == [(1, 1000, 100)]
    assert exchange.shrink(1, 99).result_code is ResultCode.NOTHING_LEFT
    assert exchange.book(SELL) == []
    exchange.place(2, SELL, 200, 1000)
    refusal = refused(exchange, 2, SELL, 99, 1000)
    assert refusal.code is ErrorCode.ORDER_TOO_SMALL


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"price_ticks": 1002}, Broken("price_ticks", 1002, 1001)),
        ({"side": BUY}, Broken("side", 0, 1)),
        ({"reduce_only": True}, Broken("reduce_only", 1, 0)),
        ({"size_lots": 10}, Broken("size_lots", 10, 9)),
        ({"size_lots": 11}, Broken("size_lots", 11, 9)),
    ],
)
def test_order_when_more_changes_than_its_size_then_it_cannot_keep_its_place(
    changes: dict[str, Any], broken: Broken
) -> None:
    exchange = quoting()
    side, size_lots, price_ticks = (changes.pop(name, value) for name, value in SHRUNK.items())
    refusal = refused(exchange, 1, side, size_lots, price_ticks, in_place=True, **changes)
    assert refusal.code is ErrorCode.CANNOT_KEEP_PLACE
    assert refusal.broken == broken


def test_order_when_it_would_end_later_or_at_once_then_it_cannot_keep_its_place() -> None:
    exchange = quoting()
    end_ms = exchange.state.order(1).expiry_time_ms
    for wrong_ms, limit_ms in ((end_ms + 1, end_ms), (exchange.time_ms, exchange.time_ms + 1)):
        refusal = refused(exchange, 1, SELL, 9, 1001, in_place=True, expiry_time_ms=wrong_ms)
        assert refusal.broken == Broken("expiry_time_ms", wrong_ms, limit_ms)
    exchange.shrink(1, 9, expiry_time_ms=exchange.time_ms + 1)


@pytest.mark.parametrize("death", ["expired", "killed", "cancelled", "timed out", "filled"])
@pytest.mark.parametrize("in_place", [False, True])
def test_order_when_dead_then_it_cannot_be_replaced(death: str, *, in_place: bool) -> None:
    exchange = quoting()
    if death == "expired":
        exchange.place(2, SELL, 10, 1001, expiry_time_ms=exchange.time_ms + 5)
        exchange.time_ms += 5
    elif death == "killed":
        exchange.time_ms += RESUME_GAP_MS
        exchange.refresh_prices()
    elif death == "cancelled":
        exchange.cancel_all(2)
    elif death == "timed out":
        exchange.set_cancel_timer(2, exchange.time_ms + 1)
        exchange.time_ms += 1
    else:
        exchange.place(4, BUY, 10, 1001)
    order_id = 4 if death == "expired" else 1
    refusal = refused(
        exchange, order_id, SELL, 5, 1001, in_place=in_place, seen_lots=10, account_id=2,
        time_in_force=TimeInForce.POST_ONLY,
    )  # fmt: skip
    assert refusal.code is ErrorCode.UNKNOWN_ORDER
    assert refusal.broken.field == "order_id"


def test_order_when_of_another_account_or_market_then_refused() -> None:
    exchange = quoting()
    refusal = refused(exchange, 2, SELL, 5, 1001, account_id=2)
    assert (refusal.code, refusal.broken) == (
        ErrorCode.NOT_ORDER_OWNER,
        Broken("account_id", 2, 3),
    )
    refusal = refused(exchange, 1, SELL, 5, 1001, market_id=1)
    assert (refusal.code, refusal.broken) == (ErrorCode.UNKNOWN_ORDER, Broken("market_id", 1, 0))
    refusal = refused(exchange, 1, SELL, 5, 1001, order_id=0, placed_nonce=9)
    assert (refusal.code, refusal.broken.field) == (ErrorCode.UNKNOWN_ORDER, "placed_nonce")


def test_order_when_more_is_left_than_its_owner_saw_then_refused() -> None:
    exchange = quoting()
    refusal = refused(exchange, 1, SELL, 5, 1005, seen_lots=9)
    assert (refusal.code, refusal.broken) == (ErrorCode.ORDER_GREW, Broken("seen_lots", 9, 10))


@pytest.mark.parametrize(
    ("order", "changes", "code"),
    [
        ((BUY, 5, 1200), {}, ErrorCode.PRICE_OUTSIDE_BAND),
        ((SELL, 2**31, 1001), {}, ErrorCode.INSUFFICIENT_MARGIN),
        ((SELL, 5, 1000), {"time_in_force": TimeInForce.POST_ONLY}, ErrorCode.POST_ONLY_CROSSES),
        ((SELL, 5, 1000), {"time_in_force": TimeInForce.FOK}, ErrorCode.FOK_NOT_FILLED),
        ((SELL, 5, 1001), {"max_fee_ppm": 1}, ErrorCode.FEE_ABOVE_LIMIT),
        ((SELL, 5, 1001), {"reduce_only": True}, ErrorCode.REDUCE_ONLY_INCREASES),
        ((SELL, 5, 1001), {"seen_lots": 0}, ErrorCode.INVALID_FIELD),
        ((SELL, 5, 1001), {"order_id": 0}, ErrorCode.INVALID_FIELD),
        ((SELL, 5, 1001), {"placed_nonce": 1}, ErrorCode.INVALID_FIELD),
    ],
)
def test_order_when_the_new_one_is_refused_then_the_old_one_stays(
    order: tuple[Any, int, int], changes: dict[str, Any], code: ErrorCode
) -> None:
    exchange = quoting()
    exchange.place(4, BUY, 3, 1000)
    assert refused(exchange, 1, *order, **changes).code is code


def test_order_when_prices_are_stale_then_made_smaller_but_not_placed_anew() -> None:
    exchange = quoting()
    exchange.place(4, BUY, 4, 1001)
    exchange.time_ms += PRICE_VALIDITY_MS + 1
    assert refused(exchange, 1, SELL, 5, 1003).code is ErrorCode.STALE_PRICE
    assert exchange.shrink(1, 5).result_code is ResultCode.AMENDED
    assert (
        exchange.replace_order(1, SELL, 4, 1, seen_lots=10).result_code is ResultCode.NOTHING_LEFT
    )


def test_order_when_margin_sufficed_for_one_only_then_it_can_be_replaced() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2, amount_quanta=50 * ONE_DOLLAR)
    largest = 99_000
    exchange.place(2, BUY, largest, 1000)
    with pytest.raises(InvalidTransaction, match="INSUFFICIENT_MARGIN"):
        exchange.place(2, BUY, largest, 999)
    exchange.replace_order(1, BUY, largest, 999)
    assert exchange.book(BUY) == [(2, 999, largest)]


def test_order_when_as_many_rest_as_may_then_it_can_be_replaced() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2)
    for _ in range(MAX_ORDERS_PER_SLOT):
        exchange.place(2, BUY, 1, 990)
    exchange.replace_order(1, BUY, 1, 991)
    assert exchange.state.account(2).position(0).n_orders == MAX_ORDERS_PER_SLOT


def test_order_when_it_crosses_then_it_trades() -> None:
    exchange = quoting()
    exchange.place(4, BUY, 6, 999)
    result = exchange.replace_order(1, SELL, 8, 999)
    assert isinstance(result.hints, ReplaceOrderHints)
    assert result.hints.placed is not None
    assert len(result.hints.placed.visits) == 1
    assert (exchange.size(2), exchange.book(SELL)[0]) == (-6, (5, 999, 2))


def test_message_when_used_for_another_order_then_not_signed() -> None:
    """The signature is of the old order's name, too, and of what was seen of it."""
    exchange = quoting()
    exchange.sign = True
    tx = exchange.replacement(1, SELL, 5, 1005)
    for change in (
        {"order_id": 3},
        {"seen_lots": 11},
        {"order_id": 0, "placed_nonce": 1},
        {"in_place": True, "seen_lots": 10},
        {"size_lots": 6},
    ):
        with pytest.raises(InvalidTransaction, match="INVALID_SIGNATURE"):
            exchange.apply(replace(tx, **change))
    exchange.apply(tx)
