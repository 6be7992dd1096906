"""When the open batch is sealed."""

from typing import Final

from novation.protocol.batch import TransactionResult
from novation.protocol.constants import MAX_POSITIONS, ORDER_TREE_HEIGHT
from novation.protocol.cost import empty_batch_steps
from novation.protocol.errors import OutputFull
from novation.protocol.output import (
    HEADER_FELTS,
    AccountRecord,
    OrderRecord,
    account_felts,
    order_felts,
)
from novation.protocol.state import State
from novation.protocol.transactions import Transaction
from sequencer.config import BatchPolicy
from sequencer.l1_cost import (
    L1Room,
    OutputCost,
    empty_batch_cost,
    listed_cost,
    record_cost,
    small_transaction_cost,
    transaction_cost,
)

# Felts of the public output, docs/spec/output.md.
_ACCOUNT_FELTS: Final = 2
_ORDER_FELTS: Final = 2
_MARKET_FELTS: Final = 3
_LAST_SLOT: Final = 2**ORDER_TREE_HEIGHT - 1
# A batch whose exact size comes that near to the limit is sealed: the next recount is not at once.
_RECOUNT_SHARE: Final = 16


class BatchMeter:
    """Adds up what the open batch will cost the prover and L1."""

    def __init__(self, policy: BatchPolicy, n_markets: int) -> None:
        """Start with an empty batch."""
        self._policy = policy
        self._n_markets = n_markets
        self._empty_cost = empty_batch_cost(n_markets)
        self._small_cost = small_transaction_cost(n_markets)
        self._rooms: dict[int, L1Room] = {}
        self.reset()

    def reset(self) -> None:
        """A batch was sealed; the next one is empty."""
        self.cost_steps = empty_batch_steps(self._n_markets)
        self.n_transactions = 0
        self.first_sequence = 0
        self._first_time_ms = 0
        # Operations and withdrawals, exactly; all records of the batch, from above.
        self._listed_cost = OutputCost()
        self._cost = self._empty_cost

    def add(
        self,
        sequence: int,
        time_ms: int,
        tx: Transaction,
        cost_steps: int,
        result: TransactionResult | None = None,
    ) -> None:
        """Count an applied transaction; without its result the worst one is assumed."""
        if self.n_transactions == 0:
            self.first_sequence, self._first_time_ms = sequence, time_ms
        self.n_transactions += 1
        self.cost_steps += cost_steps
        self._cost += transaction_cost(tx, result, self._n_markets)
        self._listed_cost += listed_cost(tx, result)

    def steps_left(self) -> int | None:
        """Return the steps that the next transaction may cost, None in an empty batch.

        Whatever the first transaction costs, it must go into some batch.
        """
        if self.n_transactions == 0:
            return None
        return self._policy.max_cost_steps - self.cost_steps

    def is_full(self, state: State) -> bool:
        """Return whether the batch must be sealed before the next transaction, whatever it is."""
        return (
            self.n_transactions >= self._policy.max_transactions
            or self.output_felts(state) >= self._policy.max_output_felts
            or not self._leaves_room(state)
        )

    def check_room(self, state: State, tx: Transaction, result: TransactionResult) -> None:
        """Raise OutputFull if the batch cannot settle with a transaction, as it came out.

        The first one must go into some batch; the policy has room for whatever it is.
        """
        if self.n_transactions == 0:
            return
        n_steps = self.cost_steps + result.cost_steps
        added = transaction_cost(tx, result, self._n_markets)
        listed = self._listed_cost + listed_cost(tx, result)
        if not self._fits(state, n_steps, self._cost + added, listed, OutputCost()):
            raise OutputFull(result.cost_steps, 0)

    def _leaves_room(self, state: State) -> bool:
        """Return whether most transactions would still have room."""
        n_steps = self._policy.steps_after(self.cost_steps)
        return self._fits(state, n_steps, self._cost, self._listed_cost, self._small_cost)

    def _fits(
        self, state: State, n_steps: int, cost: OutputCost, listed: OutputCost, reserve: OutputCost
    ) -> bool:
        """Return whether L1's transaction has room for the batch as counted and for a reserve.

        What has been counted takes every record that a transaction touches for a new one. When that
        is too much, the records are counted as they are.
        """
        room = self._room(n_steps)
        if (cost + reserve).fits(room):
            return True
        exact = self._empty_cost + listed + self._records_cost(state)
        if not (exact + reserve + OutputCost(room.n_bytes // _RECOUNT_SHARE)).fits(room):
            return False
        # The counted cost of what is not applied yet is added again when it is.
        self._cost = exact
        return True

    def _room(self, n_steps: int) -> L1Room:
        log_steps = (n_steps - 1).bit_length()
        if log_steps not in self._rooms:
            self._rooms[log_steps] = self._policy.room_for(n_steps)
        return self._rooms[log_steps]

    def _records_cost(self, state: State) -> OutputCost:
        """Return what the records of accounts and orders take as they are now."""
        batch = state.batch
        assert batch is not None
        total = OutputCost()
        for account_id in batch.opened_accounts:
            record = AccountRecord.of(account_id, state.account(account_id))
            total += record_cost(account_felts(record))
        born = state.order_ids_born_since(batch.old_globals.next_order_id)
        for order_id in (*batch.opened_orders, *born):
            # Which slot a new order will have is not known yet.
            record_felts = order_felts(OrderRecord(_LAST_SLOT, state.get_order(order_id)))
            total += record_cost(record_felts)
        return total

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
            + self._listed_cost.felts
            + (len(batch.opened_accounts) + 1) * (_ACCOUNT_FELTS + slots_per_account)
            + (n_opened + min(born, resting_new)) * _ORDER_FELTS
        )
