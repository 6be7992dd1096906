"""Sealed batches: their records, witnesses and proofs, and the log of their progress."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from novation.api.v1 import types_pb2
from novation.protocol.sealing import SealedBatch
from sequencer import keyspace
from sequencer.l1 import SentTransaction, sent_from_json, sent_to_json
from sequencer.messages import FELT_BYTES, felt_bytes
from sequencer.proof_queue import ProofJob
from sequencer.store import Database, WriteBatch

_NUMBER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Settled:
    """Where L1 holds a batch, and when that was noticed.

    The transaction is empty if it is none of ours; the block is the newest confirmed one.
    """

    transaction_hash: bytes
    block_number: int
    time_ms: int


class BatchArchive:
    """Everything about sealed batches that is not part of the exchange's state."""

    def __init__(self, database: Database) -> None:
        """Find the ends of what the database holds."""
        self._database = database
        self.last_sealed = _last_number(database, keyspace.BATCH)
        self.last_change = _last_number(database, keyspace.BATCH_CHANGE)
        self.last_final = self._find_last_final()
        # The newest confirmed block of L1 in which something was final.
        self.final_at = int.from_bytes(database.get(keyspace.META_FINAL_AT, b""), "big")
        # All up to here were proven when someone asked last.
        self._known_proven = 0
        self.last_sequence = self.get(self.last_sealed).last_sequence if self.last_sealed else 0

    def get(self, batch_number: int) -> types_pb2.Batch:
        """Return the record of a sealed batch; KeyError if there is none."""
        value = self._database.get(keyspace.number_key(keyspace.BATCH, batch_number))
        if value is None:
            raise KeyError(batch_number)
        return types_pb2.Batch.FromString(value)

    def newest_first(self, before: int) -> Iterator[types_pb2.Batch]:
        """Yield the records of the batches below a number."""
        stop = keyspace.number_key(keyspace.BATCH, before)
        for value in self._database.iterator(
            start=keyspace.BATCH, stop=stop, reverse=True, include_key=False
        ):
            yield types_pb2.Batch.FromString(value)

    def batch_of(self, sequence: int) -> types_pb2.Batch | None:
        """Return the batch that holds a journal entry, None while it is in the open batch."""
        kind = keyspace.BATCH_OF_LAST_SEQUENCE
        start, stop = keyspace.number_key(kind, sequence), keyspace.end_of(kind)
        for value in self._database.iterator(start=start, stop=stop, include_key=False):
            return self.get(int.from_bytes(value, "big"))
        return None

    def calldata(self, batch_number: int) -> bytes | None:
        """Return the L1 input of a proven batch, None while there is none."""
        key = keyspace.number_key(keyspace.CALLDATA, batch_number)
        value: bytes | None = self._database.get(key)
        return value

    def proven_through(self) -> int:
        """Return the last batch up to which all are proven."""
        number = max(self._known_proven, self.last_final)
        while number < self.last_sealed and self._is_proven(number + 1):
            number += 1
        self._known_proven = number
        return number

    def proof_job(self, batch_number: int) -> ProofJob:
        """Return what a prover needs; KeyError if there is no such batch."""
        witness = self._database.get(keyspace.number_key(keyspace.WITNESS, batch_number))
        output = self._database.get(keyspace.number_key(keyspace.OUTPUT, batch_number))
        if witness is None or output is None:
            raise KeyError(batch_number)
        return ProofJob(
            batch_number,
            witness_json=zlib.decompress(witness).decode("ascii"),
            output=tuple(split_felts(output)),
        )

    def changes_after(self, change: int) -> Iterator[tuple[int, types_pb2.Batch]]:
        """Yield the numbered changes of state of all batches."""
        kind = keyspace.BATCH_CHANGE
        start, stop = keyspace.number_key(kind, change + 1), keyspace.end_of(kind)
        for key, value in self._database.iterator(start=start, stop=stop):
            yield keyspace.number_of(key), types_pb2.Batch.FromString(value)

    def add(self, write_batch: WriteBatch, record: types_pb2.Batch, sealed: SealedBatch) -> None:
        """Add a newly sealed batch to the write batch that seals it."""
        assert record.batch_number == self.last_sealed + 1
        number = record.batch_number
        witness = zlib.compress(sealed.witness.to_json().encode("ascii"), level=1)
        write_batch.put(keyspace.number_key(keyspace.WITNESS, number), witness)
        output = b"".join(felt_bytes(felt) for felt in sealed.output)
        write_batch.put(keyspace.number_key(keyspace.OUTPUT, number), output)
        write_batch.put(
            keyspace.number_key(keyspace.BATCH_OF_LAST_SEQUENCE, record.last_sequence),
            number.to_bytes(_NUMBER_BYTES, "big"),
        )
        self._put(write_batch, record)
        self.last_sealed = number
        self.last_sequence = record.last_sequence

    def mark_proven(
        self, write_batch: WriteBatch, batch_number: int, calldata: bytes, time_ms: int
    ) -> types_pb2.Batch | None:
        """Record a proof; None if the batch was proven before."""
        record = self.get(batch_number)
        if record.state != types_pb2.BATCH_STATE_SEALED:
            return None
        record.state = types_pb2.BATCH_STATE_PROVEN
        record.proven_time_ms = time_ms
        write_batch.put(keyspace.number_key(keyspace.CALLDATA, batch_number), calldata)
        self._put(write_batch, record)
        return record

    def discard_proof(self, write_batch: WriteBatch, batch_number: int) -> None:
        """Turn a proven batch back into a sealed one; nothing changes if it has no proof."""
        record = self.get(batch_number)
        assert record.state != types_pb2.BATCH_STATE_FINAL
        if record.state == types_pb2.BATCH_STATE_SEALED:
            return
        record.state = types_pb2.BATCH_STATE_SEALED
        record.proven_time_ms = 0
        write_batch.delete(keyspace.number_key(keyspace.CALLDATA, batch_number))
        self._put(write_batch, record)

    def sent(self, batch_number: int) -> tuple[SentTransaction, ...]:
        """Return the settling transactions of a batch that is not final, oldest first."""
        value = self._database.get(keyspace.number_key(keyspace.SENT, batch_number))
        return () if value is None else sent_from_json(value)

    def put_sent(self, batch_number: int, sent: Sequence[SentTransaction]) -> None:
        """Remember settling transactions, durably before anyone sends them."""
        key = keyspace.number_key(keyspace.SENT, batch_number)
        self._database.put(key, sent_to_json(sent), sync=True)

    def mark_final(
        self, write_batch: WriteBatch, batch_number: int, settled: Settled
    ) -> types_pb2.Batch | None:
        """Record that L1 holds a batch; None if it was final before."""
        record = self.get(batch_number)
        if record.state == types_pb2.BATCH_STATE_FINAL:
            return None
        assert batch_number == self.last_final + 1
        # Another prover may have settled the batch: then we have no proof of our own.
        record.proven_time_ms = record.proven_time_ms or settled.time_ms
        record.state = types_pb2.BATCH_STATE_FINAL
        record.final_time_ms = settled.time_ms
        record.l1_transaction_hash = settled.transaction_hash
        self.final_at = max(self.final_at, settled.block_number)
        final_at = self.final_at.to_bytes(_NUMBER_BYTES, "big")
        write_batch.put(keyspace.META_FINAL_AT, final_at)
        write_batch.delete(keyspace.number_key(keyspace.SENT, batch_number))
        self._put(write_batch, record)
        self.last_final = batch_number
        return record

    def mark_taken_back(self, write_batch: WriteBatch, batch_number: int) -> None:
        """Turn the last final batch back into a proven one, or a sealed one without a proof."""
        assert batch_number == self.last_final
        record = self.get(batch_number)
        if self.calldata(batch_number) is None:
            record.state, record.proven_time_ms = types_pb2.BATCH_STATE_SEALED, 0
        else:
            record.state = types_pb2.BATCH_STATE_PROVEN
        record.final_time_ms = 0
        record.l1_transaction_hash = b""
        self._put(write_batch, record)
        self.last_final = batch_number - 1

    def _is_proven(self, batch_number: int) -> bool:
        return self.get(batch_number).state != types_pb2.BATCH_STATE_SEALED

    def _put(self, write_batch: WriteBatch, record: types_pb2.Batch) -> None:
        if record.state == types_pb2.BATCH_STATE_SEALED:
            self._known_proven = min(self._known_proven, record.batch_number - 1)
        value = record.SerializeToString()
        self.last_change += 1
        write_batch.put(keyspace.number_key(keyspace.BATCH, record.batch_number), value)
        write_batch.put(keyspace.number_key(keyspace.BATCH_CHANGE, self.last_change), value)

    def _find_last_final(self) -> int:
        for record in self.newest_first(self.last_sealed + 1):
            if record.state == types_pb2.BATCH_STATE_FINAL:
                return record.batch_number
        return 0


def batch_record(sealed: SealedBatch) -> types_pb2.Batch:
    """Return the record of a newly sealed batch, without the node's own figures."""
    return types_pb2.Batch(
        batch_number=sealed.batch_number,
        state=types_pb2.BATCH_STATE_SEALED,
        old_root=felt_bytes(sealed.old_root),
        new_root=felt_bytes(sealed.new_root),
        n_transactions=len(sealed.witness.entries),
    )


def split_felts(data: bytes) -> Iterator[int]:
    """Yield the field elements of a concatenation."""
    for start in range(0, len(data), FELT_BYTES):
        yield int.from_bytes(data[start : start + FELT_BYTES], "big")


def _last_number(database: Database, kind: bytes) -> int:
    for key in database.iterator(
        start=kind, stop=keyspace.end_of(kind), reverse=True, include_value=False
    ):
        return keyspace.number_of(key)
    return 0
