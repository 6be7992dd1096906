"""Funding: once an hour those who hold a perpetual pay for what it trades above its index.

docs/spec/protocol.md, section 12. A lot pays a whole number of quanta, and is worth so much less
(`mark.position_worth_x16`): nobody's account is touched, and as there are as many lots short as
long, with those of the pool, what some pay others get, to the quantum.
"""

from dataclasses import dataclass

from novation.protocol.constants import (
    DAMPING,
    FUNDING_PERIOD_HOURS,
    HOUR_MS,
    INTEREST_DIVISOR,
    MINUTE_MS,
    PRICE_X16_ONE,
    SAMPLES_PER_HOUR,
)
from novation.protocol.mark import clamp, premium_limit_x16
from novation.protocol.markets import Market, UnderlyingState
from novation.protocol.parameters import Underlying

# Parts of a quantum in which a payment is exact.
FUNDING_PARTS = FUNDING_PERIOD_HOURS * PRICE_X16_ONE


@dataclass(frozen=True, slots=True)
class FundingHour:
    """What a tick leaves of an hour, and what a lot pays if that is over, at which rate."""

    sum_x16: int
    carry: int
    hour: int
    quanta_per_lot: int = 0
    rate_x16: int = 0
    is_over: bool = False


def funding_rate_x16(sum_x16: int, index_price_x16: int, terms: Underlying) -> int:
    """Return what is paid in 8 hours on a price, given the sum of an hour's premiums.

    Minutes without a tick count as 0. Around the interest it is the interest.
    """
    average_x16 = sum_x16 // SAMPLES_PER_HOUR
    interest_x16 = index_price_x16 // INTEREST_DIVISOR
    pull_x16 = clamp(interest_x16 - average_x16, DAMPING * interest_x16)
    # At most a quarter of the maintenance margin in an hour.
    limit_x16 = FUNDING_PERIOD_HOURS // 2 * premium_limit_x16(index_price_x16, terms)
    return clamp(average_x16 + pull_x16, limit_x16)


def expected_rate_x16(
    market: Market, prices: UnderlyingState, terms: Underlying, time_ms: int
) -> int:
    """Return the rate if all minutes of the hour were as those so far. Not consensus: for views."""
    n_minutes = time_ms % HOUR_MS // MINUTE_MS
    if market.funding_hour != time_ms // HOUR_MS or n_minutes == 0:
        return funding_rate_x16(
            prices.premium_x16 * SAMPLES_PER_HOUR, prices.index_price_x16, terms
        )
    sum_x16 = market.funding_sum_x16 * SAMPLES_PER_HOUR // n_minutes
    return funding_rate_x16(sum_x16, prices.index_price_x16, terms)


def count_minute(
    market: Market, prices: UnderlyingState, terms: Underlying, time_ms: int
) -> FundingHour:
    """Return the hour after another minute, whose premium is that of `prices`."""
    hour, sum_x16 = time_ms // HOUR_MS, market.funding_sum_x16 + prices.premium_x16
    if market.funding_hour == hour:
        return FundingHour(sum_x16, market.funding_carry, hour)
    if market.funding_hour == 0:
        return FundingHour(0, 0, hour)
    rate_x16 = funding_rate_x16(sum_x16, prices.index_price_x16, terms)
    owed = market.funding_carry + rate_x16 * terms.multiplier
    quanta_per_lot, carry = divmod(owed, FUNDING_PARTS)
    return FundingHour(0, carry, hour, quanta_per_lot, rate_x16, is_over=True)
