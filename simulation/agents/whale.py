"""A whale: one account as large as many, long with leverage, which gets out when it must."""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.errors import ErrorCode
from novation.protocol.orders import Side
from simulation.agents.agent import OF_TAKERS, Agent
from simulation.desk import Desk, Terms

_LEVERAGE: Final = 12
_SLIPPAGE_PPM: Final = 8_000
# Below this ratio of equity to maintenance it sells what it can.
_FEAR_PERCENT: Final = 200


class Whale(Agent):
    """Buys one market in slices, by bids and by taking, up to its leverage."""

    kind: ClassVar[str] = "whale"
    expects: ClassVar[frozenset[ErrorCode]] = OF_TAKERS | {ErrorCode.TOO_MANY_ORDERS}

    def __init__(self, desk: Desk, rng: random.Random, market_id: int) -> None:
        """Buy in a market."""
        super().__init__(desk, rng)
        self.market_id = market_id

    @override
    def act(self) -> None:
        """Get out if equity is short, else buy another slice."""
        view, margin = self.view, self.view.margin(self.account_id)
        size_lots = view.size_lots(self.account_id, self.market_id)
        fears = margin.equity_x16 * 10**6 * 100 < margin.maintenance_x16_ppm * _FEAR_PERCENT
        if size_lots > 0 and fears:
            if margin.equity_x16 > 0 or self.happens(0.1):
                self.close(self.market_id, 20, _SLIPPAGE_PPM)
            return
        equity_quanta = view.equity_quanta(self.account_id)
        room_quanta = equity_quanta * _LEVERAGE - size_lots * view.lot_quanta(self.market_id)
        if room_quanta <= 0:
            return
        lots = self.lots_worth(self.market_id, room_quanta // 20)
        if self.happens(0.5):
            self.take(self.market_id, Side.BUY, lots, _SLIPPAGE_PPM)
            return
        price_ticks = self.price_beyond(self.market_id, Side.SELL, 300)
        self.desk.place(self.market_id, Side.BUY, lots, price_ticks, Terms(lives_ms=60_000))
