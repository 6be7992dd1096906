"""Waiting times between attempts at something that is down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackoffPolicy:
    """Doubling delays between two limits."""

    first_ms: int = 500
    longest_ms: int = 30_000


class Backoff:
    """The delay before the next attempt: doubles with each failure, starts over after a success."""

    def __init__(self, policy: BackoffPolicy) -> None:
        """Start as after a success."""
        self._policy = policy
        self._next_ms = policy.first_ms

    def after_failure_ms(self) -> int:
        """Return how long to wait now."""
        delay_ms = self._next_ms
        self._next_ms = min(2 * delay_ms, self._policy.longest_ms)
        return delay_ms

    def reset(self) -> None:
        """Note a success."""
        self._next_ms = self._policy.first_ms
