"""Which nonces a key slot has used: each message of it at most once, whatever the order."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from novation.protocol.constants import NONCE_BOUND, NONCE_STEP, SKIPPED_NONCES
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.numeric import pack, unpack

NONCE_BITS = NONCE_BOUND.bit_length() - 1
WINDOW_BITS = NONCE_BITS + SKIPPED_NONCES
WINDOWS_PER_WORD = 2
_ALL_SKIPPED = (1 << SKIPPED_NONCES) - 1


@dataclass(frozen=True, slots=True)
class NonceWindow:
    """The highest nonce that a slot has used, 0 if none, and those below that it has skipped.

    Bit i of `skipped` is set if nonce high - 1 - i was not used and still may be. Of what lies
    further below, nothing may. Another key in the slot may use none of them.
    """

    high: int = 0
    skipped: int = 0

    @property
    def lowest(self) -> int:
        """The lowest nonce that may be used."""
        return self.high - self.skipped.bit_length() if self.skipped else self.high + 1

    def is_next(self, nonce: int) -> bool:
        """Return whether the nonce follows a window without gaps, which costs least to prove."""
        return self.skipped == 0 and nonce == self.high + 1

    def refusal(self, nonce: int) -> InvalidTransaction | None:
        """Return why the nonce may not be used, None if it may."""
        high = self.high
        if nonce > high + NONCE_STEP:
            return InvalidTransaction(
                ErrorCode.NONCE_TOO_FAR,
                f"nonce {nonce} > {high + NONCE_STEP}, the last is {high}",
                Broken("nonce", nonce, high + NONCE_STEP),
            )
        if nonce < high - SKIPPED_NONCES:
            return InvalidTransaction(
                ErrorCode.NONCE_TOO_OLD,
                f"nonce {nonce} < {high - SKIPPED_NONCES}, the last is {high}",
                Broken("nonce", nonce, self.lowest),
            )
        if nonce <= high and not self._is_skipped(nonce):
            return InvalidTransaction(
                ErrorCode.NONCE_USED,
                f"nonce {nonce} was used, the last is {high}",
                Broken("nonce", nonce, high + 1),
            )
        return None

    def _is_skipped(self, nonce: int) -> bool:
        return nonce < self.high and bool(self.skipped >> (self.high - 1 - nonce) & 1)

    def with_used(self, nonce: int) -> "NonceWindow":
        """Return the window after a nonce that may be used."""
        step = nonce - self.high
        if step <= 0:
            return NonceWindow(self.high, self.skipped & ~(1 << -step >> 1))
        if step > SKIPPED_NONCES:
            return NonceWindow(nonce, _ALL_SKIPPED)
        # Behind the old ones: the old highest, which is used, and those that were passed now.
        passed = (1 << (step - 1)) - 1
        return NonceWindow(nonce, ((self.skipped << step) + passed) & _ALL_SKIPPED)

    def of_another_key(self) -> "NonceWindow":
        """Return the window after another key took the slot: nothing below is free."""
        return NonceWindow(self.high)

    def word(self) -> int:
        """Return the packed window."""
        return pack((self.high, NONCE_BITS), (self.skipped, SKIPPED_NONCES))

    @classmethod
    def from_word(cls, word: int) -> "NonceWindow":
        """Decode a packed window; DecodeError if it has too many bits."""
        return cls(*unpack(word, NONCE_BITS, SKIPPED_NONCES))


def pack_windows(windows: Sequence[NonceWindow]) -> tuple[int, ...]:
    """Return the words of the windows of an account's slots, two in each."""
    starts = range(0, len(windows), WINDOWS_PER_WORD)
    return tuple(_window_word(windows[start : start + WINDOWS_PER_WORD]) for start in starts)


def _window_word(windows: Sequence[NonceWindow]) -> int:
    return pack(*((window.word(), WINDOW_BITS) for window in windows))


def unpack_windows(words: Sequence[int], n_keys: int) -> tuple[NonceWindow, ...]:
    """Decode `pack_windows` of so many; DecodeError if a word has more than its windows."""
    n_last = n_keys - (len(words) - 1) * WINDOWS_PER_WORD
    counts = [*([WINDOWS_PER_WORD] * (len(words) - 1)), n_last]
    parts = (unpack(word, *[WINDOW_BITS] * n) for word, n in zip(words, counts, strict=True))
    return tuple(map(NonceWindow.from_word, itertools.chain.from_iterable(parts)))


def n_window_words(n_keys: int) -> int:
    """Return how many words the windows of so many slots take."""
    return -(-n_keys // WINDOWS_PER_WORD)
