"""Batches for `forging_batches.py` of markets that end."""

from collections.abc import Iterator

from novation.protocol.constants import (
    INSURANCE_ACCOUNT_ID,
    MINUTE_MS,
    SETTLEMENT_WINDOW_MS,
)
from novation.protocol.sealing import SealedBatch
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

HALF_HOUR = SETTLEMENT_WINDOW_MS
FUND = INSURANCE_ACCOUNT_ID


def announced(*, minutes: int = 3) -> Exchange:
    """Return an exchange whose first market ends in so many minutes; 3 is long 7 lots, 2 short."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 7, 1000)
    exchange.place(3, BUY, 4, 1000)
    exchange.place(4, BUY, 3, 1000)
    exchange.place(3, BUY, 1, 900)
    exchange.place_stop(3, SELL, 1, 950, price_ticks=900)
    exchange.end_market(0, exchange.state.globals.next_tick_ms + minutes * MINUTE_MS)
    return exchange


def endings() -> Iterator[SealedBatch]:
    """An end is announced, the index averaged, the market settled, and every position in it."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3, amount_quanta=100 * ONE_DOLLAR)
    exchange.end_market(1, exchange.time_ms + 40 * MINUTE_MS)
    exchange.end_minute()
    yield exchange.seal()
    exchange = announced()
    exchange.seal()
    exchange.set_limits(0, interest_cap_lots=100)
    for price_ticks in (1001, 1003, 1004):
        exchange.jump(price_ticks, 1000)
        exchange.end_minute()
    yield exchange.seal()
    exchange.end_minute()
    exchange.jump(900, 1000)
    exchange.settle()
    yield exchange.seal()
    exchange.settle_position(3)
    exchange.settle_position(2)
    exchange.jump(950, 1001)
    exchange.settle_position(4)
    yield exchange.seal()
