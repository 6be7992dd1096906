"""CancelOrder: a resting order leaves the book."""

from novation.protocol.accounts import Account
from novation.protocol.batch import CancelOrderHints, TransactionResult
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason
from novation.protocol.orders import RestingOrder
from novation.protocol.rules.book import take_off_book
from novation.protocol.rules.dead_orders import apply_timer, cancelled
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.cancel_order import (
    CancelOrder,
    NamesOrder,
    validate_cancel_order,
)


def named_order(state: State, account: Account, tx: NamesOrder) -> RestingOrder:
    """Return the order that a message of an account names; it is in the book, and its own."""
    order_id = tx.order_id or state.order_id_of(tx.account_id, tx.origin)
    order = state.get_order(order_id)
    if order is None and tx.order_id:
        raise not_resting(state, "order_id", tx.order_id)
    if order is None:
        last_nonce = account.windows[min(tx.placed_key_index, len(account.keys) - 1)].high
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_ORDER,
            f"no order rests that nonce {tx.placed_nonce} of key {tx.placed_key_index} placed",
            Broken("placed_nonce", tx.placed_nonce, last_nonce),
        )
    if order.account_id != tx.account_id:
        raise InvalidTransaction(
            ErrorCode.NOT_ORDER_OWNER,
            f"order {tx.order_id} is not of account {tx.account_id}",
            Broken("account_id", tx.account_id, order.account_id),
        )
    return order


def not_resting(state: State, field: str, order_id: int) -> InvalidTransaction:
    """Return the refusal of what names an order that is not in the book."""
    last_id = state.globals.next_order_id - 1
    return InvalidTransaction(
        ErrorCode.UNKNOWN_ORDER,
        f"order {order_id} does not rest, the last order is {last_id}",
        Broken(field, order_id, last_id),
    )


def apply_cancel_order(
    state: State, tx: CancelOrder, *, verify_signature: bool
) -> TransactionResult:
    """Unlink the order and give its lots back to the account."""
    validate_cancel_order(tx)
    events = apply_timer(state, tx.account_id)
    account = check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    order = named_order(state, account, tx)
    apply_nonce(state, tx, account)
    hints = CancelOrderHints(order.order_id, take_off_book(state, order))
    if order.order_id >= account.position(order.market_id).min_order_id:
        events = (*events, cancelled(order, order.remaining_lots, CancelReason.USER))
    return TransactionResult(ResultCode.DONE, events, hints, len(account.positions))
