"""What a bid takes of a failing account, and what it is given: `novation/protocol/auction.py`."""

from typing import Any, Final

import z3

from formal.theorems.margin import gain_on_health
from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import PPM_ONE, SHARE_X16_ONE

Term = Any


def is_quotient(quotient: Term, numerator: Term, denominator: Term) -> Term:
    """Return whether a number lies as far below a fraction as a division leaves it."""
    return z3.And(quotient * denominator <= numerator, numerator < (quotient + 1) * denominator)


def _bid_keeps_health(fault: str) -> Statement:
    """In units in which a quantum of the discount is a unit of equity."""
    equity, required, left, behind, given, part, rounding = z3.Ints("e q q1 behind given d up")
    released = required - left
    if fault == "as if a lot more were taken":
        released += 1
    known = [
        equity >= 0,
        required > 0,
        left >= 0,
        left <= required,
        is_quotient(behind, equity * released, required),
        # The price of the lots is rounded up: the account gets no less than what they were worth.
        rounding >= (-1 if fault == "the price is rounded down" else 0),
        part >= 0,
        part <= PPM_ONE + (1 if fault == "more than all is given" else 0),
        given * PPM_ONE <= behind * part,
    ]
    if fault == "it was below zero before":
        known[0] = equity >= -1
        known.append(given >= 0)
    after = equity + rounding - given
    follows = [gain_on_health((equity, required), (after, left)) >= 0, after >= 0]
    return Statement(known, z3.And(follows))


def _share_is_at_most_all(fault: str) -> Statement:
    """Of an account that fails: its equity, times 10^6, is below what it must have at first."""
    equity, initial, part, share = z3.Ints("e i d share")
    lacking = initial - equity * PPM_ONE
    known = [
        equity >= 0,
        equity * PPM_ONE < initial + (1 if fault == "it does not fail" else 0),
        part >= 0,
        part <= PPM_ONE,
        # Rounded up.
        (share - 1) * (initial - equity * part) < lacking * SHARE_X16_ONE,
        share * (initial - equity * part) >= lacking * SHARE_X16_ONE,
    ]
    if fault == "more than all is given":
        known[3] = part <= PPM_ONE + 1
    return Statement(known, z3.And(share > 0, share <= SHARE_X16_ONE))


def _enough_restores(fault: str) -> Statement:
    """With all in parts of one share: equity less what is given of it covers what is left."""
    equity, initial, part, share = z3.Ints("e i d share")
    divisor = initial - equity * part
    needed = (initial - equity * PPM_ONE) * SHARE_X16_ONE
    known = [
        equity >= 0,
        equity * PPM_ONE < initial,
        part >= 0,
        part <= PPM_ONE,
        share * divisor >= needed - (divisor if fault == "rounded down" else 0),
    ]
    equity_after = equity * PPM_ONE * SHARE_X16_ONE - share * equity * part
    return Statement(known, equity_after >= initial * (SHARE_X16_ONE - share))


THEOREMS: Final = (
    Theorem(
        "a bid keeps health, and equity at zero or above",
        _bid_keeps_health,
        (
            "as if a lot more were taken",
            "the price is rounded down",
            "more than all is given",
            "it was below zero before",
        ),
    ),
    Theorem(
        "no bid needs more than all of a failing account",
        _share_is_at_most_all,
        ("it does not fail", "more than all is given"),
    ),
    Theorem(
        "the share of a bid that is enough restores initial margin",
        _enough_restores,
        ("rounded down",),
    ),
)
