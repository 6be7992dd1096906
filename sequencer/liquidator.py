"""Liquidating: the node reduces the positions of failing accounts while the book bids for them.

What the book does not take is put up for auction, and what nobody wants there, or would leave a
debt, is taken over.
"""

import functools
from typing import Final

from novation.protocol.transactions import Liquidate, SetAuction, TakeOver
from sequencer.clock import Clock
from sequencer.duties import submit_duties
from sequencer.engine import Engine
from sequencer.runner import EngineRunner

LOOK_MS: Final = 200
POSITIONS_PER_ROUND: Final = 16


class Liquidator:
    """Submits Liquidate, SetAuction and TakeOver."""

    def __init__(self, runner: EngineRunner, clock: Clock) -> None:
        """Liquidate through `runner`."""
        self._runner = runner
        self._clock = clock

    async def run(self) -> None:
        """Liquidate what fails; never returns."""
        while True:
            await self.liquidate_some()
            await self._clock.sleep_ms(LOOK_MS)

    async def liquidate_some(self) -> None:
        """Reduce or take over some positions of failing accounts, start and end some auctions."""
        now_ms = self._clock.now_ms()
        due = await self._runner.call(
            functools.partial(_due, limit=POSITIONS_PER_ROUND, now_ms=now_ms)
        )
        await submit_duties(self._runner, due, now_ms)


def _due(engine: Engine, limit: int, now_ms: int) -> list[Liquidate | SetAuction | TakeOver]:
    positions = engine.margin_watch.failing(engine.state, limit, now_ms)
    # A liquidation follows the auction, too.
    liquidated = {position.account_id for position in positions}
    hopeless = engine.margin_watch.due_take_overs(engine.state, limit)
    taken = [account_id for account_id in hopeless if account_id not in liquidated]
    auctions = engine.margin_watch.due_auctions(engine.state, limit)
    settled = liquidated.union(taken)
    return [
        *(Liquidate(*position) for position in positions),
        *(TakeOver(account_id) for account_id in taken),
        *(SetAuction(account_id) for account_id in auctions if account_id not in settled),
    ]
