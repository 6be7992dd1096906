"""What the client returns of stops, take-profits and brackets."""

from dataclasses import dataclass

from novation.client.models import OrderAck
from novation.receipts import Receipt


@dataclass(frozen=True, slots=True)
class TriggerAck:
    """A dormant order: what it becomes has another number."""

    order_id: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class BracketAck:
    """An order, and its dormant exits; None if nothing was filled of one that never rests."""

    order: OrderAck
    stop_order_id: int | None
    profit_order_id: int | None
