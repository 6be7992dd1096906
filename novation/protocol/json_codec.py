"""Frozen dataclasses to JSON values and back, guided by their type hints.

A member of a union carries its class name as `type`. Integers that JavaScript and others cannot
hold exactly are hexadecimal strings.
"""

import dataclasses
import functools
import types
import typing
from enum import IntEnum
from typing import Any, TypeVar

_EXACT_BOUND = 2**53

T = TypeVar("T")


def to_plain(value: Any) -> Any:  # noqa: ANN401
    """Return the JSON value of a dataclass, tuple, int, str, bool or None."""
    kind: Any = type(value)
    # By what a witness has most of: this is a third of a seal.
    if kind is int:
        return value if -_EXACT_BOUND < value < _EXACT_BOUND else hex(value)
    if kind is tuple:
        return [to_plain(item) for item in value]
    if value is None or kind is bool or kind is str:
        return value
    if isinstance(value, IntEnum):
        return value.value
    plain = {"type": kind.__name__}
    for name in _field_names(kind):
        plain[name] = to_plain(getattr(value, name))
    return plain


def from_plain(expected: type[T], plain: Any) -> T:  # noqa: ANN401
    """Return the value of the type; ValueError, TypeError or KeyError if it does not fit."""
    return typing.cast("T", _decode(expected, plain))


def _decode(expected: Any, plain: Any) -> Any:  # noqa: ANN401
    if isinstance(expected, types.UnionType):
        return _decode_union(expected, plain)
    if typing.get_origin(expected) is tuple:
        if not isinstance(plain, list):
            raise TypeError(f"expected a list, got {plain!r:.40}")
        item_type = typing.get_args(expected)[0]
        return tuple(_decode(item_type, item) for item in plain)
    if dataclasses.is_dataclass(expected):
        return _decode_dataclass(expected, plain)
    return _decode_scalar(expected, plain)


def _decode_union(expected: types.UnionType, plain: Any) -> Any:  # noqa: ANN401
    members = [member for member in typing.get_args(expected) if member is not type(None)]
    if plain is None and len(members) < len(typing.get_args(expected)):
        return None
    if len(members) == 1:
        return _decode(members[0], plain)
    by_name = {member.__name__: member for member in members}
    return _decode_dataclass(by_name[plain["type"]], plain)


def _decode_dataclass(expected: Any, plain: Any) -> Any:  # noqa: ANN401
    if not isinstance(plain, dict) or plain.get("type") != expected.__name__:
        raise TypeError(f"expected {expected.__name__}, got {plain!r:.40}")
    hints = _hints(expected)
    if plain.keys() - {"type"} != hints.keys():
        raise TypeError(f"{expected.__name__} has fields {sorted(hints)}")
    return expected(**{name: _decode(hint, plain[name]) for name, hint in hints.items()})


def _decode_scalar(expected: Any, plain: Any) -> Any:  # noqa: ANN401
    if expected is bool or expected is str:
        if type(plain) is not expected:
            raise TypeError(f"expected {expected.__name__}, got {plain!r:.40}")
        return plain
    if isinstance(plain, str):
        plain = int(plain, 16)
    if type(plain) is not int:
        raise TypeError(f"expected an integer, got {plain!r:.40}")
    return expected(plain) if issubclass(expected, IntEnum) else plain


@functools.cache
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.init)


@functools.cache
def _hints(expected: Any) -> dict[str, Any]:  # noqa: ANN401
    hints = typing.get_type_hints(expected)
    return {field.name: hints[field.name] for field in dataclasses.fields(expected) if field.init}
