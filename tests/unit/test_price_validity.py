"""Prices expire, and a gap of the oracles kills what rested meanwhile."""

from collections.abc import Callable

import pytest

from novation.protocol.constants import (
    MAX_MAKERS_PER_ORDER,
    POST_ONLY_MS,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import BooksKilled, CancelReason, OrderCancelled, PricesUpdated
from novation.protocol.orders import TimeInForce, VisitOutcome
from tests.support.builders import ONE_DOLLAR, QUORUM, oracle_report, oracle_update
from tests.support.exchange import BUY, SELL, Exchange

GTC, IOC, POST_ONLY = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.POST_ONLY


def trading() -> Exchange:
    """Return an exchange with a position of 1 lot each of 2 and 3, and two resting orders."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 1, 1000)
    exchange.place(3, BUY, 1, 1000)
    exchange.place(2, SELL, 5, 1001)
    exchange.place(3, BUY, 5, 999)
    return exchange


def later(exchange: Exchange, price_age_ms: int) -> int:
    """Let the prices have this age; return their time."""
    oracle_time_ms = exchange.state.globals.oracle_time_ms
    exchange.time_ms = oracle_time_ms + price_age_ms
    return oracle_time_ms


def resumed() -> Exchange:
    """Return the exchange just after prices came back: orders 3 and 4 are dead."""
    exchange = trading()
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    return exchange


USES_OF_A_PRICE: list[Callable[[Exchange], object]] = [
    lambda x: x.place(4, BUY, 1, 1001),
    lambda x: x.place(4, SELL, 1, 1002),
    lambda x: x.place(4, BUY, 1, 990, time_in_force=POST_ONLY),
    lambda x: x.place(2, BUY, 1, 1000, reduce_only=True),
    lambda x: x.withdraw(2, 1),
    lambda x: x.withdraw(3, 1),
]


@pytest.mark.parametrize("use", USES_OF_A_PRICE)
def test_price_when_a_millisecond_too_old_then_refused_with_both_times(
    use: Callable[[Exchange], object],
) -> None:
    exchange = trading()
    oracle_time_ms = later(exchange, PRICE_VALIDITY_MS + 1)
    with pytest.raises(InvalidTransaction) as caught:
        use(exchange)
    assert caught.value.code is ErrorCode.STALE_PRICE
    assert caught.value.broken == Broken("price_age_ms", PRICE_VALIDITY_MS + 1, PRICE_VALIDITY_MS)
    assert str(oracle_time_ms) in caught.value.detail
    assert str(exchange.time_ms) in caught.value.detail


@pytest.mark.parametrize("use", USES_OF_A_PRICE)
def test_price_when_as_old_as_allowed_then_used(use: Callable[[Exchange], object]) -> None:
    exchange = trading()
    later(exchange, PRICE_VALIDITY_MS)
    use(exchange)


def test_withdrawal_when_only_an_order_rests_then_needs_a_price() -> None:
    exchange = trading()
    exchange.place(4, BUY, 1, 990)
    later(exchange, PRICE_VALIDITY_MS + 1)
    assert exchange.refuse(exchange.withdrawal(4, 1)) is ErrorCode.STALE_PRICE


def test_prices_when_a_week_old_then_money_without_positions_and_cancels_move() -> None:
    exchange = trading()
    exchange.time_ms += 7 * 86_400_000
    exchange.fund(5)
    exchange.cancel(3, 4)
    assert exchange.withdraw(4, 10_000 * ONE_DOLLAR).result_code is ResultCode.DONE
    assert exchange.withdraw(5, 1).result_code is ResultCode.DONE


def dead_below(exchange: Exchange) -> set[int]:
    """Return below which ids orders are dead, over all underlyings."""
    return {underlying.dead_below_order_id for underlying in exchange.state.underlyings}


def reported_at(exchange: Exchange, *times_ms: int) -> object:
    """Apply an update of reports with these times."""
    prices = (1000 << 16,) * len(exchange.state.underlyings)
    reports = [
        oracle_report(exchange.config, i, time_ms, prices) for i, time_ms in enumerate(times_ms)
    ]
    return exchange.apply(oracle_update(tuple(reports)))


def test_update_when_it_is_stale_already_then_taken_and_of_no_use() -> None:
    exchange = trading()
    exchange.time_ms += 30_000
    reported_at(exchange, *[exchange.time_ms - PRICE_VALIDITY_MS - 1] * QUORUM)
    assert exchange.refuse(exchange.order(4, BUY, 1, 990)) is ErrorCode.STALE_PRICE


def test_update_when_its_oldest_report_is_too_far_ahead_then_refused() -> None:
    """Its prices could be used longer than any others: whoever delays the clock would choose."""
    exchange = trading()
    ahead_ms = exchange.time_ms + PRICE_VALIDITY_MS
    with pytest.raises(InvalidTransaction) as caught:
        reported_at(exchange, ahead_ms + 1, ahead_ms + 2)
    assert caught.value.code is ErrorCode.REPORT_TIME_OUTSIDE_WINDOW
    assert caught.value.broken == Broken("time_ms", ahead_ms + 1, ahead_ms)
    reported_at(exchange, ahead_ms, ahead_ms + 2)


def test_gap_when_as_long_as_allowed_then_nothing_is_killed() -> None:
    exchange = trading()
    later(exchange, RESUME_GAP_MS - 1)
    result = exchange.refresh_prices()
    assert [type(event) for event in result.events] == [PricesUpdated]
    assert dead_below(exchange) == {0}
    assert exchange.place(4, BUY, 1, 1001, time_in_force=IOC).result_code is ResultCode.FILLED


def test_gap_when_a_millisecond_longer_then_every_resting_order_is_dead() -> None:
    exchange = trading()
    later(exchange, RESUME_GAP_MS)
    result = exchange.refresh_prices()
    assert result.events[1:] == (BooksKilled(5, exchange.time_ms + POST_ONLY_MS),)
    assert dead_below(exchange) == {5}
    assert exchange.state.globals.post_only_until_ms == exchange.time_ms + POST_ONLY_MS


def test_gap_when_hidden_behind_old_reports_then_still_a_gap() -> None:
    """What counts is the time at which prices come back, not the time that they are of."""
    exchange = trading()
    later(exchange, RESUME_GAP_MS + 1)
    old_ms = exchange.time_ms - 30_000
    assert old_ms - exchange.state.globals.oracle_time_ms < RESUME_GAP_MS
    reported_at(exchange, *[old_ms] * QUORUM)
    assert dead_below(exchange) == {5}


def test_first_update_of_all_ends_no_gap() -> None:
    exchange = Exchange(sign=False)
    assert dead_below(exchange) == {0}
    assert exchange.state.globals.post_only_until_ms == 0


@pytest.mark.parametrize("time_in_force", [GTC, IOC])
def test_minute_after_a_gap_accepts_post_only_orders_alone(time_in_force: TimeInForce) -> None:
    exchange = resumed()
    until_ms = exchange.state.globals.post_only_until_ms
    exchange.time_ms = until_ms - 2
    exchange.refresh_prices()
    with pytest.raises(InvalidTransaction) as caught:
        exchange.place(4, BUY, 1, 990, time_in_force=time_in_force)
    assert caught.value.code is ErrorCode.POST_ONLY_PERIOD
    assert caught.value.broken == Broken("time_ms", until_ms - 1, until_ms)
    exchange.place(4, BUY, 1, 990, time_in_force=POST_ONLY)
    exchange.time_ms = until_ms
    exchange.place(4, BUY, 1, 990, time_in_force=time_in_force)


def test_dead_order_when_met_then_removed_and_counted_as_a_visit() -> None:
    exchange = resumed()
    exchange.wait(POST_ONLY_MS)
    result = exchange.place(4, BUY, 2, 1001, time_in_force=IOC)
    assert result.result_code is ResultCode.IOC_CANCELLED
    assert [visit.outcome for visit in getattr(result.hints, "visits", ())] == [VisitOutcome.KILLED]
    assert result.events[1] == OrderCancelled(3, 2, 0, SELL, 1001, 5, CancelReason.KILLED)
    assert exchange.size(4) == 0
    assert exchange.state.account(2).position(0).n_orders == 0
    exchange.seal()


def test_dead_orders_when_more_than_the_visit_limit_then_the_rest_is_cancelled() -> None:
    exchange = trading()
    for _ in range(MAX_MAKERS_PER_ORDER + 1):
        exchange.place(2, SELL, 1, 1000)
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    result = exchange.place(4, BUY, 9, 1000, time_in_force=POST_ONLY)
    assert result.result_code is ResultCode.MAKER_LIMIT
    assert len(getattr(result.hints, "visits", ())) == MAX_MAKERS_PER_ORDER
    assert exchange.place(4, BUY, 9, 1000, time_in_force=POST_ONLY).result_code is (
        ResultCode.RESTING
    )
    exchange.seal()


def test_dead_order_when_cancelled_then_its_sums_come_back() -> None:
    exchange = resumed()
    exchange.cancel(3, 4)
    assert exchange.state.account(3).position(0).open_buy_lots == 0
    assert exchange.state.account(3).position(0).n_orders == 0
    exchange.seal()


def test_post_only_order_when_it_meets_the_dead_alone_then_rests() -> None:
    exchange = resumed()
    result = exchange.place(4, BUY, 2, 1003, time_in_force=POST_ONLY)
    assert result.result_code is ResultCode.RESTING
    assert exchange.book(SELL) == []
    assert exchange.book(BUY) == [(5, 1003, 2), (4, 999, 5)]


def test_post_only_order_when_a_living_one_stands_behind_the_dead_then_refused() -> None:
    exchange = resumed()
    exchange.place(4, SELL, 2, 1002, time_in_force=POST_ONLY)
    order = exchange.order(3, BUY, 1, 1002, time_in_force=POST_ONLY)
    assert exchange.refuse(order) is ErrorCode.POST_ONLY_CROSSES
    assert exchange.book(SELL) == [(3, 1001, 5), (5, 1002, 2)]


def test_order_when_placed_after_the_gap_then_lives() -> None:
    exchange = resumed()
    exchange.place(4, SELL, 2, 1000, time_in_force=POST_ONLY)
    exchange.wait(POST_ONLY_MS)
    result = exchange.place(3, BUY, 2, 1000)
    assert result.result_code is ResultCode.FILLED
