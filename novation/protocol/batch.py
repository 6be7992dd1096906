"""The batch being built: what its transactions opened, and what the circuit will be told."""

from dataclasses import dataclass, field

from novation.protocol.accounts import Account
from novation.protocol.errors import ResultCode
from novation.protocol.events import Event
from novation.protocol.markets import Globals, Market, UnderlyingState
from novation.protocol.orders import RestingOrder, VisitOutcome
from novation.protocol.parameters import Parameters
from novation.protocol.transactions import Transaction


@dataclass(frozen=True, slots=True)
class MakerVisit:
    """One step of the walk; `lots` that a maker lost which was not removed, in a trade or not."""

    order_id: int
    outcome: VisitOutcome
    lots: int = 0


@dataclass(frozen=True, slots=True)
class PlaceOrderHints:
    """The walk of an order, and the order it stands behind if it rests (0: it is the head).

    `order_id` is the id it was given. `resting_lots` is 0 if it did not rest. `pays_in_full` says
    that margin left it all of its fee.
    """

    order_id: int
    visits: tuple[MakerVisit, ...] = ()
    resting_lots: int = 0
    predecessor_id: int = 0
    pays_in_full: bool = True


@dataclass(frozen=True, slots=True)
class CancelOrderHints:
    """The cancelled or pruned order, and the one before it, 0 if it was the head."""

    order_id: int
    predecessor_id: int


@dataclass(frozen=True, slots=True)
class LiquidateHints:
    """The walk of a liquidation, or of what is unwound, and the id of its order."""

    order_id: int
    visits: tuple[MakerVisit, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeOverHints:
    """Why an account is hopeless: it has failed for long, or is far below its requirement."""

    by_age: bool


@dataclass(frozen=True, slots=True)
class TriggerOrderHints:
    """The dormant order that was due, and what met the book under `order_id`.

    As PlaceOrderHints; `is_taken_back` says that nothing of the walk remains.
    """

    dormant_order_id: int
    order_id: int
    visits: tuple[MakerVisit, ...] = ()
    resting_lots: int = 0
    predecessor_id: int = 0
    is_taken_back: bool = False


@dataclass(frozen=True, slots=True)
class ReplaceOrderHints:
    """The order that was replaced, and the one in its place, None if there is none.

    If the old one stays, smaller, the order before it is not told.
    """

    replaced: CancelOrderHints
    placed: PlaceOrderHints | None = None

    @property
    def order_id(self) -> int:
        """The order that is there now, or was there last."""
        return self.replaced.order_id if self.placed is None else self.placed.order_id


@dataclass(frozen=True, slots=True)
class NamedCancelHints:
    """Whether an order was where its name says, and the one before that place, 0 if none."""

    is_there: bool
    predecessor_id: int


@dataclass(frozen=True, slots=True)
class MassQuoteHints:
    """The dead orders that a message took along, and its own orders, in their order.

    `named` is what became of those that it cancels.
    """

    cleared: tuple[CancelOrderHints, ...]
    placed: tuple[PlaceOrderHints, ...]
    named: tuple[NamedCancelHints, ...] = ()

    @property
    def order_id(self) -> int:
        """The first order that it placed; the ids of the others follow."""
        return self.placed[0].order_id


@dataclass(frozen=True, slots=True)
class BracketHints:
    """An order, and its stop and take-profit; without these if nothing has come of it."""

    entry: PlaceOrderHints
    exits: tuple[PlaceOrderHints, ...]

    @property
    def order_id(self) -> int:
        """The order; the ids of its exits follow."""
        return self.entry.order_id


@dataclass(frozen=True, slots=True)
class WithdrawHints:
    """What a withdrawal pays while a deficit is recorded, if not all of its amount."""

    paid_quanta: int


Hints = (
    PlaceOrderHints
    | CancelOrderHints
    | LiquidateHints
    | TakeOverHints
    | ReplaceOrderHints
    | MassQuoteHints
    | WithdrawHints
    | TriggerOrderHints
    | BracketHints
    | None
)


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """An included transaction with its time, its outcome and the circuit's hints.

    `timed_out` are accounts whose timers it applied first.
    """

    time_ms: int
    transaction: Transaction
    result_code: ResultCode
    hints: Hints = None
    timed_out: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionResult:
    """What `apply_transaction` returns; `cost_steps` is set by it (see `cost`).

    `n_slots` counts position slots, from above, for what the transaction costs: of its account and
    of every maker that it met, and those of a maker whose margin failed twice. `n_visits` are the
    orders that a tick looked at. `guard_slots` has the slots of each account with a guard that it
    met.
    """

    result_code: ResultCode
    events: tuple[Event, ...]
    hints: Hints = None
    n_slots: int = 0
    cost_steps: int = 0
    n_visits: int = 0
    guard_slots: tuple[int, ...] = ()


@dataclass(slots=True)
class OpenBatch:
    """What happened since the last seal.

    `opened_accounts`, `opened_orders` and `opened_markets` hold the values from before the batch;
    orders born in the batch (id not below `old_globals.next_order_id`) are not among them.
    `most_slots` has the largest number of position slots that each of the accounts has had,
    `n_slots` their sum; `most_keys` and `n_more_keys` the same of keys behind the first, of
    accounts that have any, `most_holdings` and `n_holding_words` of words of holdings.
    `longer_leaves` are the accounts of one or the other, and those in an auction. `n_born` is how
    many orders of the batch are in the book. `changed_keys` has the number of key changes of each
    account, `changed_holdings` that of changes of other assets than USD. `timed_out` are the
    accounts whose timers the current transaction applied. `has_rest`: an entry needs the whole
    batch program, not only its core (see `cost`).
    """

    old_globals: Globals
    old_parameters: Parameters
    old_underlyings: tuple[UnderlyingState, ...]
    entries: list[BatchEntry] = field(default_factory=list)
    opened_accounts: dict[int, Account | None] = field(default_factory=dict)
    opened_orders: dict[int, RestingOrder] = field(default_factory=dict)
    opened_markets: dict[int, Market | None] = field(default_factory=dict)
    most_slots: dict[int, int] = field(default_factory=dict)
    n_slots: int = 0
    most_keys: dict[int, int] = field(default_factory=dict)
    n_more_keys: int = 0
    most_holdings: dict[int, int] = field(default_factory=dict)
    n_holding_words: int = 0
    longer_leaves: dict[int, None] = field(default_factory=dict)
    n_born: int = 0
    changed_keys: dict[int, int] = field(default_factory=dict)
    changed_holdings: dict[int, int] = field(default_factory=dict)
    timed_out: tuple[int, ...] = ()
    has_rest: bool = False
