"""Reading fixed-width fields from bytes without ever failing in another way than DecodeError."""

from enum import IntEnum
from typing import TypeVar

from novation.protocol.errors import DecodeError

E = TypeVar("E", bound=IntEnum)


class ByteReader:
    """Takes big-endian integers from the front."""

    def __init__(self, data: bytes) -> None:
        """Read from the start of the data."""
        self._data = data
        self._position = 0

    def integer(self, n_bytes: int, bound: int | None = None) -> int:
        """Return the next integer; DecodeError if it is missing or not below the bound."""
        end = self._position + n_bytes
        if end > len(self._data):
            raise DecodeError(f"data ends at byte {len(self._data)}, needed {end}")
        value = int.from_bytes(self._data[self._position : end], "big")
        if bound is not None and value >= bound:
            raise DecodeError(f"value {value} at byte {self._position} not below {bound}")
        self._position = end
        return value

    def finish(self) -> None:
        """Raise DecodeError if something is left."""
        if self._position != len(self._data):
            raise DecodeError(f"{len(self._data) - self._position} bytes too many")


def decode_enum(enum: type[E], value: int) -> E:
    """Return the member with the value; DecodeError if there is none."""
    try:
        return enum(value)
    except ValueError as error:
        raise DecodeError(str(error)) from error
