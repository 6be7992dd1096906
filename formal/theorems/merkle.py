"""Merkle paths: one index has one path, and the old root fixes what the new one is made of."""

from itertools import combinations
from typing import Any, Final

import z3

from formal.theorems.theorem import Statement, Theorem
from novation.crypto import FIELD_PRIME

_NO_TOP: Final = "the top of the path is not checked"
_SIBLING: Final = "the new node's sibling is another guess"
_HIGH: Final = "the high limb is not checked"
_LEVELS: Final = 32
_LIMB: Final = 2**128


def _one_parent(fault: str) -> Statement:
    """State one step of a path from the top: who ends at index 1 knows parent and side.

    By induction from the root down, whose index is 1, a parent's index is below 2^level. Without
    the check at the top it is any field element, such as the half of an odd number.
    """
    index, quotients = z3.Int("index"), z3.Ints("quotient0 quotient1")
    parents, bits = z3.Ints("parent0 parent1"), z3.Ints("bit0 bit1")
    limit = FIELD_PRIME if fault == _NO_TOP else 2**_LEVELS
    known = [index >= 0, index < 2 ** (_LEVELS + 1)]
    for parent, bit, quotient in zip(parents, bits, quotients, strict=True):
        known += [bit >= 0, bit <= 1, parent >= 0, parent < limit]
        known.append(2 * parent + bit - index == FIELD_PRIME * quotient)
    return Statement(known, z3.And(bits[0] == bits[1], parents[0] == parents[1]))


def _climb(fault: str) -> Statement:
    """State one level: parents that were equal before and children that are equal after."""
    hashed = z3.Function("hash", z3.IntSort(), z3.IntSort(), z3.IntSort())
    before, after, sibling, sibling_after = (z3.Ints(f"{n}0 {n}1") for n in ("b", "a", "s", "t"))
    right = z3.Bool("right")
    pairs: list[tuple[Any, Any]] = []
    known = []
    for run in (0, 1):
        if fault != _SIBLING:
            known.append(sibling[run] == sibling_after[run])
        old = (before[run], sibling[run])
        new = (after[run], sibling_after[run])
        pairs.append((_children(right, old), _children(right, new)))
    # The hash has no known collision.
    for one, other in combinations([node for pair in pairs for node in pair], 2):
        known.append(z3.Implies(hashed(*one) == hashed(*other), _same(one, other)))
    (old_0, new_0), (old_1, new_1) = pairs
    known += [hashed(*old_0) == hashed(*old_1), after[0] == after[1]]
    return Statement(known, z3.And(before[0] == before[1], hashed(*new_0) == hashed(*new_1)))


def _children(right: z3.BoolRef, pair: tuple[Any, Any]) -> tuple[Any, Any]:
    child, sibling = pair
    return z3.If(right, sibling, child), z3.If(right, child, sibling)


def _same(one: tuple[Any, Any], other: tuple[Any, Any]) -> z3.BoolRef:
    return z3.And(one[0] == other[0], one[1] == other[1])


def _limbs(fault: str) -> Statement:
    """State that a sum of a low limb and a high one is of one pair only."""
    low, low_2, high, high_2 = z3.Ints("low low_2 high high_2")
    quotient = z3.Int("quotient")
    limit = FIELD_PRIME if fault == _HIGH else 2**123
    known = [
        z3.And(limb >= 0, limb < bound)
        for limb, bound in ((low, _LIMB), (low_2, _LIMB), (high, limit), (high_2, limit))
    ]
    known.append(low + high * _LIMB - low_2 - high_2 * _LIMB == FIELD_PRIME * quotient)
    return Statement(known, z3.And(low == low_2, high == high_2))


THEOREMS: Final = (
    Theorem("a node below a checked root has one parent and side", _one_parent, (_NO_TOP,)),
    Theorem("a level's old node and new child fix its new node", _climb, (_SIBLING,)),
    Theorem("two limbs below 2^128 and 2^123 have one sum", _limbs, (_HIGH,)),
)
