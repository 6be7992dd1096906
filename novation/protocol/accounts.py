"""Accounts and their positions: the values behind the leaves of the account tree."""

from dataclasses import dataclass, replace

from novation.crypto import poseidon_hash, poseidon_hash_many
from novation.protocol.assets import amount_of, pack_amounts, with_amount
from novation.protocol.constants import (
    COLLATERAL_BOUND,
    GUARD_BOUND,
    LAST_TIME_MS,
    MAX_KEYS,
    MAX_POSITIONS,
    OPEN_LOTS_BOUND,
    ORDER_ID_BOUND,
    POSITION_BOUND,
    USD_ASSET_ID,
)
from novation.protocol.fee_tiers import NO_FEES, FeesPaid, pack_with_fees
from novation.protocol.nonces import NonceWindow, pack_windows
from novation.protocol.numeric import pack, unpack
from novation.protocol.orders import RestingOrder, Side
from novation.protocol.signing_keys import SigningKey

# Collateral, keys, slots, words of holdings, flags, how long before the last time the timer runs
# out, two bits that are 0 in a leaf (a batch's output has flags there), and when an auction began.
BALANCE_WIDTHS = (100, 4, 8, 2, 6, 48, 2, 48)
BALANCE_WORD_BITS = sum(BALANCE_WIDTHS)
OPEN_LOTS_BITS = OPEN_LOTS_BOUND.bit_length() - 1
_POSITION_WIDTHS = (
    16,
    37,
    OPEN_LOTS_BITS,
    OPEN_LOTS_BITS,
    8,
    48,
    GUARD_BOUND.bit_length() - 1,
)
POSITION_WORD_BITS = sum(_POSITION_WIDTHS)


@dataclass(frozen=True, slots=True)
class Position:
    """One market's slot: signed size, the lots of resting orders on each side, their number.

    Orders with an id below `min_order_id` were cancelled all at once: they are dead and their lots
    no longer counted, but they are linked in the book, and counted, until somebody removes them.
    That happens, too, when `guarded_lots` have been filled of them; 0 if any number may.
    """

    market_id: int
    size_lots: int = 0
    open_buy_lots: int = 0
    open_sell_lots: int = 0
    n_orders: int = 0
    min_order_id: int = 0
    guarded_lots: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the slot may go: no position and no order in the book."""
        return not (self.size_lots or self.n_orders)

    def open_lots(self, side: Side) -> int:
        """Return the lots of a side's orders that are not reduce-only and were not cancelled."""
        return self.open_buy_lots if side is Side.BUY else self.open_sell_lots

    def traded(self, side: Side, lots: int) -> "Position":
        """Return the slot after buying or selling lots."""
        change = lots if side is Side.BUY else -lots
        return replace(self, size_lots=self.size_lots + change)

    def with_open_change(self, side: Side, lots: int, orders: int = 0) -> "Position":
        """Return the slot after reserved lots of a side, and orders, changed by so many."""
        after = replace(self, n_orders=self.n_orders + orders)
        if side is Side.BUY:
            return replace(after, open_buy_lots=self.open_buy_lots + lots)
        return replace(after, open_sell_lots=self.open_sell_lots + lots)

    def without_order(self, order: RestingOrder) -> "Position":
        """Return the slot after one of its orders left the book."""
        is_counted = order.order_id >= self.min_order_id
        return self.with_open_change(order.side, -order.reserved_lots * is_counted, -1)

    def all_cancelled(self, next_order_id: int) -> "Position":
        """Return the slot after every order that it has was cancelled."""
        if self.n_orders == 0:
            return self
        return replace(
            self, open_buy_lots=0, open_sell_lots=0, min_order_id=next_order_id, guarded_lots=0
        )

    @property
    def least(self) -> int:
        """What a circuit's record has of the least id that lives, and of the guard above it."""
        return self.min_order_id + self.guarded_lots * ORDER_ID_BOUND

    def word(self) -> int:
        """Return the packed position word."""
        return pack(
            (self.market_id, 16),
            (self.size_lots + POSITION_BOUND, 37),
            (self.open_buy_lots, OPEN_LOTS_BITS),
            (self.open_sell_lots, OPEN_LOTS_BITS),
            (self.n_orders, 8),
            (self.min_order_id, 48),
            (self.guarded_lots, _POSITION_WIDTHS[-1]),
        )

    @classmethod
    def from_word(cls, word: int) -> "Position":
        """Decode a packed position word; DecodeError if it has too many bits."""
        market_id, size, *orders = unpack(word, *_POSITION_WIDTHS)
        return cls(market_id, size - POSITION_BOUND, *orders)


@dataclass(frozen=True, slots=True)
class Account:
    """A trader's account; `windows[i]` has the nonces that key slot i has used.

    What is used stays so, whatever key the slot holds, so that no message can be used twice.
    `positions` are sorted by market and none is empty. Collateral is signed, in quanta (1e-6 USD).
    `holdings_quanta` are balances of the other assets, see `assets`: no rule of margin counts them.
    From `cancel_all_at_ms` on, the last time if it shall never be, all orders are dead that were
    placed before. `auction_start_ms` is when its positions were put up for auction, 0 if they are
    not (see `auction`). `fees_paid` is what it has paid of fees before the open batch, and
    `batch_fees_quanta` what in it, which is in no leaf: see `fee_tiers`.
    """

    l1_address: int
    keys: tuple[SigningKey, ...]
    windows: tuple[NonceWindow, ...]
    collateral_quanta: int = 0
    positions: tuple[Position, ...] = ()
    flags: int = 0
    cancel_all_at_ms: int = LAST_TIME_MS
    holdings_quanta: tuple[int, ...] = ()
    auction_start_ms: int = 0
    fees_paid: FeesPaid = NO_FEES
    batch_fees_quanta: int = 0

    @classmethod
    def new(cls, l1_address: int, key: int) -> "Account":
        """Return an account with one signing key, which may do everything, and nothing in it."""
        keys, windows = (SigningKey.full(key),), (NonceWindow(),)
        return cls(l1_address=l1_address, keys=keys, windows=windows)

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

    def with_batch_fees(self, fees_quanta: int) -> "Account":
        """Return the account after it has paid more fees in the open batch."""
        return replace(self, batch_fees_quanta=self.batch_fees_quanta + fees_quanta)

    def balance(self, asset_id: int) -> int:
        """Return the balance of an asset, in its quanta."""
        if asset_id == USD_ASSET_ID:
            return self.collateral_quanta
        return amount_of(self.holdings_quanta, asset_id)

    def with_auction(self, auction_start_ms: int) -> "Account":
        """Return the account with an auction since then, or with none if it is 0."""
        return replace(self, auction_start_ms=auction_start_ms)

    def with_balance_change(self, asset_id: int, change_quanta: int) -> "Account":
        """Return the account with more or less of an asset."""
        balance = self.balance(asset_id) + change_quanta
        if asset_id == USD_ASSET_ID:
            return self.with_balance(balance)
        return replace(self, holdings_quanta=with_amount(self.holdings_quanta, asset_id, balance))

    def with_window(self, slot: int, window: NonceWindow) -> "Account":
        """Return the account with another window of one key."""
        windows = (*self.windows[:slot], window, *self.windows[slot + 1 :])
        return replace(self, windows=windows)

    def with_key(self, slot: int, key: SigningKey) -> "Account":
        """Return the account with another key in a slot, or with one slot more."""
        windows = self.windows if slot < len(self.keys) else (*self.windows, NonceWindow())
        keys = (*self.keys[:slot], key, *self.keys[slot + 1 :])
        return replace(self, keys=keys, windows=windows)

    def with_position(self, position: Position, collateral_change: int = 0) -> "Account":
        """Return the account with one slot replaced; an empty slot is dropped."""
        market_id = position.market_id
        slots = [slot for slot in self.positions if slot.market_id < market_id]
        if not position.is_empty:
            slots.append(position)
        slots.extend(slot for slot in self.positions if slot.market_id > market_id)
        return replace(
            self,
            collateral_quanta=self.collateral_quanta + collateral_change,
            positions=tuple(slots),
        )

    def with_all_cancelled(self, next_order_id: int) -> "Account":
        """Return the account after every order that it has was cancelled."""
        return replace(
            self, positions=tuple(slot.all_cancelled(next_order_id) for slot in self.positions)
        )

    def keys_hash(self) -> int:
        """Return the hash of owner and key slots."""
        words = (word for key in self.keys for word in key.words())
        return poseidon_hash_many((self.l1_address, *words))

    def owner_hash(self) -> int:
        """Return the hash of owner, key slots, what it holds besides USD, and what has no room.

        What was paid of fees stands beside the only window, or here if there are several.
        """
        hashed = self.keys_hash()
        for word in self.holding_words():
            hashed = poseidon_hash(hashed, word)
        if len(self.keys) > 1:
            hashed = poseidon_hash(hashed, self.fees_paid.word())
        return hashed

    def holding_words(self) -> tuple[int, ...]:
        """Return the packed balances of the assets besides USD, three in each word."""
        return pack_amounts(self.holdings_quanta)

    def window_words(self) -> tuple[int, ...]:
        """Return the packed windows, two in each word; beside an only one stand the fees paid."""
        if len(self.windows) == 1:
            return pack_with_fees(self.windows, self.fees_paid)
        return pack_windows(self.windows)

    def balance_word(self) -> int:
        """Return the packed balance and counts; asserts the invariants of a leaf."""
        assert abs(self.collateral_quanta) < COLLATERAL_BOUND
        assert len(self.positions) <= MAX_POSITIONS
        assert 1 <= len(self.keys) <= MAX_KEYS
        return pack(
            (self.collateral_quanta + COLLATERAL_BOUND, 100),
            (len(self.keys), 4),
            (len(self.positions), 8),
            (len(self.holding_words()), 2),
            (self.flags, 6),
            (LAST_TIME_MS - self.cancel_all_at_ms, 48),
            (0, 2),
            (self.auction_start_ms, 48),
        )

    def leaf(self) -> int:
        """Return the leaf of the account tree."""
        words = (position.word() for position in self.positions)
        return poseidon_hash_many(
            (self.owner_hash(), *self.window_words(), self.balance_word(), *words)
        )
