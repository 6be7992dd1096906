"""Transfer: an amount of an asset goes from an account to another one of the same owner."""

from dataclasses import dataclass

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    AMOUNT_BOUND,
    MAX_ASSETS,
    MESSAGE_TRANSFER,
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
class Transfer:
    """A user's request to move `amount_quanta` of an asset, in its quanta, to `to_account_id`."""

    account_id: int
    key_index: int
    nonce: int
    to_account_id: int
    amount_quanta: int
    asset_id: int = USD_ASSET_ID
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        word_1 = pack((self.amount_quanta, 64), (self.asset_id, 8), (self.to_account_id, 32))
        return first_message_word(MESSAGE_TRANSFER, self), word_1

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_transfer(tx: Transfer) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("to_account_id", tx.to_account_id, 0, ACCOUNT_ID_BOUND)
    check_field("amount_quanta", tx.amount_quanta, 1, AMOUNT_BOUND)
    check_field("asset_id", tx.asset_id, 0, MAX_ASSETS)
