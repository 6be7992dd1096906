"""Margin and fees. The functions take numbers or z3 terms; tests compare them with the STF."""

from typing import Any, Final

import z3

from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import PPM_ONE, RATE_BOUND

Term = Any


def maximum(left: Term, right: Term) -> Term:
    """Return the larger of two."""
    if isinstance(left, int) and isinstance(right, int):
        return max(left, right)
    return z3.If(left >= right, left, right)


def absolute(value: Term) -> Term:
    """Return the value without its sign."""
    return maximum(value, -value)


def exposure_lots(size: Term, buys: Term, sells: Term) -> Term:
    """Return the larger absolute position that the open orders can lead to."""
    return maximum(size + buys, sells - size)


def fee_quanta(notional: Term, rate_ppm: Term) -> Term:
    """Return the fee: rounded up."""
    numerator = notional * rate_ppm + PPM_ONE - 1
    return numerator // PPM_ONE if isinstance(numerator, int) else numerator / PPM_ONE


def health_not_worse(before: tuple[Term, Term], after: tuple[Term, Term]) -> Term:
    """Return whether equity over maintenance requirement did not fall; pairs of the two."""
    return after[0] * before[1] >= before[0] * after[1]


def does_not_grow(size: Term, size_after: Term) -> Term:
    """Return whether a position did not grow or flip."""
    no_larger = absolute(size_after) <= absolute(size)
    same_side = size * size_after >= 0
    if isinstance(no_larger, bool):
        return no_larger and same_side
    return z3.And(no_larger, same_side)


def _reduced_stays_solvent(fault: str) -> Statement:
    equity, margin, equity_after, margin_after = z3.Ints("equity margin equity_after margin_after")
    known = [
        equity >= (-1 if fault == "it was below zero before" else 0),
        margin > (-1 if fault == "there was no position before" else 0),
        margin_after >= 0,
        health_not_worse((equity, margin), (equity_after, margin_after)),
    ]
    return Statement(known, equity_after >= 0)


def _exposure_bounds_position(fault: str) -> Statement:
    size, buys, sells, filled_buys, filled_sells = z3.Ints("size buys sells fb fs")
    known = [
        buys >= 0,
        sells >= 0,
        filled_buys >= 0,
        filled_buys <= buys,
        filled_sells >= 0,
        filled_sells <= sells,
    ]
    exposure = exposure_lots(size, buys, sells)
    if fault == "the larger sum of one side only":
        exposure = maximum(size + buys, size)
    if fault == "the position alone":
        exposure = absolute(size)
    return Statement(known, absolute(size + filled_buys - filled_sells) <= exposure)


def _initial_covers_maintenance(fault: str) -> Statement:
    size, buys, sells, value, initial, maintenance = z3.Ints("size buys sells value i m")
    known = [buys >= 0, sells >= 0, value >= 0, maintenance >= 0]
    if fault != "rates in any order":
        known.append(initial >= maintenance)
    exposure = exposure_lots(size, buys, sells)
    # Products of the lot value are compared per lot value: it is not negative.
    known.append(initial >= 0)
    held = absolute(size) if fault != "orders count as held" else absolute(size) + buys + sells
    return Statement(known, exposure * initial >= held * maintenance)


def _fee_rounds_up(fault: str) -> Statement:
    notional, rate = z3.Ints("notional rate")
    fee = fee_quanta(notional, rate)
    if fault == "rounded down":
        fee = notional * rate / PPM_ONE
    known = [notional >= 0, notional < 2**80, rate >= 0, rate < RATE_BOUND]
    exact = notional * rate
    return Statement(known, z3.And(fee * PPM_ONE >= exact, (fee - 1) * PPM_ONE < exact))


def _fee_is_no_more_than_notional(fault: str) -> Statement:
    notional, rate = z3.Ints("notional rate")
    limit = RATE_BOUND if fault == "rates up to 2^20" else PPM_ONE
    known = [notional >= 0, rate >= 0, rate <= limit]
    return Statement(known, fee_quanta(notional, rate) <= notional)


def _no_growth_keeps_side(fault: str) -> Statement:
    size, after = z3.Ints("size after")
    rule = does_not_grow(size, after)
    if fault == "squares only":
        rule = after * after <= size * size
    known = [rule, absolute(size) < 2**36, absolute(after) < 2**36]
    side = z3.And(z3.Implies(size > 0, after >= 0), z3.Implies(size < 0, after <= 0))
    return Statement(known, z3.And(side, z3.Implies(size == 0, after == 0)))


def _bound_is_kept(fault: str) -> Statement:
    """Of buys; sells are the same with the signs turned."""
    size, buys, bound, filled, reduced, sold = z3.Ints("size buys bound filled reduced sold")
    held = size if fault == "a position of the other side makes room" else maximum(size, 0)
    known = [held + buys < bound, filled >= 0, filled <= buys, reduced >= 0, sold >= 0]
    if fault != "reduce-only orders flip":
        known.append(reduced <= maximum(-size, 0))
    after = size + reduced
    return Statement(
        known,
        z3.And(
            maximum(after, 0) + buys < bound,
            maximum(size + filled, 0) + buys - filled < bound,
            maximum(size - sold, 0) + buys < bound,
        ),
    )


def _squares_compare_sizes(fault: str) -> Statement:
    size, after = z3.Ints("size after")
    difference = size * size - after * after - (1 if fault == "equal sizes fail" else 0)
    return Statement([], (difference >= 0) == (absolute(after) <= absolute(size)))


THEOREMS: Final = (
    Theorem(
        "a reducing operation keeps equity at zero or above",
        _reduced_stays_solvent,
        ("it was below zero before", "there was no position before"),
    ),
    Theorem(
        "exposure bounds the position that any fills of what it counts can lead to",
        _exposure_bounds_position,
        ("the larger sum of one side only", "the position alone"),
    ),
    Theorem(
        "the initial requirement covers maintenance",
        _initial_covers_maintenance,
        ("rates in any order", "orders count as held"),
    ),
    Theorem("a fee is the exact one rounded up", _fee_rounds_up, ("rounded down",)),
    Theorem(
        "a fee is not above the notional", _fee_is_no_more_than_notional, ("rates up to 2^20",)
    ),
    Theorem(
        "a position that does not grow keeps its side", _no_growth_keeps_side, ("squares only",)
    ),
    Theorem(
        "no fill brings a position to its bound",
        _bound_is_kept,
        ("a position of the other side makes room", "reduce-only orders flip"),
    ),
    Theorem(
        "the circuit's squares compare absolute sizes",
        _squares_compare_sizes,
        ("equal sizes fail",),
    ),
)
