"""What the client returns of stops and take-profits."""

from dataclasses import dataclass

from novation.receipts import Receipt


@dataclass(frozen=True, slots=True)
class TriggerAck:
    """A dormant order: what it becomes has another number."""

    order_id: int
    receipt: Receipt
