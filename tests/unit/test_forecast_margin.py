"""The margin of new risk follows forecast volatility; what is held and what rests does not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novation.protocol.constants import (
    FORECAST_FALL_PPM,
    FORECAST_MEMORY_MS,
    FORECAST_RISE_PPM,
    FORECAST_SMALL_RISE_PPM,
    MINUTE_MS,
    RETURN_LIMIT_PPM,
    VARIANCE_BOUND,
)
from novation.protocol.errors import DecodeError, ErrorCode, ResultCode
from novation.protocol.events import OrderFilled
from novation.protocol.forecast_margin import (
    Forecast,
    followed_forecast_ppm,
    next_variance_ppm2,
    return_ppm,
)
from novation.protocol.markets import Market
from novation.protocol.orders import TimeInForce
from novation.protocol.parameters import Underlying
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

# 5 % are eight deviations of an hour of 104 ppm in a second.
TERMS = underlying(margin_deviations=8)
INITIAL_PPM = TERMS.initial_margin_ppm
STORM = 400**2


def test_return_when_not_whole_then_rounded_down_and_at_most_a_tenth() -> None:
    assert return_ppm(30 << 16, 31 << 16) == 33_333
    assert return_ppm(30 << 16, 29 << 16) == -33_334
    assert return_ppm(1, 2**48 - 1) == RETURN_LIMIT_PPM
    assert return_ppm(2**48 - 1, 1) == -RETURN_LIMIT_PPM


def test_variance_when_returns_stay_the_same_then_theirs_of_one_second() -> None:
    variance = 0
    for _ in range(500):
        variance = next_variance_ppm2(variance, -6_000, MINUTE_MS)
    assert variance == pytest.approx(6_000**2 / 60, rel=1e-4)


def test_variance_when_prices_come_back_after_a_gap_then_only_that_return_for_all_of_it() -> None:
    for elapsed_ms in (FORECAST_MEMORY_MS, 2 * FORECAST_MEMORY_MS):
        after = next_variance_ppm2(10**6, 6_000, elapsed_ms)
        assert after == 6_000**2 * 1_000 // elapsed_ms


def test_forecast_when_it_begins_then_knows_nothing() -> None:
    begun = Forecast().after(1000 << 16, 7)
    assert begun == Forecast(0, 1000 << 16, 7)
    assert begun.after(1010 << 16, 60_007).variance_ppm2 == 10_000**2 // 600


@pytest.mark.parametrize(
    ("before_ppm", "variance", "after_ppm"),
    [
        (0, 0, 0),
        # Asks for less than there is, by any amount: a little off, to nothing.
        (300, 0, 300 - FORECAST_FALL_PPM),
        (69, 0, 0),
        (10_000, 124**2, 10_000 - FORECAST_FALL_PPM),
        # 60,000 ppm are eight deviations of an hour of 125.
        (10_000, 125**2, 10_000),
        (0, 125**2, FORECAST_RISE_PPM),
        (1, 125**2, 1 + FORECAST_SMALL_RISE_PPM),
        (7_500, 125**2, 7_500 + FORECAST_SMALL_RISE_PPM),
        (7_501, 125**2, 7_501),
        # Three times the terms' margin is the most, also when the terms' were more before.
        (90_000, VARIANCE_BOUND - 1, 100_000),
        (97_501, VARIANCE_BOUND - 1, 97_501),
        (100_000, VARIANCE_BOUND - 1, 100_000),
        (100_001, VARIANCE_BOUND - 1, 100_001 - FORECAST_FALL_PPM),
    ],
)
def test_margin_when_it_follows_then_a_step_up_or_a_small_one_down(
    before_ppm: int, variance: int, after_ppm: int
) -> None:
    assert followed_forecast_ppm(before_ppm, variance, TERMS) == after_ppm


@given(
    st.lists(st.tuples(st.integers(1, 2**48 - 1), st.integers(1, 10**9))),
    st.integers(0, VARIANCE_BOUND - 1),
    st.integers(1, 2**20 - 1),
    st.integers(1, 15),
)
def test_forecast_when_anything_comes_then_within_its_bounds(
    samples: list[tuple[int, int]], variance: int, initial_ppm: int, deviations: int
) -> None:
    terms = replace(
        TERMS,
        initial_margin_ppm=initial_ppm,
        maintenance_margin_ppm=1,
        margin_deviations=deviations,
    )
    forecast, margin_ppm = Forecast(variance, 1000 << 16, 0), 0
    for price_x16, elapsed_ms in samples:
        forecast = forecast.after(price_x16, forecast.sampled_ms + elapsed_ms)
        margin_ppm = followed_forecast_ppm(margin_ppm, forecast.variance_ppm2, terms)
        assert 0 <= forecast.variance_ppm2 < VARIANCE_BOUND
        assert 0 <= margin_ppm <= 2 * initial_ppm


def stormy(forecast_ppm: int = 50_000) -> Exchange:
    """Return an exchange whose first market is in a storm, and three rich accounts."""
    exchange = Exchange(parameters(2).with_underlying(0, TERMS), sign=False)
    exchange.fund(2, 3, 4, amount_quanta=1_000 * ONE_DOLLAR)
    state = exchange.state
    state.open_market(0)
    state.set_market(0, replace(state.market(0), variance_ppm2=STORM))
    state.set_underlying(0, replace(state.underlyings[0], forecast_margin_ppm=forecast_ppm))
    exchange.seal()
    return exchange


def test_tick_when_prices_move_then_sampled_and_followed() -> None:
    exchange = Exchange(parameters(2).with_underlying(0, TERMS), sign=False)
    exchange.end_minute()
    first_ms = exchange.time_ms
    assert Forecast.of(exchange.state.market(0)) == Forecast(0, 1000 << 16, first_ms)
    exchange.set_price(985)
    exchange.settle()
    exchange.end_minute()
    after = exchange.state.market(0)
    assert Forecast.of(after) == Forecast(15_000**2 // 600, 985 << 16, first_ms + MINUTE_MS)
    assert exchange.state.underlyings[0].forecast_margin_ppm == FORECAST_RISE_PPM
    # The other market does not follow.
    assert Forecast.of(exchange.state.market(1)) == Forecast()
    assert exchange.state.underlyings[1].forecast_margin_ppm == 0
    exchange.seal()


def test_tick_when_prices_are_old_then_nothing_moves_and_time_counts_later() -> None:
    exchange = stormy()
    exchange.end_minute()
    before, prices = exchange.state.market(0), exchange.state.underlyings[0]
    exchange.time_ms += 3 * MINUTE_MS
    exchange.tick()
    assert Forecast.of(exchange.state.market(0)) == Forecast.of(before)
    assert exchange.state.underlyings[0].forecast_margin_ppm == prices.forecast_margin_ppm
    assert exchange.state.market(0).sampled_ms < exchange.time_ms - 2 * MINUTE_MS


def test_tick_when_the_terms_ask_for_no_deviation_then_off_at_once() -> None:
    exchange = stormy()
    exchange.set_underlying(0, replace(TERMS, margin_deviations=0))
    assert exchange.state.underlyings[0].forecast_margin_ppm == 50_000
    exchange.end_minute()
    assert exchange.state.underlyings[0].forecast_margin_ppm == 0
    assert Forecast.of(exchange.state.market(0)) == Forecast()


def test_new_risk_when_a_storm_is_forecast_then_needs_more_and_nobody_fails() -> None:
    exchange = stormy()
    # 10,000 USD at 10 %, before 20,000.
    assert exchange.refuse(exchange.order(2, BUY, 1_000_001, 999)) is (
        ErrorCode.INSUFFICIENT_MARGIN
    )
    assert exchange.place(2, BUY, 1_000_000, 999).result_code is ResultCode.RESTING
    assert exchange.place(3, BUY, 1_000_000, 999, market_id=1).result_code is ResultCode.RESTING
    margin = exchange.margin(2)
    assert margin.forecast_x16_ppm == margin.initial_x16_ppm
    assert margin.maintenance_x16_ppm == 0
    exchange.seal()


def test_order_when_it_rested_before_the_storm_then_it_is_filled_and_its_account_reduces() -> None:
    exchange = stormy(0)
    exchange.place(2, BUY, 1_900_000, 1000)
    prices = exchange.state.underlyings[0]
    exchange.state.set_underlying(0, replace(prices, forecast_margin_ppm=100_000))
    filled = exchange.place(3, SELL, 500_000, 1000)
    assert isinstance(filled.events[1], OrderFilled)
    assert exchange.size(2) == 500_000
    margin = exchange.margin(2)
    assert margin.meets_initial
    assert not margin.meets_opening
    assert exchange.refuse(exchange.order(2, BUY, 1, 1000)) is ErrorCode.INSUFFICIENT_MARGIN
    assert exchange.refuse(exchange.withdrawal(2, 1)) is ErrorCode.INSUFFICIENT_MARGIN
    # What reduces needs no more than the initial margin, and pays its whole fee.
    exchange.place(4, BUY, 1_000, 990)
    exchange.cancel_all(2)
    sold = exchange.place(2, SELL, 1_000, 990, time_in_force=TimeInForce.IOC, reduce_only=True)
    assert isinstance(sold.events[1], OrderFilled)
    assert sold.events[1].taker_fee_quanta == 1_000 * 990 * 10 * 500 // 10**6
    exchange.seal()


def test_liquidation_when_a_storm_is_forecast_then_restores_no_more_than_in_calm() -> None:
    sizes = []
    for forecast_ppm in (0, 100_000):
        exchange = stormy(0)
        exchange.place(3, SELL, 190_000, 1000)
        exchange.withdraw(2, 800 * ONE_DOLLAR)
        exchange.place(2, BUY, 190_000, 1000)
        prices = replace(exchange.state.underlyings[0], forecast_margin_ppm=forecast_ppm)
        exchange.state.set_underlying(0, prices)
        exchange.set_price(920)
        exchange.settle()
        exchange.place(4, BUY, 60_000, 920)
        exchange.liquidate(2)
        sizes.append(exchange.size(2))
        exchange.seal()
    assert sizes[0] == sizes[1]


def test_words_when_at_their_bounds_then_read_back_and_beyond_refused() -> None:
    for deviations in (0, 15):
        terms = replace(TERMS, margin_deviations=deviations)
        assert Underlying.from_word(terms.word()) == terms
        assert terms.word() < 2**251
    for deviations in (-1, 16):
        with pytest.raises(ValueError, match="deviations"):
            replace(TERMS, margin_deviations=deviations)
    market = Market(
        0, funding_hour=2**27 - 1, variance_ppm2=2**26 - 1, sampled_x16=2**48 - 1, sampled_ms=1
    )
    assert Market.from_words(market.words()) == market
    with pytest.raises(DecodeError):
        Market.from_words((*market.words()[:2], 1 << 224))
