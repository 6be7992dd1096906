"""What settlement pays for gas, and how much more when a transaction waits too long."""

from dataclasses import dataclass

from sequencer.l1 import Fees

_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """Bounds on fees; all prices are per gas.

    `bump_ppm`: nodes take a replacement only if both its fees are higher by a tenth (geth, erigon)
    or an eighth (others).
    """

    replace_after_ms: int = 60_000
    cap_wei: int = 500 * 10**9
    bump_ppm: int = 125_000

    def first(self, market: Fees) -> Fees:
        """Return the fees of a new transaction: what the market asks, at most the cap."""
        max_fee_wei = min(market.max_fee_wei, self.cap_wei)
        return Fees(max_fee_wei, min(market.priority_fee_wei, max_fee_wei))

    def bumped(self, last: Fees, market: Fees) -> Fees | None:
        """Return the fees of a replacement, None if they would exceed the cap."""
        required_wei = self._raised(last.max_fee_wei)
        if required_wei > self.cap_wei:
            return None
        max_fee_wei = min(max(required_wei, market.max_fee_wei), self.cap_wei)
        priority_fee_wei = max(self._raised(last.priority_fee_wei), market.priority_fee_wei)
        return Fees(max_fee_wei, min(priority_fee_wei, max_fee_wei))

    def _raised(self, price_wei: int) -> int:
        """Round up, and raise by a wei at least."""
        return max(-(-price_wei * (_PPM + self.bump_ppm) // _PPM), price_wei + 1)
