"""Batches for `forging_batches.py` of markets with limits."""

from collections.abc import Iterator

from novation.protocol.constants import INSURANCE_ACCOUNT_ID
from novation.protocol.orders import TimeInForce
from novation.protocol.sealing import SealedBatch
from tests.support.builders import parameters
from tests.support.exchange import BUY, SELL, Exchange

IOC = TimeInForce.IOC


def limits() -> Iterator[SealedBatch]:
    """Limits of a market in use: below them, at them, and above both."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3, 4)
    exchange.set_limits(0, interest_cap_lots=20, position_limit_lots=10)
    exchange.place(2, SELL, 10, 1000)
    exchange.place(3, BUY, 10, 1000)
    exchange.quote(4, (BUY, 10, 990), (SELL, 10, 1010))
    exchange.seal()
    exchange.refresh_prices()
    # Below what is held.
    exchange.set_limits(0, interest_cap_lots=4, position_limit_lots=2)
    exchange.place(3, SELL, 2, 990, time_in_force=IOC)
    exchange.place(2, BUY, 10, 1010, reduce_only=True, time_in_force=IOC)
    exchange.quote(4, (BUY, 2, 990), cancels_first=True)
    exchange.set_limits(0, least_lot_quanta=10_001)
    exchange.place(4, SELL, 1, 1000, market_id=1)
    exchange.cancel_all(4)
    yield exchange.seal()
    yield from _insured()


def _insured() -> Iterator[SealedBatch]:
    """A gap is insured: before the first minute, within a budget, and on the day behind."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3)
    exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=80_000)
    exchange.set_limits(0, gap_ppm=130_000, gap_budgets=1)
    exchange.set_limits(1, gap_ppm=1, gap_budgets=1)
    exchange.seal()
    exchange.end_minute()
    exchange.place(2, SELL, 20, 1000)
    exchange.place(3, BUY, 20, 1000)
    exchange.place(2, SELL, 5, 1000, market_id=1)
    exchange.place(3, BUY, 5, 1000, market_id=1)
    yield exchange.seal()
    exchange.refresh_prices()
    exchange.set_limits(0, gap_ppm=130_000, gap_budgets=0)
    exchange.place(2, BUY, 20, 1000)
    exchange.place(3, SELL, 20, 1000)
    exchange.end_minute()
    yield exchange.seal()
