"""Batches for `forging_batches.py` in which assets come and go under a guard."""

from collections.abc import Iterator

from novation.protocol.sealing import SealedBatch
from tests.support.exchange import Exchange

HELD = 10**6


def outflows() -> Iterator[SealedBatch]:
    """Assets of each word come and go; what has left is forgotten and made up for."""
    exchange = Exchange()
    for asset_id in range(8):
        exchange.fund(2)
        exchange.apply(exchange.deposit(2, HELD, asset_id))
    exchange.set_outflow_share(200_000)
    exchange.seal()
    exchange.time_ms += 1
    for asset_id in (0, 1, 2, 4, 7):
        exchange.withdraw(2, HELD // 10, asset_id)
    yield exchange.seal()
    # A part is forgotten; USD comes back in part, asset 2 more than had left; asset 3 begins.
    exchange.time_ms += 60_000
    exchange.apply(exchange.deposit(2, HELD // 20, 0))
    exchange.apply(exchange.deposit(2, HELD, 2))
    exchange.withdraw(2, 7, 3)
    exchange.withdraw(2, 7, 1)
    yield exchange.seal()
