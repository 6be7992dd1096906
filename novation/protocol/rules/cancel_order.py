"""CancelOrder: a resting order leaves the book."""

from novation.protocol.accounts import Account
from novation.protocol.batch import CancelOrderHints, TransactionResult
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason
from novation.protocol.orders import RestingOrder
from novation.protocol.rules.book import take_off_book
from novation.protocol.rules.matching import cancelled
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.cancel_order import CancelOrder, validate_cancel_order


def check_cancel_order(
    state: State, tx: CancelOrder, *, verify_signature: bool
) -> tuple[Account, RestingOrder]:
    """Return the account and its order after checking that the order is there and its own."""
    account = check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    order = state.get_order(tx.order_id)
    if order is None:
        last_id = state.globals.next_order_id - 1
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_ORDER,
            f"order {tx.order_id} does not rest, the last order is {last_id}",
            Broken("order_id", tx.order_id, last_id),
        )
    if order.account_id != tx.account_id:
        raise InvalidTransaction(
            ErrorCode.NOT_ORDER_OWNER,
            f"order {tx.order_id} is not of account {tx.account_id}",
            Broken("account_id", tx.account_id, order.account_id),
        )
    return account, order


def apply_cancel_order(
    state: State, tx: CancelOrder, *, verify_signature: bool
) -> TransactionResult:
    """Unlink the order and give its lots back to the account."""
    validate_cancel_order(tx)
    account, order = check_cancel_order(state, tx, verify_signature=verify_signature)
    apply_nonce(state, tx, account)
    hints = CancelOrderHints(predecessor_id=take_off_book(state, order))
    event = cancelled(order, order.remaining_lots, CancelReason.USER)
    return TransactionResult(ResultCode.DONE, (event,), hints, len(account.positions))
