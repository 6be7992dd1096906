"""Stream events for any number of readers, each with its own place: nobody is fed, all read.

A reader that is slow costs nothing but its place; what it has not read yet comes from memory or,
once its batch is sealed, from the database. So there are no queues to overflow. Memory and database
hold events by scope, and only the readers of a scope are woken: what happens elsewhere is free.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from sequencer.engine import GroupResult
from sequencer.feed import (
    BATCH_CHANGES,
    FeedEvent,
    Scope,
    decode_event,
    event_key,
    first_event_number,
    last_event_number,
)
from sequencer.store import Database

# Recent events stay in memory after their batch is sealed, so that live readers need no database.
RECENT_EVENTS = 20_000
EVENTS_PER_READ = 512


class EventLog:
    """The journal's events up to the last durable group. Lives in the event loop."""

    def __init__(
        self,
        database: Database,
        last_sequence: int,
        retention: int,
        dropped_before: Callable[[], int] = lambda: 0,
    ) -> None:
        """Start behind the last sealed batch; sealed events live for `retention` entries.

        `dropped_before` tells the entry before which the database may have dropped them by now:
        the engine does that in its own thread, and tells here only afterwards.
        """
        last_number = last_event_number(last_sequence)
        self._database = database
        self._retention = retention
        self._dropped_before = dropped_before
        self._flushed_sequence = last_sequence
        self._recent: deque[FeedEvent] = deque()
        self._recent_of_scope: dict[Scope, deque[FeedEvent]] = {}
        self._last_number = last_number
        # No event in memory has a number up to this one.
        self._forgotten_number = last_number
        self._last_batch_change = 0
        self._waiters: dict[Scope, set[asyncio.Future[int]]] = {}

    @property
    def last_number(self) -> int:
        """No event up to now has a greater number."""
        return self._last_number

    @property
    def last_batch_change(self) -> int:
        """Number of the last change of a batch's state."""
        return self._last_batch_change

    def publish(self, result: GroupResult) -> None:
        """Take in a durable result and wake the readers whom it concerns."""
        first_of_scope: dict[Scope, int] = {}
        for event in result.feed:
            self._recent.append(event)
            self._recent_of_scope.setdefault(event.scope, deque()).append(event)
            first_of_scope.setdefault(event.scope, event.number)
        self._last_number = max(self._last_number, last_event_number(result.last_sequence))
        self._flushed_sequence = result.flushed_sequence
        self._forget_old(last_event_number(result.flushed_sequence))
        if result.last_batch_change > self._last_batch_change:
            self._last_batch_change = result.last_batch_change
            first_of_scope[BATCH_CHANGES] = result.last_batch_change
        for scope, number in first_of_scope.items():
            self._wake(scope, number)

    async def wait_for_news(self, scope: Scope) -> int:
        """Return after the next event of the scope. Read again before waiting again.

        Returns:
            That event's number: before it, nothing came since the waiting began.
        """
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(scope, set())
        waiters.add(waiter)
        try:
            return await waiter
        finally:
            waiters.discard(waiter)
            if not waiters and self._waiters.get(scope) is waiters:
                del self._waiters[scope]

    def oldest_number(self) -> int:
        """Return a number from which on every event could be read until now.

        To be asked after the reading: what was dropped before that is known now.
        """
        kept = max(0, self._flushed_sequence - self._retention, self._dropped_before())
        return first_event_number(kept)

    def read(self, scope: Scope, after: int) -> list[FeedEvent]:
        """Return some events of a scope behind a number, in order; none if there are none yet."""
        if after < self._forgotten_number:
            stored = list(islice(self._read_stored(scope, after), EVENTS_PER_READ))
            if stored:
                return stored
        return self._read_recent(scope, after)

    def _read_recent(self, scope: Scope, after: int) -> list[FeedEvent]:
        events: list[FeedEvent] = []
        for event in reversed(self._recent_of_scope.get(scope, ())):
            if event.number <= after:
                break
            events.append(event)
        events.reverse()
        return events[:EVENTS_PER_READ]

    def _read_stored(self, scope: Scope, after: int) -> Iterator[FeedEvent]:
        """Yield what is not in memory any more."""
        start, stop = event_key(scope, after + 1), event_key(scope, self._forgotten_number + 1)
        for key, value in self._database.iterator(start=start, stop=stop):
            yield decode_event(key, value)

    def _forget_old(self, flushed_number: int) -> None:
        while len(self._recent) > RECENT_EVENTS and self._recent[0].number <= flushed_number:
            event = self._recent.popleft()
            of_scope = self._recent_of_scope[event.scope]
            of_scope.popleft()
            if not of_scope:
                del self._recent_of_scope[event.scope]
            self._forgotten_number = event.number

    def _wake(self, scope: Scope, number: int) -> None:
        for waiter in self._waiters.pop(scope, ()):
            if not waiter.done():
                waiter.set_result(number)
