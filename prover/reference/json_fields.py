"""Typed access to parsed JSON; anything unexpected is an `UnreadableProof` that says where.

Readers are functions of one value; `field` and `items` run them and put the place in front of what
they report.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Self, TypeVar

from prover.reference.errors import UnreadableProof
from prover.reference.field import P
from prover.reference.json_text import quote

T = TypeVar("T")

HEX = re.compile(r"0x[0-9a-fA-F]{1,64}")
WORD_BOUND = 2**64


class Malformed(UnreadableProof):
    """A value that is not what its reader expects, and its place in the document."""

    def __init__(self, reason: str, place: str = "") -> None:
        """Keep both apart, so that the place can grow."""
        super().__init__(f"{place} {reason}" if place else reason)
        self.reason = reason
        self.place = place

    def within(self, name: str) -> Self:
        """Return the same error, seen from where the value has this name."""
        separator = "." if self.place and not self.place.startswith("[") else ""
        return type(self)(self.reason, f"{name}{separator}{self.place}")


def describe(value: object) -> str:
    """Return a value in a few words, for messages."""
    match value:
        case str():
            return quote(value)
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case None | bool() | int() | float():
            return json.dumps(value)[:40]
        case _:
            return type(value).__name__


def mapping(value: object, known: Collection[str] | None = None) -> Mapping[str, object]:
    """Return an object, all of whose keys are known if these are given."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise Malformed(f"is {describe(value)}, expected an object")
    for key in value:
        if known is not None and key not in known:
            raise Malformed(f"has the unknown key {quote(key)}")
    return value


def field(fields: Mapping[str, object], key: str, read: Callable[[object], T]) -> T:
    """Return what a reader makes of a value that must be there."""
    if key not in fields:
        raise Malformed("is missing", key)
    try:
        return read(fields[key])
    except Malformed as error:
        raise error.within(key) from None


def optional(fields: Mapping[str, object], key: str, read: Callable[[object], T], default: T) -> T:
    """Return the same, or the default if the key is absent."""
    return field(fields, key, read) if key in fields else default


def items(value: object, read: Callable[[object], T]) -> tuple[T, ...]:
    """Return what a reader makes of each item of an array."""
    if not isinstance(value, list | tuple):
        raise Malformed(f"is {describe(value)}, expected a list")
    return tuple(_item(index, item, read) for index, item in enumerate(value))


def _item(index: int, item: object, read: Callable[[object], T]) -> T:
    try:
        return read(item)
    except Malformed as error:
        raise error.within(f"[{index}]") from None


def integer(value: object) -> int:
    """Return a number from 0 to 2^64 - 1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < WORD_BOUND:
        raise Malformed(f"is {describe(value)}, expected an unsigned 64-bit number")
    return value


def integers(value: object) -> tuple[int, ...]:
    """Return an array of numbers from 0 to 2^64 - 1."""
    return items(value, integer)


def boolean(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise Malformed(f"is {describe(value)}, expected true or false")
    return value


def text(value: object) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise Malformed(f"is {describe(value)}, expected a string")
    return value


def felt(value: object) -> int:
    """Return a field element written as 0x and hexadecimal digits."""
    digits = text(value)
    if not HEX.fullmatch(digits) or int(digits, 16) >= P:
        found = describe(value)
        raise Malformed(f"is {found}, expected 0x and the digits of a number below p")
    return int(digits, 16)
