"""What simulated venues know of the market: a file that anyone may edit, or a path from a seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Protocol

from devnet.prices import read_prices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

PPM: Final = 1_000_000
# Waves of a seeded path: a hundredth within minutes, a thousandth within seconds.
WAVES: Final = ((120_000, 10_000), (7_000, 1_000))


class Market(Protocol):
    """The price that all venues look at, before each sees it a little differently."""

    def price(self, symbol: str, time_ms: int) -> Fraction:
        """Return the USD price at a time; ValueError if there is none."""
        ...


class FileMarket:
    """The prices of a devnet's file, as they are now."""

    def __init__(self, path: Path) -> None:
        """Read the file whenever it has changed."""
        self._path = path
        self._version: tuple[int, int] | None = None
        self._prices: dict[str, Fraction] = {}

    def price(self, symbol: str, time_ms: int) -> Fraction:
        """Return the price; the file has no past, so `time_ms` changes nothing."""
        del time_ms
        status = self._path.stat()
        # The file is replaced, never written into: another one has another number.
        version = (status.st_ino, status.st_mtime_ns)
        if version != self._version:
            self._version, self._prices = version, {}
        if symbol not in self._prices:
            (self._prices[symbol],) = read_prices(self._path, [symbol])
        return self._prices[symbol]


class SeededMarket:
    """A path that the same seed draws again, at any time without what came before."""

    def __init__(self, seed: int, start_prices: Mapping[str, Fraction]) -> None:
        """Move around the start prices."""
        self._seed = seed
        self._start_prices = dict(start_prices)

    def price(self, symbol: str, time_ms: int) -> Fraction:
        """Return the price at a time, to a millionth of the start price."""
        if symbol not in self._start_prices:
            raise ValueError(f"no price of {symbol}")
        moved_ppm = sum(
            self._wave(f"{symbol}/{period_ms}", period_ms, height_ppm, time_ms)
            for period_ms, height_ppm in WAVES
        )
        return self._start_prices[symbol] * (PPM + moved_ppm) / PPM

    def _wave(self, name: str, period_ms: int, height_ppm: int, time_ms: int) -> int:
        """Return a straight line between two heights that depend on the seed alone."""
        place, passed_ms = divmod(time_ms, period_ms)
        before, after = (
            draw(f"{self._seed}/{name}/{knot}", height_ppm) for knot in (place, place + 1)
        )
        return before + (after - before) * passed_ms // period_ms


def draw(name: str, limit: int) -> int:
    """Return a number from -limit to limit that only the name decides."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big") % (2 * limit + 1) - limit
