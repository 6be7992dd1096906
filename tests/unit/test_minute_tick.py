"""MinuteTick: when it is due, what a sample is, and what the mark follows."""

from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.constants import (
    MAX_MISSED_SAMPLES,
    MAX_ORDERS_PER_SAMPLE,
    MINUTE_MS,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.events import MarkSampled
from novation.protocol.mark import mark_price_x16
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import TimeInForce
from novation.protocol.rules.minute_tick import next_minute_ms, with_sample
from novation.protocol.transactions import MinuteTick
from novation.protocol.transition import apply_transaction
from tests.support.builders import parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

# 10,000 USD at 1000 ticks, and 5 % of initial margin: just enough on each side.
ENOUGH_LOTS = 1_000_000
INDEX_X16 = 1000 << 16
# Half of 3 %.
LIMIT_X16 = 15 << 16


def quoted(bid_ticks: int = 1001, ask_ticks: int = 1003, **changes: Any) -> Exchange:
    """Return an exchange whose account 2 quotes more than enough on both sides of market 0."""
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, 3, 4)
    for side, price_ticks in ((BUY, bid_ticks), (SELL, ask_ticks)):
        exchange.place(2, side, ENOUGH_LOTS * 11 // 10, price_ticks, **changes)
    return exchange


def premium_x16(exchange: Exchange) -> int:
    return exchange.state.underlyings[0].premium_x16


def missed(exchange: Exchange) -> int:
    return exchange.state.underlyings[0].missed_samples


def test_tick_when_there_was_no_price_then_never_due() -> None:
    exchange = Exchange(sign=False, price_ticks=0)
    exchange.time_ms += 10 * MINUTE_MS
    exchange.fund(2)
    assert exchange.state.batch is not None
    assert len(exchange.state.batch.entries) == 1
    exchange.set_price(1000)
    assert exchange.state.globals.next_tick_ms == next_minute_ms(exchange.time_ms)


def test_tick_when_the_minute_is_over_then_one_for_each_underlying_before_all_else() -> None:
    exchange = Exchange(parameters(3), sign=False)
    due_ms = exchange.state.globals.next_tick_ms
    assert due_ms % MINUTE_MS == 0
    exchange.time_ms = due_ms - 1
    exchange.fund(2)
    with pytest.raises(AssertionError):
        apply_transaction(exchange.state, MinuteTick(), exchange.time_ms)
    exchange.time_ms = due_ms + 5
    for underlying_id in range(3):
        assert exchange.state.globals.tick_underlying == underlying_id
        assert exchange.state.globals.next_tick_ms == due_ms
        with pytest.raises(AssertionError):
            apply_transaction(exchange.state, exchange.deposit(3, 1), exchange.time_ms)
        apply_transaction(exchange.state, MinuteTick(), exchange.time_ms)
    assert exchange.state.globals.tick_underlying == 0
    assert exchange.state.globals.next_tick_ms == due_ms + MINUTE_MS


def test_tick_when_hours_have_passed_then_one_covers_them() -> None:
    exchange = Exchange(parameters(2), sign=False)
    exchange.time_ms += 7 * 3_600_000
    exchange.fund(2)
    assert exchange.state.globals.next_tick_ms == next_minute_ms(exchange.time_ms)
    assert exchange.state.batch is not None
    kinds = [type(entry.transaction) for entry in exchange.state.batch.entries]
    assert kinds.count(MinuteTick) == 2
    assert missed(exchange) == 1


def test_mark_when_both_sides_are_worth_enough_then_follows_their_middle() -> None:
    exchange = quoted()
    expected = 0
    for _ in range(9):
        exchange.end_minute()
        expected += ((2 << 16) - expected) * 2 // 5
        assert premium_x16(exchange) == expected
        assert exchange.state.mark_price_x16(0) == INDEX_X16 + expected
    assert expected > 2 * 65_536 * 98 // 100


def test_mark_when_ten_dollar_orders_are_best_then_as_without_them() -> None:
    """Two orders of 10 USD moved the usual median of book and last price by 10 %."""
    exchange = quoted(bid_ticks=999, ask_ticks=1001)
    exchange.fund(5)
    # Another 10 USD at either edge of what anybody may pay, and a trade at the dearer one.
    exchange.place(4, BUY, 1_000, 1000)
    exchange.place(3, SELL, 1_000, 1000)
    lots_of_ten_dollars = 1_000
    exchange.place(4, BUY, lots_of_ten_dollars, 1000)
    exchange.place(5, SELL, lots_of_ten_dollars, 1001)
    for _ in range(5):
        exchange.end_minute()
        assert exchange.state.mark_price_x16(0) == INDEX_X16


def test_mark_when_the_book_is_empty_and_ten_dollar_orders_come_then_the_index() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(3, 4)
    exchange.place(3, BUY, 1_000, 1098)
    exchange.place(3, SELL, 1_000, 1100)
    exchange.place(4, BUY, 500, 1100)
    for _ in range(3):
        exchange.end_minute()
        assert exchange.state.mark_price_x16(0) == INDEX_X16
    assert missed(exchange) == 3


@pytest.mark.parametrize("sign", [-1, 1])
def test_mark_when_the_middle_is_far_then_never_beyond_half_the_maintenance(sign: int) -> None:
    exchange = quoted(1000 + sign * 60 - 1, 1000 + sign * 60 + 1)
    for _ in range(30):
        exchange.end_minute()
        assert abs(premium_x16(exchange)) <= LIMIT_X16
    assert LIMIT_X16 - 3 <= abs(premium_x16(exchange)) <= LIMIT_X16
    assert premium_x16(exchange) * sign > 0
    # The index moves: the limit does so, at once.
    exchange.set_price(500)
    assert exchange.state.mark_price_x16(0) == (500 << 16) + sign * LIMIT_X16 // 2


def test_sample_when_a_side_lacks_a_lot_then_missed() -> None:
    for lots, is_full in ((ENOUGH_LOTS, True), (ENOUGH_LOTS - 1, False)):
        exchange = Exchange(parameters(1), sign=False)
        exchange.fund(2, 3)
        exchange.place(2, BUY, lots // 2, 1000)
        exchange.place(3, BUY, lots - lots // 2, 1000)
        exchange.place(2, SELL, ENOUGH_LOTS, 1006)
        exchange.end_minute()
        assert missed(exchange) == int(not is_full)
        assert premium_x16(exchange) == ((3 << 16) * 2 // 5 if is_full else 0)


def dead_by_expiry(exchange: Exchange) -> None:
    exchange.place(3, BUY, ENOUGH_LOTS, 1002, expiry_time_ms=exchange.time_ms + 10)


def dead_by_cancel_all(exchange: Exchange) -> None:
    exchange.place(3, BUY, ENOUGH_LOTS, 1002)
    exchange.cancel_all(3)


def dead_by_a_timer(exchange: Exchange) -> None:
    exchange.place(3, BUY, ENOUGH_LOTS, 1002)
    exchange.set_cancel_timer(3, exchange.time_ms + 10)


def reduce_only(exchange: Exchange) -> None:
    exchange.place(4, BUY, ENOUGH_LOTS, 1002)
    exchange.place(3, SELL, ENOUGH_LOTS, 1002)
    exchange.place(3, BUY, ENOUGH_LOTS, 1002, reduce_only=True)


def dearer(exchange: Exchange) -> None:
    exchange.place(3, BUY, ENOUGH_LOTS, 1002, max_fee_ppm=500)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, maker_fee_ppm=501))


@pytest.mark.parametrize(
    "place", [dead_by_expiry, dead_by_cancel_all, dead_by_a_timer, reduce_only, dearer]
)
def test_sample_when_the_best_bid_would_not_trade_then_not_counted(place: Any) -> None:
    exchange = quoted(bid_ticks=1000, ask_ticks=1004, max_fee_ppm=1000)
    place(exchange)
    assert exchange.book(BUY)[0][1] == 1002
    exchange.end_minute()
    assert premium_x16(exchange) == (2 << 16) * 2 // 5


@pytest.mark.parametrize("n_small", [MAX_ORDERS_PER_SAMPLE - 1, MAX_ORDERS_PER_SAMPLE])
def test_sample_when_small_orders_are_before_enough_then_read_among_the_first_only(
    n_small: int,
) -> None:
    exchange = quoted(bid_ticks=1000, ask_ticks=1004)
    for _ in range(n_small):
        exchange.place(3, BUY, 1, 1001)
    exchange.end_minute()
    is_full = n_small < MAX_ORDERS_PER_SAMPLE
    assert missed(exchange) == int(not is_full)
    assert premium_x16(exchange) == ((2 << 16) * 2 // 5 if is_full else 0)


def test_premium_when_samples_fail_then_stays_a_while_and_goes_back_to_nothing() -> None:
    exchange = quoted()
    for _ in range(4):
        exchange.end_minute()
    kept = premium_x16(exchange)
    assert kept > 0
    exchange.cancel_all(2)
    for n_missed in range(1, MAX_MISSED_SAMPLES + 1):
        exchange.end_minute()
        assert (missed(exchange), premium_x16(exchange)) == (n_missed, kept)
    for _ in range(60):
        exchange.end_minute()
        kept += -kept * 2 // 5
        assert (missed(exchange), premium_x16(exchange)) == (MAX_MISSED_SAMPLES + 1, kept)
    assert kept == 0
    for side, price_ticks in ((BUY, 1001), (SELL, 1003)):
        exchange.place(2, side, ENOUGH_LOTS, price_ticks)
    exchange.end_minute()
    assert (missed(exchange), premium_x16(exchange)) == (0, (2 << 16) * 2 // 5)


@pytest.mark.parametrize("late_ms", [0, 1])
def test_sample_when_prices_are_stale_then_missed(late_ms: int) -> None:
    exchange = quoted()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 2
    exchange.refresh_prices()
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    exchange.tick()
    assert missed(exchange) == late_ms


def test_premium_when_prices_come_back_after_a_gap_then_nothing() -> None:
    exchange = quoted()
    exchange.end_minute()
    assert premium_x16(exchange) > 0
    exchange.time_ms += RESUME_GAP_MS + 1
    exchange.refresh_prices()
    assert premium_x16(exchange) == 0


@pytest.mark.parametrize("premium", [0, 1, -1, 2**48 - 1, -(2**48) + 1])
@pytest.mark.parametrize("sample", [0, 1, -1, 2**48 - 1, -(2**48) + 1])
def test_premium_when_sampled_then_between_what_it_was_and_the_sample(
    premium: int, sample: int
) -> None:
    after = with_sample(UnderlyingState(premium_x16=premium), sample).premium_x16
    assert min(premium, sample) <= after <= max(premium, sample)


def test_tick_when_applied_then_says_what_the_mark_is() -> None:
    exchange = quoted()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 2
    exchange.refresh_prices()
    exchange.time_ms += 1
    result = apply_transaction(exchange.state, MinuteTick(), exchange.time_ms)
    mark_x16 = INDEX_X16 + (2 << 16) * 2 // 5
    assert result.events == (MarkSampled(0, mark_x16, is_full=True),)


def test_margin_and_band_when_the_mark_is_above_the_index_then_at_the_mark() -> None:
    exchange = quoted(1010, 1020)
    exchange.place(3, BUY, 100, 1020)
    for _ in range(20):
        exchange.end_minute()
    mark_x16 = exchange.state.mark_price_x16(0)
    assert mark_x16 > INDEX_X16
    limit_ticks = mark_x16 * 110 // 100 >> 16
    exchange.place(3, BUY, 1, limit_ticks, time_in_force=TimeInForce.IOC)
    refused = exchange.order(3, BUY, 1, limit_ticks + 1)
    assert exchange.refuse(refused).name == "PRICE_OUTSIDE_BAND"


@pytest.mark.parametrize("maintenance_ppm", [1, 30_000, 2**20 - 1])
@pytest.mark.parametrize("index_x16", [0, 1, 1000 << 16, 2**48 - 1])
@pytest.mark.parametrize("premium", [-(2**48) + 1, 0, 2**48 - 1])
def test_mark_when_there_is_an_index_then_above_nothing(
    premium: int, index_x16: int, maintenance_ppm: int
) -> None:
    terms = underlying(maintenance_margin_ppm=maintenance_ppm, initial_margin_ppm=2**20 - 1)
    mark_x16 = mark_price_x16(UnderlyingState(index_x16, premium_x16=premium), terms)
    assert (mark_x16 > 0) == (index_x16 > 0)
    assert mark_x16 < 2**49


def test_market_when_listed_later_then_sampled_from_then_on() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.set_underlying(1, underlying(symbol="NEW", multiplier=100))
    exchange.set_price(1000)
    exchange.end_minute()
    first = {"ref_x16": INDEX_X16, "window_x16": INDEX_X16}
    assert exchange.state.underlyings[1] == UnderlyingState(INDEX_X16, **first)
    exchange.list_market(1)
    exchange.end_minute()
    listed = UnderlyingState(INDEX_X16, is_listed=True, missed_samples=1, **first)
    assert exchange.state.underlyings[1] == listed
    assert exchange.state.batch is not None
    assert set(exchange.state.batch.opened_markets) == {0, 1}
