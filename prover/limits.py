"""What a proof may take of the machine. It changes no byte of the proof."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from typing import Final

UNIT_BYTES: Final = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
SIZE: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)([KMG])(?:i?B)?")
MAX_THREADS: Final = 1024
# Nothing is proven in less, and a size in bytes that forgot its unit is told from a wish.
MIN_BUDGET_BYTES: Final = 1 << 20
MAX_BUDGET_BYTES: Final = 1 << 50


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that the prover's process may have in use, and its threads; None is no limit."""

    memory_budget: int | None = None
    threads: int | None = None


UNLIMITED: Final = Limits()


def parse_size(text: str) -> int:
    """Return the bytes of a size such as 900M, 1.5G or 12GiB; units are powers of 1,024.

    Raises:
        ValueError: if the text is something else, or outside what a process can have.
    """
    match = SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 900M or 12G")
    size = int(float(match[1]) * UNIT_BYTES[match[2]])
    if not MIN_BUDGET_BYTES <= size <= MAX_BUDGET_BYTES:
        raise ValueError(f"{text!r} is not between 1M and {MAX_BUDGET_BYTES >> 30}G")
    return size


def parse_threads(text: str) -> int:
    """Return a number of threads; ValueError unless 1 to 1024."""
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_THREADS:
        raise ValueError(f"{text!r} is not a number of threads from 1 to {MAX_THREADS}")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a program that proves."""

    def size(text: str) -> int:
        try:
            return parse_size(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    def threads(text: str) -> int:
        try:
            return parse_threads(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    parser.add_argument("--memory-budget", type=size, metavar="SIZE", help="as 900M or 12G")
    parser.add_argument("--threads", type=threads, metavar="N", help="all processors by default")
