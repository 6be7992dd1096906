"""Who signed a transaction, and in which order: the account, its key and its nonce."""

from novation.protocol.accounts import Account
from novation.protocol.constants import MAX_VALIDITY_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.signatures import SignedTransaction, check_signature
from novation.protocol.signing_keys import Permission, SigningKey
from novation.protocol.state import State


def check_signer(
    state: State, tx: SignedTransaction, needed: Permission, *, verify_signature: bool
) -> Account:
    """Return the signing account after checking nonce, validity, permission and signature.

    The nonce comes first: a message that is sent again is known by it, whatever its key may now,
    and when it has expired, too.
    """
    account = state.get_account(tx.account_id)
    if account is None:
        last_id = len(state.accounts) - 1
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_ACCOUNT,
            f"account {tx.account_id}, the last is {last_id}",
            Broken("account_id", tx.account_id, last_id),
        )
    if tx.key_index >= len(account.keys):
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_KEY,
            f"key {tx.key_index} of {len(account.keys)}",
            Broken("key_index", tx.key_index, len(account.keys) - 1),
        )
    refusal = account.windows[tx.key_index].refusal(tx.nonce)
    if refusal is not None:
        raise refusal
    _check_validity(tx.valid_until_ms, state.globals.time_ms)
    key = account.keys[tx.key_index]
    _check_key(key, tx.key_index, needed, state.globals.time_ms)
    if verify_signature:
        check_signature(tx.message_hash(state.config), tx.signature, key.public_key)
    return account


def _check_validity(valid_until_ms: int, time_ms: int) -> None:
    """Refuse what was withheld too long, so that nobody holds an option on its price."""
    if valid_until_ms < time_ms:
        raise InvalidTransaction(
            ErrorCode.MESSAGE_EXPIRED,
            f"valid until {valid_until_ms}, now {time_ms}",
            Broken("valid_until_ms", valid_until_ms, time_ms),
        )
    latest_ms = time_ms + MAX_VALIDITY_MS
    if valid_until_ms > latest_ms:
        raise InvalidTransaction(
            ErrorCode.VALIDITY_TOO_LONG,
            f"valid until {valid_until_ms} > {latest_ms}, now {time_ms}",
            Broken("valid_until_ms", valid_until_ms, latest_ms),
        )


def _check_key(key: SigningKey, key_index: int, needed: Permission, time_ms: int) -> None:
    if not key.allows(needed):
        raise InvalidTransaction(
            ErrorCode.KEY_LACKS_PERMISSION,
            f"key {key_index} has permissions {key.permissions}, needs {needed} ({needed.name})",
            Broken("signer_permissions", int(key.permissions), int(key.permissions | needed)),
        )
    # That of slot 0 may sign whatever the time, as in the circuit: it is full or removed.
    if key_index != 0 and time_ms >= key.expiry_ms:
        raise InvalidTransaction(
            ErrorCode.KEY_EXPIRED,
            f"key {key_index} expired at {key.expiry_ms}, now {time_ms}",
            Broken("time_ms", time_ms, key.expiry_ms - 1),
        )


def apply_nonce(state: State, tx: SignedTransaction, account: Account) -> None:
    """Use up the nonce; the account is the one that `check_signer` returned."""
    window = account.windows[tx.key_index].with_used(tx.nonce)
    state.set_account(tx.account_id, account.with_window(tx.key_index, window))
