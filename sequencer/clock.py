"""Time enters the node here and nowhere else."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """A source of time that a simulation can replace."""

    def now_ms(self) -> int:
        """Return the Unix time in milliseconds."""
        ...

    def elapsed_ms(self) -> int:
        """Return the milliseconds since a moment of its own; they never run back."""
        ...

    async def sleep_ms(self, duration_ms: int) -> None:
        """Return after `duration_ms` milliseconds of this clock's time."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Return the Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def elapsed_ms(self) -> int:
        """Return the milliseconds since the machine started."""
        return time.monotonic_ns() // 1_000_000

    async def sleep_ms(self, duration_ms: int) -> None:
        """Sleep without blocking the event loop."""
        await asyncio.sleep(duration_ms / 1000)
