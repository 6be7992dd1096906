"""The volatility forecast that initial margin shall follow, in exact integers.

A moving average of squared returns of the index price, and a factor of initial margin that follows
it: up quickly, down slowly, between 1.25 and 3. All divisions round down. Nothing of the protocol
uses it yet; when margin does, this file moves there. `forecast_errors.py` measures what it is good
for.
"""

import math
from dataclasses import dataclass
from typing import Final

from novation.protocol.constants import PPM_ONE

ONE_X16: Final = 2**16
# How long the average remembers: what is older than this weighs 1/e as much as what is new.
MEMORY_S: Final = 600
# Samples are at least this far apart.
LEAST_SAMPLE_S: Final = 5
LEAST_FACTOR_X16: Final = ONE_X16 + ONE_X16 // 4
MOST_FACTOR_X16: Final = 3 * ONE_X16
# The factor may rise by one in five minutes and fall by one in twelve hours.
_RISE_S: Final = 300
_FALL_S: Final = 43_200


@dataclass(frozen=True, slots=True)
class Forecast:
    """`variance_x16` is that of the return of one second, in ppm^2; `factor_x16` of margin."""

    variance_x16: int
    factor_x16: int = LEAST_FACTOR_X16

    def after(
        self, returned_ppm: int, elapsed_s: int, usual_ppm: int, memory_s: int = MEMORY_S
    ) -> "Forecast":
        """Return the forecast after a sample.

        Args:
            returned_ppm: from `return_ppm`.
            elapsed_s: since the last sample, at least `LEAST_SAMPLE_S`.
            usual_ppm: deviation of the return of one second for which margin is meant.
            memory_s: of the average.
        """
        variance_x16 = next_variance_x16(self.variance_x16, returned_ppm, elapsed_s, memory_s)
        wanted_x16 = wanted_factor_x16(variance_x16, usual_ppm)
        lowest_x16 = self.factor_x16 - ONE_X16 * elapsed_s // _FALL_S
        highest_x16 = self.factor_x16 + ONE_X16 * elapsed_s // _RISE_S
        return Forecast(variance_x16, min(max(wanted_x16, lowest_x16), highest_x16))


def return_ppm(old_price_x16: int, new_price_x16: int) -> int:
    """Return by how much a price has changed, rounded down."""
    return (new_price_x16 - old_price_x16) * PPM_ONE // old_price_x16


def next_variance_x16(variance_x16: int, returned_ppm: int, elapsed_s: int, memory_s: int) -> int:
    """Return the average after another sample; after a gap only the sample is left of it."""
    kept_s = min(elapsed_s, memory_s)
    change = returned_ppm * returned_ppm * ONE_X16 - variance_x16 * kept_s
    return variance_x16 + change // memory_s


def wanted_factor_x16(variance_x16: int, usual_ppm: int) -> int:
    """Return the factor that the average asks for: its deviation over the usual one, clamped."""
    factor_x16 = math.isqrt(variance_x16) * 2**8 // usual_ppm
    return min(max(factor_x16, LEAST_FACTOR_X16), MOST_FACTOR_X16)
