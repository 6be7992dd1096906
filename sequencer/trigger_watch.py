"""Dormant orders that are due while no other command comes: the engine places a few at a time."""

from typing import Final

from novation.protocol.rules.triggers import due_markets
from novation.protocol.transactions import TriggerOrder
from sequencer.clock import Clock
from sequencer.duties import submit_duties
from sequencer.runner import EngineRunner

LOOK_MS: Final = 50


class TriggerWatch:
    """Submits TriggerOrder."""

    def __init__(self, runner: EngineRunner, clock: Clock) -> None:
        """Trigger through `runner`."""
        self._runner = runner
        self._clock = clock

    async def run(self) -> None:
        """Trigger what is due; never returns."""
        while True:
            await self.trigger_some()
            await self._clock.sleep_ms(LOOK_MS)

    async def trigger_some(self) -> None:
        """Send one command for each market in which an order is due: the engine adds others."""
        now_ms = self._clock.now_ms()
        market_ids = await self._runner.call(lambda engine: due_markets(engine.state, now_ms))
        await submit_duties(self._runner, map(TriggerOrder, market_ids), now_ms)
