"""Pruning: the node takes dead orders out of the book, so that what they reserve is free again.

A round has few commands. While others wait for the engine there is one round at each look: a dead
order costs its owner nothing, and whoever could fill the book with them would stop the takers.
"""

import asyncio
import functools
import logging
from typing import Final

from novation.protocol.errors import InvalidTransaction
from novation.protocol.transactions import PruneOrder
from sequencer.clock import Clock
from sequencer.engine import Accepted, Command, Engine
from sequencer.errors import RequestRefusedError
from sequencer.runner import EngineRunner

logger = logging.getLogger(__name__)

LOOK_MS: Final = 200
ORDERS_PER_ROUND: Final = 32


class Pruner:
    """Submits PruneOrder."""

    def __init__(self, runner: EngineRunner, clock: Clock) -> None:
        """Prune through `runner`."""
        self._runner = runner
        self._clock = clock

    async def run(self) -> None:
        """Prune what dies; never returns."""
        while True:
            if not await self.prune_some() or self._runner.n_pending:
                await self._clock.sleep_ms(LOOK_MS)

    async def prune_some(self) -> bool:
        """Prune a few dead orders; return whether there may be more of them to prune now."""
        now_ms = self._clock.now_ms()
        order_ids = await self._runner.call(
            functools.partial(_dead_orders, now_ms=now_ms, limit=ORDERS_PER_ROUND)
        )
        try:
            # They do not wait for each other, so that they are one group.
            answers = [self._runner.enqueue(Command(PruneOrder(i), now_ms)) for i in order_ids]
        except RequestRefusedError as refusal:
            logger.info("dead orders are not pruned yet: %s", refusal)
            return False
        outcomes = await asyncio.gather(*answers, return_exceptions=True)
        for outcome in outcomes:
            # Somebody may have been quicker.
            if isinstance(outcome, BaseException) and not isinstance(outcome, InvalidTransaction):
                raise outcome
        n_pruned = sum(isinstance(outcome, Accepted) for outcome in outcomes)
        return n_pruned == ORDERS_PER_ROUND


def _dead_orders(engine: Engine, now_ms: int, limit: int) -> list[int]:
    return engine.dead_orders.due(engine.state, now_ms, limit)
