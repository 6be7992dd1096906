"""How a state is kept in a key-value store: keys, values, loading.

Keys: one letter, then the index in big endian. Values are the packed words of the specification,
big endian; widths here are in bytes.

| key | value |
|---|---|
| `a` account_id:4 | l1_address:20, balance_word:28, fees and windows:32, keys 32, 7, words 32 |
| `o` slot:3 | order_word_0:28, order_word_1:25 |
| `m` market_id:2 | market words 25, 20, 28, 26 |
| `g` | globals words 30, 21, 24, 24, 24, outflows 8, 24, 24, 24, each underlying's word:26 |
| `p` | each of params_felts:32 |
| `A` level:1 index:4, `O` level:1 index:3, `M` level:1 index:2 | node:32 |
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

from novation.crypto import FIELD_PRIME
from novation.protocol.accounts import (
    BALANCE_WIDTHS,
    BALANCE_WORD_BITS,
    Account,
    Position,
)
from novation.protocol.assets import AMOUNT_WORDS, unpack_holdings
from novation.protocol.byte_reader import ByteReader
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    COLLATERAL_BOUND,
    LAST_TIME_MS,
    MAX_KEYS,
    MAX_POSITIONS,
)
from novation.protocol.errors import DecodeError
from novation.protocol.fee_tiers import n_words_with_fees, pack_with_fees, unpack_with_fees
from novation.protocol.markets import (
    GLOBALS_WORDS,
    UNDERLYING_WORDS,
    Globals,
    Market,
    UnderlyingState,
)
from novation.protocol.merkle import NodeKey
from novation.protocol.numeric import unpack
from novation.protocol.orders import RestingOrder
from novation.protocol.parameters import Parameters
from novation.protocol.sealing import BatchWrites
from novation.protocol.signing_keys import SigningKey
from novation.protocol.state import State, StateParts, TreeNodes

_ACCOUNT: Final = b"a"
_ORDER: Final = b"o"
_MARKET: Final = b"m"
_GLOBALS: Final = b"g"
_PARAMETERS: Final = b"p"
_ACCOUNT_NODE: Final = b"A"
_ORDER_NODE: Final = b"O"
_MARKET_NODE: Final = b"M"
_NODE_INDEX_BYTES: Final = {_ACCOUNT_NODE: 4, _ORDER_NODE: 3, _MARKET_NODE: 2}
_MARKET_WORD_BYTES: Final = (25, 20, 28, 26)
_GLOBALS_WORD_BYTES: Final = (30, 29, *[24] * AMOUNT_WORDS, 8, *[24] * AMOUNT_WORDS)
_UNDERLYING_WORD_BYTES: Final = (26, 32, 32)
_FELT_BYTES: Final = 32
_BALANCE_WORD_BYTES: Final = 28
_ORDER_WORD_BYTES: Final = (28, 25)

T = TypeVar("T")


class KeyValueStore(Protocol):
    """What loading needs of a store."""

    def get(self, key: bytes, /) -> bytes | None:
        """Return the value of a key, None if it is absent."""

    def iterate(self, prefix: bytes, /) -> Iterator[tuple[bytes, bytes]]:
        """Yield the pairs whose keys start with the prefix, in key order."""


class StoredNodes:
    """Nodes of a tree, read from the store when first needed and kept in memory from then on.

    What a batch changes stays in memory; the caller persists it with `BatchWrites`.
    """

    def __init__(self, store: KeyValueStore, prefix: bytes) -> None:
        """Read the nodes whose keys start with the prefix."""
        self._store = store
        self._prefix = prefix
        self._cache: dict[NodeKey, int | None] = {}

    def get(self, key: NodeKey, /) -> int | None:
        """Return a node, or None if its subtree is empty."""
        if key not in self._cache:
            value = self._store.get(_node_key(self._prefix, key))
            self._cache[key] = None if value is None else int.from_bytes(value, "big")
        return self._cache[key]

    def __setitem__(self, key: NodeKey, value: int, /) -> None:
        """Set a node."""
        self._cache[key] = value

    def pop(self, key: NodeKey, default: None, /) -> int | None:
        """Empty a node."""
        self._cache[key] = default
        return default


def store_items(writes: BatchWrites) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield what to put under which key, None to delete it: one atomic write."""
    for account_id, account in writes.accounts.items():
        yield _ACCOUNT + account_id.to_bytes(4, "big"), encode_account(account)
    for slot, order in writes.orders.items():
        value = None if order is None else encode_order(order)
        yield _ORDER + slot.to_bytes(3, "big"), value
    for market_id, market in writes.markets.items():
        yield _MARKET + market_id.to_bytes(2, "big"), encode_market(market)
    yield _GLOBALS, encode_globals(writes.counters, writes.underlyings)
    yield _PARAMETERS, encode_parameters(writes.parameters)
    nodes = (
        (_ACCOUNT_NODE, writes.account_nodes),
        (_ORDER_NODE, writes.order_nodes),
        (_MARKET_NODE, writes.market_nodes),
    )
    for prefix, changed in nodes:
        for key, node in changed.items():
            yield _node_key(prefix, key), None if node is None else node.to_bytes(32, "big")


def state_writes(state: State) -> BatchWrites:
    """Return the whole of a state that has no open batch, to fill an empty store.

    The trees must be backed by dicts, as `State.genesis` makes them by default.
    """
    assert state.batch is None
    account_nodes, order_nodes = state.accounts_tree.nodes, state.orders_tree.nodes
    market_nodes = state.markets_tree.nodes
    assert isinstance(account_nodes, dict)
    assert isinstance(order_nodes, dict)
    assert isinstance(market_nodes, dict)
    return BatchWrites(
        accounts=dict(state.accounts),
        orders={slot: state.order(order_id) for order_id, slot in state.slot_of_order.items()},
        markets=dict(state.markets),
        parameters=state.parameters,
        underlyings=state.underlyings,
        counters=state.globals,
        account_nodes=account_nodes,
        order_nodes=order_nodes,
        market_nodes=market_nodes,
    )


def load_state(config: ExchangeConfig, store: KeyValueStore) -> State | None:
    """Return the stored state, None if the store is empty; DecodeError if it is damaged."""
    stored_globals = store.get(_GLOBALS)
    if stored_globals is None:
        return None
    parameters = decode_parameters(store.get(_PARAMETERS) or b"")
    counters, underlyings = decode_globals(stored_globals)
    if len(underlyings) != len(parameters.underlyings):
        raise DecodeError(
            f"prices of {len(underlyings)} underlyings stored, "
            f"parameters of {len(parameters.underlyings)}"
        )
    parts = StateParts(
        parameters=parameters,
        underlyings=underlyings,
        accounts=_load(store, _ACCOUNT, decode_account),
        orders=_load(store, _ORDER, decode_order),
        markets=_load(store, _MARKET, decode_market),
        counters=counters,
        nodes=stored_nodes(store),
    )
    return State(config, parts)


def stored_nodes(store: KeyValueStore) -> TreeNodes:
    """Return the nodes of the trees, read when they are needed."""
    return TreeNodes(
        StoredNodes(store, _ACCOUNT_NODE),
        StoredNodes(store, _ORDER_NODE),
        StoredNodes(store, _MARKET_NODE),
    )


def _load(store: KeyValueStore, prefix: bytes, decode: Callable[[bytes], T]) -> dict[int, T]:
    return {
        int.from_bytes(key[len(prefix) :], "big"): decode(value)
        for key, value in store.iterate(prefix)
    }


def encode_account(account: Account) -> bytes:
    """Return the stored form of an account."""
    return b"".join(
        (
            account.l1_address.to_bytes(20, "big"),
            account.balance_word().to_bytes(_BALANCE_WORD_BYTES, "big"),
            *(
                word.to_bytes(_FELT_BYTES, "big")
                for word in pack_with_fees(account.windows, account.fees_paid)
            ),
            *(_encode_key(key) for key in account.keys),
            *(word.to_bytes(_FELT_BYTES, "big") for word in account.holding_words()),
            *(position.word().to_bytes(_FELT_BYTES, "big") for position in account.positions),
        )
    )


def decode_account(data: bytes) -> Account:
    """Return the account of its stored form; DecodeError if it is damaged."""
    reader = ByteReader(data)
    l1_address = reader.integer(20)
    balance_word = reader.integer(_BALANCE_WORD_BYTES, 1 << BALANCE_WORD_BITS)
    counts = unpack(balance_word, *BALANCE_WIDTHS)
    collateral, n_keys, n_positions, n_holding_words, flags, timer_gap_ms, none, auction = counts
    in_range = n_keys <= MAX_KEYS and n_positions <= MAX_POSITIONS
    if n_keys < 1 or collateral < 1 or none or not in_range:
        raise DecodeError(f"balance word {balance_word:#x}")
    words = [reader.integer(_FELT_BYTES) for _ in range(n_words_with_fees(n_keys))]
    windows, fees_paid = unpack_with_fees(words, n_keys)
    account = Account(
        l1_address=l1_address,
        keys=tuple(_decode_key(reader) for _ in range(n_keys)),
        windows=windows,
        collateral_quanta=collateral - COLLATERAL_BOUND,
        holdings_quanta=unpack_holdings(
            [reader.integer(_FELT_BYTES) for _ in range(n_holding_words)]
        ),
        positions=tuple(
            Position.from_word(reader.integer(_FELT_BYTES)) for _ in range(n_positions)
        ),
        flags=flags,
        cancel_all_at_ms=LAST_TIME_MS - timer_gap_ms,
        auction_start_ms=auction,
        fees_paid=fees_paid,
    )
    reader.finish()
    return account


def _encode_key(key: SigningKey) -> bytes:
    return key.public_key.to_bytes(32, "big") + key.word().to_bytes(7, "big")


def _decode_key(reader: ByteReader) -> SigningKey:
    return SigningKey.from_words(reader.integer(32, FIELD_PRIME), reader.integer(7))


def encode_order(order: RestingOrder) -> bytes:
    """Return the stored form of a resting order."""
    return _encode_words(order.words(), _ORDER_WORD_BYTES)


def decode_order(data: bytes) -> RestingOrder:
    """Return the order of its stored form; DecodeError if it is damaged."""
    return RestingOrder.from_words(*_decode_words(data, _ORDER_WORD_BYTES))


def encode_market(market: Market) -> bytes:
    """Return the stored form of a market record."""
    return _encode_words(market.words(), _MARKET_WORD_BYTES)


def decode_market(data: bytes) -> Market:
    """Return the market of its stored form; DecodeError if it is damaged."""
    return Market.from_words(_decode_words(data, _MARKET_WORD_BYTES))


def encode_globals(counters: Globals, underlyings: Sequence[UnderlyingState]) -> bytes:
    """Return the stored form of the globals and of what the underlyings have."""
    parts = (_encode_words(item.words(), _UNDERLYING_WORD_BYTES) for item in underlyings)
    words = (*counters.words(), *counters.outflow_words())
    return _encode_words(words, _GLOBALS_WORD_BYTES) + b"".join(parts)


def decode_globals(data: bytes) -> tuple[Globals, tuple[UnderlyingState, ...]]:
    """Return both of their stored form; DecodeError if it is damaged."""
    n_bytes = sum(_GLOBALS_WORD_BYTES)
    words = _decode_words(data[:n_bytes], _GLOBALS_WORD_BYTES)
    counters = Globals.from_words(words[:GLOBALS_WORDS])
    counters = counters.with_outflow_words(words[GLOBALS_WORDS:])
    n_underlyings = (len(data) - n_bytes) // sum(_UNDERLYING_WORD_BYTES)
    words = _decode_words(data[n_bytes:], _UNDERLYING_WORD_BYTES * n_underlyings)
    groups = (words[i : i + UNDERLYING_WORDS] for i in range(0, len(words), UNDERLYING_WORDS))
    return counters, tuple(map(UnderlyingState.from_words, groups))


def encode_parameters(parameters: Parameters) -> bytes:
    """Return the stored form of the parameters."""
    return b"".join(felt.to_bytes(_FELT_BYTES, "big") for felt in parameters.felts())


def decode_parameters(data: bytes) -> Parameters:
    """Return the parameters of their stored form; DecodeError if it is damaged."""
    felts = _decode_words(data, [_FELT_BYTES] * (len(data) // _FELT_BYTES))
    return Parameters.from_felts(tuple(felts))


def _encode_words(words: Sequence[int], sizes: Sequence[int]) -> bytes:
    sized = zip(words, sizes, strict=True)
    return b"".join(word.to_bytes(n_bytes, "big") for word, n_bytes in sized)


def _decode_words(data: bytes, sizes: Sequence[int]) -> list[int]:
    reader = ByteReader(data)
    words = [reader.integer(n_bytes) for n_bytes in sizes]
    reader.finish()
    return words


def _node_key(prefix: bytes, key: NodeKey) -> bytes:
    level, index = key
    return prefix + level.to_bytes(1, "big") + index.to_bytes(_NODE_INDEX_BYTES[prefix], "big")
