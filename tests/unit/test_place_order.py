"""PlaceOrder: every rule and every way the walk can go."""

from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.accounts import Position
from novation.protocol.batch import PlaceOrderHints
from novation.protocol.constants import MAX_MAKERS_PER_ORDER, MAX_POSITIONS
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.events import CancelReason, OrderCancelled, OrderFilled, OrderPlaced
from novation.protocol.orders import TimeInForce, VisitOutcome
from novation.protocol.rules import place_order
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange
from tests.support.many_markets import allow_many_markets, many_underlyings

IOC, POST_ONLY = TimeInForce.IOC, TimeInForce.POST_ONLY


def traders(**changes: Any) -> Exchange:
    """Return an exchange with accounts 2 to 5 funded and the price at 1000."""
    exchange = Exchange(sign=False, **changes)
    exchange.fund(2, 3, 4, 5)
    return exchange


def visits(hints: object) -> list[tuple[int, VisitOutcome, int]]:
    """Return what the walk did."""
    assert isinstance(hints, PlaceOrderHints)
    return [(visit.order_id, visit.outcome, visit.lots) for visit in hints.visits]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"market_id": 2048}, ErrorCode.INVALID_FIELD),
        ({"price_ticks": 0}, ErrorCode.INVALID_FIELD),
        ({"price_ticks": 2**32}, ErrorCode.INVALID_FIELD),
        ({"size_lots": 0}, ErrorCode.INVALID_FIELD),
        ({"size_lots": 2**32}, ErrorCode.INVALID_FIELD),
        ({"expiry_time_ms": 2**48}, ErrorCode.INVALID_FIELD),
        ({"max_fee_ppm": 2**20}, ErrorCode.INVALID_FIELD),
        ({"market_id": 2}, ErrorCode.UNKNOWN_MARKET),
        ({"market_id": 2047}, ErrorCode.UNKNOWN_MARKET),
        ({"expiry_time_ms": 0}, ErrorCode.ORDER_EXPIRED),
        ({"max_fee_ppm": 499}, ErrorCode.FEE_ABOVE_LIMIT),
        ({"price_ticks": 1101}, ErrorCode.PRICE_OUTSIDE_BAND),
        ({"price_ticks": 899, "side": SELL}, ErrorCode.PRICE_OUTSIDE_BAND),
        ({"reduce_only": True}, ErrorCode.REDUCE_ONLY_INCREASES),
        ({"size_lots": 2**32 - 1}, ErrorCode.INSUFFICIENT_MARGIN),
    ],
)
def test_order_when_a_rule_is_broken_then_refused(changes: dict[str, Any], code: ErrorCode) -> None:
    exchange = traders()
    assert exchange.refuse(replace(exchange.order(2, BUY, 5, 1000), **changes)) is code


def test_order_when_at_the_edge_of_the_band_then_accepted() -> None:
    exchange = traders()
    assert exchange.place(2, BUY, 1, 1100).result_code is ResultCode.RESTING
    assert exchange.place(3, SELL, 2, 900).result_code is ResultCode.RESTING
    # The harmless side has no band.
    assert exchange.place(3, BUY, 1, 1).result_code is ResultCode.RESTING
    assert exchange.place(2, SELL, 1, 2**32 - 1).result_code is ResultCode.RESTING


def test_order_when_expiring_now_then_refused() -> None:
    exchange = traders()
    order = exchange.order(2, BUY, 1, 1000, expiry_time_ms=exchange.time_ms)
    assert exchange.refuse(order) is ErrorCode.ORDER_EXPIRED


def test_order_when_no_price_then_refused() -> None:
    exchange = traders(price_ticks=0)
    assert exchange.refuse(exchange.order(2, BUY, 1, 1000)) is ErrorCode.NO_PRICE


def test_order_when_market_not_active_then_refused() -> None:
    exchange = traders()
    exchange.state.markets[0] = replace(exchange.state.markets[0], status=1)
    assert exchange.refuse(exchange.order(2, BUY, 1, 1000)) is ErrorCode.MARKET_NOT_ACTIVE


def test_order_when_it_would_need_more_slots_than_there_are_then_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allow_many_markets(monkeypatch)
    exchange = traders(parameters=many_underlyings())
    for market_id in range(MAX_POSITIONS):
        exchange.place(2, BUY, 1, 1000, market_id=market_id)
    order = exchange.order(2, BUY, 1, 1000, market_id=MAX_POSITIONS)
    assert exchange.refuse(order) is ErrorCode.TOO_MANY_POSITIONS
    last = MAX_POSITIONS - 1
    assert exchange.place(2, BUY, 1, 1000, market_id=last).result_code is ResultCode.RESTING


def test_order_when_position_could_pass_its_bound_then_refused() -> None:
    exchange = traders(price_ticks=1)
    exchange.fund(2, amount_quanta=2**62)
    limit = 2**36 - 1
    for _ in range(15):
        exchange.place(2, BUY, 2**32 - 1, 1)
    exchange.place(2, BUY, 14, 1)
    left = limit - 15 * (2**32 - 1) - 14
    assert left > 2**32 - 1
    exchange.place(2, BUY, left - 2**31, 1)
    assert exchange.refuse(exchange.order(2, BUY, 2**31 + 1, 1)) is ErrorCode.POSITION_LIMIT
    assert exchange.place(2, BUY, 2**31, 1).result_code is ResultCode.RESTING
    assert exchange.state.account(2).position(0).open_buy_lots == limit
    assert exchange.place(2, SELL, 2**31, 2).result_code is ResultCode.RESTING


def test_order_when_shorts_could_pass_the_bound_then_refused() -> None:
    exchange = traders()
    account = exchange.state.account(2)
    slot = Position(0, size_lots=-(2**36) + 3)
    exchange.state.accounts[2] = replace(account, collateral_quanta=2**90, positions=(slot,))
    assert exchange.refuse(exchange.order(2, SELL, 3, 1000)) is ErrorCode.POSITION_LIMIT
    assert exchange.place(2, SELL, 2, 1000).result_code is ResultCode.RESTING


def test_order_when_open_interest_would_pass_its_bound_then_refused() -> None:
    exchange = traders()
    exchange.place(2, SELL, 5, 1000)
    market = exchange.state.markets[0]
    exchange.state.markets[0] = market.with_open_interest(2**48 - 5)
    assert exchange.refuse(exchange.order(3, BUY, 5, 1000)) is ErrorCode.OPEN_INTEREST_LIMIT
    assert exchange.place(3, BUY, 4, 1000).result_code is ResultCode.FILLED


def test_order_when_too_many_rest_then_refused() -> None:
    exchange = traders()
    for price in (999, 1003):
        for _ in range(64):
            exchange.place(2, BUY if price < 1000 else SELL, 1, price)
    assert exchange.state.account(2).position(0).n_orders == 128
    assert exchange.refuse(exchange.order(2, BUY, 1, 1000)) is ErrorCode.TOO_MANY_ORDERS
    exchange.place(2, BUY, 1, 1000, market_id=1)
    exchange.place(2, BUY, 1, 1003, time_in_force=IOC)
    assert exchange.place(2, BUY, 1, 1000).result_code is ResultCode.RESTING


def test_order_when_the_order_tree_is_full_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place_order, "ORDER_TREE_HEIGHT", 1)
    exchange = traders()
    exchange.place(2, BUY, 1, 1000)
    exchange.seal()
    exchange.place(2, BUY, 1, 1000)
    assert exchange.refuse(exchange.order(2, BUY, 1, 1000)) is ErrorCode.TOO_MANY_ORDERS


def test_book_when_prices_tie_then_older_first() -> None:
    exchange = traders()
    for price in (998, 999, 998, 997, 999):
        exchange.place(2, BUY, 1, price)
    assert [o[:2] for o in exchange.book(BUY)] == [(2, 999), (5, 999), (1, 998), (3, 998), (4, 997)]
    for price in (1003, 1001, 1002, 1001):
        exchange.place(3, SELL, 1, price)
    assert [o[:2] for o in exchange.book(SELL)] == [(7, 1001), (9, 1001), (8, 1002), (6, 1003)]


def test_fill_when_taker_crosses_then_makers_price_and_fees_up() -> None:
    exchange = traders()
    exchange.place(2, SELL, 10, 1001)
    result = exchange.place(3, BUY, 4, 1005)
    # 4 x 1001 x 10 = 40,040 quanta; 500 ppm is 20.02, 200 ppm is 8.008.
    assert result.result_code is ResultCode.FILLED
    assert result.events == (
        OrderPlaced(2, 3, 1, 0, BUY, 1005, 4, 0),
        OrderFilled(0, BUY, 1001, 4, 2, 3, 21, 1, 2, 9, 6),
    )
    assert exchange.balance(3) == 10_000 * ONE_DOLLAR - 40_040 - 21
    assert exchange.balance(2) == 10_000 * ONE_DOLLAR + 40_040 - 9
    assert (exchange.size(2), exchange.size(3)) == (-4, 4)
    assert exchange.book(SELL) == [(1, 1001, 6)]
    assert exchange.state.market(0).open_interest_lots == 4
    assert exchange.state.fees_quanta == 30
    exchange.seal()
    assert exchange.balance(0) == 30
    assert exchange.state.fees_quanta == 0


def test_taker_when_larger_than_the_book_then_rest_rests_or_is_cancelled() -> None:
    exchange = traders()
    exchange.place(2, SELL, 3, 1001)
    exchange.place(2, SELL, 3, 1002)
    result = exchange.place(3, BUY, 5, 1001)
    assert result.result_code is ResultCode.RESTING
    assert visits(result.hints) == [(1, VisitOutcome.FILL, 3)]
    assert exchange.book(BUY) == [(3, 1001, 2)]
    result = exchange.place(4, BUY, 5, 1002, time_in_force=IOC)
    assert result.result_code is ResultCode.IOC_CANCELLED
    cancel = CancelReason.IMMEDIATE_OR_CANCEL
    assert result.events[-1] == OrderCancelled(4, 4, 0, BUY, 1002, 2, cancel)
    assert exchange.book(SELL) == []


def test_taker_when_position_closes_then_open_interest_falls() -> None:
    exchange = traders()
    exchange.place(2, SELL, 5, 1000)
    exchange.place(3, BUY, 5, 1000)
    exchange.place(2, BUY, 5, 1000)
    exchange.place(3, SELL, 5, 1000)
    assert exchange.state.market(0).open_interest_lots == 0
    assert exchange.state.account(2).positions == ()
    assert exchange.state.account(3).positions == ()


def test_post_only_when_crossing_then_refused() -> None:
    exchange = traders()
    exchange.place(2, SELL, 3, 1001)
    order = exchange.order(3, BUY, 1, 1001, time_in_force=POST_ONLY)
    assert exchange.refuse(order) is ErrorCode.POST_ONLY_CROSSES
    result = exchange.place(3, BUY, 1, 1000, time_in_force=POST_ONLY)
    assert result.result_code is ResultCode.RESTING
    order = exchange.order(4, SELL, 1, 1000, time_in_force=POST_ONLY)
    assert exchange.refuse(order) is ErrorCode.POST_ONLY_CROSSES
    assert exchange.place(4, SELL, 1, 1001, time_in_force=POST_ONLY).hints is not None


def test_post_only_when_it_meets_an_expired_order_then_rests() -> None:
    exchange = traders()
    exchange.place(2, SELL, 3, 1001, expiry_time_ms=exchange.time_ms + 5)
    exchange.time_ms += 10
    result = exchange.place(3, BUY, 1, 1001, time_in_force=POST_ONLY)
    assert result.result_code is ResultCode.RESTING
    assert visits(result.hints) == [(1, VisitOutcome.EXPIRED, 0)]
    assert (exchange.book(SELL), exchange.book(BUY)) == ([], [(2, 1001, 1)])


def test_maker_when_expired_then_removed() -> None:
    exchange = traders()
    exchange.place(2, SELL, 3, 1001, expiry_time_ms=exchange.time_ms + 5)
    exchange.time_ms += 5
    result = exchange.place(3, BUY, 1, 1001, time_in_force=IOC)
    assert visits(result.hints) == [(1, VisitOutcome.EXPIRED, 0)]
    assert result.events[1] == OrderCancelled(1, 2, 0, SELL, 1001, 3, CancelReason.EXPIRED)
    assert exchange.state.account(2).positions == ()


def test_maker_when_of_the_same_account_then_removed() -> None:
    exchange = traders()
    exchange.place(2, SELL, 3, 1001)
    exchange.place(3, SELL, 3, 1001)
    result = exchange.place(2, BUY, 4, 1001)
    assert visits(result.hints) == [(1, VisitOutcome.SELF_TRADE, 0), (2, VisitOutcome.FILL, 3)]
    assert exchange.state.account(2).positions == (Position(0, 3, 1, 0, 1),)


def test_reduce_only_when_larger_than_the_position_then_capped() -> None:
    exchange = traders()
    exchange.place(2, SELL, 5, 1000)
    exchange.place(3, BUY, 5, 1000)
    order = exchange.order(3, BUY, 1, 1000, reduce_only=True)
    assert exchange.refuse(order) is ErrorCode.REDUCE_ONLY_INCREASES
    result = exchange.place(3, SELL, 9, 1000, reduce_only=True)
    assert result.result_code is ResultCode.RESTING
    assert exchange.book(SELL) == [(3, 1000, 5)]
    result = exchange.place(2, BUY, 9, 1000, reduce_only=True, time_in_force=IOC)
    assert result.result_code is ResultCode.FILLED
    assert visits(result.hints) == [(3, VisitOutcome.FILL, 5)]


def test_reduce_only_maker_when_position_shrank_then_partly_filled_and_removed() -> None:
    exchange = traders()
    exchange.place(2, SELL, 5, 1000)
    exchange.place(3, BUY, 5, 1000)
    exchange.place(3, SELL, 5, 1001, reduce_only=True)
    exchange.place(4, BUY, 3, 1000)
    exchange.place(3, SELL, 3, 1000)
    result = exchange.place(5, BUY, 4, 1001, time_in_force=IOC)
    assert visits(result.hints) == [(3, VisitOutcome.FILL, 2), (3, VisitOutcome.REDUCE_ONLY, 0)]
    assert result.result_code is ResultCode.IOC_CANCELLED
    assert exchange.size(3) == 0


def test_reduce_only_maker_when_position_flipped_then_removed() -> None:
    exchange = traders()
    exchange.place(2, BUY, 5, 1000)
    exchange.place(3, SELL, 5, 1000)
    exchange.place(3, BUY, 5, 999, reduce_only=True)
    exchange.place(4, SELL, 7, 1000)
    exchange.place(3, BUY, 7, 1000)
    assert exchange.size(3) == 2
    result = exchange.place(5, SELL, 4, 999, time_in_force=IOC)
    assert visits(result.hints) == [(3, VisitOutcome.REDUCE_ONLY, 0)]


def test_maker_when_margin_would_fail_then_removed_and_walk_goes_on() -> None:
    exchange = traders()
    exchange.fund(6, amount_quanta=60_000)
    exchange.place(6, BUY, 100, 1000)
    exchange.place(2, BUY, 5, 990)
    exchange.set_price(930)
    # 100 lots bought at 1000 are worth 70,000 less; the account has 60,000.
    result = exchange.place(3, SELL, 104, 950, time_in_force=IOC)
    assert visits(result.hints) == [(1, VisitOutcome.MARGIN, 0), (2, VisitOutcome.FILL, 5)]
    assert result.events[1] == OrderCancelled(1, 6, 0, BUY, 1000, 100, CancelReason.MARGIN)
    assert exchange.balance(6) == 60_000
    assert exchange.state.account(6).positions == ()


def test_maker_below_initial_when_fill_only_reduces_then_filled() -> None:
    exchange = traders()
    exchange.fund(6, amount_quanta=55_000)
    exchange.place(2, SELL, 100, 1000)
    exchange.place(6, BUY, 100, 1000, time_in_force=IOC)
    exchange.place(6, SELL, 50, 1000)
    exchange.set_price(980)
    result = exchange.place(3, BUY, 50, 1000)
    assert visits(result.hints) == [(3, VisitOutcome.FILL, 50)]


def test_walk_when_at_the_visit_limit_then_rest_is_cancelled() -> None:
    exchange = traders()
    for _ in range(MAX_MAKERS_PER_ORDER + 1):
        exchange.place(2, SELL, 1, 1000)
    result = exchange.place(3, BUY, 40, 1000)
    assert result.result_code is ResultCode.MAKER_LIMIT
    assert len(visits(result.hints)) == MAX_MAKERS_PER_ORDER
    last_id, left = MAX_MAKERS_PER_ORDER + 1, 40 - MAX_MAKERS_PER_ORDER
    assert result.events[-1] == OrderCancelled(
        last_id + 1, 3, 0, BUY, 1000, left, CancelReason.MAKER_LIMIT
    )
    assert exchange.book(BUY) == []
    assert exchange.book(SELL) == [(last_id, 1000, 1)]


def test_walk_when_filled_by_the_last_visit_then_filled() -> None:
    exchange = traders()
    for _ in range(MAX_MAKERS_PER_ORDER + 1):
        exchange.place(2, SELL, 1, 1000)
    assert exchange.place(3, BUY, MAX_MAKERS_PER_ORDER, 1000).result_code is ResultCode.FILLED


def test_walk_when_limit_is_reached_at_the_end_of_the_book_then_rests() -> None:
    exchange = traders()
    for _ in range(MAX_MAKERS_PER_ORDER):
        exchange.place(2, SELL, 1, 1000)
    assert exchange.place(3, BUY, 40, 1000).result_code is ResultCode.RESTING


def test_taker_when_fills_but_margin_fails_then_nothing_happened() -> None:
    exchange = traders()
    exchange.fund(6, amount_quanta=1_000)
    exchange.place(2, SELL, 1, 1000)
    exchange.place(2, SELL, 100, 1001)
    assert exchange.refuse(exchange.order(6, BUY, 50, 1001)) is ErrorCode.INSUFFICIENT_MARGIN
    assert exchange.place(6, BUY, 1, 1001).result_code is ResultCode.FILLED


def test_taker_when_below_initial_then_may_only_reduce() -> None:
    exchange = traders()
    exchange.fund(6, amount_quanta=55_000)
    exchange.place(2, SELL, 100, 1000)
    exchange.place(6, BUY, 100, 1000)
    exchange.set_price(970)
    exchange.place(3, BUY, 200, 970)
    assert exchange.refuse(exchange.order(6, SELL, 150, 970)) is ErrorCode.INSUFFICIENT_MARGIN
    assert exchange.refuse(exchange.order(6, BUY, 1, 969)) is ErrorCode.INSUFFICIENT_MARGIN
    assert exchange.refuse(exchange.order(6, SELL, 1, 990)) is ErrorCode.INSUFFICIENT_MARGIN
    assert exchange.place(6, SELL, 50, 970).result_code is ResultCode.FILLED
