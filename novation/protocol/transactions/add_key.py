"""AddKey: a key is put into a free key slot of an account, or in place of another."""

import itertools
from dataclasses import dataclass

from novation.crypto import FIELD_PRIME, is_public_key
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MAX_KEYS, MESSAGE_ADD_KEY, PERMISSIONS_BOUND, TIME_BOUND
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.numeric import check_field, pack
from novation.protocol.signatures import (
    MESSAGE_WORD_0_BITS,
    UNSIGNED,
    Signature,
    first_message_word,
    message_hash,
    validate_signer,
)
from novation.protocol.signing_keys import SigningKey


@dataclass(frozen=True, slots=True)
class AddKey:
    """An administrator's request; the key may sign what `permissions` say, until `expiry_ms`."""

    account_id: int
    key_index: int
    nonce: int
    slot: int
    permissions: int
    expiry_ms: int
    public_key: int
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    def key(self) -> SigningKey:
        """Return what the slot will hold."""
        return SigningKey(self.public_key, self.permissions, self.expiry_ms)

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        rights = pack((self.slot, 4), (self.permissions, 8), (self.expiry_ms, 48))
        head = first_message_word(MESSAGE_ADD_KEY, self)
        return head + (rights << MESSAGE_WORD_0_BITS), self.public_key

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_add_key(tx: AddKey) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("slot", tx.slot, 1, MAX_KEYS)
    check_field("permissions", tx.permissions, 1, PERMISSIONS_BOUND)
    check_field("expiry_time_ms", tx.expiry_ms, 0, TIME_BOUND)
    # Of admission: the circuit takes any word, with which nobody could ever sign.
    if not (0 <= tx.public_key < FIELD_PRIME and is_public_key(tx.public_key)):
        raise InvalidTransaction(
            ErrorCode.INVALID_FIELD,
            f"public_key {tx.public_key:#x} is not the abscissa of a point of the Stark curve",
            Broken("public_key", tx.public_key, _next_public_key(tx.public_key)),
        )


def _next_public_key(abscissa: int) -> int:
    """Return the next abscissa of a point; every second number is one."""
    following = ((abscissa + step) % FIELD_PRIME for step in itertools.count(1))
    return next(filter(is_public_key, following))
