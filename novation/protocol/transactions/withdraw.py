"""Withdraw: an amount of an asset leaves an account and becomes payable to its owner on L1."""

from dataclasses import dataclass

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    AMOUNT_BOUND,
    MAX_ASSETS,
    MESSAGE_WITHDRAW,
    USD_ASSET_ID,
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
class Withdraw:
    """A user's request to pay out `amount_quanta` of an asset, in its quanta."""

    account_id: int
    key_index: int
    nonce: int
    amount_quanta: int
    asset_id: int = USD_ASSET_ID
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        word_1 = pack((self.amount_quanta, 64), (self.asset_id, 8))
        return first_message_word(MESSAGE_WITHDRAW, self), word_1

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_withdraw(tx: Withdraw) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("amount_quanta", tx.amount_quanta, 1, AMOUNT_BOUND)
    check_field("asset_id", tx.asset_id, 0, MAX_ASSETS)
