"""SetAuction: a failing account's positions are up for auction, or no more. Unsigned."""

from dataclasses import dataclass

from novation.protocol.constants import ACCOUNT_ID_BOUND
from novation.protocol.numeric import check_field


@dataclass(frozen=True, slots=True)
class SetAuction:
    """Whose; whether one begins or ends follows from what the account is worth."""

    account_id: int


def validate_set_auction(tx: SetAuction) -> None:
    """Check the field; stateless."""
    check_field("account_id", tx.account_id, 0, ACCOUNT_ID_BOUND)
