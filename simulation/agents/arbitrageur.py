"""An arbitrageur: trades when a quote is behind the index price by more than the fee."""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import RestingOrder, SelfTradeScope, Side, TimeInForce
from simulation.agents.agent import OF_TAKERS, Agent
from simulation.desk import Desk, Terms

_EDGE_PPM: Final = 100
_LEVERAGE: Final = 6


class Arbitrageur(Agent):
    """Looks at every market, takes what is too cheap or too dear, and gives it back with limits.

    Two accounts of one owner: its orders do not trade with those of the other.
    """

    kind: ClassVar[str] = "arbitrageur"
    expects: ClassVar[frozenset[ErrorCode]] = OF_TAKERS | {ErrorCode.FOK_NOT_FILLED}

    def __init__(self, desk: Desk, rng: random.Random) -> None:
        """Watch all markets."""
        super().__init__(desk, rng)

    @override
    def act(self) -> None:
        """Take the first quote that pays, else lay off what is held."""
        markets = list(range(self.view.n_markets))
        self.rng.shuffle(markets)
        for market_id in markets:
            for side in Side:
                best = self.view.best(market_id, side.other)
                if best is not None and self._pays(best, side):
                    self._take_quote(best, side)
                    return
        self._lay_off()

    def _pays(self, best: RestingOrder, side: Side) -> bool:
        index_ticks = self.view.index_ticks(best.market_id)
        sign = 1 if side is Side.BUY else -1
        edge_ppm = sign * (index_ticks - best.price_ticks) * PPM_ONE // index_ticks
        return edge_ppm > self.view.taker_fee_ppm(best.market_id) + _EDGE_PPM

    def _take_quote(self, best: RestingOrder, side: Side) -> None:
        equity_quanta = max(self.view.equity_quanta(self.account_id), 0)
        most = self.lots_worth(best.market_id, equity_quanta * _LEVERAGE // self.view.n_markets)
        kind = TimeInForce.FOK if self.happens(0.3) else TimeInForce.IOC
        terms = Terms(kind, scope=SelfTradeScope.OWNER)
        lots = min(most, best.remaining_lots)
        self.desk.place(best.market_id, side, lots, best.price_ticks, terms)

    def _lay_off(self) -> None:
        held = self.view.held_markets(self.account_id)
        if not held:
            return
        market_id = self.rng.choice(held)
        size_lots = self.view.size_lots(self.account_id, market_id)
        side = Side.SELL if size_lots > 0 else Side.BUY
        price_ticks = self.price_beyond(market_id, side.other, 200)
        terms = Terms(lives_ms=10_000, reduce_only=True, scope=SelfTradeScope.OWNER)
        self.desk.place(market_id, side, abs(size_lots), price_ticks, terms)
