"""Slots of the order tree: always the lowest empty ones, so that the used part stays shallow."""

import heapq
from collections.abc import Iterable


class SlotAllocator:
    """Knows which slots are empty."""

    def __init__(self, used: Iterable[int]) -> None:
        """Start from the slots in use."""
        occupied = set(used)
        self._first_unused = max(occupied, default=-1) + 1
        self._gaps = [slot for slot in range(self._first_unused) if slot not in occupied]

    def take(self, count: int) -> list[int]:
        """Return the lowest empty slots in ascending order and mark them as used."""
        slots = []
        for _ in range(count):
            if self._gaps:
                slots.append(heapq.heappop(self._gaps))
            else:
                slots.append(self._first_unused)
                self._first_unused += 1
        return slots

    def release(self, slots: Iterable[int]) -> None:
        """Mark slots as empty again."""
        for slot in slots:
            heapq.heappush(self._gaps, slot)
