"""Resting orders: the values behind the leaves of the order tree."""

from dataclasses import dataclass, replace
from enum import IntEnum

from novation.crypto import hades
from novation.protocol.byte_reader import decode_enum
from novation.protocol.constants import DORMANT_LEAF_TAG, MAX_QUOTES, ORDER_LEAF_TAG
from novation.protocol.errors import DecodeError
from novation.protocol.nonces import NONCE_BITS
from novation.protocol.numeric import pack, unpack

_KEY_INDEX_BITS = 3
_QUOTE_INDEX_BITS = MAX_QUOTES.bit_length() - 1
_ORIGIN_WIDTHS = (_KEY_INDEX_BITS, NONCE_BITS, _QUOTE_INDEX_BITS)
ORIGIN_BITS = sum(_ORIGIN_WIDTHS)
ORDER_WORD_0_BITS = 156 + ORIGIN_BITS
ORDER_WORD_1_BITS = 160
_WORD_1_WIDTHS = (32, 48, 48, 32)
# What the second word of a dormant order has above that.
_TRIGGER_WIDTHS = (32, 4, 2, 2)
DORMANT_WORD_1_BITS = ORDER_WORD_1_BITS + sum(_TRIGGER_WIDTHS)


class Side(IntEnum):
    """Direction of an order."""

    BUY = 0
    SELL = 1

    @property
    def other(self) -> "Side":
        """The side that an order of this side trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderList(IntEnum):
    """The lists of a market: the sides of its book, under their numbers, and its dormant orders.

    Those of FALLS wait for the mark to be at or below their trigger's price, those of RISES for it
    to be at or above.
    """

    BIDS = 0
    ASKS = 1
    FALLS = 2
    RISES = 3

    @property
    def is_descending(self) -> bool:
        """Whether the highest price comes first."""
        return self in (OrderList.BIDS, OrderList.FALLS)


class TriggerDirection(IntEnum):
    """Which way the mark must go for a dormant order to be placed."""

    FALL = 0
    RISE = 1


class TimeInForce(IntEnum):
    """What happens to the part that is not filled at once."""

    GTC = 0
    IOC = 1
    POST_ONLY = 2
    FOK = 3
    POST_ONLY_SLIDE = 4

    @property
    def never_trades(self) -> bool:
        """Whether such an order only rests."""
        return self in (TimeInForce.POST_ONLY, TimeInForce.POST_ONLY_SLIDE)


class SelfTradeMode(IntEnum):
    """What happens instead of a trade when an order meets a living one of its own side of a trade.

    The resting order goes, or what is left of the taking one, or both; or each loses the lots that
    would have traded.
    """

    CANCEL_RESTING = 0
    CANCEL_TAKING = 1
    CANCEL_BOTH = 2
    DECREMENT = 3


class SelfTradeScope(IntEnum):
    """Whose orders an order does not trade with: its account's, or all of its L1 address."""

    ACCOUNT = 0
    OWNER = 1


class VisitOutcome(IntEnum):
    """What the walk did with a maker.

    It filled it (maybe in part), removed it and why, took lots off both orders (DECREMENT), or left
    it and ended there (SELF_TRADE_STOP).
    """

    FILL = 0
    EXPIRED = 1
    SELF_TRADE = 2
    REDUCE_ONLY = 3
    MARGIN = 4
    KILLED = 5
    FEE = 6
    CANCELLED = 7
    DECREMENT = 8
    SELF_TRADE_STOP = 9

    @property
    def removes(self) -> bool:
        """Whether the maker left the book, whatever was left of it."""
        kept = VisitOutcome.FILL, VisitOutcome.DECREMENT, VisitOutcome.SELF_TRADE_STOP
        return self not in kept


def origin_of(key_index: int, nonce: int, quote_index: int = 0) -> int:
    """Return the packed key slot and nonce of a message, and which of its orders is meant."""
    return pack((key_index, _KEY_INDEX_BITS), (nonce, NONCE_BITS), (quote_index, _QUOTE_INDEX_BITS))


def unpack_origin(origin: int) -> tuple[int, int, int]:
    """Return key slot, nonce and number of `origin_of`; DecodeError if it has more bits."""
    key_index, nonce, quote_index = unpack(origin, *_ORIGIN_WIDTHS)
    return key_index, nonce, quote_index


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a dormant order waits for, and what of its message matters only when it is placed.

    If it `ends_others` and leaves nothing to reduce, all other orders of its account in the market
    die: they belonged to the position.
    """

    price_ticks: int
    direction: TriggerDirection
    time_in_force: TimeInForce
    self_trade_mode: SelfTradeMode
    self_trade_scope: SelfTradeScope
    ends_others: bool = False


@dataclass(frozen=True, slots=True)
class RestingOrder:
    """An order in one of the lists of a market: on the book, or dormant if it has a trigger.

    `next_id` and `next_price_ticks` are the order behind it, or 0; a list of dormant orders is in
    the order of their triggers' prices. `key_index` and `nonce` are those of the message that
    placed it, which no other message has; `quote_index` tells its orders apart if it has several.
    """

    order_id: int
    account_id: int
    market_id: int
    side: Side
    reduce_only: bool
    remaining_lots: int
    price_ticks: int
    expiry_time_ms: int
    max_fee_ppm: int
    key_index: int
    nonce: int
    quote_index: int = 0
    next_id: int = 0
    next_price_ticks: int = 0
    trigger: Trigger | None = None

    @property
    def order_list(self) -> OrderList:
        """The list of its market that has it."""
        if self.trigger is None:
            return OrderList(self.side)
        is_fall = self.trigger.direction is TriggerDirection.FALL
        return OrderList.FALLS if is_fall else OrderList.RISES

    @property
    def list_price_ticks(self) -> int:
        """The price that its place in the list follows from."""
        return self.price_ticks if self.trigger is None else self.trigger.price_ticks

    @property
    def origin(self) -> int:
        """What no other order of the account has: its message, and which of its orders it is."""
        return origin_of(self.key_index, self.nonce, self.quote_index)

    @property
    def reserved_lots(self) -> int:
        """The lots that an open sum has of it.

        None if it is reduce-only, as it opens nothing; dormant orders are.
        """
        return 0 if self.reduce_only else self.remaining_lots

    def with_remaining(self, remaining_lots: int) -> "RestingOrder":
        """Return the order after a partial fill."""
        return replace(self, remaining_lots=remaining_lots)

    def with_next(self, next_id: int, next_price_ticks: int) -> "RestingOrder":
        """Return the order with another successor in the list."""
        return replace(self, next_id=next_id, next_price_ticks=next_price_ticks)

    def words(self) -> tuple[int, int]:
        """Return the two packed order words."""
        word_0 = pack(
            (self.order_id, 48),
            (self.account_id, 32),
            (self.market_id, 16),
            (self.side, 1),
            (int(self.reduce_only), 1),
            (int(self.trigger is not None), 1),
            (0 if self.trigger is None else self.trigger.direction, 1),
            (0 if self.trigger is None else int(self.trigger.ends_others), 1),
            (0, 3),
            (self.remaining_lots, 32),
            (self.max_fee_ppm, 20),
            (self.origin, ORIGIN_BITS),
        )
        return word_0, self._second_word() if self.trigger is None else self._dormant_word()

    def _second_word(self) -> int:
        return pack(
            (self.price_ticks, 32),
            (self.expiry_time_ms, 48),
            (self.next_id, 48),
            (self.next_price_ticks, 32),
        )

    def _dormant_word(self) -> int:
        trigger = self.trigger
        assert trigger is not None
        return pack(
            (trigger.price_ticks, 32),
            (self.expiry_time_ms, 48),
            (self.next_id, 48),
            (self.next_price_ticks, 32),
            (self.price_ticks, 32),
            (trigger.time_in_force, 4),
            (trigger.self_trade_mode, 2),
            (trigger.self_trade_scope, 2),
        )

    @classmethod
    def from_words(cls, word_0: int, word_1: int) -> "RestingOrder":
        """Decode the two packed words; DecodeError if they have unknown bits set."""
        order_id, account_id, market_id, side, reduce_only, *rest = unpack(
            word_0, 48, 32, 16, 1, 1, 1, 1, 1, 3, 32, 20, ORIGIN_BITS
        )
        is_dormant, direction, ends_others, flags, remaining, max_fee, origin = rest
        if flags or direction | ends_others > is_dormant or is_dormant > reduce_only:
            raise DecodeError(f"unknown order flags in {word_0:#x}")
        list_price, expiry, next_id, next_price, above = unpack(
            word_1, *_WORD_1_WIDTHS, sum(_TRIGGER_WIDTHS) * is_dormant
        )
        price, trigger = list_price, None
        if is_dormant:
            price, force, mode, scope = unpack(above, *_TRIGGER_WIDTHS)
            trigger = Trigger(
                list_price,
                TriggerDirection(direction),
                decode_enum(TimeInForce, force),
                SelfTradeMode(mode),
                decode_enum(SelfTradeScope, scope),
                bool(ends_others),
            )
        return cls(
            order_id,
            account_id,
            market_id,
            Side(side),
            bool(reduce_only),
            remaining,
            price,
            expiry,
            max_fee,
            *unpack_origin(origin),
            next_id,
            next_price,
            trigger,
        )

    def leaf(self) -> int:
        """Return the leaf of the order tree; its tag separates it from an inner node."""
        tag = ORDER_LEAF_TAG if self.trigger is None else DORMANT_LEAF_TAG
        return hades(*self.words(), tag)[0]


def crosses(taker_side: Side, limit_price_ticks: int, maker_price_ticks: int) -> bool:
    """Return whether an order with this limit would trade at the maker's price."""
    if taker_side is Side.BUY:
        return maker_price_ticks <= limit_price_ticks
    return maker_price_ticks >= limit_price_ticks


def reduces(size_lots: int, side: Side) -> bool:
    """Return whether an order of this side makes the position smaller."""
    return size_lots < 0 if side is Side.BUY else size_lots > 0
