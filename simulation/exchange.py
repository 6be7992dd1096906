"""The exchange that is simulated: the real state transition, and the circuit beside it.

All that the simulation does with a state is here and in `view.py`: a change of the protocol is
taken in at one place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from novation.protocol.batch import TransactionResult
from novation.protocol.conservation import check_conservation
from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE
from novation.protocol.cost import empty_batch_steps
from novation.protocol.errors import BatchFull, InvalidTransaction
from novation.protocol.events import Event
from novation.protocol.margin import Margin, charged_fee_quanta, margin_of
from novation.protocol.numeric import div_ceil
from novation.protocol.orders import Side
from novation.protocol.rules.minute_tick import is_tick_due
from novation.protocol.rules.triggers import due_markets, due_order
from novation.protocol.running_sums import RunningSums
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from novation.protocol.transactions import MinuteTick, Transaction, TriggerOrder
from novation.protocol.transition import apply_transaction, open_batch, seal_batch
from prover._native import CairoRunError
from prover.runner import execute_only
from simulation.plan import BATCH_STEPS, START_MS, Plan, config, genesis

_MOST_FAULTS: Final = 20


@dataclass(slots=True)
class Checks:
    """What was found in sealed batches. A fault of one kind does not stop the others."""

    with_circuit: bool
    n_transactions: list[int] = field(default_factory=list)
    charged_steps: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    conservation_faults: list[str] = field(default_factory=list)
    circuit_faults: list[str] = field(default_factory=list)


class Exchange:
    """Applies transactions at `time_ms`, and seals a batch when its step budget is used up."""

    def __init__(self, plan: Plan) -> None:
        """Open the first batch of a new exchange."""
        self.config = config()
        self.state = State.genesis(self.config, genesis(plan))
        self.time_ms = START_MS
        self.checks = Checks(plan.with_circuit)
        self._sums = RunningSums(self.state)
        self._empty_steps = empty_batch_steps(plan.n_instruments)
        self._charged_steps = self._empty_steps
        open_batch(self.state)

    def submit(self, tx: Transaction) -> TransactionResult:
        """Apply a transaction now, behind the ticks that are due.

        The circuit checks signatures; doing it twice would take four times as long.

        Raises:
            InvalidTransaction: it is refused.
        """
        self.apply_ticks()
        return self._submit(tx)

    def apply_ticks(self) -> list[Event]:
        """Apply the ticks that are due, and return what they did."""
        events: list[Event] = []
        while is_tick_due(self.state, self.time_ms):
            events.extend(self._submit(MinuteTick()).events)
        return events

    def apply_triggers(self) -> list[Event]:
        """Place the dormant orders that are due, and return what they did.

        While prices are old, or have just come back, they wait.
        """
        events: list[Event] = []
        for market_id in due_markets(self.state, self.time_ms):
            while due_order(self.state, market_id, self.time_ms) is not None:
                try:
                    result = self._submit(TriggerOrder(market_id))
                except InvalidTransaction:
                    break
                events.extend(result.events)
        return events

    def _submit(self, tx: Transaction) -> TransactionResult:
        """Apply a transaction in the next batch if this one has no room."""
        left = BATCH_STEPS - self._charged_steps if self._n_entries else None
        try:
            result = self._apply(tx, left)
        except BatchFull:
            self.seal()
            result = self._apply(tx, None)
        self._charged_steps += result.cost_steps
        return result

    def seal(self) -> None:
        """Seal the open batch if there is anything in it, check it, and open the next."""
        if not self._n_entries:
            return
        n_transactions = self._n_entries
        sealed = seal_batch(self.state)
        self._check(sealed, n_transactions)
        open_batch(self.state)
        self._charged_steps = self._empty_steps

    def margins(self) -> dict[int, Margin]:
        """Return the margin of each account that has a position or an order."""
        state = self.state
        return {
            account_id: margin_of(account, state.underlyings, state.parameters)
            for account_id, account in state.accounts.items()
            if account.positions
        }

    def can_reduce_at_mark(self, account_id: int) -> bool:
        """Return whether the margin rule lets an account take off one lot, or all, of some leg.

        At the mark price, rounded against it, with the taker fee: what it may hope for at best.
        """
        state, account = self.state, self.state.account(account_id)
        for slot in account.positions:
            side = Side.SELL if slot.size_lots > 0 else Side.BUY
            terms = state.underlying_of(slot.market_id)
            for lots in {1, abs(slot.size_lots)} if slot.size_lots else ():
                value_x16 = lots * state.mark_price_x16(slot.market_id) * terms.multiplier
                value_quanta = value_x16 // PRICE_X16_ONE
                payment_quanta = (
                    value_quanta if side is Side.SELL else -div_ceil(value_x16, PRICE_X16_ONE)
                )
                prices, left = state.price_of(slot.market_id), slot.traded(side, lots)
                payment_quanta += prices.paid_quanta(left.size_lots)
                payment_quanta -= prices.paid_quanta(slot.size_lots)
                fee_quanta = div_ceil(value_quanta * terms.taker_fee_ppm, PPM_ONE)
                after = account.with_position(left, payment_quanta - fee_quanta)
                charged_quanta = charged_fee_quanta(
                    account, after, slot.market_id, state.underlyings, state.parameters, fee_quanta
                )
                if charged_quanta is not None:
                    return True
        return False

    def check_equity(self, margins: dict[int, Margin]) -> None:
        """Note a fault unless all equity together, at these prices, is what is there.

        That is what is in custody and what is recorded as missing; pools have equity, too.
        """
        if difference_x16 := self._unexplained_x16(margins):
            self._note(
                self.checks.conservation_faults,
                f"equity is {difference_x16} x16 more than what is there",
            )

    def unexplained_x16(self) -> int:
        """Return how much more all equity together is than what is there."""
        return self._unexplained_x16(self.margins())

    def _unexplained_x16(self, margins: dict[int, Margin]) -> int:
        state = self.state
        flat_quanta = sum(
            account.collateral_quanta
            for account_id, account in state.accounts.items()
            if account_id not in margins
        )
        total_x16 = sum(margin.equity_x16 for margin in margins.values())
        total_x16 += (flat_quanta + state.fees_quanta) * PRICE_X16_ONE + self.pools_x16()
        counters = state.globals
        there_quanta = counters.custody_quanta + counters.recorded_deficit_quanta
        return total_x16 - there_quanta * PRICE_X16_ONE

    def pools_x16(self) -> int:
        """Return what all pools are worth at the mark."""
        state, found = self.state, 0
        for market_id in state.markets:
            prices, terms = state.price_of(market_id), state.underlying_of(market_id)
            value_x16 = prices.pool_lots * state.mark_price_x16(market_id) * terms.multiplier
            found += prices.pool_cash_quanta * PRICE_X16_ONE + value_x16
        return found

    @property
    def _n_entries(self) -> int:
        assert self.state.batch is not None
        return len(self.state.batch.entries)

    def _apply(self, tx: Transaction, steps_limit: int | None) -> TransactionResult:
        return apply_transaction(
            self.state, tx, self.time_ms, verify_signature=False, steps_limit=steps_limit
        )

    def _check(self, sealed: SealedBatch, n_transactions: int) -> None:
        checks = self.checks
        checks.n_transactions.append(n_transactions)
        checks.charged_steps.append(self._charged_steps)
        self._expect(lambda: check_conservation(self.state), sealed)
        self._expect(lambda: self._sums.follow(self.state, sealed), sealed)
        if checks.with_circuit:
            self._run_circuit(sealed)

    def _expect(self, check: Callable[[], None], sealed: SealedBatch) -> None:
        try:
            check()
        except AssertionError as error:
            fault = f"batch {sealed.batch_number}: {error}"
            self._note(self.checks.conservation_faults, fault)

    def _run_circuit(self, sealed: SealedBatch) -> None:
        """Run the batch program, which must write the same output for no more steps than charged.

        It verifies the signatures of all messages.
        """
        number, faults = sealed.batch_number, self.checks.circuit_faults
        try:
            execution = execute_only(sealed.witness)
        except CairoRunError as error:
            self._note(faults, f"batch {number} is not proven: {error}")
            return
        self.checks.steps.append(execution.n_steps)
        if execution.output != sealed.output:
            self._note(faults, f"batch {number}: the circuit writes another output")
        if execution.n_steps > self._charged_steps:
            charge = self._charged_steps
            self._note(faults, f"batch {number}: {execution.n_steps} steps, {charge} charged")

    def _note(self, faults: list[str], fault: str) -> None:
        if len(faults) < _MOST_FAULTS:
            faults.append(fault)
