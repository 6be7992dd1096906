"""PlaceTrigger: an order that reduces a position lies dormant until the mark reaches a price.

docs/spec/protocol.md, section 16.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from novation.protocol.constants import MESSAGE_PLACE_TRIGGER, PRICE_BOUND
from novation.protocol.numeric import check_field, pack
from novation.protocol.orders import TimeInForce, Trigger, TriggerDirection
from novation.protocol.signatures import first_message_word
from novation.protocol.transactions.place_order import PlaceOrder, validate_place_order

# What the second word has above that of the order.
ORDER_MESSAGE_BITS = 206


@dataclass(frozen=True, slots=True)
class PlaceTrigger(PlaceOrder):
    """An order, and what it waits for: the mark at or beyond a price.

    With `ends_others` all other orders of the account in the market die with the position.
    """

    trigger_price_ticks: int = 0
    trigger_direction: TriggerDirection = TriggerDirection.FALL
    ends_others: bool = False

    @classmethod
    def of(cls, order: PlaceOrder, **fields: Any) -> "PlaceTrigger":  # noqa: ANN401
        """Return an order that waits for what the further fields say."""
        own = {item.name: getattr(order, item.name) for item in dataclasses.fields(PlaceOrder)}
        return cls(**own | fields)

    @property
    def trigger(self) -> Trigger:
        """What the dormant order has besides a resting one."""
        return Trigger(
            self.trigger_price_ticks,
            self.trigger_direction,
            self.time_in_force,
            self.self_trade_mode,
            self.self_trade_scope,
            self.ends_others,
        )

    @override
    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""
        order_word = PlaceOrder.message_words(self)[1]
        above = pack(
            (self.trigger_price_ticks, 32), (self.trigger_direction, 1), (int(self.ends_others), 1)
        )
        word_0 = first_message_word(MESSAGE_PLACE_TRIGGER, self, self.market_id)
        return word_0, order_word + (above << ORDER_MESSAGE_BITS)


def validate_place_trigger(tx: PlaceTrigger) -> None:
    """Check the fields; stateless."""
    validate_place_order(tx)
    check_field("reduce_only", int(tx.reduce_only), 1, 2)
    check_field("time_in_force", int(tx.time_in_force), 0, TimeInForce.IOC + 1)
    check_field("trigger_price_ticks", tx.trigger_price_ticks, 1, PRICE_BOUND)
