"""CancelAll: every resting order of an account, or of one of its markets, is dead at once."""

from dataclasses import dataclass

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MAX_MARKETS, MESSAGE_CANCEL_ALL
from novation.protocol.numeric import check_field
from novation.protocol.signatures import (
    UNSIGNED,
    Signature,
    first_message_word,
    message_hash,
    validate_signer,
)


@dataclass(frozen=True, slots=True)
class CancelAll:
    """A user's request; `market_id` is None for all markets."""

    account_id: int
    key_index: int
    nonce: int
    market_id: int | None = None
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        is_one_market = self.market_id is not None
        word_0 = first_message_word(MESSAGE_CANCEL_ALL, self, self.market_id or 0)
        return word_0, int(is_one_market)

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_cancel_all(tx: CancelAll) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    if tx.market_id is not None:
        check_field("market_id", tx.market_id, 0, MAX_MARKETS)
