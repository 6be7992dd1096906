"""Market records and the global words: the parts of the state that are not in a tree."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from novation.crypto import poseidon_hash_many
from novation.protocol.constants import (
    FUNDING_PREFIX_BOUND,
    MARKET_ACTIVE,
    PRICE_VALIDITY_MS,
    STATE_VERSION,
)
from novation.protocol.numeric import pack, unpack
from novation.protocol.orders import Side

MARKET_WORDS = 3
GLOBALS_WORDS = 2


@dataclass(frozen=True, slots=True)
class Market:
    """Prices, open interest and the two book heads of a market; a head id of 0 is an empty side."""

    index_price_x16: int = 0
    mark_price_x16: int = 0
    status: int = MARKET_ACTIVE
    open_interest_lots: int = 0
    bid_head_id: int = 0
    bid_head_price_ticks: int = 0
    ask_head_id: int = 0
    ask_head_price_ticks: int = 0
    funding_prefix: int = 0

    def head(self, side: Side) -> tuple[int, int]:
        """Return (order id, price) of the best order of a side, (0, 0) if there is none."""
        if side is Side.BUY:
            return self.bid_head_id, self.bid_head_price_ticks
        return self.ask_head_id, self.ask_head_price_ticks

    def with_head(self, side: Side, order_id: int, price_ticks: int) -> "Market":
        """Return the market with another best order of a side."""
        if side is Side.BUY:
            return replace(self, bid_head_id=order_id, bid_head_price_ticks=price_ticks)
        return replace(self, ask_head_id=order_id, ask_head_price_ticks=price_ticks)

    def with_open_interest(self, open_interest_lots: int) -> "Market":
        """Return the market with another open interest."""
        return replace(self, open_interest_lots=open_interest_lots)

    def with_price(self, price_x16: int) -> "Market":
        """Return the market with another index price, which is also its mark price."""
        return replace(self, index_price_x16=price_x16, mark_price_x16=price_x16)

    def words(self) -> tuple[int, int, int]:
        """Return the three packed market words."""
        return (
            pack(
                (self.index_price_x16, 48),
                (self.mark_price_x16, 48),
                (self.status, 8),
                (self.open_interest_lots, 48),
            ),
            pack(
                (self.bid_head_id, 48),
                (self.bid_head_price_ticks, 32),
                (self.ask_head_id, 48),
                (self.ask_head_price_ticks, 32),
            ),
            pack((self.funding_prefix + FUNDING_PREFIX_BOUND, 64)),
        )

    @classmethod
    def from_words(cls, words: Sequence[int]) -> "Market":
        """Decode three packed words; DecodeError if one has too many bits."""
        index, mark, status, interest = unpack(words[0], 48, 48, 8, 48)
        bid_id, bid_price, ask_id, ask_price = unpack(words[1], 48, 32, 48, 32)
        (funding,) = unpack(words[2], 64)
        return cls(
            index,
            mark,
            status,
            interest,
            bid_id,
            bid_price,
            ask_id,
            ask_price,
            funding - FUNDING_PREFIX_BOUND,
        )


@dataclass(frozen=True, slots=True)
class Globals:
    """Counters of the whole exchange, and what guards its money and its books.

    `custody_quanta` is all credited deposits minus all withdrawals. Orders with an id below
    `dead_below_order_id` rested while prices were away: they are dead. Until `post_only_until_ms`,
    0 if there never was such a gap, orders must be post-only.
    """

    batch_number: int = 0
    time_ms: int = 0
    next_order_id: int = 1
    l1_queue_position: int = 0
    oracle_time_ms: int = 0
    custody_quanta: int = 0
    dead_below_order_id: int = 0
    post_only_until_ms: int = 0

    @property
    def price_valid_until_ms(self) -> int:
        """The last time at which the prices of the last update may be used."""
        return self.oracle_time_ms + PRICE_VALIDITY_MS

    def words(self) -> tuple[int, int]:
        """Return `globals_word_0` and `globals_word_1`."""
        return (
            pack(
                (self.batch_number, 48),
                (self.time_ms, 48),
                (self.next_order_id, 48),
                (self.l1_queue_position, 48),
                (self.oracle_time_ms, 48),
            ),
            pack(
                (self.custody_quanta, 63),
                (self.dead_below_order_id, 48),
                (self.post_only_until_ms, 49),
            ),
        )

    @classmethod
    def from_words(cls, words: Sequence[int]) -> "Globals":
        """Decode the two packed words; DecodeError if one has too many bits."""
        return cls(*unpack(words[0], 48, 48, 48, 48, 48), *unpack(words[1], 63, 48, 49))


def state_root(
    accounts_root: int, orders_root: int, markets: Sequence[Market], counters: Globals
) -> int:
    """Return the commitment to the whole state."""
    markets_hash = poseidon_hash_many([word for market in markets for word in market.words()])
    return poseidon_hash_many(
        (STATE_VERSION, accounts_root, orders_root, markets_hash, *counters.words())
    )
