"""Reads a table of a configuration file strictly: each key once, in range, and none unknown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar, cast

from oracle.errors import OracleError

T = TypeVar("T")
MAX_TEXT: Final = 2_048
MAX_SHOWN: Final = 80


class Table:
    """One table; `close` refuses what nobody has asked for."""

    def __init__(self, path: str, values: object) -> None:
        """Name the table for messages; OracleError if it is none."""
        if not isinstance(values, Mapping):
            raise OracleError(f"{path}: {_kind(values)}; wanted is a table")
        self.path = path
        self._values = cast("Mapping[str, object]", values)
        self._asked: set[str] = set()

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Return an integer of `low` to `high`."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name, value, f"an integer from {low} to {high}")
        if not low <= value <= high:
            raise OracleError(f"{self.at(name)}: {value} is not from {low} to {high}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def text(self, name: str, default: str | None = None, longest: int = MAX_TEXT) -> str:
        """Return a text of 1 to `longest` characters; `default` may be empty."""
        value = self._take(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, value, f"a text of 1 to {longest} characters")
        if value != default and not 1 <= len(value) <= longest:
            raise OracleError(f"{self.at(name)}: {len(value)} characters, not from 1 to {longest}")
        return value

    def choice(self, name: str, known: Sequence[str], default: str | None = None) -> str:
        """Return one of some texts."""
        value = self._take(name, default)
        if value not in known:
            raise self._wrong(name, value, f"one of {', '.join(known)}")
        return str(value)

    def parsed(self, name: str, parse: Callable[[str], T], default: str | None = None) -> T:
        """Return what a text means; `parse` raises a ValueError if it means nothing."""
        text = self.text(name, default)
        try:
            return parse(text)
        except ValueError as error:
            raise OracleError(f"{self.at(name)}: {error}") from error

    def tables(self, name: str, most: int) -> list["Table"]:
        """Return 1 to `most` tables."""
        values = self._take(name, None)
        if not isinstance(values, list):
            raise self._wrong(name, values, f"1 to {most} tables")
        if not 1 <= len(values) <= most:
            raise OracleError(f"{self.at(name)}: {len(values)} tables, not from 1 to {most}")
        return [Table(f"{self.at(name)}[{place}]", value) for place, value in enumerate(values)]

    def close(self) -> None:
        """Refuse keys that mean nothing here: a misspelt one must not go unnoticed."""
        unknown = sorted(self._values.keys() - self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked))
            raise OracleError(f"{self.at(unknown[0])}: unknown; known are {known}")

    def at(self, name: str) -> str:
        """Return how a message names a key of this table."""
        return f"{self.path}.{name}" if self.path else name

    def _take(self, name: str, default: object) -> object:
        self._asked.add(name)
        if name in self._values:
            return self._values[name]
        if default is None:
            raise OracleError(f"{self.at(name)}: missing")
        return default

    def _wrong(self, name: str, value: object, wanted: str) -> OracleError:
        return OracleError(f"{self.at(name)}: {_kind(value)}; wanted is {wanted}")


def _kind(value: object) -> str:
    text = repr(value)
    return (
        f"{text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + '...'} ({type(value).__name__})"
    )
