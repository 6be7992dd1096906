"""How far L1 has been taken over: the next index of its queue, and the block that was looked at.

The position in the exchange's state cannot tell the index: it does not count the entries that were
left out.
"""

import json

from sequencer import keyspace
from sequencer.l1 import L1Block
from sequencer.store import Database, WriteBatch

_INDEX_BYTES = 8


class L1Cursor:
    """Durable; owned by the engine."""

    def __init__(self, database: Database) -> None:
        """Load it, or start at the contract's first entry."""
        self._database = database
        index = database.get(keyspace.META_NEXT_L1_INDEX, b"")
        self.next_index = int.from_bytes(index, "big")
        record = database.get(keyspace.META_L1_BLOCK)
        self.block = None if record is None else _block_from_json(record)

    def consume(self, write_batch: WriteBatch, index: int) -> None:
        """Go behind an entry, in the very write that puts it into the journal."""
        assert index >= self.next_index
        self.next_index = index + 1
        value = self.next_index.to_bytes(_INDEX_BYTES, "big")
        write_batch.put(keyspace.META_NEXT_L1_INDEX, value)

    def note_block(self, block: L1Block) -> None:
        """Remember the newest block whose entries may be consumed from now on.

        Not synchronous: the journal's next synchronous write brings this earlier one to the disk.
        """
        self.block = block
        record = {"number": block.number, "hash": block.block_hash.hex()}
        self._database.put(keyspace.META_L1_BLOCK, json.dumps(record).encode("ascii"))


def _block_from_json(data: bytes) -> L1Block:
    record = json.loads(data)
    return L1Block(record["number"], bytes.fromhex(record["hash"]))
