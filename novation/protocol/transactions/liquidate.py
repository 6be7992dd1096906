"""Liquidate: a failing account's orders die, and part of one position is closed. Unsigned."""

from dataclasses import dataclass

from novation.protocol.constants import ACCOUNT_ID_BOUND, MAX_MARKETS
from novation.protocol.numeric import check_field


@dataclass(frozen=True, slots=True)
class Liquidate:
    """Whose position is reduced, and in which market."""

    account_id: int
    market_id: int


def validate_liquidate(tx: Liquidate) -> None:
    """Check the fields; stateless."""
    check_field("account_id", tx.account_id, 0, ACCOUNT_ID_BOUND)
    check_field("market_id", tx.market_id, 0, MAX_MARKETS)
