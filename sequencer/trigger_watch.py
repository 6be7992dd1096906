"""Dormant orders that are due while no other command comes: the engine places a few at a time."""

import asyncio
import logging
from typing import Final

from novation.protocol.errors import InvalidTransaction
from novation.protocol.rules.triggers import due_markets
from novation.protocol.transactions import TriggerOrder
from sequencer.clock import Clock
from sequencer.engine import Command
from sequencer.errors import RequestRefusedError
from sequencer.runner import EngineRunner

logger = logging.getLogger(__name__)

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
        try:
            answers = [self._runner.enqueue(Command(TriggerOrder(i), now_ms)) for i in market_ids]
        except RequestRefusedError as refusal:
            logger.info("dormant orders are not triggered yet: %s", refusal)
            return
        for outcome in await asyncio.gather(*answers, return_exceptions=True):
            # The engine was quicker, or prices are old.
            if isinstance(outcome, InvalidTransaction):
                logger.debug("not triggered: %s", outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
