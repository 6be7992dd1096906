"""Deposit: the account is credited, or it is proven why not."""

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.constants import CUSTODY_BOUND
from novation.protocol.errors import ResultCode
from novation.protocol.events import Deposited, DepositFailed
from novation.protocol.rules.l1_queue import consume_operation
from novation.protocol.state import State
from novation.protocol.transactions.deposit import Deposit, validate_deposit


def check_deposit(state: State, tx: Deposit) -> ResultCode:
    """Return DONE, or why nothing will be credited."""
    account = state.get_account(tx.account_id)
    if account is None:
        return ResultCode.DONE
    owner = account.l1_address, account.keys[0].public_key
    is_owner = owner == (tx.l1_address, tx.stark_key)
    return ResultCode.DONE if is_owner else ResultCode.DEPOSIT_KEY_MISMATCH


def apply_deposit(state: State, tx: Deposit) -> TransactionResult:
    """Credit the account, which is created if it is absent, and move the queue on."""
    validate_deposit(tx)
    result_code = check_deposit(state, tx)
    consume_operation(state)
    old = state.open_account(tx.account_id)
    n_slots = 0 if old is None else len(old.positions)
    if result_code is not ResultCode.DONE:
        failed = DepositFailed(tx.account_id, tx.amount_quanta, result_code, tx.asset_id)
        return TransactionResult(result_code, (failed,), n_slots=n_slots)
    if old is None:
        state.set_account(tx.account_id, Account.new(tx.l1_address, tx.stark_key))
    # L1 keeps all deposits of an asset together below half of it.
    assert state.globals.custody(tx.asset_id) + tx.amount_quanta < CUSTODY_BOUND
    state.globals = state.globals.with_custody_change(tx.asset_id, tx.amount_quanta)
    state.change_balance(tx.account_id, tx.asset_id, tx.amount_quanta)
    event = Deposited(
        tx.account_id, tx.amount_quanta, is_new_account=old is None, asset_id=tx.asset_id
    )
    return TransactionResult(result_code, (event,), n_slots=n_slots)
