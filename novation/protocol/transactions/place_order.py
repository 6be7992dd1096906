"""PlaceOrder: a limit order is matched against the book; what is left may rest on it.

docs/spec/protocol.md, section 6: the numbered steps there are the order of this file.
"""

from dataclasses import dataclass

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    LABEL_BOUND,
    MAX_MARKETS,
    MESSAGE_PLACE_ORDER,
    ORDER_SIZE_BOUND,
    PRICE_BOUND,
    RATE_BOUND,
    TIME_BOUND,
)
from novation.protocol.numeric import check_field, pack
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, Side, TimeInForce
from novation.protocol.signatures import (
    UNSIGNED,
    Signature,
    first_message_word,
    message_hash,
    validate_signer,
)


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A user's limit order; `max_fee_ppm` bounds both the maker and the taker fee.

    `label` is a number that means something to its owner only.
    """

    account_id: int
    key_index: int
    nonce: int
    market_id: int
    side: Side
    price_ticks: int
    size_lots: int
    expiry_time_ms: int
    max_fee_ppm: int
    reduce_only: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC
    self_trade_mode: SelfTradeMode = SelfTradeMode.CANCEL_RESTING
    self_trade_scope: SelfTradeScope = SelfTradeScope.ACCOUNT
    label: int = 0
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        word_1 = pack(
            (self.price_ticks, 32),
            (self.size_lots, 32),
            (self.expiry_time_ms, 48),
            (self.max_fee_ppm, 20),
            (self.side, 1),
            (int(self.reduce_only), 1),
            (self.time_in_force, 4),
            (self.self_trade_mode, 2),
            (self.self_trade_scope, 2),
            (self.label, 64),
        )
        return first_message_word(MESSAGE_PLACE_ORDER, self, self.market_id), word_1

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""
        return message_hash(self, config)


def validate_place_order(tx: PlaceOrder) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("market_id", tx.market_id, 0, MAX_MARKETS)
    check_field("price_ticks", tx.price_ticks, 1, PRICE_BOUND)
    check_field("size_lots", tx.size_lots, 1, ORDER_SIZE_BOUND)
    check_field("expiry_time_ms", tx.expiry_time_ms, 0, TIME_BOUND)
    check_field("max_fee_ppm", tx.max_fee_ppm, 0, RATE_BOUND)
    check_field("label", tx.label, 0, LABEL_BOUND)
