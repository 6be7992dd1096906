"""TakeOver: all positions of a hopeless account go to insurance, or to the pools. Unsigned."""

from dataclasses import dataclass

from novation.protocol.constants import ACCOUNT_ID_BOUND
from novation.protocol.numeric import check_field


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Whose positions are taken."""

    account_id: int


def validate_take_over(tx: TakeOver) -> None:
    """Check the fields; stateless."""
    check_field("account_id", tx.account_id, 0, ACCOUNT_ID_BOUND)
