"""Deposit: the L1 contract received collateral for an account."""

from dataclasses import dataclass, replace

from novation.crypto import FIELD_PRIME
from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    AMOUNT_BOUND,
    CUSTODY_BOUND,
    L1_ADDRESS_BOUND,
)
from novation.protocol.errors import ResultCode
from novation.protocol.events import Deposited, DepositFailed
from novation.protocol.state import State


@dataclass(frozen=True, slots=True)
class Deposit:
    """An operation of the L1 queue; it is always consumed, in queue order."""

    account_id: int
    l1_address: int
    stark_key: int
    amount_quanta: int


def validate_deposit(tx: Deposit) -> None:
    """Assert what the L1 contract guarantees."""
    assert 0 <= tx.account_id < ACCOUNT_ID_BOUND
    assert 0 <= tx.l1_address < L1_ADDRESS_BOUND
    assert 0 <= tx.stark_key < FIELD_PRIME
    assert 0 < tx.amount_quanta < AMOUNT_BOUND


def check_deposit(state: State, tx: Deposit) -> ResultCode:
    """Return DONE, or why nothing will be credited."""
    account = state.get_account(tx.account_id)
    if account is None or (account.l1_address, account.keys[0]) == (tx.l1_address, tx.stark_key):
        return ResultCode.DONE
    return ResultCode.DEPOSIT_KEY_MISMATCH


def apply_deposit(state: State, tx: Deposit) -> TransactionResult:
    """Credit the account, which is created if it is absent, and move the queue on."""
    validate_deposit(tx)
    result_code = check_deposit(state, tx)
    counters = state.globals
    state.globals = counters = replace(counters, l1_queue_position=counters.l1_queue_position + 1)
    old = state.open_account(tx.account_id)
    if result_code is not ResultCode.DONE:
        failed = DepositFailed(tx.account_id, tx.amount_quanta, result_code)
        return TransactionResult(result_code, (failed,))
    account = Account.new(tx.l1_address, tx.stark_key) if old is None else old
    balance = account.collateral_quanta + tx.amount_quanta
    state.set_account(tx.account_id, account.with_balance(balance))
    custody_quanta = counters.custody_quanta + tx.amount_quanta
    # L1 keeps all deposits together below half of it.
    assert custody_quanta < CUSTODY_BOUND
    state.globals = replace(counters, custody_quanta=custody_quanta)
    event = Deposited(tx.account_id, tx.amount_quanta, is_new_account=old is None)
    return TransactionResult(result_code, (event,))
