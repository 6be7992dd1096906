"""Withdraw: prices, margin and custody allow it, and the account is debited."""

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import Withdrawn
from novation.protocol.rules.dead_orders import apply_timer
from novation.protocol.rules.leaving import check_can_leave
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.withdraw import Withdraw, validate_withdraw


def check_withdraw(state: State, tx: Withdraw, *, verify_signature: bool) -> Account:
    """Return the account after checking prices, its margin without the amount, and custody."""
    account = check_signer(state, tx, Permission.WITHDRAW, verify_signature=verify_signature)
    check_can_leave(state, account, tx.asset_id, tx.amount_quanta)
    _check_custody(state, tx)
    return account


def _check_custody(state: State, tx: Withdraw) -> None:
    """Refuse what is not there: equity counts profit that no one has paid in yet."""
    custody_quanta = state.globals.custody(tx.asset_id)
    if tx.amount_quanta > custody_quanta:
        raise InvalidTransaction(
            ErrorCode.CUSTODY_EXCEEDED,
            f"{tx.amount_quanta} quanta, in custody {custody_quanta}",
            Broken("amount_quanta", tx.amount_quanta, custody_quanta),
        )


def apply_withdraw(state: State, tx: Withdraw, *, verify_signature: bool) -> TransactionResult:
    """Debit the account."""
    validate_withdraw(tx)
    timed_out = apply_timer(state, tx.account_id)
    apply_nonce(state, tx, check_withdraw(state, tx, verify_signature=verify_signature))
    account = state.account(tx.account_id)
    state.change_balance(tx.account_id, tx.asset_id, -tx.amount_quanta)
    state.globals = state.globals.with_custody_change(tx.asset_id, -tx.amount_quanta)
    event = Withdrawn(tx.account_id, account.l1_address, tx.amount_quanta, tx.asset_id)
    n_slots = len(account.positions)
    return TransactionResult(ResultCode.DONE, (*timed_out, event), n_slots=n_slots)
