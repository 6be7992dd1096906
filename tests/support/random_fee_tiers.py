"""Random tiers of fees, and gaps in which days pass."""

import random

from novation.protocol.constants import (
    DAY_MS,
    MAX_FEE_TIERS,
    MAX_RETURNED_PERMILLE,
    MILLE_ONE,
    RESUME_GAP_MS,
    TIER_THRESHOLD_BOUND,
)
from novation.protocol.fee_tiers import FeeSchedule, FeeTier
from novation.protocol.transactions import ParameterKind, SetParameter

# From no day to the next one, and until fees are forgotten.
GAPS_MS = (RESUME_GAP_MS, RESUME_GAP_MS, DAY_MS, 12 * DAY_MS, 31 * DAY_MS)
_THRESHOLDS_USD = (0, 0, 1, 5, 20, TIER_THRESHOLD_BOUND - 1)


def random_fee_tiers(rng: random.Random) -> SetParameter:
    """Return an operation that sets all tiers."""
    thresholds = sorted(rng.choices(_THRESHOLDS_USD, k=MAX_FEE_TIERS))
    tiers = tuple(FeeTier(usd, rng.randint(0, MAX_RETURNED_PERMILLE)) for usd in thresholds)
    schedule = FeeSchedule(tiers, rng.randint(0, MILLE_ONE), rng.random() < 0.5)
    return SetParameter(ParameterKind.FEE_SCHEDULE, 0, schedule.word())
