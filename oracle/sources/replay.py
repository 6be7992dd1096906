"""Repeats a file of times and prices, for tests and simulations.

A `.csv` file has the header `time_ms,price`, a `.jsonl` file an object with these members in each
line. Times ascend. After the last line the price grows stale.
"""

import csv
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from oracle.clock import Clock, sleep_until
from oracle.config import ReplaySource
from oracle.decimal_text import parse_decimal
from oracle.json_pointer import parse_json
from oracle.sources.feed import Feed

COLUMNS: Final = ["time_ms", "price"]


class ReplayAdapter:
    """Says each price when its time has come."""

    def __init__(self, setup: ReplaySource, feed: Feed, clock: Clock) -> None:
        """Start now, if times are relative."""
        self._setup = setup
        self._feed = feed
        self._clock = clock
        self._start_ms = clock.now_ms() if setup.is_relative else 0

    async def run(self) -> None:
        """Say all prices; a file that cannot be read to its end is a fault of the source."""
        try:
            for time_ms, price in rows(self._setup):
                due_ms = self._start_ms + time_ms
                await sleep_until(self._clock, due_ms)
                self._feed.take(price, due_ms, due_ms)
        except (OSError, ValueError) as error:
            self._feed.fail(f"{self._setup.path}: {error}")
        else:
            self._feed.fail(f"{self._setup.path}: no price after the last line")


def rows(setup: ReplaySource) -> Iterator[tuple[int, Fraction]]:
    """Read times and prices one by one; ValueError names the first line that is wrong."""
    read = {".csv": _csv_rows, ".jsonl": _jsonl_rows}.get(setup.path.suffix)
    if read is None:
        raise ValueError(f"suffix {setup.path.suffix!r} is neither .csv nor .jsonl")
    last_ms = -1
    for line, (time, price) in read(setup):
        if not (time.isascii() and time.isdigit()):
            raise ValueError(f"line {line}: time {time!r} is not in milliseconds")
        if int(time) <= last_ms:
            raise ValueError(f"line {line}: time {time} is not after {last_ms}")
        last_ms = int(time)
        yield last_ms, parse_decimal(price)


def _csv_rows(setup: ReplaySource) -> Iterator[tuple[int, tuple[str, str]]]:
    with setup.path.open(encoding="ascii", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            if next(reader, None) != COLUMNS:
                raise ValueError(f"line 1: the header must be {','.join(COLUMNS)}")
            for row in reader:
                if len(row) != len(COLUMNS):
                    raise ValueError(f"line {reader.line_num}: {len(row)} columns, not 2")
                yield reader.line_num, (row[0], row[1])
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num}: {error}") from error


def _jsonl_rows(setup: ReplaySource) -> Iterator[tuple[int, tuple[str, str]]]:
    with setup.path.open(encoding="ascii") as file:
        for line, text in enumerate(file, 1):
            row = parse_json(text)
            if not isinstance(row, dict) or sorted(row) != sorted(COLUMNS):
                raise ValueError(f"line {line}: wanted is an object with {', '.join(COLUMNS)}")
            yield line, (str(row["time_ms"]), str(row["price"]))
