"""Batches of ticks for `forging_batches.py`: samples that count, and what keeps one from it."""

from collections.abc import Iterator
from dataclasses import replace

from novation.protocol.constants import (
    HOUR_MS,
    MAX_MISSED_SAMPLES,
    MAX_ORDERS_PER_SAMPLE,
)
from novation.protocol.markets import UnderlyingState
from novation.protocol.sealing import SealedBatch
from tests.support.builders import parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

# 10,000 USD at 1000 ticks of market 0, and a bit.
ENOUGH_LOTS = 1_100_000


def samples() -> Iterator[SealedBatch]:
    """Ticks of two markets, and of an underlying that has none."""
    old = (
        UnderlyingState(is_listed=True, premium_x16=-7 << 16),
        UnderlyingState(is_listed=True, missed_samples=MAX_MISSED_SAMPLES, premium_x16=-1 << 30),
    )
    exchange = exchange_with({}, parameters(2), underlyings=old)
    exchange.set_underlying(2, underlying(symbol="NEW"))
    exchange.set_price(1000)
    exchange.fund(2, 3, 4)
    _quote_with_phantoms(exchange)
    exchange.seal()
    exchange.end_minute()
    # Market 1 has no ask: one sample too many has failed.
    missed = [state.missed_samples for state in exchange.state.underlyings]
    assert missed == [0, MAX_MISSED_SAMPLES + 1, 0]
    yield exchange.seal()
    for account_id in (2, 3):
        exchange.cancel_all(account_id)
    exchange.place(2, BUY, ENOUGH_LOTS, 950)
    exchange.place(3, SELL, ENOUGH_LOTS, 960)
    for _ in range(MAX_ORDERS_PER_SAMPLE):
        exchange.place(3, BUY, 1, 990, market_id=1)
    exchange.seal()
    exchange.end_minute()
    assert exchange.state.underlyings[0].missed_samples == 0
    # Prices are stale when the hour is over; the longs of market 1 get something.
    exchange.time_ms += HOUR_MS
    exchange.tick()
    assert exchange.state.underlyings[0].missed_samples == 1
    assert exchange.state.underlyings[1].funding_prefix < 0
    yield exchange.seal()
    yield _close(exchange)


def _close(exchange: Exchange) -> SealedBatch:
    """Close the positions: what they got and paid is in the balances."""
    exchange.refresh_prices()
    exchange.time_ms = exchange.state.globals.post_only_until_ms
    exchange.refresh_prices()
    exchange.place(3, BUY, 1_000, 1000)
    exchange.place(2, SELL, 1_000, 1000)
    return exchange.seal()


def _quote_with_phantoms(exchange: Exchange) -> None:
    """Quote market 0; before the bid are orders that nobody can trade with."""
    exchange.place(3, SELL, 1_000, 1000)
    exchange.place(2, BUY, 1_000, 1000)
    soon_ms = exchange.time_ms + 10
    exchange.place(3, BUY, 1, 1006, reduce_only=True)
    exchange.place(4, BUY, ENOUGH_LOTS, 1005)
    exchange.set_cancel_timer(4, soon_ms)
    exchange.place(2, BUY, 1, 1004, max_fee_ppm=500)
    exchange.place(2, BUY, 1, 1003, expiry_time_ms=soon_ms)
    exchange.place(3, BUY, ENOUGH_LOTS // 2, 1002)
    exchange.place(2, BUY, ENOUGH_LOTS // 2, 1001)
    exchange.place(2, SELL, ENOUGH_LOTS, 1040)
    # Of the other one nobody sells.
    exchange.place(2, BUY, ENOUGH_LOTS, 980, market_id=1)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, maker_fee_ppm=501))
