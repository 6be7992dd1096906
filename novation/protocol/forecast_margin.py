"""The initial margin of new risk follows forecast volatility.

docs/spec/protocol.md, section 10. Once a minute the return of the index goes into an average of
squares, the forecast. While so many of its deviations as the terms say, of an hour, are more than
the initial margin, a minute adds a step to what new risk needs; else it takes a little off. Neither
maintenance margin nor orders that rest already know of it: nobody fails because prices move more.
"""

from dataclasses import dataclass

from novation.protocol.constants import (
    FORECAST_FALL_PPM,
    FORECAST_MEMORY_MS,
    FORECAST_RISE_PPM,
    FORECAST_SMALL_RISE_PPM,
    MOST_MARGIN_MULTIPLE,
    PPM_ONE,
    RETURN_LIMIT_PPM,
    VARIANCE_BOUND,
)
from novation.protocol.mark import clamp
from novation.protocol.markets import Market
from novation.protocol.numeric import div_floor
from novation.protocol.parameters import Underlying

SECOND_MS = 1_000
# Deviations grow with the root of time: the square of this, in seconds, is an hour.
HOUR_ROOT = 60


@dataclass(frozen=True, slots=True)
class Forecast:
    """`variance_ppm2` is that of the return of a second; 0 and no sample: nothing is known yet."""

    variance_ppm2: int = 0
    sampled_x16: int = 0
    sampled_ms: int = 0

    @classmethod
    def of(cls, market: Market) -> "Forecast":
        """Return what a market knows."""
        return cls(market.variance_ppm2, market.sampled_x16, market.sampled_ms)

    def after(self, index_price_x16: int, time_ms: int) -> "Forecast":
        """Return the forecast after another sample; the first one only begins it."""
        if self.sampled_x16 == 0:
            return Forecast(0, index_price_x16, time_ms)
        returned_ppm = return_ppm(self.sampled_x16, index_price_x16)
        elapsed_ms = time_ms - self.sampled_ms
        variance_ppm2 = next_variance_ppm2(self.variance_ppm2, returned_ppm, elapsed_ms)
        return Forecast(variance_ppm2, index_price_x16, time_ms)


def return_ppm(old_price_x16: int, new_price_x16: int) -> int:
    """Return by how much a price has changed, rounded down, within a tenth either way."""
    returned_ppm = div_floor(new_price_x16 * PPM_ONE, old_price_x16) - PPM_ONE
    return clamp(returned_ppm, RETURN_LIMIT_PPM)


def next_variance_ppm2(
    variance_ppm2: int, returned_ppm: int, elapsed_ms: int, memory_ms: int = FORECAST_MEMORY_MS
) -> int:
    """Return the average after another sample.

    What is older than the memory has 1/e of a weight. After a longer gap only its return counts,
    for all of its length.
    """
    whole_ms = max(elapsed_ms, memory_ms)
    kept = variance_ppm2 * (whole_ms - elapsed_ms)
    averaged = div_floor(kept + returned_ppm * returned_ppm * SECOND_MS, whole_ms)
    return min(averaged, VARIANCE_BOUND - 1)


def followed_forecast_ppm(forecast_ppm: int, variance_ppm2: int, terms: Underlying) -> int:
    """Return `forecast_ppm` a minute later: a step up, a little down, or as it is.

    It rises towards what the forecast asks for, and no further than that.
    """
    initial_ppm = terms.initial_margin_ppm
    deviations = terms.margin_deviations * HOUR_ROOT
    most = (MOST_MARGIN_MULTIPLE * initial_ppm) ** 2
    asked = min(deviations * deviations * variance_ppm2, most)
    if asked < (initial_ppm + forecast_ppm) ** 2:
        return max(forecast_ppm - FORECAST_FALL_PPM, 0)
    for rise_ppm in (FORECAST_RISE_PPM, FORECAST_SMALL_RISE_PPM):
        if (initial_ppm + forecast_ppm + rise_ppm) ** 2 <= asked:
            return forecast_ppm + rise_ppm
    return forecast_ppm
