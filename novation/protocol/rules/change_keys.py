"""AddKey and RemoveKey: an administrator changes a key slot that is not its own.

So whoever changes keys keeps its own: an account that has an administrator keeps one.
"""

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import KeyChanged
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission, SigningKey
from novation.protocol.state import State
from novation.protocol.transactions.add_key import AddKey, validate_add_key
from novation.protocol.transactions.remove_key import RemoveKey, validate_remove_key


def check_key_change(
    state: State, tx: AddKey | RemoveKey, *, verify_signature: bool
) -> tuple[Account, SigningKey]:
    """Return the account and what its slot will hold after checking slot and time.

    AddKey may take the slot behind the last one, too, but never the first, which deposits name.
    """
    account = check_signer(state, tx, Permission.ADMIN, verify_signature=verify_signature)
    if isinstance(tx, RemoveKey):
        _check_slot(tx, 0, len(account.keys) - 1)
        return account, account.keys[tx.slot].removed()
    _check_slot(tx, 1, len(account.keys))
    time_ms = state.globals.time_ms
    if tx.expiry_ms <= time_ms:
        raise InvalidTransaction(
            ErrorCode.KEY_EXPIRED,
            f"expiry {tx.expiry_ms} <= now {time_ms}",
            Broken("expiry_time_ms", tx.expiry_ms, time_ms + 1),
        )
    return account, tx.key()


def _check_slot(tx: AddKey | RemoveKey, first_slot: int, last_slot: int) -> None:
    if tx.slot > last_slot:
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_KEY,
            f"slot {tx.slot}, at most {last_slot}",
            Broken("slot", tx.slot, last_slot),
        )
    if tx.slot == tx.key_index:
        raise InvalidTransaction(
            ErrorCode.OWN_KEY,
            f"key {tx.key_index} cannot change its own slot",
            Broken("slot", tx.slot, tx.slot - 1 if tx.slot > first_slot else tx.slot + 1),
        )


def apply_key_change(
    state: State, tx: AddKey | RemoveKey, *, verify_signature: bool
) -> TransactionResult:
    """Write the slot; what its old key has used, and what it has skipped, a new one cannot use."""
    if isinstance(tx, AddKey):
        validate_add_key(tx)
    else:
        validate_remove_key(tx)
    before, key = check_key_change(state, tx, verify_signature=verify_signature)
    apply_nonce(state, tx, before)
    account = state.account(tx.account_id).with_key(tx.slot, key)
    if isinstance(tx, AddKey) and tx.slot < len(before.keys):
        account = account.with_window(tx.slot, account.windows[tx.slot].of_another_key())
    state.set_keys(tx.account_id, account)
    event = KeyChanged(tx.account_id, tx.slot, key)
    return TransactionResult(ResultCode.DONE, (event,), n_slots=len(account.positions))
