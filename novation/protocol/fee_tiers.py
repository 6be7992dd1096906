"""What accounts have paid of fees lately, and what of a batch's fees goes back to them.

docs/spec/protocol.md, section 20. A fill takes the whole fee; what a tier gives is credited when
the batch is sealed, so that no fill depends on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from novation.protocol.constants import (
    DAY_MS,
    FEE_DAYS,
    FEES_BOUND,
    MAX_FEE_TIERS,
    MAX_RETURNED_PERMILLE,
    MILLE_ONE,
    QUANTA_PER_USD,
    TIER_THRESHOLD_BOUND,
    TIME_BOUND,
)
from novation.protocol.errors import DecodeError
from novation.protocol.nonces import (
    WINDOW_BITS,
    NonceWindow,
    n_window_words,
    pack_windows,
    unpack_windows,
)
from novation.protocol.numeric import div_floor, pack, unpack

_SHARE_BITS = 10
_TIER_WIDTHS = (TIER_THRESHOLD_BOUND.bit_length() - 1, _SHARE_BITS)
# The day, and what counts of the fees.
_FEES_WIDTHS = ((TIME_BOUND // DAY_MS).bit_length(), FEES_BOUND.bit_length() - 1)
FEES_WORD_BITS = sum(_FEES_WIDTHS)


@dataclass(frozen=True, slots=True)
class FeeTier:
    """Who has paid so much in 30 days gets back thousandths of what else it pays."""

    threshold_usd: int
    returned_permille: int

    def __post_init__(self) -> None:
        """Refuse what is outside docs/spec/protocol.md, section 3, with a ValueError."""
        if not 0 <= self.threshold_usd < TIER_THRESHOLD_BOUND:
            raise ValueError(f"tier at {self.threshold_usd} USD of fees")
        if not 0 <= self.returned_permille <= MAX_RETURNED_PERMILLE:
            raise ValueError(f"tier with {self.returned_permille} thousandths returned")

    @property
    def threshold_quanta(self) -> int:
        """What must have been paid."""
        return self.threshold_usd * QUANTA_PER_USD


# Whoever has reached no tier, and a tier that nobody can reach.
BASE_TIER = FeeTier(0, 0)
UNUSED_TIER = FeeTier(TIER_THRESHOLD_BOUND - 1, 0)


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The tiers by ascending threshold, always `MAX_FEE_TIERS` of them, and who gets the rest.

    `insurance_permille` is what the insurance fund gets of the fees that are not returned. With
    `rebates` what takers pay counts for their makers as if these had paid it.
    """

    tiers: tuple[FeeTier, ...] = (UNUSED_TIER,) * MAX_FEE_TIERS
    insurance_permille: int = 0
    rebates: bool = False

    def __post_init__(self) -> None:
        """Refuse another number of tiers, another order or too large a share, with a ValueError."""
        thresholds = [tier.threshold_usd for tier in self.tiers]
        if len(thresholds) != MAX_FEE_TIERS or thresholds != sorted(thresholds):
            raise ValueError(f"tiers at {thresholds} USD of fees")
        if not 0 <= self.insurance_permille <= MILLE_ONE:
            raise ValueError(f"{self.insurance_permille} thousandths for insurance")

    @classmethod
    def of(
        cls, *tiers: FeeTier, insurance_permille: int = 0, rebates: bool = False
    ) -> "FeeSchedule":
        """Return the schedule of at most `MAX_FEE_TIERS` tiers."""
        unused = (UNUSED_TIER,) * (MAX_FEE_TIERS - len(tiers))
        return cls((*tiers, *unused), insurance_permille, rebates)

    def tier_of(self, fees_quanta: int) -> int:
        """Return the number of the highest tier that fees reach, 0 if they reach none."""
        return sum(fees_quanta >= tier.threshold_quanta for tier in self.tiers)

    def tier(self, number: int) -> FeeTier:
        """Return a tier by its number."""
        return BASE_TIER if number == 0 else self.tiers[number - 1]

    def insurance_quanta(self, kept_quanta: int) -> int:
        """Return what the insurance fund gets of the fees that nobody gets back."""
        return div_floor(kept_quanta * self.insurance_permille, MILLE_ONE)

    def word(self) -> int:
        """Return the packed word in `params_felts`."""
        fields = (
            (value, width)
            for tier in self.tiers
            for value, width in zip(
                (tier.threshold_usd, tier.returned_permille), _TIER_WIDTHS, strict=True
            )
        )
        return pack(*fields, (self.insurance_permille, _SHARE_BITS), (int(self.rebates), 1))

    @classmethod
    def from_word(cls, word: int) -> "FeeSchedule":
        """Decode a packed word; DecodeError if it is not one that `word` returns."""
        widths = (*_TIER_WIDTHS * MAX_FEE_TIERS, _SHARE_BITS, 1)
        *values, insurance_permille, rebates = unpack(word, *widths)
        try:
            tiers = tuple(map(FeeTier, values[::2], values[1::2]))
            return cls(tiers, insurance_permille, bool(rebates))
        except ValueError as error:
            raise DecodeError(str(error)) from error


NO_TIERS = FeeSchedule()


@dataclass(frozen=True, slots=True)
class FeesPaid:
    """What counts of the fees that an account has paid, as of the `day` when it last paid any.

    It fades: each day a thirtieth of it is forgotten, and all of it behind 30 days without a fee.
    """

    day: int = 0
    quanta: int = 0

    def on(self, day: int) -> "FeesPaid":
        """Return what counts at the beginning of a later day, or of the same one."""
        days_left = max(FEE_DAYS - (day - self.day), 0)
        return FeesPaid(day, div_floor(self.quanta * days_left, FEE_DAYS))

    def with_fees(self, fees_quanta: int) -> "FeesPaid":
        """Return what counts after more was paid on its day."""
        return FeesPaid(self.day, self.quanta + fees_quanta)

    def word(self) -> int:
        """Return the packed word of the leaf."""
        return pack(*zip((self.day, self.quanta), _FEES_WIDTHS, strict=True))

    @classmethod
    def from_word(cls, word: int) -> "FeesPaid":
        """Decode a packed word; DecodeError if it has too many bits."""
        return cls(*unpack(word, *_FEES_WIDTHS))


# What a new account has paid.
NO_FEES = FeesPaid()


def pack_with_fees(windows: Sequence[NonceWindow], fees_paid: FeesPaid) -> tuple[int, ...]:
    """Return the words of an account's windows, and of what it has paid of fees.

    That stands beside an only window, where another account has its second one, or else in front.
    """
    if len(windows) == 1:
        (window,) = windows
        return (pack((window.word(), WINDOW_BITS), (fees_paid.word(), FEES_WORD_BITS)),)
    return (fees_paid.word(), *pack_windows(windows))


def n_words_with_fees(n_keys: int) -> int:
    """Return how many words `pack_with_fees` has."""
    return 1 if n_keys == 1 else 1 + n_window_words(n_keys)


def unpack_with_fees(words: Sequence[int], n_keys: int) -> tuple[tuple[NonceWindow, ...], FeesPaid]:
    """Decode `pack_with_fees`; DecodeError if a word has too many bits."""
    if n_keys == 1:
        window, fees_word = unpack(words[0], WINDOW_BITS, FEES_WORD_BITS)
        return (NonceWindow.from_word(window),), FeesPaid.from_word(fees_word)
    return unpack_windows(words[1:], n_keys), FeesPaid.from_word(words[0])


def returned_quanta(known: FeesPaid, fees_quanta: int, day: int, schedule: FeeSchedule) -> int:
    """Return what goes back to an account of the fees that it has paid in a batch.

    Its tier is that of what it had paid before the batch, so that the order of fills does not
    matter.
    """
    tier = schedule.tier(schedule.tier_of(known.on(day).quanta))
    return div_floor(fees_quanta * tier.returned_permille, MILLE_ONE)


def day_of(time_ms: int) -> int:
    """Return the day of a time, counted since 1970."""
    return div_floor(time_ms, DAY_MS)
