"""When the open batch is sealed."""

from typing import Final

from novation.protocol.constants import MAX_POSITIONS
from novation.protocol.cost import empty_batch_steps
from novation.protocol.output import HEADER_FELTS
from novation.protocol.state import State
from novation.protocol.transactions import Deposit, Transaction, Withdraw
from sequencer.config import BatchPolicy

# Felts of the public output, docs/spec/output.md.
_ACCOUNT_FELTS: Final = 2
_ORDER_FELTS: Final = 2
_OPERATION_FELTS: Final = 3
_MARKET_FELTS: Final = 3


class BatchMeter:
    """Adds up what the open batch will cost the prover and L1."""

    def __init__(self, policy: BatchPolicy, n_markets: int) -> None:
        """Start with an empty batch."""
        self._policy = policy
        self._n_markets = n_markets
        self.reset()

    def reset(self) -> None:
        """A batch was sealed; the next one is empty."""
        self.cost_steps = empty_batch_steps(self._n_markets)
        self.n_transactions = 0
        self.first_sequence = 0
        self._first_time_ms = 0
        self._transaction_felts = 0

    def add(self, sequence: int, time_ms: int, tx: Transaction, cost_steps: int) -> None:
        """Count an applied transaction."""
        if self.n_transactions == 0:
            self.first_sequence, self._first_time_ms = sequence, time_ms
        self.n_transactions += 1
        self.cost_steps += cost_steps
        if isinstance(tx, Deposit):
            self._transaction_felts += _OPERATION_FELTS
        elif isinstance(tx, Withdraw):
            self._transaction_felts += 1

    def steps_left(self) -> int | None:
        """Return the steps that the next transaction may cost, None in an empty batch.

        Whatever the first transaction costs, it must go into some batch.
        """
        if self.n_transactions == 0:
            return None
        return self._policy.max_cost_steps - self.cost_steps

    def is_full(self, state: State) -> bool:
        """Return whether the batch has reached the number of transactions or the output size."""
        return (
            self.n_transactions >= self._policy.max_transactions
            or self.output_felts(state) >= self._policy.max_output_felts
        )

    def is_old(self, now_ms: int) -> bool:
        """Return whether the first transaction has waited long enough."""
        return self.n_transactions > 0 and now_ms - self._first_time_ms >= self._policy.max_age_ms

    def output_felts(self, state: State) -> int:
        """Return an upper bound of the public output's size, in constant time."""
        batch = state.batch
        assert batch is not None
        slots_per_account = min(self._n_markets, MAX_POSITIONS)
        n_opened = len(batch.opened_orders)
        born = state.globals.next_order_id - batch.old_globals.next_order_id
        # Orders that rest now, less those from before the batch that the batch has not touched.
        resting_new = len(state.orders) - (len(state.slot_of_order) - n_opened)
        return (
            HEADER_FELTS
            + 1
            + self._n_markets * _MARKET_FELTS
            + self._transaction_felts
            + (len(batch.opened_accounts) + 1) * (_ACCOUNT_FELTS + slots_per_account)
            + (n_opened + min(born, resting_new)) * _ORDER_FELTS
        )
