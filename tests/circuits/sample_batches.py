"""Batches for `forging_batches.py`: of samples, of who may reduce, of transfers, of interest."""

from collections.abc import Iterator
from dataclasses import replace

from novation.protocol.constants import (
    HOUR_MS,
    MAX_MISSED_SAMPLES,
    MAX_ORDERS_PER_SAMPLE,
)
from novation.protocol.events import CancelReason, OrderCancelled, OrderFilled
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import TimeInForce
from novation.protocol.sealing import SealedBatch
from tests.support.builders import l1_address, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange, exchange_with
from tests.support.poor_accounts import LOTS, MARK_TICKS, POOR, STRANGER, holding

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
    assert exchange.state.underlyings[1].long_prefix < 0
    yield exchange.seal()
    yield _close(exchange)
    # A premium far above its limit, where the index stays.
    exchange = exchange_with({}, parameters(1), underlyings=(replace(old[1], premium_x16=1 << 30),))
    exchange.set_price(1000)
    exchange.refresh_prices()
    yield exchange.seal()


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


def poor_accounts() -> Iterator[SealedBatch]:
    """Who has next to nothing reduces, and pays what it can; who owes something may not."""
    exchange, some = holding(1_000), LOTS // 10
    for ticks in (-1, 0, 1):
        exchange.place(POOR, SELL, some, MARK_TICKS + ticks, reduce_only=True)
    met = exchange.place(STRANGER, BUY, 3 * some, MARK_TICKS + 1)
    assert [type(event) for event in met.events[1:]] == [OrderCancelled, OrderFilled, OrderFilled]
    # A lot has a quantum, and at a better price enough for all of the fee.
    fees = [event.maker_fee_quanta for event in met.events if isinstance(event, OrderFilled)]
    assert fees == [some, (MARK_TICKS + 1) * some * 10 * 200 // 10**6 + 1]
    sold = exchange.place(POOR, SELL, some, MARK_TICKS)
    assert [type(event) for event in sold.events[1:]] == [OrderFilled]
    for price in (MARK_TICKS, MARK_TICKS):
        exchange.place(STRANGER, BUY, some // 2, price)
    sold = exchange.place(POOR, SELL, some, MARK_TICKS, time_in_force=TimeInForce.IOC)
    fees = [event.taker_fee_quanta for event in sold.events if isinstance(event, OrderFilled)]
    assert 0 < fees[1] < fees[0] == some // 2 * MARK_TICKS * 10 * 500 // 10**6
    # Its orders of before are met when it owes something.
    exchange.place(POOR, SELL, some, MARK_TICKS, reduce_only=True)
    exchange.set_price(MARK_TICKS - 1)
    met = exchange.place(STRANGER, BUY, some, MARK_TICKS, time_in_force=TimeInForce.IOC)
    assert isinstance(met.events[1], OrderCancelled)
    assert met.events[1].reason is CancelReason.MARGIN
    yield exchange.seal()


def transfers() -> Iterator[SealedBatch]:
    """USD and other assets between accounts of one owner, to and from who has some already."""
    exchange = Exchange()
    exchange.fund(2, 4, amount_quanta=10**9)
    for account_id, asset_id in ((3, 0), (2, 1), (2, 5), (3, 5)):
        deposit = exchange.deposit(account_id, 90, asset_id)
        exchange.apply(replace(deposit, l1_address=l1_address(2)))
    exchange.place(4, SELL, 9, 1000)
    exchange.place(2, BUY, 9, 1000)
    exchange.seal()
    exchange.refresh_prices()
    exchange.transfer(2, 3, 1_000)
    exchange.transfer(3, 2, 1_090)
    exchange.transfer(2, 3, 90, 1)
    exchange.transfer(3, 2, 7, 5)
    exchange.transfer(2, 3, 97, 5)
    # What was taken and given in this batch, and a position beside it.
    exchange.place(2, SELL, 1, 1010)
    yield exchange.seal()


def open_interest() -> Iterator[SealedBatch]:
    """What is held is worth less, as much and more than what the initial margin rises between."""
    rising = [underlying(symbol=f"M{i}", interest_upper_kusd=10) for i in range(2)]
    rising.append(underlying(symbol="M2", interest_lower_kusd=1, interest_upper_kusd=3))
    exchange = Exchange(replace(parameters(3), underlyings=tuple(rising)))
    exchange.fund(2, 3, amount_quanta=10**12)
    for market_id, lots in ((0, 1), (1, 2_000_000), (2, 200_000)):
        exchange.place(3, SELL, lots, 1000, market_id=market_id)
        exchange.place(2, BUY, lots, 1000, market_id=market_id)
    wanted = replace(exchange.state.underlyings[2], added_margin_ppm=499_000)
    exchange.state.set_underlying(2, wanted)
    exchange.seal()
    exchange.end_minute()
    exchange.place(2, BUY, 1, 999, market_id=2)
    yield exchange.seal()
