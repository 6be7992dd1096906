"""Layout of the database: one letter of kind, then big-endian numbers, so scans are in order."""

import struct
from typing import Final

from novation.protocol.constants import MAX_KEYS

PROTOCOL_STATE: Final = b"S"
JOURNAL: Final = b"j"
ORACLE_ENTRY: Final = b"p"
SPENT_REPORT: Final = b"r"
BATCH: Final = b"b"
BATCH_OF_LAST_SEQUENCE: Final = b"B"
WITNESS: Final = b"w"
OUTPUT: Final = b"u"
CALLDATA: Final = b"c"
SENT: Final = b"t"
BATCH_CHANGE: Final = b"s"
ORDER: Final = b"o"
ORDER_OF_ORIGIN: Final = b"n"
ACKNOWLEDGEMENT: Final = b"h"
EVENT: Final = b"e"
EVENT_KEYS: Final = b"E"
LISTED_ORDER: Final = b"a"
LISTED_FILL: Final = b"f"
LISTED_TRADE: Final = b"x"
LISTED_TRANSFER: Final = b"d"
LISTED_FUNDING: Final = b"g"
LISTED_LIQUIDATION: Final = b"l"
HOLDING: Final = b"q"
LISTED_POOL_SHARE: Final = b"v"
META: Final = b"m"

_EVENT_KEY: Final = struct.Struct(">cBIQ")
_LIST_KEY: Final = struct.Struct(">cIIQ")
_LIST: Final = struct.Struct(">cII")
_ORIGIN_KEY: Final = struct.Struct(">cIBQ")

META_CONFIG_HASH: Final = META + b"config_hash"
META_FORMAT: Final = META + b"format"
META_COUNTERS: Final = META + b"counters"
META_NEXT_L1_INDEX: Final = META + b"next_l1_index"
META_L1_BLOCK: Final = META + b"l1_block"
META_FINAL_AT: Final = META + b"final_at"
META_OLDEST_EVENTS: Final = META + b"oldest_events"
META_OLDEST_TRADES: Final = META + b"oldest_trades"


def number_key(kind: bytes, number: int) -> bytes:
    """Return the key of a numbered record."""
    return kind + number.to_bytes(8, "big")


def felt_key(kind: bytes, felt: int) -> bytes:
    """Return the key of a record that a field element names."""
    return kind + felt.to_bytes(32, "big")


def felt_of(key: bytes) -> int:
    """Return the field element in a key made by `felt_key`."""
    return int.from_bytes(key[1:], "big")


def event_key(channel: int, scope_id: int, number: int) -> bytes:
    """Return the key of a stream event: those of one scope lie together, in order."""
    return _EVENT_KEY.pack(EVENT, channel, scope_id, number)


def origin_key(account_id: int, key_index: int, nonce: int, quote_index: int) -> bytes:
    """Return the key of the number of an order that a message placed."""
    slot = key_index + MAX_KEYS * quote_index
    return _ORIGIN_KEY.pack(ORDER_OF_ORIGIN, account_id, slot, nonce)


def list_key(kind: bytes, owner_id: int, market_id: int, number: int) -> bytes:
    """Return the key of an item: those of one list lie together, in order."""
    return _LIST_KEY.pack(kind, owner_id, market_id, number)


def list_prefix(kind: bytes, owner_id: int, market_id: int = 0) -> bytes:
    """Return what the keys of a list begin with; one that is not of a market has 0 there."""
    return _LIST.pack(kind, owner_id, market_id)


def numbered(prefix: bytes, number: int) -> bytes:
    """Return the key of an item of the list that `list_prefix` names."""
    return prefix + number.to_bytes(8, "big")


def split_list_key(key: bytes) -> tuple[bytes, int]:
    """Return the list and the number of a key made by `list_key`."""
    return key[: _LIST.size], int.from_bytes(key[_LIST.size :], "big")


def event_of(key: bytes) -> tuple[int, int, int]:
    """Return channel, scope and number of a key made by `event_key`."""
    _, channel, scope_id, number = _EVENT_KEY.unpack(key)
    return channel, scope_id, number


def split_event_keys(data: bytes) -> list[bytes]:
    """Return the parts of a concatenation of event keys."""
    return [data[i : i + _EVENT_KEY.size] for i in range(0, len(data), _EVENT_KEY.size)]


def number_of(key: bytes) -> int:
    """Return the number in a key made by `number_key`."""
    return int.from_bytes(key[1:9], "big")


def end_of(kind: bytes) -> bytes:
    """Return the first key after all keys of a kind."""
    return bytes([kind[0] + 1])
