"""Batches for `forging_batches.py` in which hopeless accounts are taken over, and pools pass on."""

from collections.abc import Iterator

from novation.protocol.constants import (
    INSURANCE_ACCOUNT_ID,
    POSITION_BOUND,
    TAKE_OVER_AFTER_MS,
)
from novation.protocol.events import LegTaken, PoolShared, TakenOver
from novation.protocol.sealing import SealedBatch
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, ONE_HOUR_MS, SELL, Exchange, Side

FUND = INSURANCE_ACCOUNT_ID
RICH_QUANTA = 10**7 * ONE_DOLLAR
# In market 1, of 11 quanta a lot and tick: a little less than 100 USD are the initial margin of.
LOTS = 160_000


def trade(
    exchange: Exchange, account_id: int, side: Side, lots: int, price: int, market_id: int = 1
) -> None:
    """Let an account trade with one of two that are rich: 3 sells, 7 buys."""
    maker_id = 3 if side is BUY else 7
    exchange.place(maker_id, side.other, lots, price, market_id=market_id)
    exchange.place(account_id, side, lots, price, market_id=market_id)


def takeovers() -> Iterator[SealedBatch]:
    """Pools take, pass on and end; insurance pays, takes positions, or fails itself."""
    yield from _debts()
    yield from _shares()
    yield from _deficit()
    yield from _insurance_takes()
    yield from _no_insurance()


def _exchange(fund_quanta: int, *, users: tuple[int, ...] = (2, 4, 5, 6)) -> Exchange:
    exchange = Exchange(parameters(3))
    exchange.fund(3, 7, amount_quanta=RICH_QUANTA)
    exchange.fund(*users, amount_quanta=100 * ONE_DOLLAR)
    if fund_quanta:
        exchange.fund(FUND, amount_quanta=fund_quanta)
    return exchange


def _debts() -> Iterator[SealedBatch]:
    """Debts of several legs: by their losses, within a budget, the rest through the pools."""
    exchange = _exchange(50 * ONE_DOLLAR)
    exchange.fund(5, amount_quanta=100 * ONE_DOLLAR)
    for account_id in (2, 4):
        trade(exchange, account_id, BUY, LOTS, 1000)
        exchange.place(5, BUY, 2, 1000, market_id=2)
        exchange.place(account_id, SELL, 2, 1000, market_id=2)
    exchange.place(2, SELL, 1, 1060, market_id=0)
    exchange.place(2, SELL, 1, 1060, market_id=2)
    trade(exchange, 5, SELL, 2 * LOTS, 1000)
    trade(exchange, 5, BUY, 3, 1000, 0)
    trade(exchange, 6, BUY, 7, 1000)
    exchange.seal()
    # The fund may pay nothing while it fails, and gives a market a budget once a day.
    exchange.jump(990, 900, 1000)
    first = exchange.take_over(2)
    assert [e.insured_quanta > 0 for e in first.events if isinstance(e, LegTaken)] == [True, False]
    exchange.take_over(4)
    assert exchange.state.underlyings[1].pool_lots == 2 * LOTS
    yield exchange.seal()
    # What the pools gain is the other side's, and what they lose.
    exchange.jump(990, 910, 1000)
    exchange.jump(1010, 1400, 1000)
    exchange.take_over(5)
    assert not any(u.pool_lots for u in exchange.state.underlyings[1:])
    yield exchange.seal()
    exchange.settle()
    exchange.end_minute()
    exchange.time_ms += ONE_HOUR_MS
    exchange.tick()
    exchange.refresh_prices()
    yield exchange.seal()


def _shares() -> Iterator[SealedBatch]:
    """A pool that is short, one that is flat again, and one whose other side has no room."""
    exchange = _exchange(0)
    trade(exchange, 2, SELL, LOTS, 1000)
    trade(exchange, 4, BUY, LOTS, 1000)
    trade(exchange, 5, BUY, 1000, 1000)
    exchange.seal()
    exchange.set_price(1000, 1100, 1000)
    exchange.take_over(2)
    for _ in range(2):
        exchange.end_minute()
    # Longs get what the pool gains. Then they are fewer, and each would be charged more than that.
    exchange.set_price(1000, 1090, 1000)
    exchange.place(3, BUY, LOTS - 1, 1090, market_id=1)
    exchange.place(4, SELL, LOTS - 1, 1090, market_id=1)
    (shared,) = [e for e in exchange.set_price(1000, 1100).events if isinstance(e, PoolShared)]
    assert shared.recorded_quanta > 0
    exchange.time_ms += ONE_HOUR_MS
    exchange.tick()
    exchange.refresh_prices()
    yield exchange.seal()


def _deficit() -> Iterator[SealedBatch]:
    """Nobody gained what an account lost; withdrawals are paid in part, and income makes it up."""
    exchange = _exchange(0)
    trade(exchange, 2, BUY, LOTS, 1000)
    trade(exchange, 5, BUY, LOTS, 1000)
    exchange.set_price(1000, 970, 1000)
    exchange.set_price(1000, 930, 1000)
    for _ in range(2):
        exchange.end_minute()
    taken = exchange.take_over(2)
    assert exchange.state.globals.recorded_deficit_quanta > 0, taken.events
    exchange.withdraw(3, 1_000_001)
    exchange.withdraw(4, 3)
    yield exchange.seal()
    # Short and failing: a liquidation brings insurance something.
    trade(exchange, 6, SELL, 160_000, 930)
    exchange.set_price(1000, 975, 1000)
    exchange.place(3, SELL, 160_000, 976, market_id=1)
    exchange.liquidate(6, 1)
    yield exchange.seal()


def _insurance_takes() -> Iterator[SealedBatch]:
    """The fund takes long and short positions, into empty slots and into what it has."""
    exchange = _exchange(10**5 * ONE_DOLLAR)
    trade(exchange, 2, BUY, 1, 1000, 0)
    trade(exchange, 2, BUY, LOTS, 1000)
    trade(exchange, 2, SELL, 2, 1000, 2)
    trade(exchange, 4, SELL, LOTS, 1000)
    trade(exchange, 5, BUY, LOTS, 1000)
    exchange.place(5, SELL, 1, 1060, market_id=1)
    exchange.place(FUND, BUY, 3, 950, market_id=1)
    exchange.seal()
    # Between two thirds and all of the requirement only who has failed for long is hopeless.
    exchange.set_price(1000, 972, 1000)
    exchange.set_auction(5)
    exchange.jump(1000, 962, 1000)
    taken = exchange.take_over(2)
    assert any(isinstance(e, TakenOver) and e.by_insurance for e in taken.events)
    exchange.jump(1000, 972, 1000)
    exchange.wait(TAKE_OVER_AFTER_MS)
    exchange.take_over(5)
    exchange.set_price(1000, 1038, 1000)
    exchange.take_over(4)
    yield exchange.seal()


def _no_insurance() -> Iterator[SealedBatch]:
    """The fund cannot take more: by its margin, by the size of a position; and fails itself."""
    exchange = _exchange(100 * ONE_DOLLAR)
    trade(exchange, 2, BUY, LOTS, 1000)
    trade(exchange, FUND, BUY, LOTS, 1000)
    exchange.seal()
    exchange.jump(1000, 962, 1000)
    exchange.take_over(2)
    exchange.jump(1000, 940, 1000)
    exchange.take_over(FUND)
    assert any(isinstance(e, PoolShared) for e in exchange.jump(1000, 900, 1000).events)
    yield exchange.seal()
    exchange = _exchange(RICH_QUANTA)
    exchange.jump(1, 1, 1)
    exchange.settle_gains()
    for _ in range(16):
        trade(exchange, FUND, BUY, 2**32 - 1, 1)
    exchange.place(FUND, BUY, POSITION_BOUND - 16 * (2**32 - 1) - 2, 1, market_id=1)
    exchange.place(7, SELL, 150_000_000, 1, market_id=1)
    exchange.place(2, BUY, 150_000_000, 1, market_id=1)
    exchange.seal()
    exchange.set_price_x16(1 << 16, 62_800, 1 << 16)
    exchange.take_over(2)
    yield exchange.seal()
