"""The book by price level, kept up to date by events: what market data shows."""

import bisect
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from novation.book_checksum import CHECKSUM_LEVELS, book_checksum, level_text
from novation.protocol.events import (
    BooksKilled,
    CancelReason,
    Event,
    MarketListed,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    OrderFilled,
    OrderPlaced,
)
from novation.protocol.markets import Market, UnderlyingState
from novation.protocol.orders import RestingOrder, Side

# With these reasons the rest of an incoming order goes before it reaches the book.
NEVER_RESTED: Final = (
    CancelReason.IMMEDIATE_OR_CANCEL,
    CancelReason.MAKER_LIMIT,
    CancelReason.SELF_TRADE_TAKING,
)


@dataclass(slots=True)
class _Level:
    size_lots: int = 0
    n_orders: int = 0


class LevelChange(NamedTuple):
    """What a price level holds now; no orders means that it is gone."""

    market_id: int
    side: Side
    price_ticks: int
    size_lots: int
    n_orders: int


class BookView:
    """Price levels of the listed markets. Derived data: the truth is the linked list in the state.

    Only of orders that live: each underlying has an id below which its orders are dead.
    """

    def __init__(
        self,
        markets: Mapping[int, Market],
        underlyings: Sequence[UnderlyingState],
        orders: Iterable[RestingOrder],
    ) -> None:
        """Build the levels of the orders that live."""
        self._dead_below = {i: item.dead_below_order_id for i, item in enumerate(underlyings)}
        self._underlying_ids: dict[int, int] = {}
        self._levels: dict[tuple[int, Side], dict[int, _Level]] = {}
        # The prices of the levels, ascending.
        self._prices: dict[tuple[int, Side], list[int]] = {}
        # What each of them would add to the checksum.
        self._texts: dict[tuple[int, Side], list[bytes]] = {}
        for market_id, market in markets.items():
            self._list(market_id, market.underlying_id)
        for order in orders:
            if not self._is_dead(order.market_id, order.order_id):
                self._add(order.market_id, order.side, order.price_ticks, order.remaining_lots)

    def apply(self, events: Iterable[Event]) -> list[LevelChange]:
        """Follow the events of one transaction and return the levels that changed."""
        changed: dict[tuple[int, Side, int], None] = {}
        for event in events:
            if isinstance(event, MarketListed):
                self._list(event.market_id, event.underlying_id)
            elif isinstance(event, BooksKilled):
                for underlying_id in list(self._dead_below):
                    changed |= dict.fromkeys(self._kill(underlying_id, event.dead_below_order_id))
            level = self._apply_one(event)
            if level is not None:
                changed[level] = None
        return [self._change(*level) for level in changed]

    @property
    def market_ids(self) -> Collection[int]:
        """The listed markets."""
        return self._underlying_ids.keys()

    def lives(self, market_id: int, order_id: int) -> bool:
        """Say whether no gap has killed an order."""
        return not self._is_dead(market_id, order_id)

    def levels(self, market_id: int, side: Side, depth: int) -> list[LevelChange]:
        """Return the best `depth` levels of a side, best first."""
        prices = self._prices[market_id, side]
        best = islice(reversed(prices) if side is Side.BUY else prices, depth)
        return [self._change(market_id, side, price_ticks) for price_ticks in best]

    def checksum(self, market_id: int) -> int:
        """Return the checksum of a market's best levels."""
        bids = self._texts[market_id, Side.BUY][-CHECKSUM_LEVELS:]
        bids.reverse()
        return book_checksum(bids, self._texts[market_id, Side.SELL][:CHECKSUM_LEVELS])

    def _apply_one(self, event: Event) -> tuple[int, Side, int] | None:
        if isinstance(event, OrderPlaced) and event.resting_lots:
            self._add(event.market_id, event.side, event.price_ticks, event.resting_lots)
            return event.market_id, event.side, event.price_ticks
        if isinstance(event, OrderFilled):
            is_gone = event.maker_remaining_lots == 0
            side = event.taker_side.other
            self._take(event.market_id, side, event.price_ticks, event.size_lots, is_gone=is_gone)
            return event.market_id, side, event.price_ticks
        if isinstance(event, OrderDecremented | OrderAmended):
            lots = event.lots
            self._take(event.market_id, event.side, event.price_ticks, lots, is_gone=False)
            return event.market_id, event.side, event.price_ticks
        if isinstance(event, OrderCancelled) and self._was_shown(event):
            lots = event.remaining_lots
            self._take(event.market_id, event.side, event.price_ticks, lots, is_gone=True)
            return event.market_id, event.side, event.price_ticks
        return None

    def _was_shown(self, event: OrderCancelled) -> bool:
        if event.is_dormant or event.reason in NEVER_RESTED:
            return False
        return not self._is_dead(event.market_id, event.order_id)

    def _is_dead(self, market_id: int, order_id: int) -> bool:
        return order_id < self._dead_below.get(self._underlying_ids[market_id], 0)

    def _list(self, market_id: int, underlying_id: int) -> None:
        self._underlying_ids[market_id] = underlying_id
        self._dead_below.setdefault(underlying_id, 0)
        for side in Side:
            self._levels[market_id, side] = {}
            self._prices[market_id, side] = []
            self._texts[market_id, side] = []

    def _kill(self, underlying_id: int, dead_below_order_id: int) -> list[tuple[int, Side, int]]:
        """Empty the books of an underlying and return the levels that they had."""
        self._dead_below[underlying_id] = dead_below_order_id
        gone = []
        for (market_id, side), levels in self._levels.items():
            if self._underlying_ids[market_id] == underlying_id:
                gone += [(market_id, side, price_ticks) for price_ticks in levels]
                levels.clear()
                self._prices[market_id, side].clear()
                self._texts[market_id, side].clear()
        return gone

    def _add(self, market_id: int, side: Side, price_ticks: int, lots: int) -> None:
        name = market_id, side
        levels, prices, texts = self._levels[name], self._prices[name], self._texts[name]
        place = bisect.bisect_left(prices, price_ticks)
        level = levels.get(price_ticks)
        if level is None:
            level = levels[price_ticks] = _Level()
            prices.insert(place, price_ticks)
            texts.insert(place, b"")
        level.size_lots += lots
        level.n_orders += 1
        texts[place] = level_text(price_ticks, level.size_lots, level.n_orders)

    def _take(
        self, market_id: int, side: Side, price_ticks: int, lots: int, *, is_gone: bool
    ) -> None:
        name = market_id, side
        levels, prices, texts = self._levels[name], self._prices[name], self._texts[name]
        place = bisect.bisect_left(prices, price_ticks)
        level = levels[price_ticks]
        level.size_lots -= lots
        level.n_orders -= is_gone
        assert level.size_lots >= 0
        assert (level.size_lots == 0) == (level.n_orders == 0)
        if level.n_orders == 0:
            del levels[price_ticks], prices[place], texts[place]
        else:
            texts[place] = level_text(price_ticks, level.size_lots, level.n_orders)

    def _change(self, market_id: int, side: Side, price_ticks: int) -> LevelChange:
        level = self._levels[market_id, side].get(price_ticks) or _Level()
        return LevelChange(market_id, side, price_ticks, level.size_lots, level.n_orders)
