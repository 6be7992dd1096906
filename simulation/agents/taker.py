"""A trader of everyday size: takes, sometimes waits with a limit order, pays in and out."""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import Side, TimeInForce, TriggerDirection
from simulation.agents.agent import OF_TAKERS, Agent
from simulation.desk import Desk, Terms
from simulation.plan import ONE_DOLLAR_QUANTA

_SLIPPAGE_PPM: Final = 4_000
# Besides USD; margin does not count them.
_ASSETS: Final = (1, 2, 7)
_WAIT_PPM: Final = 2_500
# How often a new position is protected, and how far beyond its trigger an exit may trade.
_PROTECTS_CHANCE: Final = 0.3
_REACH_PPM: Final = 30_000


class Taker(Agent):
    """Buys or sells up to its own limit of leverage, in any market, and closes again."""

    kind: ClassVar[str] = "taker"
    expects: ClassVar[frozenset[ErrorCode]] = OF_TAKERS | {
        ErrorCode.FOK_NOT_FILLED,
        ErrorCode.INSUFFICIENT_BALANCE,
        ErrorCode.TOO_MANY_ORDERS,
    }

    def __init__(self, desk: Desk, rng: random.Random) -> None:
        """Choose a temper: most want prices to rise, some use all the leverage there is."""
        super().__init__(desk, rng)
        self.leverage = rng.choice((1, 2, 3, 5, 8, 15, 30))
        self.buys_percent = rng.randint(40, 75)

    @override
    def act(self) -> None:
        """Do one thing."""
        (do,) = self.rng.choices(
            (
                self._withdraw,
                self._deposit,
                self._move_asset,
                self.take_profit,
                self._close,
                self._wait,
                self._take,
            ),
            (2, 1, 2, 3, 24, 10, 58),
        )
        do()

    def _withdraw(self) -> None:
        """Withdraw some of what the account is worth, or more."""
        equity_quanta = max(self.view.equity_quanta(self.account_id), ONE_DOLLAR_QUANTA)
        self.desk.withdraw(max(1, equity_quanta * self.rng.randint(1, 120) // 100))

    def _deposit(self) -> None:
        self.desk.deposit(self.rng.randint(10, 5_000) * ONE_DOLLAR_QUANTA)

    def _move_asset(self) -> None:
        """Pay another asset in, or take some of it out, sometimes more than there is."""
        asset_id = self.rng.choice(_ASSETS)
        balance_quanta = self.view.balance_quanta(self.account_id, asset_id)
        if balance_quanta == 0:
            self.desk.deposit_asset(asset_id, self.rng.randint(1, 10**9))
        else:
            percent = self.rng.choice((30, 100, 120))
            self.desk.withdraw_asset(asset_id, max(1, balance_quanta * percent // 100))

    def _close(self) -> None:
        held = self.view.held_markets(self.account_id)
        if held:
            self.close(self.rng.choice(held), self.rng.choice((25, 50, 100)), _SLIPPAGE_PPM)

    def _choose(self) -> tuple[int, Side, int]:
        """Return market, side and size of a trade; the size is 0 if leverage is used up."""
        view, rng = self.view, self.rng
        market_id = rng.randrange(view.n_markets)
        side = Side.BUY if rng.randint(1, 100) <= self.buys_percent else Side.SELL
        equity_quanta = view.equity_quanta(self.account_id)
        held = (
            abs(slot.size_lots) * view.lot_quanta(slot.market_id)
            for slot in view.account(self.account_id).positions
        )
        room_quanta = equity_quanta * self.leverage - sum(held)
        if room_quanta <= 0:
            return market_id, side, 0
        return market_id, side, self.lots_worth(market_id, room_quanta * rng.randint(5, 60) // 100)

    def _take(self) -> None:
        market_id, side, lots = self._choose()
        if lots == 0:
            return
        if self.happens(0.1):
            price_ticks = self.price_beyond(market_id, side, _SLIPPAGE_PPM)
            self.desk.place(market_id, side, lots, price_ticks, Terms(TimeInForce.FOK))
            return
        if self.take(market_id, side, lots, _SLIPPAGE_PPM) and self.happens(_PROTECTS_CHANCE):
            self._protect(market_id)

    def _protect(self, market_id: int) -> None:
        """Leave a stop and a take-profit for all of the position; either ends the other."""
        size_lots = self.view.size_lots(self.account_id, market_id)
        if size_lots == 0:
            return
        side = Side.SELL if size_lots > 0 else Side.BUY
        for away_ppm, is_stop in (
            (self.rng.randint(5_000, 40_000), True),
            (self.rng.randint(5_000, 60_000), False),
        ):
            falls = is_stop == (side is Side.SELL)
            trigger_ticks = self.price_beyond(market_id, Side.SELL if falls else Side.BUY, away_ppm)
            sign = 1 if side is Side.BUY else -1
            limit_ticks = max(1, trigger_ticks * (PPM_ONE + sign * _REACH_PPM) // PPM_ONE)
            lots = abs(size_lots)
            worth_quanta = self.view.value_quanta(market_id, lots, limit_ticks)
            if worth_quanta >= self.view.min_order_quanta(market_id):
                direction = TriggerDirection.FALL if falls else TriggerDirection.RISE
                self.desk.wait_for(market_id, side, lots, trigger_ticks, limit_ticks, direction)

    def _wait(self) -> None:
        """Leave an order behind the market, for an hour at most."""
        market_id, side, lots = self._choose()
        if lots == 0:
            return
        distance_ppm = self.rng.randint(0, _WAIT_PPM)
        price_ticks = self.price_beyond(market_id, side.other, distance_ppm)
        terms = Terms(lives_ms=self.rng.choice((5_000, 60_000, 3_600_000)))
        self.desk.place(market_id, side, lots, price_ticks, terms)
