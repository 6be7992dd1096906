"""RemoveKey: a key of an account loses its permissions."""

from dataclasses import dataclass

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MAX_KEYS, MESSAGE_REMOVE_KEY
from novation.protocol.numeric import check_field
from novation.protocol.signatures import (
    UNSIGNED,
    Signature,
    first_message_word,
    message_hash,
    validate_signer,
)


@dataclass(frozen=True, slots=True)
class RemoveKey:
    """An administrator's request; orders that the key has placed stay, they are the account's."""

    account_id: int
    key_index: int
    nonce: int
    slot: int
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        return first_message_word(MESSAGE_REMOVE_KEY, self), self.slot

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_remove_key(tx: RemoveKey) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("slot", tx.slot, 0, MAX_KEYS)
