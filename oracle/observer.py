"""Looks at all sources as of one moment, and says the price of every underlying, or why not."""

from dataclasses import dataclass

from oracle.aggregation import Aggregate, Quote, aggregate
from oracle.config import UnderlyingSetup
from oracle.sources.feed import Feed


@dataclass(frozen=True, slots=True)
class Observation:
    """Prices for a report, 0 for each underlying that has none, and why those have none.

    An old price in its place would be a lie.
    """

    time_ms: int
    prices_x16: tuple[int, ...]
    absences: tuple[str, ...]


@dataclass(slots=True)
class WatchedUnderlying:
    """An underlying, its feeds, and how the last look ended."""

    setup: UnderlyingSetup
    feeds: list[Feed]
    last: Aggregate | None = None

    def look(self, time_ms: int) -> Aggregate:
        """Return the price at a time."""
        quotes = [self._quote(feed, time_ms) for feed in self.feeds]
        self.last = aggregate(quotes, self.setup.rules, time_ms)
        return self.last

    def _quote(self, feed: Feed, time_ms: int) -> Quote | None:
        source = feed.source
        try:
            return feed.history.quote_at(
                time_ms,
                self.setup.tick_decimals,
                weight=source.weight,
                max_age_ms=source.max_age_ms,
            )
        except ValueError as error:
            feed.fail(str(error))
            return None


class Observer:
    """All underlyings of the configuration, in the exchange's order."""

    def __init__(self) -> None:
        """Nothing is watched yet."""
        self.underlyings: list[WatchedUnderlying] = []

    def look(self, time_ms: int, n_underlyings: int) -> Observation:
        """Return the prices of the first `n_underlyings` at a time."""
        aggregates = [watched.look(time_ms) for watched in self.underlyings]
        listed = aggregates[:n_underlyings]
        absences = tuple(
            _absence(watched, seen)
            for watched, seen in zip(self.underlyings[:n_underlyings], listed, strict=True)
            if seen.price_x16 is None
        )
        return Observation(time_ms, tuple(seen.price_x16 or 0 for seen in listed), absences)


def _absence(watched: WatchedUnderlying, seen: Aggregate) -> str:
    n_left = sum(verdict == "used" for verdict in seen.verdicts)
    return (
        f"{watched.setup.symbol}: {n_left} sources left, wanted are "
        f"{watched.setup.rules.min_sources}"
    )
