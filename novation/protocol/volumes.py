"""What an account has traded lately, and which tier of fees that gives it.

docs/spec/protocol.md, section 19. What is traded on a day counts from the next day on, so that the
fees of a day are known when it begins.
"""

from dataclasses import dataclass, replace

from novation.protocol.constants import (
    DAY_MS,
    MAX_FEE_TIERS,
    MILLE_ONE,
    PAST_VOLUME_BOUND,
    QUANTA_PER_KUSD,
    TIER_THRESHOLD_BOUND,
    TODAY_VOLUME_BOUND,
    VOLUME_DAYS,
)
from novation.protocol.errors import DecodeError
from novation.protocol.numeric import div_floor, pack, unpack

TIER_WIDTHS = (TIER_THRESHOLD_BOUND.bit_length() - 1, 10, 10)
# Tier, day, what was traded on it, what was traded before.
_VOLUME_WIDTHS = (
    3,
    16,
    TODAY_VOLUME_BOUND.bit_length() - 1,
    PAST_VOLUME_BOUND.bit_length() - 1,
)


@dataclass(frozen=True, slots=True)
class FeeTier:
    """What who has traded so much pays of the fees of each market, in thousandths of them."""

    threshold_kusd: int
    taker_permille: int
    maker_permille: int

    def __post_init__(self) -> None:
        """Refuse what is outside docs/spec/protocol.md, section 3, with a ValueError."""
        if not 0 <= self.threshold_kusd < TIER_THRESHOLD_BOUND:
            raise ValueError(f"tier at {self.threshold_kusd} thousand USD")
        shares = self.taker_permille, self.maker_permille
        if not all(0 <= share <= MILLE_ONE for share in shares):
            raise ValueError(f"tier with {shares} thousandths of the fees")

    @property
    def threshold_quanta(self) -> int:
        """What must have been traded."""
        return self.threshold_kusd * QUANTA_PER_KUSD


# Whoever has reached no tier, and a tier that nobody can reach.
BASE_TIER = FeeTier(0, MILLE_ONE, MILLE_ONE)
UNUSED_TIER = FeeTier(TIER_THRESHOLD_BOUND - 1, MILLE_ONE, MILLE_ONE)


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The tiers of fees by ascending threshold, always `MAX_FEE_TIERS` of them."""

    tiers: tuple[FeeTier, ...] = (UNUSED_TIER,) * MAX_FEE_TIERS

    def __post_init__(self) -> None:
        """Refuse another number of tiers, or another order, with a ValueError."""
        thresholds = [tier.threshold_kusd for tier in self.tiers]
        if len(thresholds) != MAX_FEE_TIERS or thresholds != sorted(thresholds):
            raise ValueError(f"tiers at {thresholds} thousand USD")

    @classmethod
    def of(cls, *tiers: FeeTier) -> "FeeSchedule":
        """Return the schedule of at most `MAX_FEE_TIERS` tiers."""
        return cls((*tiers, *(UNUSED_TIER,) * (MAX_FEE_TIERS - len(tiers))))

    def tier_of(self, volume_quanta: int) -> int:
        """Return the number of the highest tier that a volume reaches, 0 if it reaches none."""
        return sum(volume_quanta >= tier.threshold_quanta for tier in self.tiers)

    def tier(self, number: int) -> FeeTier:
        """Return a tier by its number."""
        return BASE_TIER if number == 0 else self.tiers[number - 1]

    def word(self) -> int:
        """Return the packed word in `params_felts`."""
        fields = (
            (value, width)
            for tier in self.tiers
            for value, width in zip(
                (tier.threshold_kusd, tier.taker_permille, tier.maker_permille),
                TIER_WIDTHS,
                strict=True,
            )
        )
        return pack(*fields)

    @classmethod
    def from_word(cls, word: int) -> "FeeSchedule":
        """Decode a packed word; DecodeError if it is not one that `word` returns."""
        values = unpack(word, *TIER_WIDTHS * MAX_FEE_TIERS)
        step = len(TIER_WIDTHS)
        try:
            tiers = (FeeTier(*values[i : i + step]) for i in range(0, len(values), step))
            return cls(tuple(tiers))
        except ValueError as error:
            raise DecodeError(str(error)) from error


NO_TIERS = FeeSchedule()


@dataclass(frozen=True, slots=True)
class Volume:
    """What an account had traded when it last traded: on that `day`, and before.

    `tier` is that of the day. `past_quanta` fades: each day a thirtieth of it is forgotten, and all
    of it behind 30 days without a trade.
    """

    tier: int = 0
    day: int = 0
    today_quanta: int = 0
    past_quanta: int = 0

    def on(self, day: int, schedule: FeeSchedule) -> "Volume":
        """Return the volume as it stands at the beginning of a later day, or of the same one."""
        if day == self.day:
            return self
        days_left = max(VOLUME_DAYS - (day - self.day), 0)
        past_quanta = div_floor((self.today_quanta + self.past_quanta) * days_left, VOLUME_DAYS)
        return Volume(schedule.tier_of(past_quanta), day, 0, past_quanta)

    def with_trade(self, notional_quanta: int) -> "Volume":
        """Return the volume after a trade on its day.

        A day's volume beyond its bound counts as one of before: nobody trades so much, and no sum
        of the circuit gets out of its width by it.
        """
        carried, today_quanta = divmod(self.today_quanta + notional_quanta, TODAY_VOLUME_BOUND)
        return replace(self, today_quanta=today_quanta, past_quanta=self.past_quanta + carried)

    def word(self) -> int:
        """Return the packed word of the leaf."""
        values = self.tier, self.day, self.today_quanta, self.past_quanta
        return pack(*zip(values, _VOLUME_WIDTHS, strict=True))

    @classmethod
    def from_word(cls, word: int) -> "Volume":
        """Decode a packed word; DecodeError if it has too many bits."""
        return cls(*unpack(word, *_VOLUME_WIDTHS))


# What a new account has traded.
NO_VOLUME = Volume()


def day_of(time_ms: int) -> int:
    """Return the day of a time, counted since 1970."""
    return div_floor(time_ms, DAY_MS)
