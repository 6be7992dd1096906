"""Time enters the node here and nowhere else."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """A source of time that a test can replace."""

    def now_ms(self) -> int:
        """Return the Unix time in milliseconds."""
        ...

    async def sleep_ms(self, duration_ms: int) -> None:
        """Return after `duration_ms` milliseconds of this clock's time."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Return the Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    async def sleep_ms(self, duration_ms: int) -> None:
        """Sleep without blocking the event loop."""
        await asyncio.sleep(duration_ms / 1000)


async def sleep_until(clock: Clock, time_ms: int) -> None:
    """Return when the clock shows at least `time_ms`: a sleep may end a little early."""
    while (left_ms := time_ms - clock.now_ms()) > 0:
        await clock.sleep_ms(left_ms)
