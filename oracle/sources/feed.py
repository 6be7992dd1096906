"""Where an adapter puts what it hears of one source, and what is known of its health."""

import logging
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from oracle.clock import Clock
from oracle.config import TIME_UNITS, Source
from oracle.decimal_text import parse_decimal
from oracle.history import History, Sample
from oracle.json_pointer import JsonPointer, parse_json

logger = logging.getLogger(__name__)

# What a venue says gets into messages and logs only so far.
MAX_SHOWN: Final = 200


@dataclass(slots=True)
class Health:
    """Counts since the start, and the last fault."""

    n_samples: int = 0
    n_failures: int = 0
    last_failure: str = ""
    last_failure_ms: int = 0
    is_failing: bool = False


class Feed:
    """The recent past of one source."""

    def __init__(self, label: str, source: Source, window_ms: int, clock: Clock) -> None:
        """Name the source in logs by `label`; remember `window_ms`."""
        self.label = label
        self.source = source
        self.history = History(window_ms)
        self.health = Health()
        self._clock = clock

    def take(self, price: Fraction, time_ms: int, received_ms: int) -> None:
        """Take a price in."""
        self.history.add(Sample(price, time_ms, received_ms))
        self.health.n_samples += 1
        if self.health.is_failing:
            self.health.is_failing = False
            logger.info("%s: prices again", self.label)

    def fail(self, reason: str) -> None:
        """Note a fault; the first of a row is logged."""
        health = self.health
        health.n_failures += 1
        health.last_failure, health.last_failure_ms = reason[:MAX_SHOWN], self._clock.now_ms()
        if not health.is_failing:
            health.is_failing = True
            logger.warning("%s: %s", self.label, health.last_failure)


@dataclass(frozen=True, slots=True)
class PlacesInDocument:
    """Where a venue's documents have the price and, if they say it, its time."""

    price: JsonPointer
    time: JsonPointer | None
    time_unit: str

    def read(self, content: str | bytes, asked_ms: int) -> tuple[Fraction, int] | None:
        """Return price and time; None if the document is about something else.

        A venue that does not say the time means no earlier one than that of the question.

        Raises:
            ValueError: if it is no JSON, or what it has there is no number.
        """
        document = parse_json(content)
        price = self.price.find(document)
        if price is None:
            return None
        if self.time is None:
            return _number("price", price), asked_ms
        time_ns = _number("time", self.time.find(document)) * TIME_UNITS[self.time_unit]
        return _number("price", price), int(time_ns // 1_000_000)


def _number(name: str, value: object) -> Fraction:
    if not isinstance(value, str):
        raise ValueError(f"{name}: a {type(value).__name__}, not a number")  # noqa: TRY004 - data
    return parse_decimal(value)
