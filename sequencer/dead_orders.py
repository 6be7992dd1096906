"""Which dead and idle orders are still in the book: found without looking at those that live.

An order dies when its time is over, by its account's timer, when its account cancels all, or by a
gap in the prices. The first two come with time: heaps have what comes next. Entries are not taken
out of a heap when their order goes; it is made anew when most of them are such. A reduce-only order
is idle from the fill on that leaves it nothing to reduce.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Final

from novation.protocol.constants import LAST_TIME_MS, MAX_ORDERS_PER_SLOT
from novation.protocol.events import (
    BooksKilled,
    CancelReason,
    CancelTimerSet,
    Event,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderPlaced,
    TriggerPlaced,
)
from novation.protocol.orders import RestingOrder
from novation.protocol.rules.dead_orders import is_cancelled, is_idle, may_be_pruned_idle
from novation.protocol.state import State

_STILL_LINKED: Final = (
    CancelReason.CANCEL_ALL,
    CancelReason.TIMER,
    CancelReason.GUARD,
    CancelReason.LIQUIDATION,
    CancelReason.POSITION_CLOSED,
)
# So many entries more than there are orders, or timers, make a heap neither large nor slow.
_SPARE_ENTRIES: Final = 1_024
# Entries looked at in one call, however many orders die in the same moment.
_MOST_LOOKS: Final = 1_024


class DeadOrders:
    """Follows the applied transactions, as the engine does. Derived from the state alone."""

    def __init__(self, state: State) -> None:
        """Look once at all orders and accounts."""
        # By time: of expiry and order, of timer and account.
        self._expiries: list[tuple[int, int]] = []
        self._timers: list[tuple[int, int]] = []
        # The timers that are set, by account.
        self._timer_of: dict[int, int] = {
            account_id: account.cancel_all_at_ms
            for account_id, account in state.accounts.items()
            if account.cancel_all_at_ms != LAST_TIME_MS
        }
        self._dead = deque(
            order_id for order_id, order in state.orders.items() if _needs_no_time(state, order)
        )
        # Reduce-only orders by account and market; some of them are gone.
        self._reduce_only: dict[tuple[int, int], list[int]] = {}
        for order in state.orders.values():
            self._add_reduce_only(order, state)
        self._rebuild_expiries(state)
        self._rebuild_timers()

    def learn(self, events: Iterable[Event], state: State) -> None:
        """Take note of what one applied transaction did."""
        for event in events:
            if isinstance(event, OrderPlaced | OrderAmended | TriggerPlaced):
                order = state.get_order(event.order_id)
                if order is not None:
                    self._add_expiry(order, state)
                    self._add_reduce_only(order, state)
            elif isinstance(event, OrderFilled):
                for account_id in (event.maker_account_id, event.taker_account_id):
                    self._collect_idle(state, account_id, event.market_id)
            elif isinstance(event, OrderCancelled) and event.reason in _STILL_LINKED:
                self._dead.append(event.order_id)
            elif isinstance(event, CancelTimerSet):
                self._timer_of.pop(event.account_id, None)
                self._add_timer(event.account_id, event.cancel_all_at_ms)
            elif isinstance(event, BooksKilled):
                self._dead = deque(state.orders)

    def due(self, state: State, now_ms: int, limit: int) -> list[int]:
        """Return at most `limit` orders that are linked and dead at a time.

        They stay known until they are gone: the next time others come first.
        """
        self._collect_expired(state, now_ms)
        self._collect_timed_out(state, now_ms)
        found: dict[int, None] = {}
        for _ in range(min(len(self._dead), _MOST_LOOKS)):
            order = state.get_order(self._dead.popleft())
            if order is None:
                continue
            if _is_dead(state, order, now_ms):
                found[order.order_id] = None
            else:
                # The clock was set back, or the position is there again.
                self._add_expiry(order, state)
                self._add_reduce_only(order, state)
                self._add_timer(order.account_id, state.account(order.account_id).cancel_all_at_ms)
            if len(found) == limit:
                break
        self._dead.extend(found)
        return list(found)

    def _collect_expired(self, state: State, now_ms: int) -> None:
        for _ in range(_MOST_LOOKS):
            if not self._expiries or self._expiries[0][0] > now_ms:
                return
            _, order_id = heapq.heappop(self._expiries)
            if state.get_order(order_id) is not None:
                self._dead.append(order_id)

    def _collect_timed_out(self, state: State, now_ms: int) -> None:
        for _ in range(_MOST_LOOKS):
            if not self._timers or self._timers[0][0] > now_ms:
                return
            time_ms, account_id = heapq.heappop(self._timers)
            if self._timer_of.get(account_id) != time_ms:
                continue
            del self._timer_of[account_id]
            # Whoever prunes the first applies the timer, and the others are known from then on.
            self._dead.extend(order.order_id for order in state.orders_of(account_id)[:1])

    def _collect_idle(self, state: State, account_id: int, market_id: int) -> None:
        place = account_id, market_id
        if place not in self._reduce_only:
            return
        slot = state.account(account_id).position(market_id)
        linked = self._linked_reduce_only(state, place)
        self._dead.extend(order.order_id for order in linked if is_idle(order, slot))
        self._reduce_only[place] = [o.order_id for o in linked if not is_idle(o, slot)]
        if not self._reduce_only[place]:
            del self._reduce_only[place]

    def _linked_reduce_only(self, state: State, place: tuple[int, int]) -> list[RestingOrder]:
        found = (state.get_order(order_id) for order_id in self._reduce_only[place])
        return [order for order in found if order is not None]

    def _add_reduce_only(self, order: RestingOrder, state: State) -> None:
        if not order.reduce_only or order.trigger is not None:
            return
        place = order.account_id, order.market_id
        order_ids = self._reduce_only.setdefault(place, [])
        order_ids.append(order.order_id)
        if len(order_ids) > 2 * MAX_ORDERS_PER_SLOT:
            linked = self._linked_reduce_only(state, place)
            self._reduce_only[place] = [linked_order.order_id for linked_order in linked]

    def _add_expiry(self, order: RestingOrder, state: State) -> None:
        heapq.heappush(self._expiries, (order.expiry_time_ms, order.order_id))
        if len(self._expiries) > 2 * len(state.orders) + _SPARE_ENTRIES:
            self._rebuild_expiries(state)

    def _rebuild_expiries(self, state: State) -> None:
        self._expiries = [(order.expiry_time_ms, i) for i, order in state.orders.items()]
        heapq.heapify(self._expiries)

    def _add_timer(self, account_id: int, time_ms: int) -> None:
        if time_ms == LAST_TIME_MS:
            return
        self._timer_of[account_id] = time_ms
        heapq.heappush(self._timers, (time_ms, account_id))
        if len(self._timers) > 2 * len(self._timer_of) + _SPARE_ENTRIES:
            self._rebuild_timers()

    def _rebuild_timers(self) -> None:
        self._timers = [(time_ms, i) for i, time_ms in self._timer_of.items()]
        heapq.heapify(self._timers)


def _needs_no_time(state: State, order: RestingOrder) -> bool:
    """Say whether a gap or its account has killed an order already, or whether it is idle."""
    is_behind_gap = order.order_id < state.price_of(order.market_id).dead_below_order_id
    slot = state.account(order.account_id).position(order.market_id)
    return is_behind_gap or is_cancelled(state, order) or may_be_pruned_idle(order, slot)


def _is_dead(state: State, order: RestingOrder, now_ms: int) -> bool:
    timer_ms = state.account(order.account_id).cancel_all_at_ms
    return min(order.expiry_time_ms, timer_ms) <= now_ms or _needs_no_time(state, order)
