"""What the venues of a devnet look at: a file of prices that anyone may edit."""

from __future__ import annotations

import fcntl
import json
import random
from contextlib import contextmanager
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from novation.display import plain
from prover.files import write_json_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from devnet.markets import MarketSetup

PPM: Final = 1_000_000
# One step of the walk; a move of this size every second is a volatile, but not a wild market.
WALK_STEP_PPM: Final = 200
# Finer than the step by far, and short enough to be read.
WALK: Final = Context(prec=8)


def set_prices(path: Path, prices: Mapping[str, str]) -> None:
    """Set prices of some symbols, USD as decimal strings; the others stay."""
    with _locked(path):
        write_json_atomically(path, _read(path) | dict(prices))


def read_prices(path: Path, symbols: Sequence[str]) -> list[Fraction]:
    """Read the prices of some underlyings, in their order.

    Raises:
        ValueError: if the file is not JSON, or lacks a symbol, or has a price that is no number.
    """
    prices = json.loads(path.read_text(encoding="ascii"))
    missing = [symbol for symbol in symbols if symbol not in prices]
    if missing:
        raise ValueError(f"{path}: no price of {', '.join(missing)}")
    return [Fraction(prices[symbol]) for symbol in symbols]


def start_prices(markets: Sequence[MarketSetup]) -> dict[str, str]:
    """Return the prices that the markets start with."""
    return {market.symbol: market.start_price for market in markets}


class RandomWalk:
    """Moves every price in the file by a small random step; the same seed gives the same walk."""

    def __init__(self, path: Path, seed: int) -> None:
        """Walk on from what the file holds."""
        self._path = path
        self._random = random.Random(seed)

    def step(self) -> None:
        """Move once. Prices stay above zero."""
        with _locked(self._path):
            moved = {symbol: self._moved(price) for symbol, price in _read(self._path).items()}
            write_json_atomically(self._path, moved)

    def _moved(self, price: str) -> str:
        change_ppm = self._random.randint(-WALK_STEP_PPM, WALK_STEP_PPM)
        factor = WALK.divide(Decimal(PPM + change_ppm), Decimal(PPM))
        return plain(WALK.multiply(Decimal(price), factor))


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    prices: dict[str, str] = json.loads(path.read_text(encoding="ascii"))
    return prices


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep others from changing the file meanwhile."""
    with path.with_suffix(".lock").open("a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def decimal_text(value: Fraction) -> str:
    """Return a fraction whose denominator divides a power of ten as an exact decimal string."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    whole = str(abs(value.numerator * 10**digits // value.denominator)).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole)
