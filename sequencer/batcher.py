"""When the open batch is sealed."""

import itertools
from collections.abc import Iterable
from typing import Final

from novation.protocol.accounts import Account
from novation.protocol.assets import AMOUNT_WORDS
from novation.protocol.batch import (
    BracketHints,
    LiquidateHints,
    MassQuoteHints,
    PlaceOrderHints,
    ReplaceOrderHints,
    TransactionResult,
    TriggerOrderHints,
)
from novation.protocol.constants import ORDER_TREE_HEIGHT, USD_ASSET_ID
from novation.protocol.cost import empty_batch_steps, most_slots
from novation.protocol.errors import OutputFull
from novation.protocol.events import BidFilled
from novation.protocol.nonces import WINDOWS_PER_WORD
from novation.protocol.orders import RestingOrder
from novation.protocol.output import (
    HEADER_FELTS,
    AccountRecord,
    MarketRecord,
    OrderRecord,
    account_felts,
    market_felts,
    order_felts,
)
from novation.protocol.state import State
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelOrder,
    Deposit,
    Liquidate,
    ListMarket,
    MinuteTick,
    OracleUpdate,
    PruneOrder,
    RemoveKey,
    SetParameter,
    SettlePosition,
    TakeOver,
    Transaction,
    Transfer,
    Unwind,
    Withdraw,
)
from sequencer.config import BatchPolicy
from sequencer.l1_cost import (
    GLOBALS_FELTS,
    GROWTH_COST,
    HOLDINGS_COST,
    HOLES_BETWEEN_DEPOSITS,
    KEYS_COST,
    KEYS_FELTS,
    MARKET_COST,
    MARKET_FELTS,
    NOTHING,
    RECORD_GAS,
    UNDERLYING_FELTS,
    L1Room,
    OutputCost,
    bid_cost,
    bracket_cost,
    empty_batch_cost,
    felts_cost,
    listed_cost,
    market_cost,
    markets_cost,
    order_cost,
    padded_steps,
    quoting_cost,
    replacement_cost,
    small_transaction_cost,
    take_over_cost,
    touched_cost,
    worst_transaction_cost,
)

# Felts of the public output, docs/spec/output.md.
_ACCOUNT_FELTS: Final = 2
_ORDER_FELTS: Final = 2
_OPERATION_FELTS: Final = 3
_LAST_SLOT: Final = 2**ORDER_TREE_HEIGHT - 1
_ORDER_HINTS: Final = (
    PlaceOrderHints,
    LiquidateHints,
    ReplaceOrderHints,
    MassQuoteHints,
    TriggerOrderHints,
    BracketHints,
)
# A batch whose exact size comes that near to the limit is sealed: the next recount is not at once.
_RECOUNT_SHARE: Final = 16


class BatchMeter:
    """Adds up what the open batch will cost the prover and L1."""

    def __init__(self, policy: BatchPolicy, n_underlyings: int) -> None:
        """Start with an empty batch."""
        self._policy = policy
        self._rooms: dict[int, L1Room] = {}
        self._measure(n_underlyings)
        self.reset()

    def _measure(self, n_underlyings: int) -> None:
        self._n_underlyings = n_underlyings
        self._empty_cost = empty_batch_cost(n_underlyings)
        self._small_cost = small_transaction_cost(n_underlyings)
        self._worst_cost = worst_transaction_cost(n_underlyings)
        # What fits beside the largest proof, with one more of most transactions, fits always.
        least = self._policy.room_for(self._policy.steps_at_most)
        self._sure_bytes = least.n_bytes - self._small_cost.n_bytes
        self._sure_gas = least.gas - self._small_cost.gas

    def grow(self, n_underlyings: int) -> None:
        """Count with so many underlyings from now on: L1's owner may have added one.

        An account that was touched before can have a position in its market only if it is touched
        again.
        """
        if n_underlyings != self._n_underlyings:
            self._measure(n_underlyings)

    def reset(self) -> None:
        """A batch was sealed; the next one is empty."""
        self.cost_steps = empty_batch_steps(self._n_underlyings)
        self.n_transactions = 0
        self.first_sequence = 0
        self._first_time_ms = 0
        self._listed_felts = 0
        # Operations and withdrawals, exactly; the whole batch, from above.
        self._listed_cost = NOTHING
        self.output_cost = self._empty_cost
        self._n_holes = 0
        # What records took when they were counted last, and what they were then.
        self._order_sizes: dict[int, tuple[RestingOrder | None, tuple[int, int]]] = {}
        self._account_sizes: dict[int, tuple[Account, tuple[bool, bool], tuple[int, int]]] = {}

    def has_room_for_holes(self, n_holes: int) -> bool:
        """Return whether L1's queue may have so many more holes before the next deposit.

        Those before a batch's first transaction cost it nothing: settlement skips them apart.
        """
        return self.n_transactions == 0 or self._n_holes + n_holes <= HOLES_BETWEEN_DEPOSITS

    def add_holes(self, n_holes: int) -> None:
        """Count the holes before the deposit that is added next."""
        if self.n_transactions:
            self._n_holes += n_holes

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
        self.output_cost = self.output_cost.plus(self._cost_of(tx, result))
        if isinstance(tx, Deposit | SetParameter):
            self._listed_felts += _OPERATION_FELTS
            self._listed_cost = self._listed_cost.plus(listed_cost(tx, result))
        elif isinstance(tx, Withdraw):
            self._listed_felts += 1
            self._listed_cost = self._listed_cost.plus(listed_cost(tx, result))

    def _cost_of(self, tx: Transaction, result: TransactionResult | None) -> OutputCost:
        """Return what a transaction can add to the output: all that it touches counts as new."""
        if isinstance(tx, OracleUpdate):
            return markets_cost(self._n_underlyings if result is None else result.n_visits)
        if result is None:
            return self._worst_cost
        if isinstance(result.hints, _ORDER_HINTS):
            return _cost_of_order(tx, result)
        if isinstance(tx, CancelOrder | PruneOrder):
            return touched_cost(1, 2, result.n_slots).plus(MARKET_COST)
        if isinstance(tx, ListMarket | MinuteTick):
            return market_cost(result.n_visits, result.n_slots)
        return _cost_without_orders(tx, result).plus(listed_cost(tx, result))

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
        n_bytes, gas = self.output_cost
        added_bytes, added_gas = self._cost_of(tx, result)
        if n_bytes + added_bytes <= self._sure_bytes and gas + added_gas <= self._sure_gas:
            return
        room = self._room(self.cost_steps + result.cost_steps)
        if OutputCost(n_bytes + added_bytes, gas + added_gas).fits(room):
            return
        # With the records as the transaction leaves them: it is not in the lists yet.
        self._recount(state)
        if not _with_slack(self.output_cost.plus(listed_cost(tx, result)), room).fits(room):
            raise OutputFull(result.cost_steps, 0)

    def _leaves_room(self, state: State) -> bool:
        """Return whether most transactions would still have room."""
        n_bytes, gas = self.output_cost
        if n_bytes <= self._sure_bytes and gas <= self._sure_gas:
            return True
        room = self._room(self._policy.steps_after(self.cost_steps))
        if self.output_cost.plus(self._small_cost).fits(room):
            return True
        self._recount(state)
        return _with_slack(self.output_cost.plus(self._small_cost), room).fits(room)

    def _recount(self, state: State) -> None:
        """Count the records as they are.

        Otherwise every record that a transaction touches counts as a new one.
        """
        records = self._records_cost(state)
        self.output_cost = self._empty_cost.plus(self._listed_cost).plus(records)

    def _room(self, cost_steps: int) -> L1Room:
        log_steps = (padded_steps(cost_steps) - 1).bit_length()
        if log_steps not in self._rooms:
            self._rooms[log_steps] = self._policy.room_beside(log_steps)
        return self._rooms[log_steps]

    def _records_cost(self, state: State) -> OutputCost:
        """Return what the records of accounts, orders and markets take as they are now."""
        batch = state.batch
        assert batch is not None
        n_bytes = n_felts = n_records = 0
        born = state.order_ids_born_since(batch.old_globals.next_order_id)
        for order_id in itertools.chain(batch.opened_orders, born):
            size = self._order_size(order_id, state.get_order(order_id))
            n_records, n_felts, n_bytes = n_records + 1, n_felts + size[0], n_bytes + size[1]
        for account_id in batch.opened_accounts:
            size = self._account_size(
                account_id,
                state.account(account_id),
                has_keys=account_id in batch.changed_keys,
                has_holdings=account_id in batch.changed_holdings,
            )
            n_records, n_felts, n_bytes = n_records + 1, n_felts + size[0], n_bytes + size[1]
        for market_id in batch.opened_markets:
            felts = market_felts(MarketRecord(market_id, state.market(market_id)))
            n_felts += len(felts)
            n_bytes += _bytes_of(felts)
        return felts_cost(n_bytes, n_felts, n_records * RECORD_GAS)

    def _order_size(self, order_id: int, order: RestingOrder | None) -> tuple[int, int]:
        """Return the felts and bytes of an order's record, which most recounts find as it was."""
        known = self._order_sizes.get(order_id)
        if known is None or known[0] is not order:
            # Which slot a new order will have is not known yet.
            felts = order_felts(OrderRecord(_LAST_SLOT, order))
            known = self._order_sizes[order_id] = (order, (len(felts), _bytes_of(felts)))
        return known[1]

    def _account_size(
        self, account_id: int, account: Account, *, has_keys: bool, has_holdings: bool
    ) -> tuple[int, int]:
        """Return the felts and bytes of an account's record."""
        parts = has_keys, has_holdings
        known = self._account_sizes.get(account_id)
        if known is None or known[0] is not account or known[1] != parts:
            felts = account_felts(
                AccountRecord.of(account_id, account, has_keys=has_keys, has_holdings=has_holdings)
            )
            size = len(felts), _bytes_of(felts)
            known = self._account_sizes[account_id] = (account, parts, size)
        return known[2]

    def is_old(self, now_ms: int) -> bool:
        """Return whether the first transaction has waited long enough."""
        return self.n_transactions > 0 and now_ms - self._first_time_ms >= self._policy.max_age_ms

    def output_felts(self, state: State) -> int:
        """Return an upper bound of the public output's size, in constant time."""
        batch = state.batch
        assert batch is not None
        n_opened = len(batch.opened_orders)
        born = state.globals.next_order_id - batch.old_globals.next_order_id
        # Orders that rest now, less those from before the batch that the batch has not touched.
        resting_new = len(state.orders) - (len(state.slot_of_order) - n_opened)
        return (
            HEADER_FELTS
            + GLOBALS_FELTS
            + self._n_underlyings * UNDERLYING_FELTS
            + len(batch.opened_markets) * MARKET_FELTS
            + self._listed_felts
            + (len(batch.opened_accounts) + 1) * _ACCOUNT_FELTS
            + batch.n_slots
            + most_slots(self._n_underlyings)
            # The first word of windows is one of those; each further one belongs to two keys more.
            + batch.n_more_keys // WINDOWS_PER_WORD
            + len(batch.changed_holdings) * AMOUNT_WORDS
            + len(batch.changed_keys) * KEYS_FELTS
            + (n_opened + min(born, resting_new)) * _ORDER_FELTS
        )


def _cost_without_orders(tx: Transaction, result: TransactionResult) -> OutputCost:
    """Return what records a transaction can add that touches accounts, and no order."""
    if isinstance(tx, SetParameter):
        return GROWTH_COST
    if isinstance(tx, TakeOver | SettlePosition):
        n_legs = result.n_visits if isinstance(tx, TakeOver) else 1
        return take_over_cost(n_legs, result.n_slots)
    if isinstance(tx, Bid):
        filled = next(event for event in result.events if isinstance(event, BidFilled))
        return bid_cost(len(filled.taken), result.n_slots)
    records = touched_cost(2 if isinstance(tx, Transfer) else 1, 0, result.n_slots)
    if isinstance(tx, AddKey | RemoveKey):
        return records.plus(KEYS_COST)
    if isinstance(tx, Deposit | Withdraw | Transfer) and tx.asset_id != USD_ASSET_ID:
        return records.plus(_holdings_cost(tx))
    return records


def _holdings_cost(tx: Deposit | Withdraw | Transfer) -> OutputCost:
    """Return what the words of what accounts hold can add."""
    return HOLDINGS_COST.plus(HOLDINGS_COST) if isinstance(tx, Transfer) else HOLDINGS_COST


def _cost_of_order(tx: Transaction, result: TransactionResult) -> OutputCost:
    hints = result.hints
    if isinstance(hints, MassQuoteHints):
        return quoting_cost(len(hints.placed), len(hints.cleared), result.n_slots)
    if isinstance(hints, ReplaceOrderHints):
        n_visits = 0 if hints.placed is None else len(hints.placed.visits)
        return replacement_cost(n_visits, result.n_slots)
    if isinstance(hints, BracketHints):
        return bracket_cost(len(hints.entry.visits), result.n_slots)
    if isinstance(hints, TriggerOrderHints):
        # The dormant order and the one before it are touched, too.
        return replacement_cost(len(hints.visits), result.n_slots)
    assert isinstance(hints, PlaceOrderHints | LiquidateHints)
    # The insurance fund is touched like a maker: by a liquidation, and by what is unwound.
    n_others = int(isinstance(tx, Liquidate | Unwind))
    return order_cost(len(hints.visits) + n_others, result.n_slots)


def _bytes_of(felts: Iterable[int]) -> int:
    return sum(1 + (felt.bit_length() + 7) // 8 for felt in felts)


def _with_slack(counted: OutputCost, room: L1Room) -> OutputCost:
    """Add so much to what was just counted that the next recount is not at once."""
    return OutputCost(counted.n_bytes + room.n_bytes // _RECOUNT_SHARE, counted.gas)
