"""Transfer: what may leave an account goes to another one of the same owner."""

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import Transferred
from novation.protocol.rules.dead_orders import apply_timer
from novation.protocol.rules.leaving import check_can_leave
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.transfer import Transfer, validate_transfer


def check_transfer(state: State, tx: Transfer, *, verify_signature: bool) -> Account:
    """Return the account after checking who gets the amount, and that it may leave."""
    account = check_signer(state, tx, Permission.WITHDRAW, verify_signature=verify_signature)
    _check_receiver(state, tx, account)
    check_can_leave(state, account, tx.asset_id, tx.amount_quanta)
    return account


def _check_receiver(state: State, tx: Transfer, account: Account) -> None:
    if tx.to_account_id == tx.account_id:
        raise InvalidTransaction(
            ErrorCode.SAME_ACCOUNT,
            f"from account {tx.account_id} to itself",
            Broken("to_account_id", tx.to_account_id, 0),
        )
    receiver = state.get_account(tx.to_account_id)
    if receiver is None:
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_ACCOUNT,
            f"account {tx.to_account_id} does not exist: a deposit opens it",
            Broken("to_account_id", tx.to_account_id, 0),
        )
    if receiver.l1_address != account.l1_address:
        raise InvalidTransaction(
            ErrorCode.NOT_SAME_OWNER,
            f"account {tx.to_account_id} is of L1 address {receiver.l1_address:#x}, "
            f"account {tx.account_id} of {account.l1_address:#x}",
            Broken("l1_address", receiver.l1_address, account.l1_address),
        )


def apply_transfer(state: State, tx: Transfer, *, verify_signature: bool) -> TransactionResult:
    """Debit one account and credit the other one, whose orders and timer stay as they are."""
    validate_transfer(tx)
    timed_out = apply_timer(state, tx.account_id)
    apply_nonce(state, tx, check_transfer(state, tx, verify_signature=verify_signature))
    receiver = state.open_account(tx.to_account_id)
    assert receiver is not None
    state.change_balance(tx.account_id, tx.asset_id, -tx.amount_quanta)
    state.change_balance(tx.to_account_id, tx.asset_id, tx.amount_quanta)
    event = Transferred(tx.account_id, tx.to_account_id, tx.amount_quanta, tx.asset_id)
    n_slots = len(state.account(tx.account_id).positions) + len(receiver.positions)
    return TransactionResult(ResultCode.DONE, (*timed_out, event), n_slots=n_slots)
