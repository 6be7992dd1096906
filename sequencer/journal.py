"""The journal: every accepted transaction, in order, durable before anyone hears of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from novation.protocol.encoding import decode_transaction, encode_transaction
from novation.protocol.transactions import OracleUpdate, Transaction
from sequencer import keyspace
from sequencer.store import Database, WriteBatch

_TIME_BYTES = 6


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A transaction, its place, the time it was applied with and the time it came in."""

    sequence: int
    time_ms: int
    received_time_ms: int
    transaction: Transaction


def put_entry(write_batch: WriteBatch, entry: JournalEntry) -> None:
    """Add an entry to a write batch."""
    value = (
        entry.time_ms.to_bytes(_TIME_BYTES, "big")
        + entry.received_time_ms.to_bytes(_TIME_BYTES, "big")
        + encode_transaction(entry.transaction)
    )
    write_batch.put(keyspace.number_key(keyspace.JOURNAL, entry.sequence), value)
    if isinstance(entry.transaction, OracleUpdate):
        write_batch.put(keyspace.number_key(keyspace.ORACLE_ENTRY, entry.sequence), b"")


def read_entries(
    database: Database, first_sequence: int, last_sequence: int | None = None
) -> Iterator[JournalEntry]:
    """Yield the entries from `first_sequence` on, in order and without a gap.

    Raises:
        DecodeError: if a record is damaged.
    """
    stop = keyspace.end_of(keyspace.JOURNAL)
    if last_sequence is not None:
        stop = keyspace.number_key(keyspace.JOURNAL, last_sequence + 1)
    start = keyspace.number_key(keyspace.JOURNAL, first_sequence)
    expected = first_sequence
    for key, value in database.iterator(start=start, stop=stop):
        sequence = keyspace.number_of(key)
        assert sequence == expected, f"journal jumps from {expected - 1} to {sequence}"
        expected += 1
        yield _entry(sequence, value)


def oracle_updates_since(database: Database, time_ms: int) -> Iterator[OracleUpdate]:
    """Yield the oracle updates applied at `time_ms` or later, newest first: only they are read."""
    kind = keyspace.ORACLE_ENTRY
    for key in database.iterator(
        start=kind, stop=keyspace.end_of(kind), reverse=True, include_value=False
    ):
        sequence = keyspace.number_of(key)
        entry = _entry(sequence, database.get(keyspace.number_key(keyspace.JOURNAL, sequence)))
        if entry.time_ms < time_ms:
            return
        assert isinstance(entry.transaction, OracleUpdate)
        yield entry.transaction


def _entry(sequence: int, value: bytes) -> JournalEntry:
    return JournalEntry(
        sequence,
        int.from_bytes(value[:_TIME_BYTES], "big"),
        int.from_bytes(value[_TIME_BYTES : 2 * _TIME_BYTES], "big"),
        decode_transaction(value[2 * _TIME_BYTES :]),
    )
