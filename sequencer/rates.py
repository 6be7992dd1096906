"""How often somebody may do something: so many per second, and so many at once."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sequencer.settings import check_setting

MS_PER_S: Final = 1_000
MAX_RATE: Final = 1_000_000
# A bucket is remembered until it is full again: so long at most, twice that if tokens are owed.
MAX_REFILL_S: Final = 60

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """What one key may send, and what a connection may that no key pays for.

    `cancels` are cancellations, `orders` everything else that a key signs. `strays` are messages
    with a bad signature or a nonce that was used: beyond these a connection's messages wait until
    nobody else's do.
    """

    key_orders_per_s: int = 200
    key_orders_burst: int = 400
    key_cancels_per_s: int = 400
    key_cancels_burst: int = 800
    connection_strays_per_s: int = 100
    connection_strays_burst: int = 400

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, rates that are none, and cancellations rarer than orders."""
        kinds = (
            ("key_orders", 1, 1),
            ("key_cancels", self.key_orders_per_s, self.key_orders_burst),
            ("connection_strays", 1, 1),
        )
        for kind, least_per_s, least_burst in kinds:
            per_s = getattr(self, f"{kind}_per_s")
            check_setting(f"{kind}_per_s", per_s, least_per_s, MAX_RATE)
            burst, most = getattr(self, f"{kind}_burst"), MAX_REFILL_S * per_s
            check_setting(f"{kind}_burst", burst, least_burst, most)


class TokenBuckets(Generic[Name]):
    """A bucket for each name: `burst` tokens at first, `per_s` more each second.

    A full bucket is as good as none and forgotten, so that there are never more than tokens were
    taken in the time that a bucket takes to fill, twice that where tokens are owed.
    """

    def __init__(self, per_s: int, burst: int) -> None:
        """All buckets are full."""
        self._per_s = per_s
        self._full = burst * MS_PER_S
        # Thousandths of a token left, and when; least recently used first.
        self._levels: OrderedDict[Name, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many buckets are remembered."""
        return len(self._levels)

    def left(self, name: Name, now_ms: int) -> int:
        """Return the whole tokens left; below zero where more were taken."""
        return self._level(name, now_ms) // MS_PER_S

    def take(self, name: Name, now_ms: int, n_tokens: int = 1) -> None:
        """Take tokens, or owe them."""
        # Debt has a bound, so that it is paid back within two refills.
        level = max(self._level(name, now_ms) - n_tokens * MS_PER_S, -self._full)
        self._levels[name] = level, now_ms
        self._levels.move_to_end(name)
        while self._level(oldest := next(iter(self._levels)), now_ms) == self._full:
            del self._levels[oldest]

    def wait_ms(self, name: Name, now_ms: int, n_tokens: int = 1) -> int:
        """Return in how many milliseconds there are so many tokens, 0 if there are."""
        missing = n_tokens * MS_PER_S - self._level(name, now_ms)
        return max(0, -(-missing // self._per_s))

    def _level(self, name: Name, now_ms: int) -> int:
        if name not in self._levels:
            return self._full
        level, since_ms = self._levels[name]
        return min(self._full, level + self._per_s * (now_ms - since_ms))
