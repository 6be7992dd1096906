"""Which order stands before which: a sorted index in memory over the linked lists of the book.

It is derived data. The circuit gets what it finds as hints and checks them against the list.
"""

import bisect
from collections.abc import Iterator

from novation.protocol.constants import ORDER_ID_BOUND, PRICE_BOUND
from novation.protocol.orders import OrderList, RestingOrder


def priority(order: RestingOrder) -> int:
    """Return a number that is greater for the order that stands first: price, then age."""
    return priority_at(order.order_list, order.list_price_ticks, order.order_id)


def priority_at(order_list: OrderList, price_ticks: int, order_id: int) -> int:
    """Return the priority of an order with a price and an id; there need not be one."""
    closeness = price_ticks if order_list.is_descending else PRICE_BOUND - price_ticks
    return closeness * ORDER_ID_BOUND + (ORDER_ID_BOUND - order_id)


class BookIndex:
    """The orders of one list of a market, worst first, so that the head is cheap to remove."""

    def __init__(self) -> None:
        """Start with an empty list."""
        self._priorities: list[int] = []

    def insert(self, order: RestingOrder) -> None:
        """Add an order."""
        bisect.insort(self._priorities, priority(order))

    def remove(self, order: RestingOrder) -> None:
        """Remove an order that is in the index."""
        position = bisect.bisect_left(self._priorities, priority(order))
        assert self._priorities[position] == priority(order)
        del self._priorities[position]

    def predecessor_id(self, order: RestingOrder) -> int:
        """Return the id of the order just before this one (which may be absent), 0 at the head."""
        return self.id_before(priority(order))

    def id_before(self, rank: int) -> int:
        """Return the id of the order just before a priority, 0 if it would be the head's."""
        position = bisect.bisect_right(self._priorities, rank)
        if position == len(self._priorities):
            return 0
        return _order_id(self._priorities[position])

    def neighbours(self, order: RestingOrder) -> tuple[int, int]:
        """Return the ids of the orders just before and behind one in the index, 0 at an end."""
        position = bisect.bisect_left(self._priorities, priority(order))
        assert self._priorities[position] == priority(order)
        behind_id = _order_id(self._priorities[position - 1]) if position else 0
        return self.predecessor_id(order), behind_id

    def head_id(self) -> int:
        """Return the id of the best order, 0 if there is none."""
        return _order_id(self._priorities[-1]) if self._priorities else 0

    def __iter__(self) -> Iterator[int]:
        """Yield order ids, best first."""
        return map(_order_id, reversed(self._priorities))

    def __len__(self) -> int:
        """Return the number of orders."""
        return len(self._priorities)


def _order_id(rank: int) -> int:
    return -rank % ORDER_ID_BOUND
