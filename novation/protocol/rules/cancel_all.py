"""CancelAll and SetCancelTimer: no order is touched, ids tell which of them are dead."""

from dataclasses import replace

from novation.protocol.batch import TransactionResult
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, CancelTimerSet
from novation.protocol.rules.dead_orders import apply_timer, cancellations
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.cancel_all import CancelAll, validate_cancel_all
from novation.protocol.transactions.set_cancel_timer import (
    SetCancelTimer,
    validate_set_cancel_timer,
)


def apply_cancel_all(state: State, tx: CancelAll, *, verify_signature: bool) -> TransactionResult:
    """Let all orders die that the account has, everywhere or in one market."""
    validate_cancel_all(tx)
    timed_out = apply_timer(state, tx.account_id)
    signed = check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    apply_nonce(state, tx, signed)
    account, next_order_id = state.account(tx.account_id), state.globals.next_order_id
    events = cancellations(state, tx.account_id, CancelReason.CANCEL_ALL, tx.market_id)
    if tx.market_id is None:
        after = account.with_all_cancelled(next_order_id)
    else:
        slot = account.position(tx.market_id).all_cancelled(next_order_id)
        after = account.with_position(slot)
    state.set_account(tx.account_id, after)
    n_slots = len(account.positions)
    return TransactionResult(ResultCode.DONE, (*timed_out, *events), n_slots=n_slots)


def apply_set_cancel_timer(
    state: State, tx: SetCancelTimer, *, verify_signature: bool
) -> TransactionResult:
    """Set the timer; one that has run out is applied first, so that this does not revive."""
    validate_set_cancel_timer(tx)
    timed_out = apply_timer(state, tx.account_id)
    signed = check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    now_ms = state.globals.time_ms
    if tx.cancel_all_at_ms <= now_ms:
        raise InvalidTransaction(
            ErrorCode.TIMER_IN_PAST,
            f"timer {tx.cancel_all_at_ms} <= now {now_ms}",
            Broken("cancel_all_at_ms", tx.cancel_all_at_ms, now_ms + 1),
        )
    apply_nonce(state, tx, signed)
    account = state.account(tx.account_id)
    state.set_account(tx.account_id, replace(account, cancel_all_at_ms=tx.cancel_all_at_ms))
    event = CancelTimerSet(tx.account_id, tx.cancel_all_at_ms)
    n_slots = len(account.positions)
    return TransactionResult(ResultCode.DONE, (*timed_out, event), n_slots=n_slots)
