"""Which orders are dead or idle, and how they die: docs/spec/protocol.md, section 9.

A dead order is never filled. It is linked in the book until somebody meets, cancels or prunes it.
An idle one would not be filled now.
"""

from dataclasses import replace

from novation.protocol.accounts import Position
from novation.protocol.constants import LAST_TIME_MS
from novation.protocol.events import CancelReason, OrderCancelled
from novation.protocol.orders import RestingOrder, VisitOutcome, reduces
from novation.protocol.state import State


def cause_of_death(state: State, order: RestingOrder, slot: Position) -> VisitOutcome | None:
    """Return why an order is dead, None if it lives; `slot` is its account's, of its market.

    The timer of the account has been applied.
    """
    if order.order_id < slot.min_order_id:
        return VisitOutcome.CANCELLED
    if order.order_id < state.price_of(order.market_id).dead_below_order_id:
        return VisitOutcome.KILLED
    if order.expiry_time_ms <= state.globals.time_ms:
        return VisitOutcome.EXPIRED
    return None


def is_idle(order: RestingOrder, slot: Position) -> bool:
    """Return whether an order is reduce-only and its account has nothing for it to reduce."""
    return order.reduce_only and not reduces(slot.size_lots, order.side)


def may_be_pruned_idle(order: RestingOrder, slot: Position) -> bool:
    """Return whether an order is idle on the book; a dormant one may wait for a position, too."""
    return order.trigger is None and is_idle(order, slot)


def is_cancelled(state: State, order: RestingOrder) -> bool:
    """Return whether an order in the book was cancelled with all others of its account."""
    slot = state.account(order.account_id).position(order.market_id)
    return order.order_id < slot.min_order_id


def apply_timer(
    state: State, account_id: int, next_order_id: int | None = None
) -> tuple[OrderCancelled, ...]:
    """Cancel all orders of an account if its time has come; return what became of them.

    Whoever reads an account's slots calls this first, so that nobody can be quick enough for a
    timer that has run out. `next_order_id` is that of the state unless given.
    """
    account = state.get_account(account_id)
    if account is None or account.cancel_all_at_ms > state.globals.time_ms:
        return ()
    below_id = state.globals.next_order_id if next_order_id is None else next_order_id
    events = cancellations(state, account_id, CancelReason.TIMER)
    after = account.with_all_cancelled(below_id)
    state.set_account(account_id, replace(after, cancel_all_at_ms=LAST_TIME_MS))
    state.note_timer(account_id)
    return events


def cancellations(
    state: State, account_id: int, reason: CancelReason, market_id: int | None = None
) -> tuple[OrderCancelled, ...]:
    """Return the events of an account's orders that were not cancelled before all at once.

    In one market, or in all. Where the newest order was cancelled so, all were: who cancels again
    and again makes nobody look at his orders.
    """
    min_order_ids = {
        slot.market_id: slot.min_order_id
        for slot in state.account(account_id).positions
        if slot.n_orders
        and market_id in (None, slot.market_id)
        and state.newest_order_id(account_id, slot.market_id) >= slot.min_order_id
    }
    if not min_order_ids:
        return ()
    return tuple(
        cancelled(order, order.remaining_lots, reason)
        for order in state.orders_of(account_id)
        if order.order_id >= min_order_ids.get(order.market_id, order.order_id + 1)
    )


def cancelled(order: RestingOrder, remaining_lots: int, reason: CancelReason) -> OrderCancelled:
    """Return the event of an order, or its rest, going away."""
    return OrderCancelled(
        order.order_id,
        order.account_id,
        order.market_id,
        order.side,
        order.price_ticks,
        remaining_lots,
        reason,
        is_dormant=order.trigger is not None,
    )
