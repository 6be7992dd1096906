"""Unwinding: what pools and the insurance fund took goes back to the book, a part each second."""

from typing import Final

from novation.protocol.rules.unwind import wanted_markets
from novation.protocol.transactions import Unwind
from sequencer.clock import Clock
from sequencer.duties import submit_duties
from sequencer.runner import EngineRunner

LOOK_MS: Final = 200


class Unwinder:
    """Submits Unwind."""

    def __init__(self, runner: EngineRunner, clock: Clock) -> None:
        """Unwind through `runner`."""
        self._runner = runner
        self._clock = clock

    async def run(self) -> None:
        """Unwind what the book wants; never returns."""
        while True:
            await self.unwind_some()
            await self._clock.sleep_ms(LOOK_MS)

    async def unwind_some(self) -> None:
        """Send one command for each market whose book wants some of it."""
        now_ms = self._clock.now_ms()
        market_ids = await self._runner.call(lambda engine: wanted_markets(engine.state, now_ms))
        await submit_duties(self._runner, map(Unwind, market_ids), now_ms)
