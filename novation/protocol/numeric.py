"""Integer helpers: written rounding, and packing of bounded fields into one field element."""

from novation.protocol.errors import Broken, DecodeError, ErrorCode, InvalidTransaction


def div_floor(numerator: int, denominator: int) -> int:
    """Return the quotient rounded down; the denominator is positive."""
    return numerator // denominator


def div_ceil(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded up; the denominator is positive."""
    return -(-numerator // denominator)


def pack(*fields: tuple[int, int]) -> int:
    """Return the word of `(value, width in bits)` fields, the first in the lowest bits.

    A value outside `[0, 2^width)` is our fault: an assertion.
    """
    word, shift = 0, 0
    for value, width in fields:
        assert 0 <= value < 1 << width, f"{value} does not fit {width} bits"
        word |= value << shift
        shift += width
    return word


def unpack(word: int, *widths: int) -> tuple[int, ...]:
    """Return the fields of a packed word; DecodeError if it has more bits than the widths."""
    if word < 0 or word >> sum(widths):
        raise DecodeError(f"{word:#x} does not fit {sum(widths)} bits")
    values = []
    for width in widths:
        values.append(word & ((1 << width) - 1))
        word >>= width
    return tuple(values)


def check_field(name: str, value: int, low: int, bound: int) -> None:
    """Raise InvalidTransaction(INVALID_FIELD) unless `low <= value < bound`."""
    if not low <= value < bound:
        raise InvalidTransaction(
            ErrorCode.INVALID_FIELD,
            f"{name} {value} not in {low}..{bound - 1}",
            Broken(name, value, low if value < low else bound - 1),
        )
