"""Batches for `forging_batches.py`: forecasts of volatility, and the margin that follows them."""

from collections.abc import Iterator
from dataclasses import replace

from novation.protocol.constants import (
    FORECAST_FALL_PPM,
    FORECAST_MEMORY_MS,
    FORECAST_RISE_PPM,
    FORECAST_SMALL_RISE_PPM,
    MINUTE_MS,
    VARIANCE_BOUND,
)
from novation.protocol.events import OrderFilled
from novation.protocol.forecast_margin import Forecast
from novation.protocol.orders import TimeInForce
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

CALM, STORM = 17_600, VARIANCE_BOUND - 1


def following(n_markets: int) -> Exchange:
    """Return an exchange in which margin is for eight deviations of an hour."""
    first = parameters(n_markets)
    terms = (replace(item, margin_deviations=8) for item in first.underlyings)
    return Exchange(replace(first, underlyings=tuple(terms)))


def forecasts() -> Iterator[SealedBatch]:
    """The first sample; up, as it was, and down; returns beyond the limit, after a gap; none."""
    exchange = following(8)
    state, now_ms = exchange.state, exchange.time_ms
    for market_id, sampled_x16, age_ms, variance, forecast_ppm in (
        (1, 1000 << 16, 0, STORM, 0),
        (2, 1000 << 16, 0, CALM, 10_000),
        (3, 999 << 16, 0, 0, FORECAST_FALL_PPM + 1),
        (4, 1, FORECAST_MEMORY_MS, STORM, 98_000),
        (5, 2**48 - 1, 0, 0, 99),
        (6, 1000 << 16, 0, STORM, 50_000),
        (7, 1000 << 16, 0, STORM, 97_400),
    ):
        know(state, market_id, Forecast(variance, sampled_x16, now_ms - age_ms), forecast_ppm)
    exchange.set_underlying(6, replace(state.parameters.underlyings[6], margin_deviations=0))
    exchange.seal()
    exchange.end_minute()
    added = [prices.forecast_margin_ppm for prices in state.underlyings]
    assert added == [
        0,
        FORECAST_RISE_PPM,
        10_000,
        1,
        98_000,
        FORECAST_RISE_PPM + 99,
        0,
        97_400 + FORECAST_SMALL_RISE_PPM,
    ]
    assert state.market(5).variance_ppm2 == 10**10 // (FORECAST_MEMORY_MS // 1_000)
    yield exchange.seal()
    # Prices are too old for a sample.
    exchange.time_ms += MINUTE_MS
    exchange.tick()
    yield exchange.seal()


def know(state: State, market_id: int, forecast: Forecast, forecast_ppm: int) -> None:
    """Let a market have a forecast, and new risk in it need something for it."""
    after = replace(
        state.open_market(market_id),
        variance_ppm2=forecast.variance_ppm2,
        sampled_x16=forecast.sampled_x16,
        sampled_ms=forecast.sampled_ms,
    )
    state.set_market(market_id, after)
    prices = replace(state.underlyings[market_id], forecast_margin_ppm=forecast_ppm)
    state.set_underlying(market_id, prices)


def storms() -> Iterator[SealedBatch]:
    """Who has what was enough in calm is filled, reduces, and is liquidated as in calm."""
    exchange = following(2)
    exchange.fund(2, 3, 4, amount_quanta=1_000 * ONE_DOLLAR)
    exchange.place(2, BUY, 1_900_000, 1000)
    know(exchange.state, 0, Forecast(STORM, 1000 << 16, exchange.time_ms), 100_000)
    exchange.seal()
    filled = exchange.place(3, SELL, 600_000, 1000)
    exchange.place(4, BUY, 1_000, 999)
    exchange.cancel_all(2)
    sold = exchange.place(2, SELL, 1_000, 999, time_in_force=TimeInForce.IOC, reduce_only=True)
    assert all(isinstance(result.events[1], OrderFilled) for result in (filled, sold))
    exchange.withdraw(4, 10**6)
    yield exchange.seal()
    exchange.set_price(855)
    exchange.settle()
    exchange.place(4, BUY, 50_000, 855)
    exchange.liquidate(2)
    yield exchange.seal()
