"""An owner of two accounts: one keeps the money, the other trades with a part of it.

So the risk of one market is apart: what the second loses it loses alone, unless the first sends it
more.
"""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import Side
from simulation.agents.agent import OF_TAKERS, Agent
from simulation.desk import Desk
from simulation.plan import FIRST_ACCOUNT_ID

_LEVERAGE: Final = 8
_SLIPPAGE_PPM: Final = 5_000
# The other account gets more when it has less than this ratio of equity to initial margin.
_SHORT_PERCENT: Final = 150
_HELP_PERCENT: Final = 10
_ASSET: Final = 3
_ASSET_QUANTA: Final = 10**6


class Isolator(Agent):
    """One of the two accounts."""

    kind: ClassVar[str] = "isolator"
    expects: ClassVar[frozenset[ErrorCode]] = OF_TAKERS | {ErrorCode.NOT_SAME_OWNER}

    def __init__(
        self, desk: Desk, rng: random.Random, other_id: int, market_id: int, *, trades: bool
    ) -> None:
        """Keep the money for the other account, or trade in a market with what it sends."""
        super().__init__(desk, rng)
        self.other_id = other_id
        self.market_id = market_id
        self.trades = trades

    @override
    def act(self) -> None:
        """Trade, or see to it that the other one can."""
        if self.trades:
            self._trade()
        else:
            self._keep()

    def _trade(self) -> None:
        """Send half of what was won home, close at random, else trade up to the leverage."""
        equity_quanta = self.view.equity_quanta(self.account_id)
        if equity_quanta <= 0:
            return
        if equity_quanta > 2 * self.desk.paid_in_quanta:
            self.desk.transfer(self.other_id, equity_quanta // 4)
            return
        if self.view.size_lots(self.account_id, self.market_id) and self.happens(0.2):
            self.close(self.market_id, self.rng.choice((50, 100)), _SLIPPAGE_PPM)
            return
        room_quanta = equity_quanta * _LEVERAGE - self.view.notional_quanta(self.account_id)
        if room_quanta > 0:
            side = self.rng.choice(tuple(Side))
            lots = self.lots_worth(self.market_id, room_quanta // 3)
            self.take(self.market_id, side, lots, _SLIPPAGE_PPM)

    def _keep(self) -> None:
        """Help the other account, or try what no account may."""
        view, own_quanta = self.view, self.view.equity_quanta(self.account_id)
        margin = view.margin(self.other_id)
        enough_x16_ppm = margin.initial_x16_ppm * _SHORT_PERCENT // 100
        if margin.equity_x16 * PPM_ONE < enough_x16_ppm and own_quanta > 0:
            self.desk.transfer(self.other_id, max(1, own_quanta * _HELP_PERCENT // 100))
        elif self.happens(0.3):
            # More than there is.
            self.desk.transfer(self.other_id, max(own_quanta, 0) + 1)
        elif self.happens(0.3):
            self.desk.transfer(FIRST_ACCOUNT_ID, 1)
        elif view.balance_quanta(self.account_id, _ASSET) == 0:
            self.desk.deposit_asset(_ASSET, _ASSET_QUANTA)
        else:
            self.desk.transfer(self.other_id, _ASSET_QUANTA // 2, _ASSET)
