"""An attacker on both sides: one account is long, one short, both with all the leverage there is.

When prices jump beyond the margin, the loser is left with less than nothing and the winner takes
out what he has gained. What the pair gains together is what a gap costs everybody else.
"""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import SelfTradeScope, Side, TimeInForce
from simulation.agents.agent import OF_TAKERS, Agent
from simulation.desk import Desk, Terms

# Of what initial margin allows.
_USE_PERCENT: Final = 90
_SLICE_PERCENT: Final = 15
_SLIPPAGE_PPM: Final = 6_000
# The winner gets out when he has gained this share of what he paid in.
_GAIN_PERCENT: Final = 150


class Strangler(Agent):
    """One of the two accounts. They belong to one owner and do not trade with each other."""

    kind: ClassVar[str] = "strangler"
    expects: ClassVar[frozenset[ErrorCode]] = OF_TAKERS

    def __init__(self, desk: Desk, rng: random.Random, market_id: int, side: Side) -> None:
        """Hold one side of a market."""
        super().__init__(desk, rng)
        self.market_id = market_id
        self.side = side
        self._is_leaving = False

    @override
    def act(self) -> None:
        """Build the position up, or, once it has won enough, close it and take the money out."""
        equity_quanta = self.view.equity_quanta(self.account_id)
        if equity_quanta <= 0:
            return
        size_lots = self.view.size_lots(self.account_id, self.market_id)
        if equity_quanta * 100 > self.desk.paid_in_quanta * (100 + _GAIN_PERCENT):
            self._is_leaving = True
        if not self._is_leaving:
            self._build(equity_quanta, abs(size_lots))
        elif size_lots:
            self.close(self.market_id, 100, _SLIPPAGE_PPM)
        else:
            self.desk.withdraw(equity_quanta)

    def _build(self, equity_quanta: int, held_lots: int) -> None:
        margin_ppm = self.view.initial_margin_ppm(self.market_id)
        most_quanta = equity_quanta * PPM_ONE * _USE_PERCENT // (100 * margin_ppm)
        room_quanta = most_quanta - held_lots * self.view.lot_quanta(self.market_id)
        if room_quanta <= 0:
            return
        lots = self.lots_worth(self.market_id, room_quanta * _SLICE_PERCENT // 100)
        price_ticks = self.price_beyond(self.market_id, self.side, _SLIPPAGE_PPM)
        terms = Terms(TimeInForce.IOC, scope=SelfTradeScope.OWNER)
        self.desk.place(self.market_id, self.side, lots, price_ticks, terms)
