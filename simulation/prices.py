"""Seeded price paths: GARCH(1,1) with jumps, correlated, and crashes on top.

Prices are floats here and nowhere else: what leaves are integers. Only the four operations and the
square root are used, which every machine rounds alike, so that a seed means the same everywhere.
"""

import math
import random
from dataclasses import dataclass
from typing import Final

# Of the return over one second, on a day that is wild even without what happens: 280 % a year.
_SIGMA: Final = 0.0005
_ALPHA: Final = 0.08
_BETA: Final = 0.90
# Of a return's variance, the share that all things have in common.
_COMMON: Final = 0.6
_JUMP_CHANCE: Final = 0.003
_JUMP: Final = 0.012
_UNIFORMS: Final = 12


def gauss(rng: random.Random) -> float:
    """Return a nearly normal number: the sum of 12 uniform ones, which needs no logarithm."""
    return sum(rng.random() for _ in range(_UNIFORMS)) - _UNIFORMS / 2


@dataclass(slots=True)
class Garch:
    """The variance of the next return: `omega + alpha * r^2 + beta * variance`."""

    variance: float
    alpha: float
    beta: float
    omega: float

    @classmethod
    def around(cls, variance: float, alpha: float, beta: float) -> "Garch":
        """Return a process that has this variance in the long run, and starts with it."""
        return cls(variance, alpha, beta, variance * (1 - alpha - beta))

    def next_return(self, shock: float) -> float:
        """Return the return that a standard shock makes, and take it in."""
        change = shock * math.sqrt(self.variance)
        self.variance = self.omega + self.alpha * change * change + self.beta * self.variance
        return change


class PricePaths:
    """Prices in ticks of several things, which move together."""

    def __init__(self, rng: random.Random, first_ticks: list[int], tick_ms: int) -> None:
        """Start from prices; `tick_ms` is the time of a step."""
        self._rng = rng
        self._prices = [float(price) for price in first_ticks]
        variance = _SIGMA * _SIGMA * tick_ms / 1000
        self._garch = [Garch.around(variance, _ALPHA, _BETA) for _ in first_ticks]

    def step(self, factor: float = 1.0) -> None:
        """Move on by one step; all prices are multiplied by the factor besides."""
        rng = self._rng
        common = gauss(rng) * math.sqrt(_COMMON)
        for index, garch in enumerate(self._garch):
            change = garch.next_return(common + gauss(rng) * math.sqrt(1 - _COMMON))
            if rng.random() < _JUMP_CHANCE:
                change += _JUMP * (2 * rng.random() - 1)
            self._prices[index] *= (1 + change) * factor

    def prices_x16(self, noise: float = 0.0) -> tuple[int, ...]:
        """Return what somebody sees of the prices who errs by so much, relatively, either way."""
        rng = self._rng
        return tuple(
            max(1, round(price * (1 + noise * (2 * rng.random() - 1)) * 2**16))
            for price in self._prices
        )


def driven_factor(tick: int, n_ticks: int, ends_at_percent: int, first_percent: int) -> float:
    """Return what one tick multiplies prices by, so that together they end where they shall.

    `first_percent` of the way is gone in the first tick, the rest evenly in the others.
    """
    way = (ends_at_percent - 100) / 100
    first = way * first_percent / 100 if first_percent else way / n_ticks
    if tick == 0:
        return 1 + first
    step = (way - first) / (n_ticks - 1)
    before = 1 + first + step * (tick - 1)
    return (before + step) / before
