"""Batches in which reports are far or absent, and a market has no price."""

from collections.abc import Iterator

from novation.protocol.sealing import SealedBatch
from tests.support.builders import oracle_report, oracle_update
from tests.support.exchange import BUY, SELL, Exchange


def far_reports() -> Iterator[SealedBatch]:
    """Of each price a report is far from the median, on either side of it or on none."""
    exchange = Exchange(price_ticks=0)
    exchange.time_ms += 1
    reports = [
        oracle_report(exchange.config, index, exchange.time_ms, prices_x16)
        for index, prices_x16 in enumerate(((1000, 100), (1000, 99), (10, 150)))
    ]
    exchange.apply(oracle_update(tuple(reports)))
    yield exchange.seal()


def silent_markets() -> Iterator[SealedBatch]:
    """A market loses its price, over a tick and a batch's end; some of its reports are absent."""
    exchange = Exchange()
    exchange.fund(2, 3)
    exchange.place(2, SELL, 300, 1000, market_id=0)
    exchange.place(3, BUY, 200, 1000, market_id=0)
    exchange.silence(0)
    exchange.time_ms = exchange.state.globals.next_tick_ms - 1
    exchange.silence(0)
    exchange.time_ms += 1
    exchange.tick()
    yield exchange.seal()
    exchange.time_ms += 1
    reports = [
        oracle_report(exchange.config, index, exchange.time_ms, prices_x16)
        for index, prices_x16 in enumerate(((1000 << 16, 0), (0, 0), (1001 << 16, 1 << 16)))
    ]
    exchange.apply(oracle_update(tuple(reports)))
    exchange.place(3, BUY, 100, 1000, market_id=0)
    yield exchange.seal()
