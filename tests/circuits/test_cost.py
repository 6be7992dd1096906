"""The sequencer's step budget: what the protocol charges is never less than what a run costs."""

from typing import Any

import pytest

from novation.protocol.cost import empty_batch_steps
from novation.protocol.sealing import SealedBatch
from prover.runner import execute_only
from tests.support.builders import exchange_config
from tests.support.random_batches import RandomTrading


class Charged:
    """Adds up the charges of the transactions that an exchange accepts."""

    def __init__(self, trading: RandomTrading) -> None:
        self.trading = trading
        self.steps = 0
        self._apply = trading.exchange.apply
        trading.exchange.apply = self.apply  # type: ignore[method-assign]

    def apply(self, tx: Any) -> Any:
        result = self._apply(tx)
        self.steps += result.cost_steps
        return result

    def batch(self, n_transactions: int) -> tuple[SealedBatch, int]:
        self.steps = empty_batch_steps(len(self.trading.exchange.config.markets))
        sealed = self.trading.batch(n_transactions)
        return sealed, self.steps


@pytest.mark.parametrize(("seed", "n_markets"), [(1, 1), (2, 2), (3, 5), (4, 16)])
def test_charged_steps_are_an_upper_bound_of_the_run(seed: int, n_markets: int) -> None:
    charged = Charged(RandomTrading(seed, exchange_config(n_markets)))
    for n_transactions in (1, 12, 70):
        sealed, steps = charged.batch(n_transactions)
        run_steps = execute_only(sealed.witness).n_steps
        assert run_steps <= steps, f"run {run_steps}, charged {steps}"
