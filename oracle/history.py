"""What one source has said lately: enough to look at it as of any moment of the last seconds."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from oracle.aggregation import Quote
from oracle.decimal_text import price_x16

# Of several prices within so short a time only the last is kept: a venue cannot fill our memory.
MIN_SPACING_MS: Final = 50


@dataclass(frozen=True, slots=True)
class Sample:
    """A price in USD, when it was true as far as the source says, and when we heard of it."""

    price: Fraction
    time_ms: int
    received_ms: int


class History:
    """The samples of the last `window_ms`, and the one before, which held when they began."""

    def __init__(self, window_ms: int) -> None:
        """Start empty."""
        self._window_ms = window_ms
        self._samples: deque[Sample] = deque()

    @property
    def newest(self) -> Sample | None:
        """The last sample."""
        return self._samples[-1] if self._samples else None

    def add(self, sample: Sample) -> None:
        """Take a sample in."""
        samples = self._samples
        # The machine's clock may have been set back; what comes later by it is worth nothing.
        while samples and samples[-1].received_ms > sample.received_ms:
            samples.pop()
        if len(samples) > 1 and sample.received_ms - samples[-2].received_ms < MIN_SPACING_MS:
            samples.pop()
        samples.append(sample)
        while len(samples) > 1 and samples[1].received_ms <= sample.received_ms - self._window_ms:
            samples.popleft()

    def quote_at(
        self, time_ms: int, tick_decimals: int, *, weight: int, max_age_ms: int
    ) -> Quote | None:
        """Return what the source said at a time, None if nothing.

        Raises:
            ValueError: if a price cannot be said in a report.
        """
        start_ms = time_ms - self._window_ms
        heard = [sample for sample in self._samples if sample.received_ms <= time_ms]
        if not heard:
            return None
        is_watched = heard[0].received_ms <= start_ms
        while len(heard) > 1 and heard[1].received_ms <= start_ms:
            del heard[0]
        low, high = min(sample.price for sample in heard), max(sample.price for sample in heard)
        return Quote(
            weight=weight,
            max_age_ms=max_age_ms,
            time_ms=heard[-1].time_ms,
            price_x16=price_x16(heard[-1].price, tick_decimals),
            low_x16=price_x16(low, tick_decimals),
            high_x16=price_x16(high, tick_decimals),
            is_watched=is_watched,
        )
