"""A hedger: long one market and short another one for as much, with the leverage that allows.

What it wins on one side it loses on the other while prices move together. So it hardly fails by
prices; but when its winning side has to pay what somebody else cannot, it may.
"""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import Side
from simulation.agents.agent import OF_TAKERS, Agent
from simulation.desk import Desk

# Of what initial margin allows.
_USE_PERCENT: Final = 70
_SLICE_PERCENT: Final = 25
_SLACK_PERCENT: Final = 15
_SLIPPAGE_PPM: Final = 5_000


class Hedger(Agent):
    """Keeps both legs as large as they should be, and as each other."""

    kind: ClassVar[str] = "hedger"
    expects: ClassVar[frozenset[ErrorCode]] = OF_TAKERS

    def __init__(self, desk: Desk, rng: random.Random, long_id: int, short_id: int) -> None:
        """Hold two markets; one and the same is none."""
        super().__init__(desk, rng)
        self._legs = ((long_id, Side.BUY), (short_id, Side.SELL)) if long_id != short_id else ()

    @override
    def act(self) -> None:
        """Trade towards the wanted size of the leg that is farther from it."""
        equity_quanta = self.view.equity_quanta(self.account_id)
        if equity_quanta <= 0 or not self._legs:
            return
        margins_ppm = sum(self.view.initial_margin_ppm(market_id) for market_id, _ in self._legs)
        wanted_quanta = equity_quanta * PPM_ONE * _USE_PERCENT // (100 * margins_ppm)
        lacking = [
            (wanted_quanta - self._held_quanta(market_id), market_id, side)
            for market_id, side in self._legs
        ]
        lacking_quanta, market_id, side = max(lacking, key=lambda leg: abs(leg[0]))
        if abs(lacking_quanta) * 100 < wanted_quanta * _SLACK_PERCENT:
            return
        if lacking_quanta > 0:
            lots = self.lots_worth(market_id, lacking_quanta * _SLICE_PERCENT // 100)
            self.take(market_id, side, lots, _SLIPPAGE_PPM)
        else:
            percent = min(100, -lacking_quanta * 100 // self._held_quanta(market_id) + 1)
            self.close(market_id, percent, _SLIPPAGE_PPM)

    def _held_quanta(self, market_id: int) -> int:
        size_lots = abs(self.view.size_lots(self.account_id, market_id))
        return size_lots * self.view.lot_quanta(market_id)
