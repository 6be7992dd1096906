"""PruneOrder: who takes a dead or idle order out of the book clears the way, and harms nobody."""

from novation.protocol.batch import CancelOrderHints, TransactionResult
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CANCEL_REASONS
from novation.protocol.orders import VisitOutcome
from novation.protocol.rules.book import take_off_book
from novation.protocol.rules.cancel_order import not_resting
from novation.protocol.rules.dead_orders import (
    apply_timer,
    cancelled,
    cause_of_death,
    may_be_pruned_idle,
)
from novation.protocol.state import State
from novation.protocol.transactions.prune_order import PruneOrder, validate_prune_order


def apply_prune_order(state: State, tx: PruneOrder) -> TransactionResult:
    """Unlink a dead or idle order; what it reserves is given back, unless it was already."""
    validate_prune_order(tx)
    order = state.get_order(tx.order_id)
    if order is None:
        raise not_resting(state, "order_id", tx.order_id)
    events = apply_timer(state, order.account_id)
    account = state.account(order.account_id)
    slot = account.position(order.market_id)
    outcome = cause_of_death(state, order, slot)
    if outcome is None and may_be_pruned_idle(order, slot):
        outcome = VisitOutcome.REDUCE_ONLY
    if outcome is None:
        raise InvalidTransaction(
            ErrorCode.ORDER_LIVES,
            f"order {tx.order_id} lives until {order.expiry_time_ms}",
            Broken("time_ms", state.globals.time_ms, order.expiry_time_ms),
        )
    hints = CancelOrderHints(order.order_id, take_off_book(state, order))
    if outcome is not VisitOutcome.CANCELLED:
        gone = cancelled(order, order.remaining_lots, CANCEL_REASONS[outcome])
        events = (*events, gone)
    return TransactionResult(ResultCode.DONE, events, hints, len(account.positions))
