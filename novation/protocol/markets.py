"""Markets, what each underlying has, and the global words: the rest of the state.

docs/spec/protocol.md, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from novation.crypto import poseidon_hash_many
from novation.protocol.assets import (
    AMOUNT_BITS,
    AMOUNT_WORDS,
    amount_of,
    pack_amounts,
    unpack_amounts,
    with_amount,
)
from novation.protocol.constants import (
    CHARGED_BOUND,
    FUNDING_SUM_BOUND,
    INDEX_SUM_BOUND,
    LAST_TIME_MS,
    MARKET_ACTIVE,
    MARKET_KIND_PERPETUAL,
    MAX_MISSED_SAMPLES,
    POOL_CASH_BOUND,
    POOL_LOTS_BOUND,
    PREFIX_BOUND,
    PREMIUM_X16_BOUND,
    PRICE_VALIDITY_MS,
    RESOLVE_MS,
    SETTLED_SAMPLES,
    STATE_VERSION,
    USD_ASSET_ID,
)
from novation.protocol.errors import DecodeError
from novation.protocol.numeric import pack, unpack
from novation.protocol.orders import OrderList, Side

MARKET_WORDS = 4
UNDERLYING_WORDS = 3
MARKET_WORD_0_BITS = 195
UNDERLYING_ID_BITS = 4
EXPIRY_SLOT_BITS = 5
INDEX_SUM_BITS = INDEX_SUM_BOUND.bit_length() - 1
INDEX_SAMPLES_BITS = 6
# In place of a strike and its logarithm, which dated instruments have.
UNUSED_BITS = 19
FUNDING_CARRY_BITS = 19
VARIANCE_BITS = 26
# Below three times a rate.
FORECAST_MARGIN_BITS = 21
# A mark is below 1.53 * 2^48: see `mark`.
MARK_X16_BITS = 49
CHARGED_BITS = CHARGED_BOUND.bit_length()
# Two of counters and USD, and the custody of the other assets.
GLOBALS_WORDS = 2 + AMOUNT_WORDS


@dataclass(frozen=True, slots=True)
class Market:
    """A listed perpetual: open interest and the heads of its lists; an id of 0 is an empty list.

    Of dormant orders the head's price is that of its trigger.

    The market of an underlying has its index as id. `funding_sum_x16` adds up the premiums of the
    hour `funding_hour` (since the epoch; 0 before the first tick); `funding_carry` is what is owed
    of a quantum a lot, in parts of 2^19 (see `rules/funding.py`). `variance_ppm2` is the forecast
    of the variance of a second's return, `sampled_x16` the index of its last sample, at
    `sampled_ms` (see `forecast_margin`). At `unwound_ms` what a pool or the insurance fund took was
    last traded (see `rules/unwind.py`). `index_sum_x16` adds up `index_samples` indices of the half
    hour before the market ends (see `rules/ending.py`).
    """

    underlying_id: int
    listed_ms: int = 0
    status: int = MARKET_ACTIVE
    open_interest_lots: int = 0
    bid_head_id: int = 0
    bid_head_price_ticks: int = 0
    ask_head_id: int = 0
    ask_head_price_ticks: int = 0
    funding_sum_x16: int = 0
    funding_carry: int = 0
    funding_hour: int = 0
    variance_ppm2: int = 0
    sampled_x16: int = 0
    sampled_ms: int = 0
    fall_head_id: int = 0
    fall_head_price_ticks: int = 0
    rise_head_id: int = 0
    rise_head_price_ticks: int = 0
    unwound_ms: int = 0
    index_sum_x16: int = 0
    index_samples: int = 0

    def head(self, order_list: OrderList | Side) -> tuple[int, int]:
        """Return (order id, price) of the first order of a list, (0, 0) if there is none."""
        heads = (
            (self.bid_head_id, self.bid_head_price_ticks),
            (self.ask_head_id, self.ask_head_price_ticks),
            (self.fall_head_id, self.fall_head_price_ticks),
            (self.rise_head_id, self.rise_head_price_ticks),
        )
        return heads[order_list]

    def with_head(self, order_list: OrderList | Side, order_id: int, price_ticks: int) -> "Market":
        """Return the market with another first order of a list."""
        if order_list == OrderList.BIDS:
            return replace(self, bid_head_id=order_id, bid_head_price_ticks=price_ticks)
        if order_list == OrderList.ASKS:
            return replace(self, ask_head_id=order_id, ask_head_price_ticks=price_ticks)
        if order_list == OrderList.FALLS:
            return replace(self, fall_head_id=order_id, fall_head_price_ticks=price_ticks)
        return replace(self, rise_head_id=order_id, rise_head_price_ticks=price_ticks)

    def with_open_interest(self, open_interest_lots: int) -> "Market":
        """Return the market with another open interest."""
        return replace(self, open_interest_lots=open_interest_lots)

    def words(self) -> tuple[int, int, int, int]:
        """Return the four packed market words."""
        return (
            pack(
                (MARKET_KIND_PERPETUAL, 4),
                (self.underlying_id, UNDERLYING_ID_BITS),
                # Of dated instruments.
                (0, EXPIRY_SLOT_BITS),
                (self.index_sum_x16, INDEX_SUM_BITS),
                (self.index_samples, INDEX_SAMPLES_BITS),
                (0, UNUSED_BITS),
                (self.status, 8),
                (self.listed_ms, 48),
                (self.open_interest_lots, 48),
            ),
            pack(
                (self.bid_head_id, 48),
                (self.bid_head_price_ticks, 32),
                (self.ask_head_id, 48),
                (self.ask_head_price_ticks, 32),
            ),
            pack(
                (self.funding_sum_x16 + FUNDING_SUM_BOUND, 56),
                (self.funding_carry, FUNDING_CARRY_BITS),
                (self.funding_hour, 27),
                (self.variance_ppm2, VARIANCE_BITS),
                (self.sampled_x16, 48),
                (self.sampled_ms, 48),
            ),
            pack(
                (self.fall_head_id, 48),
                (self.fall_head_price_ticks, 32),
                (self.rise_head_id, 48),
                (self.rise_head_price_ticks, 32),
                (self.unwound_ms, 48),
            ),
        )

    @classmethod
    def from_words(cls, words: Sequence[int]) -> "Market":
        """Decode four packed words; DecodeError if they are not those of a perpetual."""
        kind, underlying_id, slot, index_sum_x16, index_samples, unused, *others = unpack(
            *(words[0], 4, UNDERLYING_ID_BITS, EXPIRY_SLOT_BITS),
            *(INDEX_SUM_BITS, INDEX_SAMPLES_BITS, UNUSED_BITS, 8, 48, 48),
        )
        status, listed_ms, interest = others
        if kind != MARKET_KIND_PERPETUAL or slot or unused:
            raise DecodeError(f"market word {words[0]:#x} is not that of a perpetual")
        bid_id, bid_price, ask_id, ask_price = unpack(words[1], 48, 32, 48, 32)
        funding_sum, funding_carry, funding_hour, *forecast = unpack(
            words[2], 56, FUNDING_CARRY_BITS, 27, VARIANCE_BITS, 48, 48
        )
        market = cls(
            underlying_id,
            listed_ms,
            status,
            interest,
            bid_id,
            bid_price,
            ask_id,
            ask_price,
            funding_sum - FUNDING_SUM_BOUND,
            funding_carry,
            funding_hour,
            *forecast,
            *unpack(words[3], 48, 32, 48, 32, 48),
        )
        return replace(market, index_sum_x16=index_sum_x16, index_samples=index_samples)

    def leaf(self) -> int:
        """Return the leaf of the market tree."""
        return poseidon_hash_many(self.words())


@dataclass(frozen=True, slots=True)
class UnderlyingState:
    """What changes of an underlying: its index price, 0 before the first, and which orders died.

    Orders of its markets with an id below `dead_below_order_id` are dead: they rested while prices
    were away. `is_listed` says that its perpetual is listed, `premium_x16` how far that trades
    above the index, on average over the last minutes, and `missed_samples` how many samples of it
    failed since the last one that did not (see `rules/minute_tick.py`), or `SETTLED_SAMPLES`.

    `long_prefix` and `short_prefix` are what a lot has paid in all, in quanta, as far as it counts
    for a lot held long and for one held short: at the same price for both, a long lot has paid the
    first and a short one has received the second. They are equal until a pool passes something on.
    The pool has the positions of failed accounts: `pool_lots` of them, and `pool_cash_quanta`. The
    insurance fund may still pay `budget_quanta` for the market on the day `budget_day`.
    `added_margin_ppm` is what its initial margin is above the terms', see `interest_margin`, and
    `forecast_margin_ppm` what new risk needs above that, see `forecast_margin`.

    Gains are counted since the mark `ref_x16` (see `rules/resolving.py`); `window_x16` is the next
    such mark. What a lot of either side was charged since `ref_x16` is `long_charged_quanta` and
    `short_charged_quanta`; since `window_x16` nothing was. `jumped_ms` is when the index last
    jumped, 0 if it never did. `is_silent` says that the last oracle update had no price of it: the
    index is an older one.
    """

    index_price_x16: int = 0
    dead_below_order_id: int = 0
    is_listed: bool = False
    missed_samples: int = 0
    premium_x16: int = 0
    long_prefix: int = 0
    short_prefix: int = 0
    pool_cash_quanta: int = 0
    pool_lots: int = 0
    budget_quanta: int = 0
    budget_day: int = 0
    ref_x16: int = 0
    window_x16: int = 0
    jumped_ms: int = 0
    long_charged_quanta: int = 0
    short_charged_quanta: int = 0
    added_margin_ppm: int = 0
    forecast_margin_ppm: int = 0
    is_silent: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether its market has ended: the index is what its lots are worth for ever."""
        return self.missed_samples == SETTLED_SAMPLES

    @property
    def resolve_until_ms(self) -> int:
        """Until when users do not trade with each other here."""
        return self.jumped_ms + RESOLVE_MS

    def paid_quanta(self, size_lots: int) -> int:
        """Return what a position has paid in all, which is no part of its price any more."""
        return size_lots * (self.long_prefix if size_lots > 0 else self.short_prefix)

    def with_payment(self, quanta_per_lot: int) -> "UnderlyingState":
        """Return what is left once each lot held long has paid so much to those held short."""
        return replace(
            self,
            long_prefix=self.long_prefix + quanta_per_lot,
            short_prefix=self.short_prefix + quanta_per_lot,
            pool_cash_quanta=self.pool_cash_quanta - self.pool_lots * quanta_per_lot,
        )

    def words(self) -> tuple[int, ...]:
        """Return the packed words."""
        return (
            pack(
                (self.index_price_x16, 48),
                (self.dead_below_order_id, 48),
                (self.is_listed, 1),
                (self.missed_samples, 5),
                (self.premium_x16 + PREMIUM_X16_BOUND, 49),
                (self.long_prefix + PREFIX_BOUND, 57),
                (self.added_margin_ppm, 20),
                (self.forecast_margin_ppm, FORECAST_MARGIN_BITS),
                (self.is_silent, 1),
            ),
            pack(
                (self.pool_cash_quanta + POOL_CASH_BOUND, 85),
                (self.pool_lots + POOL_LOTS_BOUND, 49),
                (self.short_prefix + PREFIX_BOUND, 57),
                (self.budget_quanta, 45),
                (self.budget_day, 15),
            ),
            pack(
                (self.ref_x16, MARK_X16_BITS),
                (self.window_x16, MARK_X16_BITS),
                (self.jumped_ms, 48),
                (self.long_charged_quanta + CHARGED_BOUND, CHARGED_BITS),
                (self.short_charged_quanta + CHARGED_BOUND, CHARGED_BITS),
            ),
        )

    @classmethod
    def from_words(cls, words: Sequence[int]) -> "UnderlyingState":
        """Decode the packed words; DecodeError if one has too many bits."""
        index_price_x16, dead_below, is_listed, missed, premium, long_prefix, *rest = unpack(
            words[0], 48, 48, 1, 5, 49, 57, 20, FORECAST_MARGIN_BITS, 1
        )
        added_margin_ppm, forecast_margin_ppm, is_silent = rest
        if missed > MAX_MISSED_SAMPLES + 1 and missed != SETTLED_SAMPLES:
            raise DecodeError(f"{missed} samples missed in {words[0]:#x}")
        pool_cash, pool_lots, short_prefix, budget, budget_day = unpack(
            words[1], 85, 49, 57, 45, 15
        )
        ref_x16, window_x16, jumped_ms, long_charged, short_charged = unpack(
            words[2], MARK_X16_BITS, MARK_X16_BITS, 48, CHARGED_BITS, CHARGED_BITS
        )
        return cls(
            index_price_x16=index_price_x16,
            dead_below_order_id=dead_below,
            is_listed=bool(is_listed),
            missed_samples=missed,
            premium_x16=premium - PREMIUM_X16_BOUND,
            long_prefix=long_prefix - PREFIX_BOUND,
            short_prefix=short_prefix - PREFIX_BOUND,
            pool_cash_quanta=pool_cash - POOL_CASH_BOUND,
            pool_lots=pool_lots - POOL_LOTS_BOUND,
            budget_quanta=budget,
            budget_day=budget_day,
            ref_x16=ref_x16,
            window_x16=window_x16,
            jumped_ms=jumped_ms,
            long_charged_quanta=long_charged - CHARGED_BOUND,
            short_charged_quanta=short_charged - CHARGED_BOUND,
            added_margin_ppm=added_margin_ppm,
            forecast_margin_ppm=forecast_margin_ppm,
            is_silent=bool(is_silent),
        )


@dataclass(frozen=True, slots=True)
class Globals:
    """Counters of the whole exchange, and what guards its money and its books.

    `custody_quanta` is all credited deposits of USD minus all withdrawals, `other_custody_quanta`
    the same of each other asset (see `assets`). `recorded_deficit_quanta` is how much more all
    balances and pools add up to than is in custody. Until `post_only_until_ms`, 0 if prices were
    never away for too long, orders must be post-only. At `next_tick_ms` a minute is over, which is
    sampled from `tick_underlying` on; before the first prices that is never. `outflow_quanta` and
    `other_outflow_quanta` are what counts of what has left (see `outflow`).
    """

    batch_number: int = 0
    time_ms: int = 0
    next_order_id: int = 1
    l1_queue_position: int = 0
    oracle_time_ms: int = 0
    custody_quanta: int = 0
    post_only_until_ms: int = 0
    next_tick_ms: int = LAST_TIME_MS
    tick_underlying: int = 0
    other_custody_quanta: tuple[int, ...] = ()
    recorded_deficit_quanta: int = 0
    outflow_quanta: int = 0
    other_outflow_quanta: tuple[int, ...] = ()

    @property
    def price_valid_until_ms(self) -> int:
        """The last time at which the prices of the last update may be used."""
        return self.oracle_time_ms + PRICE_VALIDITY_MS

    def custody(self, asset_id: int) -> int:
        """Return what is in custody of an asset, in its quanta."""
        if asset_id == USD_ASSET_ID:
            return self.custody_quanta
        return amount_of(self.other_custody_quanta, asset_id)

    def outflow(self, asset_id: int) -> int:
        """Return what counts of what has left of an asset, in its quanta."""
        if asset_id == USD_ASSET_ID:
            return self.outflow_quanta
        return amount_of(self.other_outflow_quanta, asset_id)

    def with_custody_change(self, asset_id: int, change_quanta: int) -> "Globals":
        """Return the globals with more or less of an asset in custody."""
        custody_quanta = self.custody(asset_id) + change_quanta
        if asset_id == USD_ASSET_ID:
            return replace(self, custody_quanta=custody_quanta)
        amounts = with_amount(self.other_custody_quanta, asset_id, custody_quanta)
        return replace(self, other_custody_quanta=amounts)

    def words(self) -> tuple[int, ...]:
        """Return `globals_word_0`, `globals_word_1` and custody's words: those of the output."""
        custody_words = pack_amounts(self.other_custody_quanta)
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
                (self.post_only_until_ms, 49),
                (self.next_tick_ms, 49),
                (self.tick_underlying, UNDERLYING_ID_BITS),
                (self.recorded_deficit_quanta, 63),
            ),
            *custody_words,
            *[0] * (AMOUNT_WORDS - len(custody_words)),
        )

    def outflow_words(self) -> tuple[int, ...]:
        """Return the words of what has left, which follow from the batches: no output has them."""
        others = pack_amounts(self.other_outflow_quanta)
        return (self.outflow_quanta, *others, *[0] * (AMOUNT_WORDS - len(others)))

    def with_outflow_words(self, words: Sequence[int]) -> "Globals":
        """Return the globals with what such words say; DecodeError if one has too many bits."""
        (outflow_quanta,) = unpack(words[0], AMOUNT_BITS)
        others = unpack_amounts(words[1:])
        return replace(self, outflow_quanta=outflow_quanta, other_outflow_quanta=others)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> "Globals":
        """Decode what `words` returns; DecodeError if one has too many bits."""
        batch_number, time_ms, *counters = unpack(words[0], 48, 48, 48, 48, 48)
        next_order_id, l1_queue_position, oracle_time_ms = counters
        custody_quanta, *others = unpack(words[1], 63, 49, 49, UNDERLYING_ID_BITS, 63)
        post_only_until_ms, next_tick_ms, tick_underlying, recorded_deficit_quanta = others
        return cls(
            batch_number,
            time_ms,
            next_order_id,
            l1_queue_position,
            oracle_time_ms,
            custody_quanta,
            post_only_until_ms,
            next_tick_ms,
            tick_underlying,
            unpack_amounts(words[2:]),
            recorded_deficit_quanta,
        )


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots of the three trees of a state."""

    accounts: int
    orders: int
    markets: int


def state_root(
    roots: Roots, underlyings: Sequence[UnderlyingState], params_hash: int, counters: Globals
) -> int:
    """Return the commitment to the whole state."""
    underlying_words = [word for underlying in underlyings for word in underlying.words()]
    underlyings_hash = poseidon_hash_many(underlying_words)
    return poseidon_hash_many(
        (
            STATE_VERSION,
            roots.accounts,
            roots.orders,
            roots.markets,
            underlyings_hash,
            params_hash,
            *counters.words(),
            *counters.outflow_words(),
        )
    )
