"""How many oracle reports have their signatures checked: that takes the event loop's own time.

A report counts for a key only if the key has signed it, so that nobody can use up an oracle's
tokens; what is forged counts for the connection that brought it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from novation.protocol.errors import InvalidTransaction
from sequencer.clock import Clock
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.rates import Name, TokenBuckets

# A node reports once a second; one that starts again, or has two clocks, may be quicker.
REPORTS_PER_S: Final = 10
REPORTS_BURST: Final = 100


class ReportRates:
    """Buckets of the committee's keys, and of connections."""

    def __init__(self, clock: Clock) -> None:
        """Measure time with `clock`."""
        self._clock = clock
        self._keys = TokenBuckets[int](REPORTS_PER_S, REPORTS_BURST)
        self._connections = TokenBuckets[str](REPORTS_PER_S, REPORTS_BURST)

    @contextmanager
    def admitted(self, key: int, connection: str) -> Iterator[None]:
        """Let the block check a report's signature; it raises InvalidTransaction if it is forged.

        Raises:
            RequestRefusedError: nothing is left for the key, or for the connection.
        """
        now_ms = self._clock.elapsed_ms()
        _refuse_empty(self._keys, key, "reports_burst", now_ms)
        _refuse_empty(self._connections, connection, "forged_reports_burst", now_ms)
        try:
            yield
        except InvalidTransaction:
            self._connections.take(connection, now_ms)
            raise
        self._keys.take(key, now_ms)


def _refuse_empty(buckets: TokenBuckets[Name], name: Name, field: str, now_ms: int) -> None:
    if buckets.left(name, now_ms) >= 1:
        return
    wait_ms = buckets.wait_ms(name, now_ms)
    sentence = (
        f"{REPORTS_BURST} of {REPORTS_BURST} {field.removesuffix('_burst')} at once are used, "
        f"{REPORTS_PER_S} per second come back; try again in {wait_ms} ms"
    )
    context = ErrorContext(field, str(REPORTS_BURST), str(REPORTS_BURST + 1), wait_ms)
    raise RequestRefusedError(NodeErrorCode.RATE_LIMITED, sentence, context)
