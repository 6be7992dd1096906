"""Stream events by scope: readers and retention pay only for what concerns them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from novation.api.v1 import stream_service_pb2
from novation.protocol.state import State
from sequencer import event_log, keyspace
from sequencer.engine import GroupResult
from sequencer.errors import RequestRefusedError
from sequencer.event_log import EventLog
from sequencer.feed import (
    BATCH_CHANGES,
    Channel,
    FeedBuilder,
    FeedEvent,
    Scope,
    event_key,
    first_event_number,
)
from sequencer.history import History
from sequencer.rpc.stream_service import StreamService
from sequencer.store import Database, open_database
from tests.support.builders import exchange_config, genesis, parameters

BOOK: Scope = (Channel.BOOK, 0)


class CountingDatabase:
    """A database that counts the rows read and keeps the bounds of the scans."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.n_rows = 0
        self.starts: list[bytes] = []

    def iterator(self, **bounds: Any) -> Iterator[Any]:
        self.starts.append(bounds["start"])
        for row in self._database.iterator(**bounds):
            self.n_rows += 1
            yield row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[CountingDatabase]:
    opened = open_database(tmp_path / "db")
    yield CountingDatabase(opened)
    opened.close()


def event(sequence: int, scope: Scope) -> FeedEvent:
    number = first_event_number(sequence)
    message = stream_service_pb2.StreamAccountResponse(sequence=number)
    if scope[0] is Channel.BOOK:
        return FeedEvent(number, *scope, stream_service_pb2.StreamBookResponse(sequence=number))
    return FeedEvent(number, *scope, message)


def genesis_state() -> State:
    return State.genesis(exchange_config(), genesis())


def result(*events: FeedEvent, flushed_sequence: int = 0, last_batch_change: int = 0) -> Any:
    return GroupResult(
        parameters=parameters(),
        feed=events,
        last_sequence=max((e.number // first_event_number(1) for e in events), default=0),
        flushed_sequence=flushed_sequence,
        last_batch_change=last_batch_change,
    )


def test_kill_of_more_orders_than_numbers_when_half_of_it_is_forgotten_then_each_can_be_read(
    database: CountingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events of several accounts share numbers: the log must lose none of them between stores."""
    monkeypatch.setattr(event_log, "RECENT_EVENTS", 5_500)
    n_accounts, n_orders = 10, 1_000
    orders = {
        account_id: [
            stream_service_pb2.OrderUpdate(order_id=account_id * n_orders + place)
            for place in range(n_orders)
        ]
        for account_id in range(n_accounts)
    }
    feed = FeedBuilder(1, 0)
    feed.add_killed(orders)
    assert len(feed.events) == n_accounts * n_orders
    assert len({stored.number for stored in feed.events}) == n_orders
    for stored in feed.events:
        database.put(event_key(stored.scope, stored.number), stored.message.SerializeToString())
    log = EventLog(database, 0, 1_000)
    log.publish(result(*feed.events, flushed_sequence=1))
    for account_id, expected in orders.items():
        position, seen = 0, []
        while events := log.read((Channel.ACCOUNT, account_id), position):
            assert [item.number for item in events] == sorted({item.number for item in events})
            position = events[-1].number
            seen += [item.message.order for item in events]  # type: ignore[union-attr]
        assert seen == expected


async def test_event_wakes_the_readers_of_its_scope_and_nobody_else(
    database: CountingDatabase,
) -> None:
    log = EventLog(database, 0, 1_000)
    scopes = [(Channel.ACCOUNT, account_id) for account_id in range(1_000)]
    idle = [asyncio.create_task(log.wait_for_news(scope)) for scope in (*scopes, BATCH_CHANGES)]
    readers = [asyncio.create_task(log.wait_for_news(BOOK)) for _ in range(3)]
    await asyncio.sleep(0)
    log.publish(result(event(1, BOOK), event(2, (Channel.BOOK, 1))))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert all(reader.done() for reader in readers)
    assert not any(reader.done() for reader in idle)
    log.publish(result(last_batch_change=1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [reader.done() for reader in idle] == [False] * 1_000 + [True]
    for reader in idle:
        reader.cancel()
    await asyncio.gather(*idle, return_exceptions=True)
    assert not log._waiters, "a reader that went away left something behind"


async def test_reader_when_it_resumes_reads_only_the_rows_of_its_scope(
    database: CountingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "RECENT_EVENTS", 4)
    log = EventLog(database, 0, 1_000_000)
    mine, other = (Channel.ACCOUNT, 7), (Channel.ACCOUNT, 8)
    events = [event(n, mine if n % 100 == 0 else other) for n in range(1, 1_001)]
    for stored in events[:-3]:
        database.put(event_key(stored.scope, stored.number), stored.message.SerializeToString())
    log.publish(result(*events, flushed_sequence=997))
    expected, position, found = [e for e in events if e.scope == mine], 0, []
    while batch := log.read(mine, position):
        found += batch
        position = batch[-1].number
    assert found == expected
    assert database.n_rows == 9, "the tenth is still in memory"


def test_old_events_are_dropped_without_walking_over_those_dropped_before(
    database: CountingDatabase,
) -> None:
    kept = 10
    record = History(database, genesis_state(), event_retention=kept, trade_retention=1_000)
    for sequence in range(1, 101):
        record._feed = [event(sequence, (Channel.ACCOUNT, sequence % 5))]
        with database.write_batch() as write_batch:
            record.put_into(write_batch, sequence)
        record.forget_pending()
    assert database.starts == sorted(set(database.starts)), "every scan starts behind the last"
    rows = list(database.iterator(start=keyspace.EVENT, stop=keyspace.end_of(keyspace.EVENT)))
    numbers = sorted(keyspace.event_of(key)[2] for key, _ in rows)
    assert numbers == [first_event_number(n) for n in range(100 - kept, 101)]
    assert database.n_rows <= 100 + len(rows)
    # A node that starts with a longer retention knows what is gone.
    assert History(database, genesis_state(), 1_000, 1_000).oldest_events == 100 - kept


def test_event_keys_keep_their_parts() -> None:
    keys = [event_key((Channel.TRADES, 2**32 - 1), 2**63 - 1), event_key(BOOK, 0)]
    assert [keyspace.event_of(key) for key in keys] == [(3, 2**32 - 1, 2**63 - 1), (1, 0, 0)]
    assert keyspace.split_event_keys(b"".join(keys)) == keys


def _streams(log: EventLog) -> StreamService:
    """Return the service without an engine, which a resumed stream never asks."""
    return StreamService(None, log, None, max_streams=1, max_book_levels=1)  # type: ignore[arg-type]


async def test_reader_so_slow_that_events_are_dropped_is_refused_not_led_over_the_gap(
    database: Any,
) -> None:
    log = EventLog(database, 0, retention=10)
    streams = _streams(log)
    log.publish(result(event(1, BOOK)))
    reader = streams._follow(stream_service_pb2.StreamBookResponse, BOOK, 1, None)
    assert (await anext(reader)).sequence == first_event_number(1)
    # Meanwhile a batch is sealed, and events up to entry 90 are dropped.
    log.publish(result(event(101, BOOK), flushed_sequence=100))
    with pytest.raises(RequestRefusedError, match=f"before {first_event_number(90)} are gone"):
        await anext(reader)


async def test_reader_when_the_database_drops_before_the_log_is_told_is_refused(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "RECENT_EVENTS", 1)
    dropped = [0]
    log = EventLog(database, 0, retention=10, dropped_before=lambda: dropped[0])
    streams = _streams(log)
    events = [event(n, BOOK) for n in (1, 5, 9, 10)]
    for stored in (events[0], events[2]):
        database.put(event_key(stored.scope, stored.number), stored.message.SerializeToString())
    log.publish(result(*events, flushed_sequence=9))
    monkeypatch.setattr(event_log, "EVENTS_PER_READ", 1)
    reader = streams._follow(stream_service_pb2.StreamBookResponse, BOOK, 1, None)
    assert (await anext(reader)).sequence == first_event_number(1)
    # The engine's thread has dropped entry 5, and what it tells is not here yet.
    dropped[0] = 9
    with pytest.raises(RequestRefusedError, match=f"before {first_event_number(9)} are gone"):
        await anext(reader)


async def test_reader_of_a_quiet_scope_when_the_others_are_dropped_goes_on(database: Any) -> None:
    log = EventLog(database, 0, retention=10)
    streams = _streams(log)
    reader = streams._follow(stream_service_pb2.StreamBookResponse, BOOK, 1, None)
    waiting = asyncio.create_task(anext(reader))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    for sequence in range(100, 1_000, 100):
        log.publish(result(event(sequence, (Channel.BOOK, 1)), flushed_sequence=sequence))
        await asyncio.sleep(0)
    log.publish(result(event(1_001, BOOK), flushed_sequence=1_000))
    assert (await waiting).sequence == first_event_number(1_001)
