"""What an account has paid of fees."""

from dataclasses import dataclass
from decimal import Decimal

from novation.protocol.constants import MILLE_ONE


@dataclass(frozen=True, slots=True)
class FeeStanding:
    """What an account has paid of fees, in USD, and what goes back to it.

    `counted` is what counts of 30 days before the open batch and gives the tier, 0 if it reaches
    none, of which `returned_permille` come back. `in_batch` was paid in the open batch; `returned`
    is credited of it when the batch is sealed. `to_next_tier` must be paid more for the next tier,
    None if there is none. What an account pays of a market's fees in the end is
    `effective_fee_ppm`.
    """

    tier: int = 0
    returned_permille: int = 0
    counted: Decimal = Decimal(0)
    in_batch: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)
    to_next_tier: Decimal | None = None

    def effective_fee_ppm(self, fee_ppm: int) -> Decimal:
        """Return what is left of a market's fee for takers or makers after what comes back."""
        return Decimal(fee_ppm * (MILLE_ONE - self.returned_permille)) / MILLE_ONE


# Of who has paid none.
NO_FEES_PAID = FeeStanding()
