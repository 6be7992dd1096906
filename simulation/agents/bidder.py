"""An outside liquidator: bids for what failing accounts hold when the discount is worth it."""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import PPM_ONE, SHARE_X16_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import Side
from simulation.agents.agent import OF_TAKERS, Agent
from simulation.desk import Desk, Terms

# Of what initial margin allows, all positions together.
_USE_PERCENT: Final = 60
_LIVES_MS: Final = 10_000
_AWAY_PPM: Final = 300
# It is asked after each update, and what it took need not be gone at once.
_LAY_OFF_CHANCE: Final = 0.15


class Bidder(Agent):
    """Takes as much as its own margin bears, and lays it off in the book afterwards."""

    kind: ClassVar[str] = "bidder"
    expects: ClassVar[frozenset[ErrorCode]] = OF_TAKERS | {ErrorCode.BID_LIMIT}

    def __init__(self, desk: Desk, rng: random.Random) -> None:
        """Each wants another discount."""
        super().__init__(desk, rng)
        self.wanted_ppm = rng.randint(300, 4_000)

    @override
    def act(self) -> None:
        """Bid for the first that is cheap enough, else lay off what was taken."""
        if self.view.has_valid_prices:
            for account_id in self.view.auctioned_accounts():
                if account_id != self.account_id and self._bid(account_id):
                    return
        if self.happens(_LAY_OFF_CHANCE):
            self._lay_off()

    def _bid(self, failing_account_id: int) -> bool:
        """Return whether it was worth a bid, and there was money for one."""
        view = self.view
        if view.offered_discount_ppm(failing_account_id) < self.wanted_ppm:
            return False
        markets = {*view.held_markets(failing_account_id), *view.held_markets(self.account_id)}
        margin_ppm = max(view.initial_margin_ppm(market_id) for market_id in markets)
        equity_quanta = max(view.equity_quanta(self.account_id), 0)
        bearable_quanta = equity_quanta * PPM_ONE * _USE_PERCENT // (100 * margin_ppm)
        room_quanta = bearable_quanta - view.notional_quanta(self.account_id)
        if room_quanta <= 0:
            return False
        offered_quanta = view.notional_quanta(failing_account_id)
        share_x16 = min(SHARE_X16_ONE, room_quanta * SHARE_X16_ONE // offered_quanta)
        if share_x16 == 0:
            return False
        # Lots are rounded up, one in each position.
        most_quanta = room_quanta + sum(view.lot_quanta(market_id) for market_id in markets)
        self.desk.bid(failing_account_id, share_x16, self.wanted_ppm, most_quanta)
        return True

    def _lay_off(self) -> None:
        held = self.view.held_markets(self.account_id)
        if not held:
            return
        market_id = self.rng.choice(held)
        size_lots = self.view.size_lots(self.account_id, market_id)
        if self.happens(0.3):
            self.close(market_id, 50, 2 * _AWAY_PPM)
            return
        side = Side.SELL if size_lots > 0 else Side.BUY
        price_ticks = self.price_beyond(market_id, side.other, _AWAY_PPM)
        terms = Terms(lives_ms=_LIVES_MS, reduce_only=True)
        self.desk.place(market_id, side, abs(size_lots), price_ticks, terms)
