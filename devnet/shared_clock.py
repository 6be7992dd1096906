"""A clock that is ahead of the machine's, the same for all processes of a devnet.

What takes an hour can be shown in a minute: the chain's clock and this one are set ahead together,
so that L1 still compares a batch's time with its own. A file says how far; without it the clock is
the machine's.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from prover.files import write_json_atomically

if TYPE_CHECKING:
    from pathlib import Path


class SharedClock:
    """Fits wherever a process lets time in: sequencer, oracle nodes, venues."""

    def __init__(self, path: Path | None) -> None:
        """Follow a file; None: the machine's clock."""
        self._path = path
        self._changed_ns = 0
        self._ahead_ms = 0

    def now_ms(self) -> int:
        """Return the Unix time in milliseconds, as far ahead as the file says now."""
        return time.time_ns() // 1_000_000 + self._ahead()

    def elapsed_ms(self) -> int:
        """Return the milliseconds since the machine started, which nobody sets ahead."""
        return time.monotonic_ns() // 1_000_000

    async def sleep_ms(self, duration_ms: int) -> None:
        """Sleep as long as the machine does."""
        await asyncio.sleep(duration_ms / 1000)

    def _ahead(self) -> int:
        if self._path is None:
            return 0
        try:
            changed_ns = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0
        if changed_ns != self._changed_ns:
            self._ahead_ms = int(self._path.read_text(encoding="ascii"))
            self._changed_ns = changed_ns
        return self._ahead_ms


def set_ahead(path: Path, now_ms: int) -> None:
    """Let the clock that follows a file show a time now."""
    write_json_atomically(path, now_ms - time.time_ns() // 1_000_000)
