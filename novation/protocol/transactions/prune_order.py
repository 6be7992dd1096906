"""PruneOrder: a dead order leaves the book. Unsigned: the dead trade with nobody."""

from dataclasses import dataclass

from novation.protocol.constants import ORDER_ID_BOUND
from novation.protocol.numeric import check_field


@dataclass(frozen=True, slots=True)
class PruneOrder:
    """The id of an order that is in the book, but dead."""

    order_id: int


def validate_prune_order(tx: PruneOrder) -> None:
    """Check the field; stateless."""
    check_field("order_id", tx.order_id, 1, ORDER_ID_BOUND)
