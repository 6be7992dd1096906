"""What the contract's owner may set at least and at most.

The contract holds these bounds (ParameterRegistry.sol says why); here they let a command refuse
before anything is sent. The protocol itself takes more (novation/protocol/parameters.py).
"""

from collections.abc import Mapping
from typing import Final

from novation.protocol.constants import (
    DAY_MS,
    DEVIATIONS_BOUND,
    GAP_BUDGETS_BOUND,
    INTEREST_KUSD_BOUND,
    MAX_ORACLES,
    MINUTE_MS,
    MODES_BOUND,
    MULTIPLIER_BOUND,
    OPEN_INTEREST_BOUND,
    POSITION_BOUND,
    PPM_ONE,
    RATE_BOUND,
    TICK_DECIMALS_BOUND,
)
from novation.protocol.limits import Limits
from novation.protocol.numeric import div_ceil

MIN_INITIAL_MARGIN_PPM: Final = 10_000
MIN_MAINTENANCE_MARGIN_PPM: Final = 5_000
MAX_FEE_PPM: Final = 10_000
MIN_PRICE_BAND_PPM: Final = 1_000
MAX_MIN_ORDER_USD: Final = 10_000
MIN_INTEREST_SPAN_KUSD: Final = 1_000
MAX_LEAST_LOT_QUANTA: Final = 1_000_000
MIN_OUTFLOW_SHARE_PPM: Final = 50_000
MIN_END_NOTICE_MS: Final = 604_800_000
MAX_END_NOTICE_MS: Final = 31_536_000_000
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
    "margin_deviations": (0, DEVIATIONS_BOUND - 1),
    "interest_cap_lots": (1, OPEN_INTEREST_BOUND - 1),
    "position_share_ppm": (1, PPM_ONE),
    "least_lot_quanta": (0, MAX_LEAST_LOT_QUANTA),
    "gap_ppm": (0, PPM_ONE),
    "gap_budgets": (0, GAP_BUDGETS_BOUND - 1),
    "outflow_share_ppm": (MIN_OUTFLOW_SHARE_PPM, PPM_ONE),
    # A day within what L1 takes: its clock goes on until it has the entry.
    "days_to_end": (MIN_END_NOTICE_MS // DAY_MS + 1, MAX_END_NOTICE_MS // DAY_MS - 1),
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


def first_full_minute_ms(now_ms: int, days: int) -> int:
    """Return when a market ends that is to end in so many days: a full minute, not before that."""
    return div_ceil(now_ms + days * DAY_MS, MINUTE_MS) * MINUTE_MS


def limited(
    limits: Limits,
    interest_cap_lots: int | None = None,
    position_share_ppm: int | None = None,
    least_lot_quanta: int | None = None,
    gap_ppm: int | None = None,
    gap_budgets: int | None = None,
) -> Limits:
    """Return limits with another cap, share of it for one account, least worth of a lot, or gap.

    Without a share the position limit stays, as far as the cap allows. A gap that was not asked for
    before may cost one budget, if nothing else is said; without a gap there is none.

    Raises:
        ValueError: if one is outside its limits, or the share is less than a lot.
    """
    asked = {
        "interest_cap_lots": interest_cap_lots,
        "position_share_ppm": position_share_ppm,
        "least_lot_quanta": least_lot_quanta,
        "gap_ppm": gap_ppm,
        "gap_budgets": gap_budgets,
    }
    check_bounds({name: value for name, value in asked.items() if value is not None})
    cap_lots = limits.interest_cap_lots if interest_cap_lots is None else interest_cap_lots
    position_lots = limits.position_limit_lots
    if position_share_ppm is not None:
        position_lots = cap_lots * position_share_ppm // PPM_ONE
    if position_lots == 0:
        raise ValueError(f"position_share_ppm {position_share_ppm}: no lot of {cap_lots}")
    position_lots = min(position_lots, cap_lots, POSITION_BOUND - 1)
    least_quanta = limits.least_lot_quanta if least_lot_quanta is None else least_lot_quanta
    gap_ppm = limits.gap_ppm if gap_ppm is None else gap_ppm
    budgets = max(limits.gap_budgets, 1) if gap_budgets is None else gap_budgets
    if gap_ppm == 0 and gap_budgets is None:
        budgets = 0
    if (gap_ppm == 0) != (budgets == 0):
        raise ValueError(f"gap_budgets {budgets}: must be 0 without a gap, else from 1")
    return Limits(cap_lots, position_lots, least_quanta, gap_ppm, budgets)
