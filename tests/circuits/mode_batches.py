"""Batches for `forging_batches.py` of markets that are not active."""

from collections.abc import Iterator
from dataclasses import replace

from novation.protocol.constants import MODE_HALTED, MODE_POST_ONLY, MODE_REDUCE_ONLY
from novation.protocol.orders import TimeInForce
from novation.protocol.sealing import SealedBatch
from tests.support.builders import parameters
from tests.support.exchange import BUY, SELL, Exchange


def modes() -> Iterator[SealedBatch]:
    """Each mode, and what it leaves."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 10, 1000)
    exchange.place(3, BUY, 10, 1000)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, modes=MODE_POST_ONLY))
    exchange.place(4, BUY, 1, 990, time_in_force=TimeInForce.POST_ONLY)
    exchange.refresh_prices()
    exchange.place(4, BUY, 1, 991, time_in_force=TimeInForce.POST_ONLY_SLIDE)
    exchange.set_underlying(0, replace(terms, modes=MODE_REDUCE_ONLY))
    exchange.place(3, SELL, 1, 990, reduce_only=True)
    exchange.set_underlying(0, replace(terms, modes=MODE_HALTED))
    exchange.cancel_all(4)
    exchange.place(4, BUY, 1, 1000, market_id=1)
    yield exchange.seal()
