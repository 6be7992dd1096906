"""What the oracle nodes of a devnet look at: a file of prices that anyone may edit."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import TYPE_CHECKING

from prover.files import write_json_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from devnet.markets import MarketSetup

# One step of the walk; a move of this size every second is a volatile, but not a wild market.
WALK_STEP_PPM = 200


def write_prices(path: Path, prices: Mapping[str, str]) -> None:
    """Replace the file: symbol to USD price as a decimal string."""
    write_json_atomically(path, dict(prices))


def read_prices(path: Path, markets: Sequence[MarketSetup]) -> list[Fraction]:
    """Read the price of every market, in market order.

    Raises:
        ValueError: if the file is not JSON, or lacks a market, or has a price that is no number.
    """
    prices = json.loads(path.read_text(encoding="ascii"))
    missing = [market.config.symbol for market in markets if market.config.symbol not in prices]
    if missing:
        raise ValueError(f"{path}: no price of {', '.join(missing)}")
    return [Fraction(prices[market.config.symbol]) for market in markets]


def start_prices(markets: Sequence[MarketSetup]) -> dict[str, str]:
    """Return the prices that the markets start with."""
    return {market.config.symbol: market.start_price for market in markets}


class RandomWalk:
    """Moves every price by a small random step; the same seed gives the same walk."""

    def __init__(self, path: Path, markets: Sequence[MarketSetup], seed: int) -> None:
        """Walk on from what the file holds."""
        self._path = path
        self._markets = markets
        self._random = random.Random(seed)

    def step(self) -> None:
        """Move once. Prices stay on the tick grid and above zero."""
        moved = {}
        prices = read_prices(self._path, self._markets)
        for market, price in zip(self._markets, prices, strict=True):
            change_ppm = self._random.randint(-WALK_STEP_PPM, WALK_STEP_PPM)
            tick = Fraction(market.tick_size)
            ticks = max(1, round(price * (1_000_000 + change_ppm) / 1_000_000 / tick))
            moved[market.config.symbol] = decimal_text(ticks * tick)
        write_prices(self._path, moved)


def decimal_text(value: Fraction) -> str:
    """Return a fraction whose denominator divides a power of ten as an exact decimal string."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    whole = str(abs(value.numerator * 10**digits // value.denominator)).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole)
