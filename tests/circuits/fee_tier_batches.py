"""Batches about what accounts have paid of fees, and what goes back to them."""

from collections.abc import Iterator

from novation.protocol.constants import DAY_MS
from novation.protocol.fee_tiers import FeeSchedule, FeeTier
from novation.protocol.orders import TimeInForce
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import ParameterKind, SetParameter
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

PRICE_TICKS = 1000
# Worth 10,000 USD at that price: takers pay 5 USD of it, makers 2 USD.
LOTS = 1_000_000
SCHEDULE = FeeSchedule.of(FeeTier(4, 100), FeeTier(5, 333), FeeTier(5, 400), insurance_permille=250)


def funded(schedule: FeeSchedule = SCHEDULE) -> Exchange:
    """Return an exchange with funded accounts 2 to 5, behind a batch that set the tiers."""
    exchange = Exchange()
    exchange.fund(2, 3, 4, 5, amount_quanta=1_000_000 * ONE_DOLLAR)
    set_schedule(exchange, schedule)
    exchange.seal()
    return exchange


def set_schedule(exchange: Exchange, schedule: FeeSchedule = SCHEDULE) -> None:
    """Let L1's owner set the tiers, which hold from the next batch on."""
    exchange.apply(SetParameter(ParameterKind.FEE_SCHEDULE, 0, schedule.word()))


def next_day(exchange: Exchange, days: int = 1) -> None:
    """Let days pass in which nothing happens, and open the book again behind the gap."""
    exchange.time_ms += days * DAY_MS
    exchange.refresh_prices()
    exchange.time_ms = exchange.state.globals.post_only_until_ms
    exchange.refresh_prices()


def trade(exchange: Exchange, maker_id: int, taker_id: int, lots: int = LOTS) -> None:
    """Let one account sell to another."""
    exchange.place(maker_id, SELL, lots, PRICE_TICKS)
    exchange.place(taker_id, BUY, lots, PRICE_TICKS)


def fees_paid() -> Iterator[SealedBatch]:
    """Trades of accounts without a tier, with one, on the same day, later and too late."""
    exchange = funded()
    set_schedule(exchange)
    trade(exchange, 2, 3)
    yield exchange.seal()
    trade(exchange, 2, 3)
    trade(exchange, 3, 4)
    yield exchange.seal()
    next_day(exchange)
    exchange.seal()
    trade(exchange, 3, 2)
    trade(exchange, 4, 3)
    yield exchange.seal()
    next_day(exchange, 31)
    exchange.seal()
    exchange.refresh_prices()
    trade(exchange, 2, 3)
    yield exchange.seal()


REBATES = FeeSchedule.of(FeeTier(0, 400), rebates=True)


def poor_taker(schedule: FeeSchedule = REBATES) -> Exchange:
    """Return an exchange in which 6 has too little left for its fee, and 3 bids for its lots."""
    exchange = funded(schedule)
    exchange.fund(6, amount_quanta=100 * ONE_DOLLAR)
    trade(exchange, 2, 6, 180_000)
    exchange.set_price(945)
    exchange.seal()
    exchange.refresh_prices()
    exchange.place(3, BUY, 90_000, 945)
    return exchange


def rebates() -> Iterator[SealedBatch]:
    """Orders that pay in full, by a margin or just so, and one that does not."""
    exchange = poor_taker()
    exchange.place(6, SELL, 90_000, 945, time_in_force=TimeInForce.IOC)
    yield exchange.seal()
    trade(exchange, 2, 3, 7)
    exchange.place(2, SELL, 5, PRICE_TICKS)
    exchange.place(3, BUY, 9, PRICE_TICKS)
    yield exchange.seal()
