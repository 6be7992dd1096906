"""Division with rest: quotient and remainder follow from what is divided."""

from typing import Final

import z3

from formal.theorems.theorem import Statement, Theorem

_NO_LOWER: Final = "a remainder below 0"
_NO_UPPER: Final = "a remainder as large as the divisor"


def _one_quotient(fault: str) -> Statement:
    """Two ways to divide one number are the same.

    The products are far below the field's prime, so that they are those of integers. The larger
    quotient is the smaller one and a rest of at least 1.
    """
    divisor, more, gap, first, second = z3.Ints("divisor more gap first second")
    known = [divisor > 0, more >= 0]
    for remainder in (first, second):
        known += [] if fault == _NO_LOWER else [remainder >= 0]
        known += [] if fault == _NO_UPPER else [remainder < divisor]
    # (quotient + more) * divisor + second = quotient * divisor + first.
    known += [gap == more * divisor, gap + second == first]
    return Statement(known, z3.And(more == 0, first == second))


THEOREMS: Final = (
    Theorem(
        "a quotient with a remainder below the divisor is the only one",
        _one_quotient,
        (_NO_LOWER, _NO_UPPER),
    ),
)
