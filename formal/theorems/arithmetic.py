"""Arithmetic of numbers and of z3 terms alike: models are written once, and compared as numbers."""

from typing import Any

import z3

Term = Any


def maximum(left: Term, right: Term) -> Term:
    """Return the larger of two."""
    if isinstance(left, int) and isinstance(right, int):
        return max(left, right)
    return z3.If(left >= right, left, right)


def minimum(left: Term, right: Term) -> Term:
    """Return the smaller of two."""
    return -maximum(-left, -right)


def absolute(value: Term) -> Term:
    """Return the value without its sign."""
    return maximum(value, -value)


def is_quotient(quotient: Term, numerator: Term, denominator: Term) -> Term:
    """Return whether a number lies as far below a fraction as a division leaves it."""
    return z3.And(quotient * denominator <= numerator, numerator < (quotient + 1) * denominator)
