"""Up to which time each oracle key's reports have become part of an update.

A report is used once at most. One of the future stays fresh for as long as reports may be ahead, so
what is spent outlives restarts, and it must not be looked for in the journal: how far back that is
depends on all ages that L1's owner has ever allowed. It is known by key and not by the node's place
in the committee: what a replaced key has signed says nothing of its successor.
"""

from collections.abc import Sequence

from novation.protocol.transactions import OracleUpdate
from sequencer import keyspace
from sequencer.store import Database, WriteBatch

_TIME_BYTES = 6


class SpentReports:
    """One time for each key that has ever signed for an update: few, L1's owner names each."""

    def __init__(self, database: Database) -> None:
        """Read what is durable."""
        kind = keyspace.SPENT_REPORT
        self._newest_ms: dict[int, int] = {
            keyspace.felt_of(key): int.from_bytes(value, "big")
            for key, value in database.iterator(start=kind, stop=keyspace.end_of(kind))
        }

    def note(self, write_batch: WriteBatch, update: OracleUpdate, keys: Sequence[int]) -> None:
        """Take note of an update that was applied while the oracles had these keys."""
        for report in update.reports:
            key = keys[report.signer_index]
            if report.time_ms > self._newest_ms.get(key, 0):
                self._newest_ms[key] = report.time_ms
                value = report.time_ms.to_bytes(_TIME_BYTES, "big")
                write_batch.put(keyspace.felt_key(keyspace.SPENT_REPORT, key), value)

    def newest_ms(self, keys: Sequence[int]) -> tuple[int, ...]:
        """Return the time of the newest spent report of each key, 0 where there is none."""
        return tuple(self._newest_ms.get(key, 0) for key in keys)
