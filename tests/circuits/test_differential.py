"""The Cairo program against the Python state transition: the same output, bit for bit.

The output holds both roots, every result code of an L1 operation and every changed record; the
result code of each other transaction is asserted inside the program.
"""

import pytest

from novation.protocol.sealing import SealedBatch
from prover.runner import execute_only
from tests.support.builders import parameters
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


@pytest.mark.parametrize("n_markets", [1, 4, 5, 6, 10, 16])
def test_batches_of_any_number_of_markets_give_the_same_output(n_markets: int) -> None:
    trading = RandomTrading(n_markets, parameters(n_markets))
    for _ in range(3):
        assert_proven(trading.batch(12))


def test_every_outcome_gives_the_same_output() -> None:
    for sealed in every_outcome():
        assert_proven(sealed)
