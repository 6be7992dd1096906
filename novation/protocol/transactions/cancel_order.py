"""CancelOrder: the owner takes a resting order off the book."""

from dataclasses import dataclass

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MESSAGE_CANCEL_ORDER, ORDER_ID_BOUND
from novation.protocol.numeric import check_field
from novation.protocol.signatures import (
    UNSIGNED,
    Signature,
    first_message_word,
    message_hash,
    validate_signer,
)


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """A user's request to cancel one order."""

    account_id: int
    key_index: int
    nonce: int
    order_id: int
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        return first_message_word(MESSAGE_CANCEL_ORDER, self), self.order_id

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_cancel_order(tx: CancelOrder) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("order_id", tx.order_id, 1, ORDER_ID_BOUND)
