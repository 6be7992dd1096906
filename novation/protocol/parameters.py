"""Parameters of the exchange: in the state, set by L1's operations, committed to by `hash`.

docs/spec/protocol.md, section 3. A word or a rule that comes from L1 has been checked there.
"""

from dataclasses import dataclass, field, replace

from novation.crypto import FIELD_PRIME, poseidon_hash_many
from novation.protocol.constants import (
    DEVIATIONS_BOUND,
    INTEREST_KUSD_BOUND,
    MAX_ORACLES,
    MAX_UNDERLYINGS,
    MIN_ORDER_BOUND,
    MODE_HALTED,
    MODE_POST_ONLY,
    MODE_REDUCE_ONLY,
    MODES_BOUND,
    MULTIPLIER_BOUND,
    PPM_ONE,
    QUANTA_PER_USD,
    RATE_BOUND,
    SYMBOL_BYTES,
    TICK_DECIMALS_BOUND,
    TIME_BOUND,
)
from novation.protocol.errors import DecodeError
from novation.protocol.fee_tiers import NO_TIERS, FeeSchedule
from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.numeric import pack, unpack

_MAX_AGE_BOUND = 2**32
# Of `params_felts`: the counts, and the tiers of fees.
_HEAD_FELTS = 2
# Of the second word of an underlying: what is there of limits, and when its market ends above it.
_LIMITS_BITS, _END_BITS = 200, 48


@dataclass(frozen=True, slots=True)
class Underlying:
    """What is traded, and the terms of its markets.

    `symbol` has 1 to 8 characters of one byte. A tick is 10^-tick_decimals USD, a lot
    multiplier * 10^(tick_decimals - 6) of what is traded. An order that may rest is worth at least
    `min_order_usd`. While the open interest is worth between the two amounts in thousands of USD,
    the initial margin rises with it: see `interest_margin`; if they are equal it does not.
    `modes` says what is not allowed now (bits `MODE_*`, 0: all is). The initial margin of new risk
    is for `margin_deviations` of an hour's return as forecast: see `forecast_margin`; for none of
    them it does not follow. `limits` are set apart from the rest, and in a word of their own, as is
    `ends_ms`, when its market is settled (see `rules/ending.py`); 0: never. A market that ends is
    reduce-only until then.
    """

    symbol: str
    multiplier: int
    initial_margin_ppm: int
    maintenance_margin_ppm: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    price_band_ppm: int
    min_order_usd: int
    tick_decimals: int
    interest_lower_kusd: int = 0
    interest_upper_kusd: int = 0
    modes: int = 0
    margin_deviations: int = 0
    limits: Limits = NO_LIMITS
    ends_ms: int = 0

    def __post_init__(self) -> None:
        """Refuse parameters outside docs/spec/protocol.md, section 3, with a ValueError."""
        symbol = self.symbol.encode("latin-1", "replace")
        _require(
            1 <= len(symbol) <= SYMBOL_BYTES
            and symbol.decode("latin-1") == self.symbol
            and symbol[0] != 0,
            f"symbol {self.symbol!r}",
        )
        _require(0 < self.multiplier < MULTIPLIER_BOUND, f"multiplier {self.multiplier}")
        _require(
            0 < self.maintenance_margin_ppm <= self.initial_margin_ppm < RATE_BOUND,
            f"margins {self.maintenance_margin_ppm} <= {self.initial_margin_ppm}",
        )
        _require(0 <= self.maker_fee_ppm < RATE_BOUND, f"maker fee {self.maker_fee_ppm}")
        _require(0 <= self.taker_fee_ppm < RATE_BOUND, f"taker fee {self.taker_fee_ppm}")
        _require(0 <= self.price_band_ppm < PPM_ONE, f"price band {self.price_band_ppm}")
        _require(0 <= self.min_order_usd < MIN_ORDER_BOUND, f"least order {self.min_order_usd} USD")
        _require(
            0 <= self.tick_decimals < TICK_DECIMALS_BOUND, f"tick decimals {self.tick_decimals}"
        )
        _require(
            0 <= self.interest_lower_kusd <= self.interest_upper_kusd < INTEREST_KUSD_BOUND,
            f"open interest {self.interest_lower_kusd} <= {self.interest_upper_kusd} thousand USD",
        )
        _require(0 <= self.modes < MODES_BOUND, f"modes {self.modes}")
        _require(
            0 <= self.margin_deviations < DEVIATIONS_BOUND,
            f"margin for {self.margin_deviations} deviations",
        )
        _require(0 <= self.ends_ms < TIME_BOUND, f"end {self.ends_ms}")
        _require(not self.ends_ms or self.is_reduce_only, f"modes {self.modes} of what ends")

    @property
    def highest_fee_ppm(self) -> int:
        """The larger of both fees: what a signed limit must reach."""
        return max(self.maker_fee_ppm, self.taker_fee_ppm)

    @property
    def min_order_quanta(self) -> int:
        """What an order is worth at least, at its own price."""
        return self.min_order_usd * QUANTA_PER_USD

    @property
    def is_post_only(self) -> bool:
        """Whether only orders are accepted that never take."""
        return bool(self.modes & MODE_POST_ONLY)

    @property
    def is_reduce_only(self) -> bool:
        """Whether only orders are accepted that reduce positions."""
        return bool(self.modes & MODE_REDUCE_ONLY)

    @property
    def is_halted(self) -> bool:
        """Whether no orders are accepted."""
        return bool(self.modes & MODE_HALTED)

    def notional_quanta(self, size_lots: int, price_ticks: int) -> int:
        """Return what lots are worth at a price."""
        return size_lots * price_ticks * self.multiplier

    def is_worth_an_order(self, size_lots: int, price_ticks: int) -> bool:
        """Return whether an order of so many lots at a price is not too small."""
        return self.notional_quanta(size_lots, price_ticks) >= self.min_order_quanta

    def word(self) -> int:
        """Return the first packed word of the underlying in `params_felts`."""
        return pack(
            (self.multiplier, 12),
            (self.initial_margin_ppm, 20),
            (self.maintenance_margin_ppm, 20),
            (self.maker_fee_ppm, 20),
            (self.taker_fee_ppm, 20),
            (self.price_band_ppm, 20),
            (self.min_order_usd, 16),
            (int.from_bytes(self.symbol.encode("latin-1"), "big"), 64),
            (self.tick_decimals, 4),
            (self.interest_lower_kusd, 24),
            (self.interest_upper_kusd, 24),
            (self.modes, 3),
            (self.margin_deviations, 4),
        )

    def second_word(self) -> int:
        """Return the second packed word: its limits, and when its market ends."""
        return pack((self.limits.word(), _LIMITS_BITS), (self.ends_ms, _END_BITS))

    def with_second_word(self, word: int) -> "Underlying":
        """Return the underlying with what `second_word` says; DecodeError if it is too long."""
        limits_word, ends_ms = unpack(word, _LIMITS_BITS, _END_BITS)
        return replace(self, limits=Limits.from_word(limits_word), ends_ms=ends_ms)

    def with_end(self, ends_ms: int) -> "Underlying":
        """Return the underlying once its end is announced."""
        return replace(self, modes=self.modes | MODE_REDUCE_ONLY, ends_ms=ends_ms)

    @classmethod
    def from_word(cls, word: int) -> "Underlying":
        """Decode a first word, without limits; DecodeError if it is not one of `word`."""
        *terms, symbol, tick_decimals, lower_kusd, upper_kusd, modes, deviations = unpack(
            word, 12, 20, 20, 20, 20, 20, 16, 64, 4, 24, 24, 3, 4
        )
        multiplier, initial_ppm, maintenance_ppm, maker_ppm, taker_ppm, band_ppm, min_usd = terms
        text = symbol.to_bytes(SYMBOL_BYTES, "big").lstrip(b"\0").decode("latin-1")
        try:
            return cls(
                symbol=text,
                multiplier=multiplier,
                initial_margin_ppm=initial_ppm,
                maintenance_margin_ppm=maintenance_ppm,
                maker_fee_ppm=maker_ppm,
                taker_fee_ppm=taker_ppm,
                price_band_ppm=band_ppm,
                min_order_usd=min_usd,
                tick_decimals=tick_decimals,
                interest_lower_kusd=lower_kusd,
                interest_upper_kusd=upper_kusd,
                modes=modes,
                margin_deviations=deviations,
            )
        except ValueError as error:
            raise DecodeError(str(error)) from error

    def is_same_thing(self, other: "Underlying") -> bool:
        """Return whether both count the same thing in the same units: only terms may change."""
        own = self.symbol, self.multiplier, self.tick_decimals
        return own == (other.symbol, other.multiplier, other.tick_decimals)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Underlyings, oracles, tiers of fees. `oracle_keys` are abscissas of Stark curve points.

    `outflow_share_ppm` is what part of an asset's custody may leave in an hour (`outflow`); 0: all.
    """

    underlyings: tuple[Underlying, ...]
    oracle_keys: tuple[int, ...]
    oracle_quorum: int
    oracle_max_age_ms: int
    outflow_share_ppm: int = 0
    fee_schedule: FeeSchedule = NO_TIERS
    hash: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse parameters outside docs/spec/protocol.md, section 3, with a ValueError."""
        n_underlyings, n_oracles = len(self.underlyings), len(self.oracle_keys)
        _require(1 <= n_underlyings <= MAX_UNDERLYINGS, f"{n_underlyings} underlyings")
        _require(n_oracles <= MAX_ORACLES, f"{n_oracles} oracles")
        _require(1 <= self.oracle_quorum <= n_oracles, f"quorum {self.oracle_quorum}")
        _require(all(0 < key < FIELD_PRIME for key in self.oracle_keys), "oracle keys")
        _require(
            0 < self.oracle_max_age_ms < _MAX_AGE_BOUND, f"oracle age {self.oracle_max_age_ms}"
        )
        _require(0 <= self.outflow_share_ppm <= PPM_ONE, f"outflow share {self.outflow_share_ppm}")
        object.__setattr__(self, "hash", poseidon_hash_many(self.felts()))

    def felts(self) -> tuple[int, ...]:
        """Return `params_felts`, whose hash is part of the state root."""
        counts = pack(
            (len(self.underlyings), 8),
            (len(self.oracle_keys), 8),
            (self.oracle_quorum, 8),
            (self.oracle_max_age_ms, 32),
            (self.outflow_share_ppm, 20),
        )
        terms = [word for item in self.underlyings for word in (item.word(), item.second_word())]
        return (counts, self.fee_schedule.word(), *terms, *self.oracle_keys)

    @classmethod
    def from_felts(cls, felts: tuple[int, ...]) -> "Parameters":
        """Decode `felts`; DecodeError if they are not what it returns."""
        if len(felts) < _HEAD_FELTS:
            raise DecodeError(f"parameters: {len(felts)} felts")
        n_underlyings, n_oracles, quorum, max_age_ms, share_ppm = unpack(felts[0], 8, 8, 8, 32, 20)
        first_key = _HEAD_FELTS + 2 * n_underlyings
        if len(felts) != first_key + n_oracles:
            raise DecodeError(
                f"parameters: {len(felts)} felts for {n_underlyings} underlyings and "
                f"{n_oracles} oracles"
            )
        terms, keys = felts[_HEAD_FELTS:first_key], felts[first_key:]
        schedule = FeeSchedule.from_word(felts[1])
        try:
            underlyings = tuple(
                Underlying.from_word(word).with_second_word(second_word)
                for word, second_word in zip(terms[::2], terms[1::2], strict=True)
            )
            return cls(underlyings, keys, quorum, max_age_ms, share_ppm, schedule)
        except ValueError as error:
            raise DecodeError(str(error)) from error

    def with_underlying(self, index: int, underlying: Underlying) -> "Parameters":
        """Return the parameters with one underlying replaced, or appended at the end."""
        old = self.underlyings
        return replace(self, underlyings=(*old[:index], underlying, *old[index + 1 :]))

    def with_oracle_key(self, index: int, key: int) -> "Parameters":
        """Return the parameters with one oracle's key replaced, or appended at the end."""
        old = self.oracle_keys
        return replace(self, oracle_keys=(*old[:index], key, *old[index + 1 :]))

    def with_fee_schedule(self, word: int) -> "Parameters":
        """Return the parameters with other tiers; DecodeError if that is no word of them."""
        return replace(self, fee_schedule=FeeSchedule.from_word(word))

    def with_oracle_rule(self, word: int) -> "Parameters":
        """Return the parameters with another quorum and age; DecodeError if the word is long."""
        quorum, max_age_ms = unpack(word, 8, 32)
        return replace(self, oracle_quorum=quorum, oracle_max_age_ms=max_age_ms)


def oracle_rule_word(quorum: int, max_age_ms: int) -> int:
    """Return the word of an operation that sets both."""
    return pack((quorum, 8), (max_age_ms, 32))


def _require(condition: bool, what: str) -> None:  # noqa: FBT001
    if not condition:
        raise ValueError(f"parameters out of range: {what}")
