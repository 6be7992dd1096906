"""ReplaceOrder: an order takes the place of another one of its account and market.

docs/spec/protocol.md, section 6.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from novation.crypto import hades
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import ORDER_SIZE_BOUND, REPLACE_TAG
from novation.protocol.numeric import check_field, pack
from novation.protocol.orders import ORIGIN_BITS, origin_of
from novation.protocol.transactions.cancel_order import validate_order_name
from novation.protocol.transactions.place_order import PlaceOrder, validate_place_order


@dataclass(frozen=True, slots=True)
class ReplaceOrder(PlaceOrder):
    """A new order, and the name of the old one, as in CancelOrder.

    `seen_lots` is what was left of the old one as its owner saw it: what was filled since counts
    as filled of the new one. With `in_place` the old order keeps its id and place, and shrinks.
    """

    order_id: int = 0
    placed_key_index: int = 0
    placed_nonce: int = 0
    placed_quote_index: int = 0
    seen_lots: int = 0
    in_place: bool = False

    @classmethod
    def of(cls, order: PlaceOrder, **fields: Any) -> "ReplaceOrder":  # noqa: ANN401
        """Return an order that replaces one, which the further fields name."""
        own = {item.name: getattr(order, item.name) for item in dataclasses.fields(PlaceOrder)}
        return cls(**own | fields)

    @property
    def origin(self) -> int:
        """The packed name of the old order by its message, 0 if it is named by its id."""
        return origin_of(self.placed_key_index, self.placed_nonce, self.placed_quote_index)

    def replaced_word(self) -> int:
        """Return the packed word that names the old order."""
        return pack(
            (self.order_id or self.origin, ORIGIN_BITS),
            (int(self.order_id == 0), 1),
            (int(self.in_place), 1),
            (self.seen_lots, 32),
        )

    @override
    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs: the new order, in a domain that names the old one."""
        domain = hades(self.replaced_word(), REPLACE_TAG, config.config_hash)[0]
        return hades(*self.message_words(), domain)[0]


def validate_replace_order(tx: ReplaceOrder) -> None:
    """Check the fields; stateless."""
    validate_place_order(tx)
    validate_order_name(tx)
    check_field("seen_lots", tx.seen_lots, 1, ORDER_SIZE_BOUND)
