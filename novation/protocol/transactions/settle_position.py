"""SettlePosition: a position in a market that has ended becomes money. Unsigned."""

from dataclasses import dataclass

from novation.protocol.constants import ACCOUNT_ID_BOUND, MAX_MARKETS
from novation.protocol.numeric import check_field


@dataclass(frozen=True, slots=True)
class SettlePosition:
    """Whose, and in which market."""

    account_id: int
    market_id: int


def validate_settle_position(tx: SettlePosition) -> None:
    """Check the fields; stateless."""
    check_field("account_id", tx.account_id, 0, ACCOUNT_ID_BOUND)
    check_field("market_id", tx.market_id, 0, MAX_MARKETS)
