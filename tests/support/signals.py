"""Signals for processes that tests start and then interrupt."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def disposed(disposition: signal.Handlers) -> Iterator[None]:
    """Give processes that are started in the block this disposition for SIGINT and SIGTERM.

    A shell has its background commands ignore SIGINT, and children inherit that: what a test wants
    to interrupt is started with SIG_DFL.
    """
    previous = {number: signal.signal(number, disposition) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
