"""Wall time, processor time and peak memory of each phase of a proof."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

KIB = 1024


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """What one phase used; processor seconds are the sum over all cores."""

    name: str
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float

    def to_json(self) -> dict[str, object]:
        """Return the figures rounded for a report."""
        return {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


PhaseListener = Callable[[str, PhaseCost | None], None]


def ignore_phases(_name: str, _cost: PhaseCost | None) -> None:
    """Listen to nothing."""


class PhaseMeter:
    """Collects the cost of consecutive phases; the listener hears of each start and end.

    One beside the main work (`aside`) counts its own thread's processor time, and leaves the peak
    to the phase of the main work.
    """

    def __init__(self, listener: PhaseListener = ignore_phases, *, aside: bool = False) -> None:
        """Tell `listener(name, None)` at the start of a phase and `(name, cost)` at its end."""
        self._listener = listener
        self._aside = aside
        self._cpu_clock = time.thread_time if aside else time.process_time
        self.phases: list[PhaseCost] = []

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure the block; a phase that raises is not recorded."""
        self._listener(name, None)
        if not self._aside:
            _reset_peak()
        wall_start, cpu_start = time.monotonic(), self._cpu_clock()
        yield
        cost = PhaseCost(
            name, time.monotonic() - wall_start, self._cpu_clock() - cpu_start, _peak_mb()
        )
        self.phases.append(cost)
        self._listener(name, cost)


def _reset_peak() -> None:
    # Linux forgets the peak on request (proc(5), clear_refs); elsewhere peaks only ever grow.
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / KIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # The unit of ru_maxrss is a kilobyte, except on macOS where it is a byte.
    return peak / (KIB * KIB if sys.platform == "darwin" else KIB)
