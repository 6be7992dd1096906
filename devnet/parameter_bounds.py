"""What the contract's owner may set at least and at most.

The contract holds these bounds (ParameterRegistry.sol says why); here they let a command refuse
before anything is sent. The protocol itself takes more (novation/protocol/parameters.py).
"""

from collections.abc import Mapping
from typing import Final

from novation.protocol.constants import (
    INTEREST_KUSD_BOUND,
    MAX_ORACLES,
    MODES_BOUND,
    MULTIPLIER_BOUND,
    PPM_ONE,
    RATE_BOUND,
    TICK_DECIMALS_BOUND,
)

MIN_INITIAL_MARGIN_PPM: Final = 10_000
MIN_MAINTENANCE_MARGIN_PPM: Final = 5_000
MAX_FEE_PPM: Final = 10_000
MIN_PRICE_BAND_PPM: Final = 1_000
MAX_MIN_ORDER_USD: Final = 10_000
MIN_INTEREST_SPAN_KUSD: Final = 1_000
MIN_ORACLE_MAX_AGE_MS: Final = 3_000
MAX_ORACLE_MAX_AGE_MS: Final = 600_000

# The least and the largest value of each.
LIMITS: Final = {
    "multiplier": (1, MULTIPLIER_BOUND - 1),
    "initial_margin_ppm": (MIN_INITIAL_MARGIN_PPM, RATE_BOUND - 1),
    "maintenance_margin_ppm": (MIN_MAINTENANCE_MARGIN_PPM, RATE_BOUND - 1),
    "maker_fee_ppm": (0, MAX_FEE_PPM),
    "taker_fee_ppm": (0, MAX_FEE_PPM),
    "price_band_ppm": (MIN_PRICE_BAND_PPM, PPM_ONE - 1),
    "min_order_usd": (0, MAX_MIN_ORDER_USD),
    "interest_lower_kusd": (0, INTEREST_KUSD_BOUND - 1 - MIN_INTEREST_SPAN_KUSD),
    "interest_upper_kusd": (0, INTEREST_KUSD_BOUND - 1),
    "tick_decimals": (0, TICK_DECIMALS_BOUND - 1),
    "modes": (0, MODES_BOUND - 1),
    "oracle_quorum": (1, MAX_ORACLES),
    "oracle_max_age_ms": (MIN_ORACLE_MAX_AGE_MS, MAX_ORACLE_MAX_AGE_MS),
}


def check_bounds(values: Mapping[str, int]) -> None:
    """Refuse, with a ValueError, a value by name that is outside its limits."""
    for name, value in values.items():
        least, most = LIMITS[name]
        if not least <= value <= most:
            raise ValueError(f"{name} {value}: must be from {least} to {most}")


def check_interest(lower_kusd: int, upper_kusd: int) -> None:
    """Refuse, with a ValueError, amounts between which the initial margin cannot rise."""
    least_kusd = lower_kusd + MIN_INTEREST_SPAN_KUSD
    if upper_kusd < least_kusd and (lower_kusd, upper_kusd) != (0, 0):
        raise ValueError(f"interest_upper_kusd {upper_kusd}: must be 0 or from {least_kusd}")
