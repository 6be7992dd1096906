"""Batches about what accounts have traded, and the tiers of fees that this gives them."""

from collections.abc import Iterator
from dataclasses import replace

from novation.protocol.constants import DAY_MS
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import ParameterKind, SetParameter
from novation.protocol.volumes import FeeSchedule, FeeTier
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.exchange import BUY, SELL, Exchange

PRICE_TICKS = 1000
# At that price so many lots are worth a thousand USD.
KUSD_LOTS = 100_000
SCHEDULE = FeeSchedule.of(FeeTier(1, 800, 500), FeeTier(3, 300, 0), FeeTier(3, 250, 0))


def funded() -> Exchange:
    """Return an exchange with funded accounts 2 to 5; 4 and 5 have one owner."""
    exchange = Exchange()
    for account_id in (2, 3, 4, 5):
        deposit = exchange.deposit(account_id, 1_000_000 * ONE_DOLLAR)
        exchange.apply(replace(deposit, l1_address=l1_address(min(account_id, 4))))
    return exchange


def set_tiers(exchange: Exchange, schedule: FeeSchedule = SCHEDULE) -> None:
    """Let L1's owner set the tiers."""
    exchange.apply(SetParameter(ParameterKind.FEE_TIERS, 0, schedule.word()))


def next_day(exchange: Exchange, days: int = 1) -> None:
    """Let days pass in which nothing happens, and open the book again behind the gap."""
    exchange.time_ms += days * DAY_MS
    exchange.refresh_prices()
    exchange.time_ms = exchange.state.globals.post_only_until_ms
    exchange.refresh_prices()


def trade(exchange: Exchange, maker_id: int, taker_id: int, lots: int = KUSD_LOTS) -> None:
    """Let one account sell to another."""
    exchange.place(maker_id, SELL, lots, PRICE_TICKS)
    exchange.place(taker_id, BUY, lots, PRICE_TICKS)


def volumes() -> Iterator[SealedBatch]:
    """Trades of accounts without a tier, with one, that come back too late, and of one owner."""
    exchange = funded()
    exchange.seal()
    set_tiers(exchange)
    trade(exchange, 2, 3)
    next_day(exchange)
    trade(exchange, 2, 3, 3 * KUSD_LOTS)
    trade(exchange, 2, 3)
    trade(exchange, 4, 5)
    yield exchange.seal()
    next_day(exchange)
    trade(exchange, 3, 2)
    trade(exchange, 4, 3)
    trade(exchange, 4, 3)
    next_day(exchange, 30)
    trade(exchange, 2, 3)
    yield exchange.seal()
