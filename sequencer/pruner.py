"""Pruning: the node takes dead orders out of the book, so that what they reserve is free again.

A round has few commands. While others wait for the engine there is one round at each look: a dead
order costs its owner nothing, and whoever could fill the book with them would stop the takers.
"""

import functools
from typing import Final

from novation.protocol.transactions import PruneOrder
from sequencer.clock import Clock
from sequencer.duties import submit_duties
from sequencer.engine import Engine
from sequencer.runner import EngineRunner

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
        n_pruned = await submit_duties(self._runner, map(PruneOrder, order_ids), now_ms)
        return n_pruned == ORDERS_PER_ROUND


def _dead_orders(engine: Engine, now_ms: int, limit: int) -> list[int]:
    return engine.dead_orders.due(engine.state, now_ms, limit)
