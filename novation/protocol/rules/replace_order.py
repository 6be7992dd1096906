"""ReplaceOrder: an order takes the place of another one, or that one shrinks where it stands.

docs/spec/protocol.md, section 6.
"""

from dataclasses import replace

from novation.protocol.batch import (
    CancelOrderHints,
    PlaceOrderHints,
    ReplaceOrderHints,
    TransactionResult,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, Event, OrderAmended
from novation.protocol.orders import RestingOrder
from novation.protocol.rules.book import take_off_book
from novation.protocol.rules.cancel_order import named_order, not_resting
from novation.protocol.rules.dead_orders import apply_timer, cancelled, cause_of_death
from novation.protocol.rules.place_order import place
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.replace_order import ReplaceOrder, validate_replace_order


def apply_replace_order(
    state: State, tx: ReplaceOrder, *, verify_signature: bool
) -> TransactionResult:
    """Place the new order once the old one is gone, or shrink that; refused, it stays as it is."""
    validate_replace_order(tx)
    events = apply_timer(state, tx.account_id)
    account = check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    order = named_order(state, account, tx)
    _check_replaced(state, tx, order)
    lots = tx.size_lots - _filled_lots(tx, order)
    n_slots = len(account.positions)
    if tx.in_place:
        _check_shrinks(state, tx, order)
        apply_nonce(state, tx, account)
        return _shrink(state, tx, order, lots, events)
    if lots <= 0:
        apply_nonce(state, tx, account)
        return _leave_nothing(state, order, n_slots, events)
    gone = cancelled(order, order.remaining_lots, CancelReason.REPLACED)
    hints = CancelOrderHints(order.order_id, take_off_book(state, order))
    placed = place(state, tx, verify_signature=False, filled_lots=_filled_lots(tx, order))
    assert isinstance(placed.hints, PlaceOrderHints)
    return replace(
        placed,
        events=(*events, gone, *placed.events),
        hints=ReplaceOrderHints(hints, placed.hints),
        n_slots=placed.n_slots + n_slots,
    )


def _check_replaced(state: State, tx: ReplaceOrder, order: RestingOrder) -> None:
    """Check that the order lives, in this market, and has no more lots than its owner saw."""
    slot = state.account(tx.account_id).position(order.market_id)
    if order.trigger is not None:
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_ORDER,
            f"order {order.order_id} does not rest: it is dormant",
            Broken("is_dormant", 1, 0),
        )
    if cause_of_death(state, order, slot) is not None:
        raise not_resting(state, "order_id", order.order_id)
    if order.market_id != tx.market_id:
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_ORDER,
            f"order {order.order_id} is in market {order.market_id}",
            Broken("market_id", tx.market_id, order.market_id),
        )
    if _filled_lots(tx, order) < 0:
        raise InvalidTransaction(
            ErrorCode.ORDER_GREW,
            f"{order.remaining_lots} lots are left of order {order.order_id}, seen {tx.seen_lots}",
            Broken("seen_lots", tx.seen_lots, order.remaining_lots),
        )


def _filled_lots(tx: ReplaceOrder, order: RestingOrder) -> int:
    """Return what was filled of an order since its owner saw it."""
    return tx.seen_lots - order.remaining_lots


def _check_shrinks(state: State, tx: ReplaceOrder, order: RestingOrder) -> None:
    """Check that nothing changes but that the order is smaller, and ends no later."""
    now_ms = state.globals.time_ms
    bounds = (
        ("price_ticks", tx.price_ticks, order.price_ticks, order.price_ticks),
        ("side", tx.side, order.side, order.side),
        ("reduce_only", tx.reduce_only, order.reduce_only, order.reduce_only),
        ("size_lots", tx.size_lots, 1, tx.seen_lots - 1),
        ("expiry_time_ms", tx.expiry_time_ms, now_ms + 1, order.expiry_time_ms),
    )
    for field, value, least, most in bounds:
        if not least <= value <= most:
            raise InvalidTransaction(
                ErrorCode.CANNOT_KEEP_PLACE,
                f"{field} {int(value)}: an order keeps its place if it only shrinks",
                Broken(field, int(value), int(most if value > most else least)),
            )


def _shrink(
    state: State, tx: ReplaceOrder, order: RestingOrder, lots: int, events: tuple[Event, ...]
) -> TransactionResult:
    """Leave so many lots where the order stands; nothing if they are no order."""
    account = state.account(tx.account_id)
    n_slots = len(account.positions)
    is_order = state.underlying_of(tx.market_id).is_worth_an_order(lots, order.price_ticks)
    if lots <= 0 or not is_order:
        return _leave_nothing(state, order, n_slots, events)
    lost_lots = order.remaining_lots - lots
    reserved_lots = 0 if order.reduce_only else lost_lots
    slot = account.position(order.market_id).with_open_change(order.side, -reserved_lots)
    state.set_account(order.account_id, account.with_position(slot))
    smaller = order.with_remaining(lots)
    state.set_order(replace(smaller, expiry_time_ms=tx.expiry_time_ms, max_fee_ppm=tx.max_fee_ppm))
    amended = OrderAmended(
        order.order_id,
        order.account_id,
        order.market_id,
        order.side,
        order.price_ticks,
        lost_lots,
        lots,
        tx.expiry_time_ms,
    )
    hints = ReplaceOrderHints(CancelOrderHints(order.order_id, 0))
    return TransactionResult(ResultCode.AMENDED, (*events, amended), hints, n_slots)


def _leave_nothing(
    state: State, order: RestingOrder, n_slots: int, events: tuple[Event, ...]
) -> TransactionResult:
    """Take the order off the book: as much as its owner wants now was filled since he saw it."""
    hints = ReplaceOrderHints(CancelOrderHints(order.order_id, take_off_book(state, order)))
    gone = cancelled(order, order.remaining_lots, CancelReason.REPLACED)
    return TransactionResult(ResultCode.NOTHING_LEFT, (*events, gone), hints, n_slots)
