"""PlaceBracket: an order, with the stop and the take-profit of what it opens.

docs/spec/protocol.md, section 16.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from novation.crypto import hades
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import BRACKET_TAG, PRICE_BOUND, TIME_BOUND
from novation.protocol.numeric import check_field, pack
from novation.protocol.transactions.place_order import PlaceOrder, validate_place_order

EXITS_WIDTHS = (32, 32, 32, 32, 48)


@dataclass(frozen=True, slots=True)
class PlaceBracket(PlaceOrder):
    """An order, and two that lie dormant and end each other: for each its trigger and its limit."""

    stop_trigger_ticks: int = 0
    stop_price_ticks: int = 0
    profit_trigger_ticks: int = 0
    profit_price_ticks: int = 0
    exits_expiry_time_ms: int = 0

    @classmethod
    def of(cls, order: PlaceOrder, **fields: Any) -> "PlaceBracket":  # noqa: ANN401
        """Return an order with exits, which the further fields are."""
        own = {item.name: getattr(order, item.name) for item in dataclasses.fields(PlaceOrder)}
        return cls(**own | fields)

    def exits_word(self) -> int:
        """Return the packed word that names the exits."""
        fields = (
            self.stop_trigger_ticks,
            self.stop_price_ticks,
            self.profit_trigger_ticks,
            self.profit_price_ticks,
            self.exits_expiry_time_ms,
        )
        return pack(*zip(fields, EXITS_WIDTHS, strict=True))

    @override
    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs: the order, in a domain that names the exits."""
        domain = hades(self.exits_word(), BRACKET_TAG, config.config_hash)[0]
        return hades(*self.message_words(), domain)[0]


def validate_place_bracket(tx: PlaceBracket) -> None:
    """Check the fields; stateless."""
    validate_place_order(tx)
    check_field("reduce_only", int(tx.reduce_only), 0, 1)
    check_field("stop_trigger_ticks", tx.stop_trigger_ticks, 1, PRICE_BOUND)
    check_field("stop_price_ticks", tx.stop_price_ticks, 1, PRICE_BOUND)
    check_field("profit_trigger_ticks", tx.profit_trigger_ticks, 1, PRICE_BOUND)
    check_field("profit_price_ticks", tx.profit_price_ticks, 1, PRICE_BOUND)
    check_field("exits_expiry_time_ms", tx.exits_expiry_time_ms, 0, TIME_BOUND)
