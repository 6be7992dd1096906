"""What a walk knows of the incoming order, and how far it got."""

from dataclasses import dataclass, field

from novation.protocol.batch import MakerVisit
from novation.protocol.events import Event
from novation.protocol.orders import RestingOrder, SelfTradeMode


@dataclass(frozen=True, slots=True)
class Taker:
    """The incoming order; `owner` is its account's L1 address if it spares all of that owner.

    `fee_ppm` is what it pays of each fill, `most_makers` how many orders it may meet. With
    `for_pool` its lots are those of the market's pool, and its account is told, but has no part.
    """

    order: RestingOrder
    self_trade_mode: SelfTradeMode
    owner: int | None
    fee_ppm: int
    most_makers: int
    for_pool: bool = False


@dataclass(slots=True)
class Walk:
    """How far the walk got: what is left of the order, what traded, what was taken off it.

    `taker_fees_quanta` are those of its fills, before the taker's margin says how much it can pay.
    `hit_limit` means that it had to stop before it was done, `is_self_trade` that what is left must
    be cancelled. `n_slots` and `guard_slots`: of the makers' accounts, see
    `TransactionResult`.
    """

    remaining_lots: int
    traded_lots: int = 0
    taker_fees_quanta: int = 0
    decremented_lots: int = 0
    hit_limit: bool = False
    is_self_trade: bool = False
    visits: list[MakerVisit] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    n_slots: int = 0
    guard_slots: list[int] = field(default_factory=list)
