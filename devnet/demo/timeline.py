"""When what happened, in seconds since the start."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rich.table import Table

from devnet.console import console


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline."""

    seconds: float
    actor: str
    what: str


@dataclass(slots=True)
class Timeline:
    """Collects events and tells them as they happen."""

    started: float = field(default_factory=time.monotonic)
    events: list[Event] = field(default_factory=list)

    def add(self, actor: str, what: str) -> None:
        """Note that something happened now."""
        event = Event(self.elapsed_s(), actor, what)
        self.events.append(event)
        console.print(f"{event.seconds:7.1f} s  {actor:<10} {what}", markup=False)

    def elapsed_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.started

    def table(self) -> Table:
        """Return all events as a table."""
        table = Table(title="Timeline")
        table.add_column("seconds", justify="right")
        table.add_column("who")
        table.add_column("what", overflow="fold")
        for event in self.events:
            table.add_row(f"{event.seconds:.1f}", event.actor, event.what)
        return table
