"""Funding: what a lot pays in an hour, and that nothing is created, lost or settled by it."""

from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.constants import (
    HOUR_MS,
    MINUTE_MS,
    PREFIX_BOUND,
    PRICE_X16_ONE,
    SAMPLES_PER_HOUR,
)
from novation.protocol.errors import ErrorCode
from novation.protocol.events import FundingPaid
from novation.protocol.margin import margin_of
from novation.protocol.markets import Market, UnderlyingState
from novation.protocol.rules.funding import FUNDING_PARTS, count_minute, funding_rate_x16
from novation.protocol.transactions import MinuteTick
from novation.protocol.transition import apply_transaction
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

INDEX_X16 = 1000 << 16
TERMS = underlying()
ENOUGH_LOTS = 1_100_000


def equity_x16(exchange: Exchange, account_id: int) -> int:
    state = exchange.state
    account = state.account(account_id)
    return margin_of(account, state.underlyings, state.parameters).equity_x16


def total_equity_x16(exchange: Exchange) -> int:
    """Return all equity with the fees of the batch, which is what is in custody."""
    total = sum(equity_x16(exchange, account_id) for account_id in exchange.state.accounts)
    return total + exchange.state.fees_quanta * PRICE_X16_ONE


def prefix(exchange: Exchange) -> int:
    return exchange.state.underlyings[0].long_prefix


def holding(size_lots: int = 1_000, premium_x16: int = 0) -> Exchange:
    """Return an exchange in which account 2 is long and 3 is short, and the market is above."""
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, 3, 4, 5)
    exchange.place(2, BUY, size_lots, 1000)
    exchange.place(3, SELL, size_lots, 1000)
    exchange.end_minute()
    set_premium(exchange, premium_x16)
    return exchange


def set_premium(exchange: Exchange, premium_x16: int) -> None:
    """Let the market have traded so far above its index, as if by samples."""
    prices = replace(exchange.state.underlyings[0], premium_x16=premium_x16, missed_samples=0)
    exchange.state.underlyings = (prices,)


def end_hour(exchange: Exchange, premium_x16: int | None = None) -> None:
    """Let an hour end minute by minute, with a premium that holds."""
    hour = exchange.time_ms // HOUR_MS
    while exchange.time_ms // HOUR_MS == hour:
        if premium_x16 is not None:
            set_premium(exchange, premium_x16)
        exchange.end_minute()
        exchange.time_ms += 1


def rate(premium_x16: int, index_x16: int = INDEX_X16, **changes: Any) -> int:
    return funding_rate_x16(premium_x16 * SAMPLES_PER_HOUR, index_x16, underlying(**changes))


def test_rate_when_worked_by_hand_then_the_same() -> None:
    """A market 2 ticks of 1000 above its index: 2,000 ppm, less 500 for damping, in 8 hours.

    That is 1.5 ticks of 10 quanta a lot: 15 quanta in 8 hours, 1.875 in one.
    """
    assert rate(2 << 16) == (2 << 16) - 5 * (INDEX_X16 // 10_000)
    exchange = holding(premium_x16=2 << 16)
    before = equity_x16(exchange, 2), equity_x16(exchange, 3)
    market = replace(exchange.state.market(0), funding_sum_x16=0, funding_carry=0)
    exchange.state.markets[0] = market
    paid = count_minute(
        replace(market, funding_sum_x16=59 * (2 << 16)),
        exchange.state.underlyings[0],
        TERMS,
        exchange.time_ms + HOUR_MS,
    )
    # 1.5 ticks * 10 quanta / 8 = 1.875 quanta a lot, of which a whole one is paid.
    assert paid.is_over
    assert paid.quanta_per_lot == 1
    exact = rate(2 << 16) * TERMS.multiplier
    assert paid.quanta_per_lot * FUNDING_PARTS + paid.carry == exact
    assert abs(exact / FUNDING_PARTS - 1.875) < 0.001
    assert before == (equity_x16(exchange, 2), equity_x16(exchange, 3))


@pytest.mark.parametrize(
    ("premium_ppm", "rate_ppm"),
    # Interest within 500 ppm of the premium; beyond, the premium less or plus 500.
    [(0, 100), (100, 100), (600, 100), (-400, 100), (700, 200), (-500, 0), (-2_000, -1_500)],
)
def test_rate_when_the_premium_is_near_the_interest_then_the_interest(
    premium_ppm: int, rate_ppm: int
) -> None:
    index_x16 = 10**6 << 16
    assert rate(premium_ppm << 16, index_x16) == rate_ppm << 16


@pytest.mark.parametrize("sign", [1, -1])
def test_rate_when_the_premium_is_huge_then_a_quarter_of_the_maintenance_an_hour(
    sign: int,
) -> None:
    capped = rate(sign * INDEX_X16, maintenance_margin_ppm=30_000)
    assert capped == sign * 8 * (INDEX_X16 * 30_000 // 10**6) // 4
    assert rate(0, maintenance_margin_ppm=1) == 4 * (INDEX_X16 // 2_000_000)


def test_minutes_when_without_a_tick_then_count_as_nothing() -> None:
    assert funding_rate_x16(0, INDEX_X16, TERMS) == INDEX_X16 // 10_000
    half = funding_rate_x16(30 * (10 << 16), INDEX_X16, TERMS)
    assert half == rate(5 << 16)


def test_funding_when_hours_pass_then_longs_pay_shorts_and_nothing_else_changes() -> None:
    exchange = holding(size_lots=10_000)
    custody_x16 = exchange.custody_quanta * PRICE_X16_ONE
    set_premium(exchange, 10 << 16)
    for _ in range(3):
        before = prefix(exchange)
        longs, shorts = equity_x16(exchange, 2), equity_x16(exchange, 3)
        balances = [exchange.balance(i) for i in (2, 3)]
        mark_x16 = exchange.state.mark_price_x16(0)
        end_hour(exchange, 10 << 16)
        assert exchange.state.mark_price_x16(0) == mark_x16
        paid = (prefix(exchange) - before) * 10_000 * PRICE_X16_ONE
        assert paid > 0
        assert equity_x16(exchange, 2) == longs - paid
        assert equity_x16(exchange, 3) == shorts + paid
        assert [exchange.balance(i) for i in (2, 3)] == balances
        assert total_equity_x16(exchange) == custody_x16
    exchange.seal()


def test_payments_when_added_up_then_exact_but_for_what_is_carried() -> None:
    exchange = holding(premium_x16=1 << 16)
    owed = 0
    for hour in range(12):
        premium_x16 = (hour * 77_777) % (9 << 16) - (4 << 16)
        market = exchange.state.market(0)
        minutes = (HOUR_MS - exchange.time_ms % HOUR_MS) // MINUTE_MS + 1
        set_premium(exchange, premium_x16)
        sum_x16 = market.funding_sum_x16
        for _ in range(minutes):
            if exchange.time_ms // HOUR_MS != exchange.state.market(0).funding_hour:
                break
            set_premium(exchange, premium_x16)
            sum_x16 += premium_x16
            exchange.end_minute()
            exchange.time_ms += 1
            if exchange.state.market(0).funding_sum_x16 == 0:
                break
        owed += funding_rate_x16(sum_x16, INDEX_X16, TERMS) * TERMS.multiplier
        assert prefix(exchange) * FUNDING_PARTS + exchange.state.market(0).funding_carry == owed


def test_position_when_opened_behind_a_payment_then_pays_nothing_of_before() -> None:
    exchange = holding(size_lots=10_000)
    end_hour(exchange, 14 << 16)
    assert prefix(exchange) > 0
    before = [equity_x16(exchange, i) for i in (4, 5)]
    fees = exchange.state.fees_quanta
    mark_x16 = exchange.state.mark_price_x16(0)
    price_ticks = mark_x16 >> 16
    exchange.place(4, BUY, 500, price_ticks)
    exchange.place(5, SELL, 500, price_ticks)
    after = [equity_x16(exchange, i) for i in (4, 5)]
    above_x16 = (mark_x16 - (price_ticks << 16)) * TERMS.multiplier * 500
    paid = exchange.state.fees_quanta - fees
    assert sum(before) - sum(after) == paid * PRICE_X16_ONE
    assert after[0] - before[0] - above_x16 > -paid * PRICE_X16_ONE
    assert total_equity_x16(exchange) == exchange.custody_quanta * PRICE_X16_ONE


def test_position_when_closed_then_its_funding_is_in_the_balance() -> None:
    """Two traders, at the same prices before and after an hour: what is left is the funding."""
    free = replace(parameters(1), underlyings=(underlying(maker_fee_ppm=0, taker_fee_ppm=0),))
    exchange = Exchange(free, sign=False)
    exchange.fund(2, 3)
    exchange.place(2, BUY, 10_000, 1000)
    exchange.place(3, SELL, 10_000, 1000)
    exchange.end_minute()
    end_hour(exchange, 10 << 16)
    set_premium(exchange, 0)
    exchange.refresh_prices()
    exchange.place(3, BUY, 10_000, 1000)
    exchange.place(2, SELL, 10_000, 1000)
    funding_quanta = 10_000 * prefix(exchange)
    assert funding_quanta > 0
    assert exchange.balance(2) == 10_000 * ONE_DOLLAR - funding_quanta
    assert exchange.balance(3) == 10_000 * ONE_DOLLAR + funding_quanta
    assert not exchange.state.account(2).positions
    exchange.seal()


def test_hours_when_nothing_happened_in_them_then_one_is_paid() -> None:
    exchange = holding()
    end_hour(exchange)
    before = prefix(exchange), exchange.state.market(0).funding_carry
    exchange.time_ms += 5 * HOUR_MS
    exchange.fund(2)
    interest = INDEX_X16 // 10_000 * TERMS.multiplier
    paid = (prefix(exchange) - before[0]) * FUNDING_PARTS
    assert paid + exchange.state.market(0).funding_carry - before[1] == interest
    assert exchange.state.market(0).funding_hour == exchange.time_ms // HOUR_MS


def test_funding_when_it_takes_the_margin_then_what_is_needed_stays() -> None:
    exchange = holding(size_lots=190_000)
    exchange.prune_expired(2)
    margin = margin_of(
        exchange.state.account(2), exchange.state.underlyings, exchange.state.parameters
    )
    # Twice the initial margin of 5 % has to stay.
    free = (margin.equity_x16 * 10**6 - 2 * margin.initial_x16_ppm) // (PRICE_X16_ONE * 10**6)
    assert free > 0
    state = exchange.state.underlyings[0]
    exchange.state.underlyings = (state.with_payment(1),)
    refused = exchange.withdrawal(2, free)
    assert exchange.refuse(refused) is ErrorCode.INSUFFICIENT_MARGIN
    exchange.withdraw(2, free - 190_000)


def test_tick_when_an_hour_is_over_then_says_what_lots_paid() -> None:
    exchange = holding(premium_x16=14 << 16)
    end_ms = (exchange.time_ms // HOUR_MS + 1) * HOUR_MS
    exchange.time_ms = end_ms
    market = exchange.state.market(0)
    result = apply_transaction(exchange.state, MinuteTick(), exchange.time_ms)
    event = result.events[-1]
    assert isinstance(event, FundingPaid)
    assert (event.market_id, event.long_prefix) == (0, prefix(exchange))
    assert event.quanta_per_lot == prefix(exchange)
    assert market.funding_hour + 1 == exchange.state.market(0).funding_hour


def test_first_tick_of_a_market_when_taken_then_begins_an_hour_without_payment() -> None:
    exchange = Exchange(parameters(1), sign=False)
    assert exchange.state.market(0).funding_hour == 0
    exchange.end_minute()
    market = exchange.state.market(0)
    assert (market.funding_hour, market.funding_sum_x16) == (exchange.time_ms // HOUR_MS, 0)
    assert prefix(exchange) == 0


@pytest.mark.parametrize("long_prefix", [-PREFIX_BOUND, PREFIX_BOUND - 1])
def test_prefix_when_at_its_bound_then_packed(long_prefix: int) -> None:
    state = UnderlyingState(1, long_prefix=long_prefix)
    assert UnderlyingState.from_words(state.words()) == state
    market = Market(0, funding_sum_x16=-(2**55), funding_carry=2**19 - 1, funding_hour=2**27 - 1)
    assert Market.from_words(market.words()) == market
