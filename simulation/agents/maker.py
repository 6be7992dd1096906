"""A market maker: quotes on both sides of the index price and moves them with it, one by one."""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import RestingOrder, Side, TimeInForce
from simulation.agents.agent import OF_MODES, Agent
from simulation.desk import Desk, Terms

_N_LEVELS: Final = 2
_LEVEL_PPM: Final = 600
# Its quotes follow when the index price has moved by more than this share of the half spread.
_PATIENCE_PERCENT: Final = 60
_QUOTE_AGE_MS: Final = 40_000
_LIVES_MS: Final = 120_000
# The dead man's switch is set anew when a third of its time is over.
_TIMER_MS: Final = 30_000
_REFRESH_MS: Final = 10_000
_FAILURE_CHANCE: Final = 0.002
_FAILURE_MS: Final = 90_000
# A move in which every quote must go at once, whatever it costs later to clear the book.
_PANIC_PPM: Final = 8_000


class Maker(Agent):
    """Quotes two markets, leans against what it holds, and is sometimes cut off for a while."""

    kind: ClassVar[str] = "maker"
    expects: ClassVar[frozenset[ErrorCode]] = OF_MODES | frozenset(
        {
            ErrorCode.STALE_PRICE,
            ErrorCode.POST_ONLY_CROSSES,
            ErrorCode.INSUFFICIENT_MARGIN,
            ErrorCode.BANKRUPT,
            ErrorCode.ORDER_TOO_SMALL,
            ErrorCode.UNKNOWN_ORDER,
            ErrorCode.TOO_MANY_ORDERS,
        }
    )

    def __init__(self, desk: Desk, rng: random.Random, market_ids: list[int]) -> None:
        """Quote some markets."""
        super().__init__(desk, rng)
        self.market_ids = market_ids
        self.half_spread_ppm = rng.randint(300, 1_200)
        self._quoted: dict[int, tuple[int, int]] = {}
        # The messages that placed the quotes of a market, by side and level.
        self._sent: dict[int, dict[tuple[Side, int], tuple[int, int]]] = {
            market_id: {} for market_id in market_ids
        }
        self._timer_set_ms: int | None = None
        self._back_at_ms = 0
        self._has_key = False

    @override
    def act(self) -> None:
        """Refresh the timer, and the quotes of one market if they are old or off."""
        view = self.view
        if view.now_ms < self._back_at_ms:
            return
        if not self._has_key:
            self._has_key = self.desk.use_trading_key() is not None
        if self.happens(_FAILURE_CHANCE):
            # The connection is gone: what rests is left to the timer.
            self._back_at_ms = view.now_ms + _FAILURE_MS
            return
        if self._timer_set_ms is None or view.now_ms - self._timer_set_ms > _REFRESH_MS:
            self.desk.set_timer(_TIMER_MS)
            self._timer_set_ms = view.now_ms
        market_id = self.rng.choice(self.market_ids)
        index_ticks = view.index_ticks(market_id)
        last_ticks, last_ms = self._quoted.get(market_id, (0, 0))
        move_ppm = abs(index_ticks - last_ticks) * PPM_ONE // index_ticks
        is_old = view.now_ms - last_ms > _QUOTE_AGE_MS
        if not is_old and move_ppm * 100 < self.half_spread_ppm * _PATIENCE_PERCENT:
            return
        self._leave(market_id, in_a_hurry=last_ticks > 0 and move_ppm > _PANIC_PPM)
        if view.has_valid_prices or self.happens(0.1):
            self._quote(market_id, index_ticks)

    def _leave(self, market_id: int, *, in_a_hurry: bool) -> None:
        """Take the old quotes out of a market, or leave them to be replaced."""
        if in_a_hurry:
            if self._sent[market_id]:
                self.desk.cancel_all(market_id)
                self._sent[market_id].clear()
        elif not self.view.has_valid_prices or self.happens(0.5):
            self._withdraw_quotes(market_id)

    def _resting(self) -> dict[tuple[int, int], RestingOrder]:
        """Return the own orders by key slot and nonce of their messages."""
        orders = self.view.orders_of(self.account_id)
        return {(order.key_index, order.nonce): order for order in orders}

    def _withdraw_quotes(self, market_id: int) -> None:
        """Cancel what rests one by one, by id or by message."""
        resting = self._resting()
        for origin in self._sent[market_id].values():
            if origin in resting and self.happens(0.5):
                self.desk.cancel(resting[origin].order_id)
            elif origin in resting or self.happens(0.05):
                # One that has traded meanwhile is cancelled in vain.
                self.desk.cancel_placed_by(*origin)
        self._sent[market_id].clear()

    def _quote(self, market_id: int, index_ticks: int) -> None:
        view, lots = self.view, self._quote_lots(market_id)
        if lots == 0:
            return
        slides = view.is_post_only or self.happens(0.3)
        kind = TimeInForce.POST_ONLY_SLIDE if slides else TimeInForce.POST_ONLY
        terms = Terms(kind, lives_ms=_LIVES_MS)
        resting = self._resting()
        for side, level, price_ticks in self._ladder(market_id, index_ticks):
            old = resting.get(self._sent[market_id].get((side, level), (0, 0)))
            if old is None:
                result = self.desk.place(market_id, side, lots, price_ticks, terms)
            elif self.happens(0.1) and old.remaining_lots > 1 and not view.is_prunable(old):
                self.desk.shrink(old, old.remaining_lots // 2)
                continue
            else:
                by_id = self.happens(0.5)
                result = self.desk.replace(old, lots, price_ticks, terms, by_id=by_id)
            if result is not None:
                self._sent[market_id][side, level] = self.desk.last_origin
        self._quoted[market_id] = index_ticks, view.now_ms

    def _quote_lots(self, market_id: int) -> int:
        """Return the size of each quote, 0 if there is nothing to quote with."""
        equity_quanta = self.view.equity_quanta(self.account_id)
        return self.lots_worth(market_id, equity_quanta // 4) if equity_quanta > 0 else 0

    def _ladder(self, market_id: int, index_ticks: int) -> list[tuple[Side, int, int]]:
        """Return side, level and price of each quote. Whoever is long offers and bids lower."""
        view = self.view
        held_quanta = view.size_lots(self.account_id, market_id) * view.lot_quanta(market_id)
        equity_quanta = view.equity_quanta(self.account_id)
        lean_ppm = -self.half_spread_ppm * held_quanta // (2 * equity_quanta)
        lean_ppm = max(-3 * self.half_spread_ppm, min(3 * self.half_spread_ppm, lean_ppm))
        ladder = []
        for level in range(_N_LEVELS):
            away_ppm = self.half_spread_ppm + level * _LEVEL_PPM
            for side, sign in ((Side.BUY, -1), (Side.SELL, 1)):
                price_ticks = index_ticks * (PPM_ONE + lean_ppm + sign * away_ppm) // PPM_ONE
                ladder.append((side, level, max(1, price_ticks)))
        return ladder
