"""Batches for `forging_batches.py` in which pools and the insurance fund unwind what they took."""

from collections.abc import Iterator

from novation.protocol.constants import INSURANCE_ACCOUNT_ID, UNWIND_EVERY_MS
from novation.protocol.events import Unwound
from novation.protocol.sealing import SealedBatch
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange, Side

FUND = INSURANCE_ACCOUNT_ID
RICH_QUANTA = 10**7 * ONE_DOLLAR
# At 1000 ticks of 11 quanta a little less than an account of 100 USD may buy.
LOTS = 160_000


def with_pool(side: Side = BUY, lots: int = LOTS, mark: int = 900) -> Exchange:
    """Return an exchange whose pool of market 1 has the lots of account 2."""
    exchange = Exchange(parameters(3))
    exchange.fund(3, 4, 7, amount_quanta=RICH_QUANTA)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR * lots // LOTS + 1)
    exchange.place(3, side.other, lots, 1000, market_id=1)
    exchange.place(2, side, lots, 1000, market_id=1)
    exchange.jump(1000, mark, 1000)
    exchange.take_over(2)
    exchange.settle()
    return exchange


def with_fund(side: Side = BUY, mark: int = 962) -> Exchange:
    """Return an exchange whose insurance fund took over the lots of account 2 in market 1."""
    exchange = Exchange(parameters(3))
    exchange.fund(3, 4, 7, amount_quanta=RICH_QUANTA)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.fund(FUND, amount_quanta=10**4 * ONE_DOLLAR)
    exchange.place(3, side.other, LOTS, 1000, market_id=1)
    exchange.place(2, side, LOTS, 1000, market_id=1)
    exchange.place(FUND, BUY, 3, 1000, market_id=0)
    exchange.place(3, SELL, 3, 1000, market_id=0)
    exchange.jump(1000, mark, 1000)
    exchange.take_over(2)
    exchange.settle()
    return exchange


def unwinding() -> Iterator[SealedBatch]:
    """Long and short pools, one that ends, and a fund that is long, short, or its own maker."""
    for side, mark in ((BUY, 900), (SELL, 1105)):
        yield from _pools(side, mark)
    yield from _end()
    for side, mark in ((BUY, 962), (SELL, 1038)):
        yield from _funds(side, mark)


def _better(side: Side, price: int, ticks: int) -> int:
    """Return a price that is so much better for who gets rid of lots of a side."""
    return price + ticks if side is BUY else price - ticks


def _pools(side: Side, mark: int) -> Iterator[SealedBatch]:
    exchange = with_pool(side, mark=mark)
    exchange.place(3, side, LOTS // 30, _better(side, mark, 2), market_id=1)
    exchange.place(4, side, LOTS, mark, market_id=1)
    exchange.place(7, side, LOTS, _better(side, mark, -1), market_id=1)
    exchange.seal()
    exchange.unwind(1)
    # What it got more is the other side's with the next prices.
    exchange.jump(1000, _better(side, mark, -1), 1000)
    yield exchange.seal()
    exchange.wait(UNWIND_EVERY_MS)
    exchange.unwind(1)
    yield exchange.seal()


def _end() -> Iterator[SealedBatch]:
    exchange = with_pool(lots=1)
    exchange.place(4, BUY, 5, 901, market_id=1)
    exchange.seal()
    result = exchange.unwind(1)
    assert any(isinstance(e, Unwound) and e.income_quanta for e in result.events)
    yield exchange.seal()


def _funds(side: Side, mark: int) -> Iterator[SealedBatch]:
    exchange = with_fund(side, mark)
    assert exchange.size(FUND, 1) != 0
    exchange.place(FUND, side, 7, _better(side, mark, 3), market_id=1)
    exchange.place(4, side, LOTS, _better(side, mark, 2), market_id=1)
    exchange.seal()
    exchange.unwind(1)
    yield exchange.seal()
    exchange.wait(UNWIND_EVERY_MS)
    exchange.unwind(1)
    yield exchange.seal()
