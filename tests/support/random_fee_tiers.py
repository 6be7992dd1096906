"""Random tiers of fees, and gaps in which days pass."""

import random

from novation.protocol.constants import (
    DAY_MS,
    MAX_FEE_TIERS,
    MILLE_ONE,
    RESUME_GAP_MS,
    TIER_THRESHOLD_BOUND,
)
from novation.protocol.transactions import ParameterKind, SetParameter
from novation.protocol.volumes import FeeSchedule, FeeTier

# From no day to the next one, and until volumes are forgotten.
GAPS_MS = (RESUME_GAP_MS, RESUME_GAP_MS, DAY_MS, 12 * DAY_MS, 31 * DAY_MS)
_THRESHOLDS_KUSD = (0, 1, 5, 20, 100, TIER_THRESHOLD_BOUND - 1)


def random_fee_tiers(rng: random.Random) -> SetParameter:
    """Return an operation that sets all tiers."""
    thresholds = sorted(rng.choices(_THRESHOLDS_KUSD, k=MAX_FEE_TIERS))
    shares = [rng.randint(0, MILLE_ONE) for _ in range(2 * MAX_FEE_TIERS)]
    tiers = map(FeeTier, thresholds, shares[::2], shares[1::2])
    return SetParameter(ParameterKind.FEE_TIERS, 0, FeeSchedule(tuple(tiers)).word())
