"""Unwind: a part of what a pool or the insurance fund took is traded in the book. Unsigned."""

from dataclasses import dataclass

from novation.protocol.constants import MAX_MARKETS
from novation.protocol.numeric import check_field


@dataclass(frozen=True, slots=True)
class Unwind:
    """In which market; whose lots, how many and at which price follows."""

    market_id: int


def validate_unwind(tx: Unwind) -> None:
    """Check the fields; stateless."""
    check_field("market_id", tx.market_id, 0, MAX_MARKETS)
