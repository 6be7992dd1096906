"""Bid: who signs it takes a share of all positions of a failing account, at a discount."""

from dataclasses import dataclass

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    AMOUNT_BOUND,
    MESSAGE_BID,
    RATE_BOUND,
    SHARE_X16_ONE,
)
from novation.protocol.numeric import check_field, pack
from novation.protocol.signatures import (
    UNSIGNED,
    Signature,
    first_message_word,
    message_hash,
    validate_signer,
)


@dataclass(frozen=True, slots=True)
class Bid:
    """A bidder's offer for the positions of `failing_account_id`.

    It takes `share_x16` / 2^16 of each of them, or less if less is enough. The bidder is given at
    least `min_discount_ppm` of what is taken at the mark, which is worth no more than
    `max_notional_quanta`.
    """

    account_id: int
    key_index: int
    nonce: int
    failing_account_id: int
    share_x16: int
    min_discount_ppm: int
    max_notional_quanta: int
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        word_1 = pack(
            (self.failing_account_id, 32),
            (self.share_x16, 17),
            (self.min_discount_ppm, 20),
            (self.max_notional_quanta, 63),
        )
        return first_message_word(MESSAGE_BID, self), word_1

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_bid(tx: Bid) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("failing_account_id", tx.failing_account_id, 0, ACCOUNT_ID_BOUND)
    check_field("share_x16", tx.share_x16, 1, SHARE_X16_ONE + 1)
    check_field("min_discount_ppm", tx.min_discount_ppm, 0, RATE_BOUND)
    check_field("max_notional_quanta", tx.max_notional_quanta, 1, AMOUNT_BOUND)
