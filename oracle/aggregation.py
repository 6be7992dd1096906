"""One price out of what several sources say; pure, in integers.

In this order a source is left out: it says nothing, its price is too old or from the future, it
stands still while the others move, it is far from the others. The weighted median of the rest is
the price, if enough are left; if not there is none, and nothing takes its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from novation.protocol.constants import PPM_ONE

# How far a venue's clock may be ahead of ours.
MAX_AHEAD_MS: Final = 1_000
# A single source that jumps about must not make those that stand still look frozen.
MIN_MOVERS: Final = 2


class Verdict(StrEnum):
    """What became of a source in one aggregation."""

    USED = "used"
    NO_PRICE = "no price"
    STALE = "stale"
    AHEAD = "ahead"
    FROZEN = "frozen"
    OUTLIER = "outlier"


@dataclass(frozen=True, slots=True)
class Quote:
    """What one source says at the time of a report.

    `low_x16` and `high_x16` are the extremes of the last `frozen_ms`, if the source has been
    watched for so long: `is_watched`.
    """

    weight: int
    max_age_ms: int
    time_ms: int
    price_x16: int
    low_x16: int
    high_x16: int
    is_watched: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """How much sources may differ, and how many must agree."""

    min_sources: int
    outlier_ppm: int
    frozen_move_ppm: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The price, None if too few sources are left, and what became of each source."""

    price_x16: int | None
    verdicts: tuple[Verdict, ...]


def aggregate(quotes: Sequence[Quote | None], rules: Rules, now_ms: int) -> Aggregate:
    """Return the price of an underlying at `now_ms`; None is a source without a price."""
    verdicts = [_first_verdict(quote, now_ms) for quote in quotes]
    used = _with(quotes, verdicts)
    for place, _ in _frozen(used, rules.frozen_move_ppm):
        verdicts[place] = Verdict.FROZEN
    used = _with(quotes, verdicts)
    for place, _ in _outliers(used, rules.outlier_ppm):
        verdicts[place] = Verdict.OUTLIER
    left = [(quote.price_x16, quote.weight) for _, quote in _with(quotes, verdicts)]
    price_x16 = weighted_median(left) if len(left) >= rules.min_sources else None
    return Aggregate(price_x16, tuple(verdicts))


def weighted_median(values: Sequence[tuple[int, int]]) -> int:
    """Return the least value that, with all below it, has half of the weight; pairs with weight."""
    total = sum(weight for _, weight in values)
    below = 0
    for value, weight in sorted(values):
        below += weight
        if 2 * below >= total:
            return value
    raise AssertionError("no values")


_Placed = tuple[int, Quote]


def _with(quotes: Sequence[Quote | None], verdicts: Sequence[Verdict]) -> list[_Placed]:
    """Return the quotes that no rule has left out yet, with their places."""
    return [
        (place, quote)
        for place, (quote, verdict) in enumerate(zip(quotes, verdicts, strict=True))
        if quote is not None and verdict is Verdict.USED
    ]


def _first_verdict(quote: Quote | None, now_ms: int) -> Verdict:
    if quote is None:
        return Verdict.NO_PRICE
    if quote.time_ms > now_ms + MAX_AHEAD_MS:
        return Verdict.AHEAD
    if now_ms - quote.time_ms > quote.max_age_ms:
        return Verdict.STALE
    return Verdict.USED


def _frozen(used: Sequence[_Placed], move_ppm: int) -> list[_Placed]:
    """Return what has stood still while more than half of the others have moved."""
    movers = {
        place
        for place, quote in used
        if (quote.high_x16 - quote.low_x16) * PPM_ONE >= quote.low_x16 * move_ppm
    }
    if len(movers) < MIN_MOVERS or 2 * len(movers) <= len(used) - 1:
        return []
    return [
        (place, quote)
        for place, quote in used
        if quote.is_watched and quote.low_x16 == quote.high_x16
    ]


def _outliers(used: Sequence[_Placed], outlier_ppm: int) -> list[_Placed]:
    """Return what is far from the middle.

    Of an even number the middle is halfway between the two in the middle: of two sources that
    contradict each other neither is believed.
    """
    prices = sorted(quote.price_x16 for _, quote in used)
    if not prices:
        return []
    twice_middle = prices[(len(prices) - 1) // 2] + prices[len(prices) // 2]
    return [
        (place, quote)
        for place, quote in used
        if abs(2 * quote.price_x16 - twice_middle) * PPM_ONE > twice_middle * outlier_ppm
    ]
