"""Stream events for any number of readers, each with its own place: nobody is fed, all read.

A reader that is slow costs nothing but its place; what it has not read yet comes from memory or,
once its batch is sealed, from the database. So there are no queues to overflow.
"""

import asyncio
from collections import deque
from collections.abc import Iterator

from sequencer import keyspace
from sequencer.engine import GroupResult
from sequencer.feed import FeedEvent, decode_event, first_event_number, last_event_number
from sequencer.store import Database

# Recent events stay in memory after their batch is sealed, so that live readers need no database.
RECENT_EVENTS = 20_000
EVENTS_PER_READ = 512


class EventLog:
    """The journal's events up to the last durable group. Lives in the event loop."""

    def __init__(self, database: Database, last_sequence: int, retention: int) -> None:
        """Start behind the last sealed batch; sealed events live for `retention` entries."""
        last_number = last_event_number(last_sequence)
        self._database = database
        self._retention = retention
        self._flushed_sequence = last_sequence
        self._recent: deque[FeedEvent] = deque()
        self._last_number = last_number
        self._flushed_number = last_number
        self._last_batch_change = 0
        self._news = asyncio.Event()

    @property
    def last_number(self) -> int:
        """No event up to now has a greater number."""
        return self._last_number

    @property
    def last_batch_change(self) -> int:
        """Number of the last change of a batch's state."""
        return self._last_batch_change

    def publish(self, result: GroupResult) -> None:
        """Take in a durable result and wake the readers."""
        self._recent.extend(result.feed)
        self._last_number = max(self._last_number, last_event_number(result.last_sequence))
        self._flushed_sequence = result.flushed_sequence
        self._flushed_number = last_event_number(result.flushed_sequence)
        self._last_batch_change = max(self._last_batch_change, result.last_batch_change)
        while len(self._recent) > RECENT_EVENTS and self._recent[0].number <= self._flushed_number:
            self._recent.popleft()
        self._news.set()
        self._news = asyncio.Event()

    async def wait_for_news(self) -> None:
        """Return after the next `publish`. Look for events again before waiting again."""
        await self._news.wait()

    def oldest_number(self) -> int:
        """Return a number from which on every event can still be read."""
        return first_event_number(max(0, self._flushed_sequence - self._retention))

    def read(self, after: int) -> list[FeedEvent]:
        """Return some events behind a number, in order; none if there are none yet."""
        if self._recent and self._recent[0].number <= after:
            return self._read_recent(after)
        first_recent = self._recent[0].number if self._recent else self._last_number + 1
        return list(self._read_stored(after, first_recent)) or self._read_recent(after)

    def _read_recent(self, after: int) -> list[FeedEvent]:
        events: list[FeedEvent] = []
        for event in reversed(self._recent):
            if event.number <= after:
                break
            events.append(event)
        events.reverse()
        return events[:EVENTS_PER_READ]

    def _read_stored(self, after: int, before: int) -> Iterator[FeedEvent]:
        start = keyspace.number_key(keyspace.EVENT, after + 1)
        stop = keyspace.number_key(keyspace.EVENT, before)
        rows = self._database.iterator(start=start, stop=stop)
        for _, (key, value) in zip(range(EVENTS_PER_READ), rows, strict=False):
            yield decode_event(keyspace.number_of(key), value)
