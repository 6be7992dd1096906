"""Who signed a transaction, and in which order: the account, its key and its nonce."""

from novation.protocol.accounts import Account
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.signatures import SignedTransaction, check_signature, message_hash
from novation.protocol.state import State


def check_signer(state: State, tx: SignedTransaction, *, verify_signature: bool) -> Account:
    """Return the signing account after checking key, nonce and signature."""
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
    last_nonce = account.nonces[tx.key_index]
    if tx.nonce <= last_nonce:
        raise InvalidTransaction(
            ErrorCode.NONCE_NOT_INCREASING,
            f"nonce {tx.nonce} <= last {last_nonce}",
            Broken("nonce", tx.nonce, last_nonce + 1),
        )
    if verify_signature:
        key = account.keys[tx.key_index]
        check_signature(message_hash(tx, state.config), tx.signature, key)
    return account


def apply_nonce(state: State, tx: SignedTransaction, account: Account) -> None:
    """Use up the nonce; the account is the one that `check_signer` returned."""
    state.set_account(tx.account_id, account.with_nonce(tx.key_index, tx.nonce))
