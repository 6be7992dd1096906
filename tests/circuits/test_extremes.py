"""Batches at the edges of the numbers: wide margins, many slots, several keys, flips."""

from dataclasses import replace

from novation.protocol.constants import (
    MAX_POSITIONS,
    POSITION_BOUND,
)
from prover.runner import execute_only
from tests.support.builders import (
    ONE_DOLLAR,
    exchange_config,
    market_config,
)
from tests.support.exchange import BUY, SELL, Exchange

RICH = 2**62


def assert_proven(exchange: Exchange) -> None:
    sealed = exchange.seal()
    assert execute_only(sealed.witness).output == sealed.output


def test_eight_positions_with_the_ninth_market_left_alone() -> None:
    exchange = Exchange(exchange_config(9))
    exchange.fund(2, 3, amount_quanta=10**6 * ONE_DOLLAR)
    for market_id in (7, 0, 3, 5, 1, 6, 2, 4):
        exchange.place(2, SELL, 3 + market_id, 1000, market_id=market_id)
        exchange.place(3, BUY, 3 + market_id, 1000, market_id=market_id)
    assert len(exchange.state.account(2).positions) == MAX_POSITIONS
    assert_proven(exchange)
    # Close some, in the middle and at the ends, flip others.
    for market_id, size in ((3, 6), (0, 3), (7, 20), (5, 9)):
        exchange.place(2, BUY, size, 1000, market_id=market_id)
        exchange.place(3, SELL, size, 1000, market_id=market_id)
    exchange.set_price(1010)
    exchange.place(3, BUY, 1, 1010, market_id=8)
    assert_proven(exchange)


def test_position_at_its_bound() -> None:
    config = replace(exchange_config(1), markets=(market_config(multiplier=1),))
    exchange = Exchange(config, price_ticks=1)
    exchange.fund(2, 3, amount_quanta=RICH)
    for _ in range(15):
        exchange.place(2, SELL, 2**32 - 1, 1)
        exchange.place(3, BUY, 2**32 - 1, 1)
    exchange.place(3, BUY, POSITION_BOUND - 1 - 15 * (2**32 - 1) - 2**31, 1)
    assert_proven(exchange)


def test_batch_with_an_oracle_update_only() -> None:
    exchange = Exchange(price_ticks=0)
    exchange.set_price(1000)
    assert_proven(exchange)
    exchange.set_price(1001, 55)
    exchange.set_price(1002, 54)
    assert_proven(exchange)
