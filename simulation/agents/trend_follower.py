"""A trend follower: buys what has risen since it last looked, sells what has fallen."""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import Side
from simulation.agents.agent import OF_TAKERS, Agent
from simulation.desk import Desk

_THRESHOLD_PPM: Final = 1_500
_PROFIT_CHANCE: Final = 0.05
_SLIPPAGE_PPM: Final = 6_000


class TrendFollower(Agent):
    """Follows one market with a fixed leverage and turns round when the market does."""

    kind: ClassVar[str] = "trend follower"
    expects: ClassVar[frozenset[ErrorCode]] = OF_TAKERS

    def __init__(self, desk: Desk, rng: random.Random, market_id: int) -> None:
        """Follow a market."""
        super().__init__(desk, rng)
        self.market_id = market_id
        self.leverage = rng.choice((2, 4, 6, 9))
        self._seen_ticks = 0

    @override
    def act(self) -> None:
        """Compare with the price of last time, and close or add."""
        mark_ticks, seen_ticks = self.view.mark_ticks(self.market_id), self._seen_ticks
        self._seen_ticks = mark_ticks
        if not seen_ticks:
            return
        if self.happens(_PROFIT_CHANCE):
            self.take_profit()
            return
        move_ppm = (mark_ticks - seen_ticks) * PPM_ONE // seen_ticks
        if abs(move_ppm) < _THRESHOLD_PPM:
            return
        side = Side.BUY if move_ppm > 0 else Side.SELL
        size_lots = self.view.size_lots(self.account_id, self.market_id)
        if size_lots and (size_lots > 0) != (side is Side.BUY):
            self.close(self.market_id, 100, _SLIPPAGE_PPM)
            return
        equity_quanta = self.view.equity_quanta(self.account_id)
        room_quanta = equity_quanta * self.leverage - abs(size_lots) * self.view.lot_quanta(
            self.market_id
        )
        if room_quanta > 0:
            lots = self.lots_worth(self.market_id, room_quanta // 2)
            self.take(self.market_id, side, lots, _SLIPPAGE_PPM)
