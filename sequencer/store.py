"""LevelDB below everything else: one database, one atomic synchronous write per group."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import plyvel

from novation.protocol.config import ExchangeConfig
from novation.protocol.sealing import BatchWrites
from novation.protocol.state import Genesis, State
from novation.protocol.storage import load_state, state_writes, store_items
from sequencer import keyspace

FORMAT: Final = b"12"
_FELT_BYTES: Final = 32

# plyvel has no type information.
Database = Any
WriteBatch = Any


class WrongExchangeError(RuntimeError):
    """The data folder belongs to another deployment or another version of the program."""


def open_database(path: Path) -> Database:
    """Open or create the LevelDB database."""
    return plyvel.DB(str(path), create_if_missing=True)


def load_or_create_state(database: Database, config: ExchangeConfig, genesis: Genesis) -> State:
    """Return the state after the last sealed batch, the genesis state in a new database.

    Raises:
        WrongExchangeError: if the database was made for another configuration or format.
    """
    known_hash = database.get(keyspace.META_CONFIG_HASH)
    if known_hash is None:
        new_state = State.genesis(config, genesis)
        create_database(database, config, state_writes(new_state))
        return new_state
    if int.from_bytes(known_hash, "big") != config.config_hash:
        raise WrongExchangeError(
            f"the data folder holds exchange 0x{known_hash.hex()}, "
            f"configured is {config.config_hash:#066x}"
        )
    found = database.get(keyspace.META_FORMAT)
    if found != FORMAT:
        raise WrongExchangeError(f"data format {found!r}, this program reads {FORMAT!r}")
    state = load_state(config, _ProtocolRecords(database))
    assert state is not None, "the database has a configuration but no state"
    return state


def put_state(write_batch: WriteBatch, writes: BatchWrites) -> None:
    """Add everything that a sealed batch changed to a write batch."""
    for key, value in store_items(writes):
        if value is None:
            write_batch.delete(keyspace.PROTOCOL_STATE + key)
        else:
            write_batch.put(keyspace.PROTOCOL_STATE + key, value)


def create_database(database: Database, config: ExchangeConfig, writes: BatchWrites) -> None:
    """Put a first state into an empty database."""
    with database.write_batch(transaction=True, sync=True) as write_batch:
        write_batch.put(keyspace.META_CONFIG_HASH, config.config_hash.to_bytes(_FELT_BYTES, "big"))
        write_batch.put(keyspace.META_FORMAT, FORMAT)
        put_state(write_batch, writes)


class _ProtocolRecords:
    """The part of the database whose layout the protocol defines."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: bytes, /) -> bytes | None:
        value: bytes | None = self._database.get(keyspace.PROTOCOL_STATE + key)
        return value

    def iterate(self, prefix: bytes, /) -> Iterator[tuple[bytes, bytes]]:
        for key, value in self._database.iterator(prefix=keyspace.PROTOCOL_STATE + prefix):
            yield key[len(keyspace.PROTOCOL_STATE) :], value
