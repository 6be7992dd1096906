"""Withdraw: prices, margin and custody allow it, and the account is debited."""

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult, WithdrawHints
from novation.protocol.constants import USD_ASSET_ID
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import Withdrawn
from novation.protocol.markets import Globals
from novation.protocol.numeric import div_ceil, div_floor
from novation.protocol.rules.dead_orders import apply_timer
from novation.protocol.rules.leaving import check_can_leave
from novation.protocol.rules.outflow_guard import check_outflow
from novation.protocol.rules.pools import record_deficit
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.withdraw import Withdraw, validate_withdraw


def check_withdraw(state: State, tx: Withdraw, *, verify_signature: bool) -> Account:
    """Return the account after checking prices, its margin without the amount, and custody."""
    account = check_signer(state, tx, Permission.WITHDRAW, verify_signature=verify_signature)
    check_can_leave(state, account, tx.asset_id, tx.amount_quanta)
    _check_custody(state, tx)
    check_outflow(state, tx.asset_id, _payable_quanta(state.globals, tx))
    return account


def _check_custody(state: State, tx: Withdraw) -> None:
    """Refuse what is not there: equity counts profit that no one has paid in yet."""
    counters = state.globals
    owed_quanta = counters.custody(tx.asset_id) + _deficit(counters, tx.asset_id)
    if tx.amount_quanta > owed_quanta:
        raise InvalidTransaction(
            ErrorCode.CUSTODY_EXCEEDED,
            f"{tx.amount_quanta} quanta, in custody or missing {owed_quanta}",
            Broken("amount_quanta", tx.amount_quanta, owed_quanta),
        )
    if _payable_quanta(counters, tx) == 0:
        least_quanta = div_ceil(owed_quanta, counters.custody(tx.asset_id) or owed_quanta)
        raise InvalidTransaction(
            ErrorCode.NOTHING_TO_PAY,
            f"of {tx.amount_quanta} quanta nothing would be paid while "
            f"{counters.recorded_deficit_quanta} quanta are missing",
            Broken("amount_quanta", tx.amount_quanta, least_quanta),
        )


def _deficit(counters: Globals, asset_id: int) -> int:
    return counters.recorded_deficit_quanta if asset_id == USD_ASSET_ID else 0


def _payable_quanta(counters: Globals, tx: Withdraw) -> int:
    """Return what a withdrawal pays: its share of what is there, if something is missing.

    The share stays the same whoever goes first, so that there is nothing to run for.
    """
    deficit_quanta = _deficit(counters, tx.asset_id)
    if deficit_quanta == 0:
        return tx.amount_quanta
    custody_quanta = counters.custody(tx.asset_id)
    return div_floor(tx.amount_quanta * custody_quanta, custody_quanta + deficit_quanta)


def apply_withdraw(state: State, tx: Withdraw, *, verify_signature: bool) -> TransactionResult:
    """Debit the account."""
    validate_withdraw(tx)
    timed_out = apply_timer(state, tx.account_id)
    apply_nonce(state, tx, check_withdraw(state, tx, verify_signature=verify_signature))
    account = state.account(tx.account_id)
    state.change_balance(tx.account_id, tx.asset_id, -tx.amount_quanta)
    paid_quanta = _payable_quanta(state.globals, tx)
    missing_quanta = tx.amount_quanta - paid_quanta
    state.globals = state.globals.with_custody_change(tx.asset_id, -paid_quanta)
    record_deficit(state, -missing_quanta)
    event = Withdrawn(tx.account_id, account.l1_address, paid_quanta, tx.asset_id, missing_quanta)
    hints = WithdrawHints(paid_quanta) if missing_quanta else None
    n_slots = len(account.positions)
    return TransactionResult(ResultCode.DONE, (*timed_out, event), hints, n_slots)
