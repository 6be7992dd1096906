"""How long a proof still takes, judged by how long its part so far took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.progress import ProgressColumn
from rich.text import Text
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Task

# What is over before one has read it needs no forecast.
SHORTEST_SHOWN_S: Final = 2.0
FIRST_SHARE: Final = 0.02
# Phases take other shares than in a typical proof: the forecast follows, but does not jump.
SMOOTHING_S: Final = 3.0
LONG_S: Final = 120
MINUTE_S: Final = 60


class Forecast:
    """The time at which work that began now will be done, smoothed."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start to measure; `clock` returns seconds."""
        self._clock = clock
        self._start = self._updated = clock()
        self._total_s: float | None = None

    def ends_at(self, done: float) -> float | None:
        """Take in the share that is done; return the clock's time at the end, None if unknown."""
        now = self._clock()
        if done >= FIRST_SHARE:
            total_s = (now - self._start) / done
            if self._total_s is None:
                self._total_s = total_s
            weight = min(1.0, (now - self._updated) / SMOOTHING_S)
            self._total_s += weight * (total_s - self._total_s)
            self._updated = now
        if self._total_s is None or self._total_s < SHORTEST_SHOWN_S:
            return None
        return max(now, self._start + self._total_s)


class RemainingColumn(ProgressColumn):
    """Counts down to the field `ends_at` of a task."""

    @override
    def render(self, task: Task) -> Text:
        ends_at = task.fields.get("ends_at")
        if ends_at is None or task.finished:
            return Text("")
        return Text(remaining_text(ends_at - task.get_time()))


def remaining_text(seconds: float) -> str:
    """Return a time for the display, rounded up to whole seconds."""
    whole = max(0, -int(-seconds // 1))
    if whole >= LONG_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S:02d} s left"
    return f"{whole} s left"
