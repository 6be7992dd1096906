"""CancelOrder: the owner takes a resting order off the book, by its id or by its message."""

from dataclasses import dataclass
from typing import Protocol

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    MAX_KEYS,
    MAX_QUOTES,
    MESSAGE_CANCEL_ORDER,
    NONCE_BOUND,
    ORDER_ID_BOUND,
)
from novation.protocol.numeric import check_field, pack
from novation.protocol.orders import ORIGIN_BITS, origin_of
from novation.protocol.signatures import (
    UNSIGNED,
    Signature,
    first_message_word,
    message_hash,
    validate_signer,
)


class NamesOrder(Protocol):
    """A message that names an order of its account: see `CancelOrder`."""

    @property
    def account_id(self) -> int:
        """The account that signs, and has the order."""

    @property
    def order_id(self) -> int:
        """The order's id, or 0."""

    @property
    def placed_key_index(self) -> int:
        """Key slot of the message that placed the order, or 0."""

    @property
    def placed_nonce(self) -> int:
        """Nonce of the message that placed the order, or 0."""

    @property
    def placed_quote_index(self) -> int:
        """Which of the orders of that message it is, 0 if it placed one."""

    @property
    def origin(self) -> int:
        """The three, packed."""


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """A user's request to cancel one order.

    `order_id` is 0 if the order is named by the message that placed it: its key slot and nonce, and
    which of its quotes is meant. All that is known before there is an answer. The three are 0 if
    the order is named by its id.
    """

    account_id: int
    key_index: int
    nonce: int
    order_id: int
    placed_key_index: int = 0
    placed_nonce: int = 0
    placed_quote_index: int = 0
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    @property
    def origin(self) -> int:
        """The packed name of the order by its message, 0 if it is named by its id."""
        return origin_of(self.placed_key_index, self.placed_nonce, self.placed_quote_index)

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        word_1 = pack((self.order_id, 48), (self.origin, ORIGIN_BITS))
        return first_message_word(MESSAGE_CANCEL_ORDER, self), word_1

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_cancel_order(tx: CancelOrder) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    validate_order_name(tx)


def validate_order_name(tx: NamesOrder) -> None:
    """Check that an order is named either by its id or by its message; stateless."""
    check_field("placed_key_index", tx.placed_key_index, 0, MAX_KEYS)
    check_field("placed_nonce", tx.placed_nonce, 0, NONCE_BOUND)
    check_field("placed_quote_index", tx.placed_quote_index, 0, MAX_QUOTES)
    if tx.placed_nonce:
        check_field("order_id", tx.order_id, 0, 1)
    else:
        check_field("order_id", tx.order_id, 1, ORDER_ID_BOUND)
        check_field("placed_key_index", tx.placed_key_index, 0, 1)
        check_field("placed_quote_index", tx.placed_quote_index, 0, 1)
