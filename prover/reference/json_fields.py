"""Typed access to parsed JSON; anything unexpected is an `UnreadableProof` that names the key."""

import re
from collections.abc import Mapping, Sequence

from prover.reference.errors import UnreadableProof
from prover.reference.field import P

HEX = re.compile(r"0x[0-9a-fA-F]{1,64}")
WORD_BOUND = 2**64


def mapping(value: object, name: str) -> Mapping[str, object]:
    """Return a JSON object."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UnreadableProof(f"{name} is not an object")
    return value


def sequence(fields: Mapping[str, object], key: str) -> Sequence[object]:
    """Return a JSON array."""
    value = fields.get(key)
    if not isinstance(value, list | tuple):
        raise UnreadableProof(f"{key} is not an array")
    return value


def known_keys(fields: Mapping[str, object], keys: set[str], name: str) -> None:
    """Refuse keys that nothing reads: they could not change the result, and hide mistakes."""
    unknown = set(fields) - keys
    if unknown:
        raise UnreadableProof(f"{name} has unknown keys {sorted(unknown)[:5]}")


def integer(fields: Mapping[str, object], key: str, default: int | None = None) -> int:
    """Return a number from 0 to 2^64 - 1."""
    value = fields.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < WORD_BOUND:
        raise UnreadableProof(f"{key} is not an unsigned 64-bit number")
    return value


def integers(fields: Mapping[str, object], key: str) -> tuple[int, ...]:
    """Return an array of numbers from 0 to 2^64 - 1."""
    return tuple(integer({key: value}, key) for value in sequence(fields, key))


def boolean(fields: Mapping[str, object], key: str, default: bool | None = None) -> bool:  # noqa: FBT001
    """Return true or false."""
    value = fields.get(key, default)
    if not isinstance(value, bool):
        raise UnreadableProof(f"{key} is not true or false")
    return value


def text(fields: Mapping[str, object], key: str, default: str | None = None) -> str:
    """Return a string."""
    value = fields.get(key, default)
    if not isinstance(value, str):
        raise UnreadableProof(f"{key} is not a string")
    return value


def felt(fields: Mapping[str, object], key: str) -> int:
    """Return a field element written as 0x and hexadecimal digits."""
    value = text(fields, key)
    if not HEX.fullmatch(value) or int(value, 16) >= P:
        raise UnreadableProof(f"{key} is not a field element in hexadecimal")
    return int(value, 16)
