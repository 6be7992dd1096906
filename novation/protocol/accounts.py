"""Accounts and their positions: the values behind the leaves of the account tree."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from novation.crypto import poseidon_hash_many
from novation.protocol.constants import (
    COLLATERAL_BOUND,
    FUNDING_PREFIX_BOUND,
    MAX_KEYS,
    MAX_POSITIONS,
    OPEN_LOTS_BOUND,
    POSITION_BOUND,
)
from novation.protocol.numeric import pack, unpack
from novation.protocol.orders import Side
from novation.protocol.signing_keys import SigningKey

BALANCE_WORD_BITS = 136
POSITION_WORD_BITS = 191
NONCE_BITS = 62
NONCES_PER_WORD = 4
OPEN_LOTS_BITS = OPEN_LOTS_BOUND.bit_length() - 1


@dataclass(frozen=True, slots=True)
class Position:
    """One market's slot: signed size and the lots of resting orders on each side."""

    market_id: int
    size_lots: int = 0
    open_buy_lots: int = 0
    open_sell_lots: int = 0
    funding_prefix: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the slot may go: no position and no resting order."""
        return not (self.size_lots or self.open_buy_lots or self.open_sell_lots)

    def traded(self, side: Side, lots: int) -> "Position":
        """Return the slot after buying or selling lots."""
        change = lots if side is Side.BUY else -lots
        return replace(self, size_lots=self.size_lots + change)

    def with_open_change(self, side: Side, change_lots: int) -> "Position":
        """Return the slot after lots were added to, or taken from, the resting orders of a side."""
        if side is Side.BUY:
            return replace(self, open_buy_lots=self.open_buy_lots + change_lots)
        return replace(self, open_sell_lots=self.open_sell_lots + change_lots)

    def word(self) -> int:
        """Return the packed position word."""
        return pack(
            (self.market_id, 16),
            (self.size_lots + POSITION_BOUND, 37),
            (self.open_buy_lots, OPEN_LOTS_BITS),
            (self.open_sell_lots, OPEN_LOTS_BITS),
            (self.funding_prefix + FUNDING_PREFIX_BOUND, 64),
        )

    @classmethod
    def from_word(cls, word: int) -> "Position":
        """Decode a packed position word; DecodeError if it has too many bits."""
        widths = (16, 37, OPEN_LOTS_BITS, OPEN_LOTS_BITS, 64)
        market_id, size, buys, sells, funding = unpack(word, *widths)
        return cls(market_id, size - POSITION_BOUND, buys, sells, funding - FUNDING_PREFIX_BOUND)


@dataclass(frozen=True, slots=True)
class Account:
    """A trader's account; `nonces[i]` is the last nonce used in key slot i, 0 if none.

    It never falls, whatever key the slot holds, so that no message can be used twice.
    `positions` are sorted by market and none is empty. Collateral is signed, in quanta (1e-6 USD).
    """

    l1_address: int
    keys: tuple[SigningKey, ...]
    nonces: tuple[int, ...]
    collateral_quanta: int = 0
    open_orders: int = 0
    positions: tuple[Position, ...] = ()
    flags: int = 0

    @classmethod
    def new(cls, l1_address: int, key: int) -> "Account":
        """Return an account with one signing key, which may do everything, and nothing in it."""
        return cls(l1_address=l1_address, keys=(SigningKey.full(key),), nonces=(0,))

    def position(self, market_id: int) -> Position:
        """Return the slot of a market, an empty one if there is none."""
        for position in self.positions:
            if position.market_id == market_id:
                return position
        return Position(market_id)

    def has_position(self, market_id: int) -> bool:
        """Return whether the account has a slot for the market."""
        return any(position.market_id == market_id for position in self.positions)

    def with_balance(self, collateral_quanta: int) -> "Account":
        """Return the account with another balance."""
        return replace(self, collateral_quanta=collateral_quanta)

    def with_nonce(self, key_index: int, nonce: int) -> "Account":
        """Return the account with another last nonce of one key."""
        nonces = (*self.nonces[:key_index], nonce, *self.nonces[key_index + 1 :])
        return replace(self, nonces=nonces)

    def with_key(self, slot: int, key: SigningKey) -> "Account":
        """Return the account with another key in a slot, or with one slot more."""
        nonces = self.nonces if slot < len(self.keys) else (*self.nonces, 0)
        return replace(self, keys=(*self.keys[:slot], key, *self.keys[slot + 1 :]), nonces=nonces)

    def with_position(
        self, position: Position, collateral_change: int = 0, open_orders_change: int = 0
    ) -> "Account":
        """Return the account with one slot replaced; an empty slot is dropped."""
        market_id = position.market_id
        slots = [slot for slot in self.positions if slot.market_id < market_id]
        if not position.is_empty:
            slots.append(position)
        slots.extend(slot for slot in self.positions if slot.market_id > market_id)
        return replace(
            self,
            collateral_quanta=self.collateral_quanta + collateral_change,
            open_orders=self.open_orders + open_orders_change,
            positions=tuple(slots),
        )

    def keys_hash(self) -> int:
        """Return the hash of owner and key slots."""
        words = (word for key in self.keys for word in key.words())
        return poseidon_hash_many((self.l1_address, *words))

    def nonce_words(self) -> tuple[int, ...]:
        """Return the packed nonces, four in each word."""
        return pack_nonces(self.nonces)

    def balance_word(self) -> int:
        """Return the packed balance and counts; asserts the invariants of a leaf."""
        assert abs(self.collateral_quanta) < COLLATERAL_BOUND
        assert len(self.positions) <= MAX_POSITIONS
        assert 1 <= len(self.keys) <= MAX_KEYS
        return pack(
            (self.collateral_quanta + COLLATERAL_BOUND, 100),
            (self.open_orders, 16),
            (len(self.keys), 4),
            (len(self.positions), 8),
            (self.flags, 8),
        )

    def leaf(self) -> int:
        """Return the leaf of the account tree."""
        words = (position.word() for position in self.positions)
        return poseidon_hash_many(
            (self.keys_hash(), *self.nonce_words(), self.balance_word(), *words)
        )


def pack_nonces(nonces: Sequence[int]) -> tuple[int, ...]:
    """Return the words of the nonces of an account's slots."""
    starts = range(0, len(nonces), NONCES_PER_WORD)
    return tuple(_nonce_word(nonces[start : start + NONCES_PER_WORD]) for start in starts)


def _nonce_word(nonces: Sequence[int]) -> int:
    return pack(*((nonce, NONCE_BITS) for nonce in nonces))


def unpack_nonces(words: Sequence[int], n_keys: int) -> tuple[int, ...]:
    """Decode `pack_nonces` of so many nonces; DecodeError if a word has more than its nonces."""
    lanes = [NONCE_BITS] * n_keys
    starts = range(0, n_keys, NONCES_PER_WORD)
    parts = (lanes[start : start + NONCES_PER_WORD] for start in starts)
    unpacked = (unpack(word, *part) for word, part in zip(words, parts, strict=True))
    return tuple(itertools.chain.from_iterable(unpacked))


def n_nonce_words(n_keys: int) -> int:
    """Return how many words the nonces of so many slots take."""
    return -(-n_keys // NONCES_PER_WORD)
