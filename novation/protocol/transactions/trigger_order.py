"""TriggerOrder: the first dormant order whose price the mark has reached is placed. Unsigned."""

from dataclasses import dataclass

from novation.protocol.constants import MAX_MARKETS
from novation.protocol.numeric import check_field


@dataclass(frozen=True, slots=True)
class TriggerOrder:
    """In which market; the rules say which order."""

    market_id: int


def validate_trigger_order(tx: TriggerOrder) -> None:
    """Check the fields; stateless."""
    check_field("market_id", tx.market_id, 0, MAX_MARKETS)
