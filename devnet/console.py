"""What the commands print: tables and progress on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from devnet.remaining_time import Forecast, RemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

    from prover.measure import PhaseCost

WIDTH_WITHOUT_TERMINAL: Final = 160


def _console(*, stderr: bool) -> Console:
    made = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not made.is_terminal:
        # Hashes and tables in a log file should not be cut at 80 columns.
        made.width = max(made.width, WIDTH_WITHOUT_TERMINAL)
    return made


console = _console(stderr=False)
error_console = _console(stderr=True)


def progress_bar() -> Progress:
    """Return a display of elapsed and remaining time; silent if the output is not a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        # All columns fit a terminal of 80 characters.
        BarColumn(bar_width=20),
        TextColumn("{task.fields[note]}"),
        RemainingColumn(),
        TimeElapsedColumn(),
        console=error_console,
        disable=not error_console.is_terminal,
    )


@contextlib.contextmanager
def waiting(description: str) -> Iterator[Callable[[str], None]]:
    """Show that something takes its time; the yielded function changes the note beside the bar."""
    with progress_bar() as progress:
        task = progress.add_task(description, total=None, note="")
        yield lambda note: progress.update(task, note=note)


@contextlib.contextmanager
def proving_shown() -> Iterator[Callable[[str, float], None]]:
    """Show how far a proof is; the yielded function takes the phase and the share of work done."""
    with progress_bar() as progress:
        task = progress.add_task("proving", total=1.0, note="")
        forecast = Forecast(progress.get_time)

        def advance(name: str, done: float) -> None:
            progress.update(task, completed=done, note=name, ends_at=forecast.ends_at(done))

        yield advance


class PhaseDisplay:
    """A bar per phase of the pipeline; that of the proof moves with its progress."""

    def __init__(self, progress: Progress) -> None:
        """Draw on a running display."""
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._forecast = Forecast(progress.get_time)

    def listen(self, name: str, cost: PhaseCost | None) -> None:
        """Take in the start of a phase, or its end with what it cost."""
        if cost is None:
            self._tasks[name] = self._progress.add_task(name, total=None, note="")
            self._forecast = Forecast(self._progress.get_time)
            return
        note = f"{cost.wall_seconds:.1f} s, {cost.peak_mb:.0f} MB"
        self._progress.update(self._tasks[name], total=1.0, completed=1.0, note=note)
        if self._progress.disable:
            error_console.print(f"{name}: {note}")

    def advance(self, step: str, done: float) -> None:
        """Take in how far the newest phase is."""
        newest = next(reversed(self._tasks.values()))
        ends_at = self._forecast.ends_at(done)
        self._progress.update(newest, total=1.0, completed=done, note=step, ends_at=ends_at)


@contextlib.contextmanager
def phases_shown() -> Iterator[PhaseDisplay]:
    """Show a bar per phase and, once it is over, its time and its peak memory."""
    with progress_bar() as progress:
        yield PhaseDisplay(progress)
