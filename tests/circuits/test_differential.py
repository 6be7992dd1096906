"""The Cairo program against the Python state transition: the same output, bit for bit.

The output holds both roots, every result code of an L1 operation and every changed record; the
result code of each other transaction is asserted inside the program.
"""

import random

import pytest

from novation.protocol.markets import UnderlyingState
from novation.protocol.sealing import SealedBatch
from prover.runner import execute_only
from tests.support.builders import parameters
from tests.support.exchange import exchange_with
from tests.support.random_batches import RandomTrading
from tests.support.scenarios import every_outcome


def assert_proven(sealed: SealedBatch) -> None:
    execution = execute_only(sealed.witness)
    assert execution.output == sealed.output


@pytest.mark.parametrize("seed", range(30))
def test_random_batches_give_the_same_output(seed: int) -> None:
    trading = RandomTrading(seed)
    for _ in range(7):
        assert_proven(trading.batch(7))


@pytest.mark.parametrize("seed", range(100, 103))
def test_long_batches_give_the_same_output(seed: int) -> None:
    trading = RandomTrading(seed)
    for _ in range(3):
        assert_proven(trading.batch(60))


@pytest.mark.parametrize("seed", range(200, 212))
def test_batches_when_sides_have_paid_differently_give_the_same_output(seed: int) -> None:
    """As after a pool has passed something on to one side."""
    rng = random.Random(seed)
    underlyings = tuple(
        UnderlyingState(is_listed=True, long_prefix=rng.randrange(-700, 700), short_prefix=short)
        for short in (0, rng.randrange(-700, 700))
    )
    trading = RandomTrading(seed)
    trading.exchange = exchange_with({}, underlyings=underlyings)
    for n_transactions in (7, 7, 7, 7, 40):
        assert_proven(trading.batch(n_transactions))


@pytest.mark.parametrize("n_markets", [1, 4, 5, 6, 10, 16])
def test_batches_of_any_number_of_markets_give_the_same_output(n_markets: int) -> None:
    trading = RandomTrading(n_markets, parameters(n_markets))
    for _ in range(3):
        assert_proven(trading.batch(12))


def test_every_outcome_gives_the_same_output() -> None:
    for sealed in every_outcome():
        assert_proven(sealed)
