"""Decimal numbers as venues write them, exact from the first to the last digit: never a float."""

import re
from fractions import Fraction
from typing import Final

from novation.protocol.constants import PRICE_X16_BOUND, PRICE_X16_ONE

# JSON's number without a sign: prices and times are positive, and zero is refused by its range.
_DECIMAL: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,2}))?", re.ASCII)
# Longer than any price; a venue must not make us multiply numbers of a million digits.
MAX_CHARACTERS: Final = 48
MAX_EXPONENT: Final = 30


def parse_decimal(text: str) -> Fraction:
    """Return the number that a text is; ValueError if it is none, or too long to be a price."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a number of {len(text)} characters, at most {MAX_CHARACTERS}")
    if (match := _DECIMAL.fullmatch(text)) is None:
        raise ValueError(f"{text!r} is not a decimal number without a sign")
    whole, fraction, exponent = match[1], match[2] or "", int(match[3] or 0)
    if abs(exponent) > MAX_EXPONENT:
        raise ValueError(f"exponent {exponent} of {text!r}, at most {MAX_EXPONENT}")
    return Fraction(int(whole + fraction)) * Fraction(10) ** (exponent - len(fraction))


def price_x16(price: Fraction, tick_decimals: int) -> int:
    """Return a USD price in ticks with 16 fraction bits; what is left of a bit is cut off.

    Raises:
        ValueError: if no report can say it: not from 1 to PRICE_X16_BOUND - 1.
    """
    scaled = price * Fraction(10) ** tick_decimals * PRICE_X16_ONE
    value = scaled.numerator // scaled.denominator
    if not 1 <= value < PRICE_X16_BOUND:
        raise ValueError(f"price_x16 {value} is not from 1 to {PRICE_X16_BOUND - 1}")
    return value
