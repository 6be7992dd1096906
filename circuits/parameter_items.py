"""The parameters on the tape of the batch program."""

from dataclasses import astuple
from typing import Final

from circuits.records import Argument
from novation.protocol.fee_tiers import FeeSchedule
from novation.protocol.parameters import Underlying
from novation.protocol.witness import BatchWitness

# Symbol and tick, of which the program knows nothing, are one field of an underlying's word.
_DISPLAY_SHIFT, _DISPLAY_BITS = 128, 68
# No fees reach it: see fee_tiers.cairo.
_ABOVE_USD: Final = 2**100


def parameter_items(witness: BatchWitness) -> Argument:
    """Return the parameters before the batch."""
    parameters = witness.old_parameters
    return [
        len(parameters.underlyings),
        len(parameters.oracle_keys),
        parameters.oracle_quorum,
        parameters.oracle_max_age_ms,
        parameters.outflow_share_ppm,
        list(parameters.oracle_keys),
        fee_schedule_items(parameters.fee_schedule),
        [value for underlying in parameters.underlyings for value in underlying_items(underlying)],
    ]


def fee_schedule_items(schedule: FeeSchedule) -> list[int]:
    """Return the tiers of fees, then what nobody reaches, the share of insurance, the word."""
    rows = (cell for tier in schedule.tiers for cell in astuple(tier))
    return [*rows, _ABOVE_USD, schedule.insurance_permille, schedule.word()]


def underlying_items(underlying: Underlying) -> list[int]:
    """Return the parameters of an underlying."""
    word, limits = underlying.word(), underlying.limits
    return [
        underlying.multiplier,
        underlying.initial_margin_ppm,
        underlying.maintenance_margin_ppm,
        underlying.maker_fee_ppm,
        underlying.taker_fee_ppm,
        underlying.price_band_ppm,
        underlying.min_order_usd,
        (word >> _DISPLAY_SHIFT) % (1 << _DISPLAY_BITS),
        underlying.interest_lower_kusd,
        underlying.interest_upper_kusd,
        int(underlying.is_post_only),
        int(underlying.is_reduce_only),
        int(underlying.is_halted),
        underlying.margin_deviations,
        limits.interest_cap_lots,
        limits.position_limit_lots,
        limits.least_lot_quanta,
        limits.gap_ppm,
        limits.gap_budgets,
        underlying.ends_ms,
        underlying.highest_fee_ppm,
        underlying.min_order_quanta,
        word,
        underlying.second_word(),
    ]
