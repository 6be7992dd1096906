"""Slots of the order tree: always the lowest empty ones, so that the used part stays shallow.

The prover may have given other slots than these (docs/spec/protocol.md section 4), the last one of
the tree among them. Empty slots are kept as ranges, so that it costs nothing where a slot lies.
"""

import heapq
from collections.abc import Iterable
from itertools import pairwise

from novation.protocol.constants import ORDER_TREE_HEIGHT


class SlotAllocator:
    """Knows which slots are empty."""

    def __init__(self, used: Iterable[int]) -> None:
        """Start from the slots in use."""
        borders = [-1, *sorted(set(used)), 1 << ORDER_TREE_HEIGHT]
        # Disjoint ranges (first, behind the last); ascending, hence a heap.
        self._empty = [(low + 1, high) for low, high in pairwise(borders) if low + 1 < high]

    def take(self, count: int) -> list[int]:
        """Return the lowest empty slots in ascending order and mark them as used."""
        slots = []
        for _ in range(count):
            slot, end = self._empty[0]
            slots.append(slot)
            if slot + 1 < end:
                heapq.heapreplace(self._empty, (slot + 1, end))
            else:
                heapq.heappop(self._empty)
        return slots

    def release(self, slots: Iterable[int]) -> None:
        """Mark slots as empty again."""
        for slot in slots:
            heapq.heappush(self._empty, (slot, slot + 1))
