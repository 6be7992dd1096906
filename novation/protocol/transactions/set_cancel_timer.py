"""SetCancelTimer: a dead man's switch, which cancels all orders of an account at some time."""

from dataclasses import dataclass

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MESSAGE_SET_CANCEL_TIMER, TIME_BOUND
from novation.protocol.numeric import check_field
from novation.protocol.signatures import (
    UNSIGNED,
    Signature,
    first_message_word,
    message_hash,
    validate_signer,
)


@dataclass(frozen=True, slots=True)
class SetCancelTimer:
    """A user's request; the last time that there is switches it off."""

    account_id: int
    key_index: int
    nonce: int
    cancel_all_at_ms: int
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        return first_message_word(MESSAGE_SET_CANCEL_TIMER, self), self.cancel_all_at_ms

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_set_cancel_timer(tx: SetCancelTimer) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("cancel_all_at_ms", tx.cancel_all_at_ms, 0, TIME_BOUND)
