"""ListMarket: a market of an underlying opens. Unsigned: who wants it decides nothing."""

from dataclasses import dataclass

from novation.protocol.constants import MAX_MARKETS
from novation.protocol.numeric import check_field


@dataclass(frozen=True, slots=True)
class ListMarket:
    """The id of a market that nobody has listed yet; that of a perpetual is its underlying's."""

    market_id: int


def validate_list_market(tx: ListMarket) -> None:
    """Check the field; stateless."""
    check_field("market_id", tx.market_id, 0, MAX_MARKETS)
