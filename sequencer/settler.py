"""Settling: in a market that has ended the node turns all positions into money, page by page."""

from typing import Final

from novation.protocol.rules.resolving import is_resolving
from novation.protocol.state import State
from novation.protocol.transactions import SettlePosition
from sequencer.clock import Clock
from sequencer.duties import submit_duties
from sequencer.runner import EngineRunner

LOOK_MS: Final = 200
ACCOUNTS_PER_ROUND: Final = 64


class Settler:
    """Submits SettlePosition, until nobody has a position in a market that has ended."""

    def __init__(self, runner: EngineRunner, clock: Clock) -> None:
        """Settle through `runner`."""
        self._runner = runner
        self._clock = clock
        # The accounts to look at before it begins again.
        self._left: list[int] = []

    async def run(self) -> None:
        """Settle what can be; never returns."""
        while True:
            await self.settle_some()
            await self._clock.sleep_ms(LOOK_MS)

    async def settle_some(self) -> None:
        """Look at the next accounts, if there is a market to settle."""
        now_ms = self._clock.now_ms()
        due = await self._runner.call(lambda engine: self._due(engine.state, now_ms))
        await submit_duties(self._runner, due, now_ms)

    def _due(self, state: State, now_ms: int) -> list[SettlePosition]:
        market_ids = ended_markets(state, now_ms)
        if not market_ids:
            self._left.clear()
            return []
        if not self._left:
            self._left = list(state.accounts)
        page = self._left[-ACCOUNTS_PER_ROUND:]
        del self._left[-ACCOUNTS_PER_ROUND:]
        return [
            SettlePosition(account_id, market_id)
            for account_id in page
            for market_id in market_ids
            if state.account(account_id).position(market_id).size_lots
        ]


def ended_markets(state: State, now_ms: int) -> list[int]:
    """Return the markets whose positions may be settled now, and in which there are some."""
    return [
        market_id
        for market_id, market in state.markets.items()
        if (prices := state.price_of(market_id)).is_settled
        and not is_resolving(prices, now_ms)
        and (market.open_interest_lots or prices.pool_lots)
    ]
