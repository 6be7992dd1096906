"""Packed words have one reading: a fact that solvers of inequalities find slowly or never.

Two runs have sums that are equal modulo the prime, with the same coefficients, each symbol in its
range. If their differences add up to less than the prime, they add up to 0 as integers; and if
each coefficient is larger than all that the lower ones can add up to, every difference is 0: the
highest one that is not would outweigh the rest. Fields of a packed word are such sums. A run that
knows some fields to be 0 has a sum without them.
"""

from dataclasses import dataclass

from formal.cairo.linear import Linear, Symbol
from formal.cairo.ranges import Ranges, around_zero
from novation.crypto import FIELD_PRIME

# Nothing stands for a field that is 0.
Pair = tuple[Symbol | None, Symbol | None]
Term = tuple[int, Symbol]


@dataclass(frozen=True)
class Reading:
    """If the symbols of each pair in `rest` are equal, those of each pair in `fields` are."""

    rest: tuple[Pair, ...]
    fields: tuple[Pair, ...]


def shape(form: Linear) -> tuple[object, ...] | None:
    """Return what forms must have in common to be compared, None if there is nothing to read."""
    shared = tuple((s.name, c) for s, c in form.terms if s.shared)
    return (form.constant, shared) if len(form.terms) - len(shared) > 1 else None


def reading(first: Linear, second: Linear, ranges: Ranges) -> Reading | None:
    """Return what follows if a form of the first run is equal to one of the second of its shape."""
    left, right = (
        sorted(((c, s) for s, c in form.terms if not s.shared), key=_size)
        for form in (first, second)
    )
    paired = _paired(left, right)
    if len(left) < len(right):
        paired = [(c, (one, other)) for c, (other, one) in _paired(right, left)]
    found = [(abs(around_zero(c)), _width(pair, ranges), pair) for c, pair in paired]
    rest: list[Pair] = []
    # Who is too wide to be a field, such as the word itself, is known or nothing is.
    while len(found) > 1 and not _has_one_reading(found):
        widest = max(found, key=lambda term: term[1])
        found.remove(widest)
        rest.append(widest[2])
    if len(found) < 2:  # noqa: PLR2004 - one field needs no lemma
        return None
    return Reading(tuple(rest), tuple(pair for _, _, pair in found))


def _paired(longer: list[Term], shorter: list[Term]) -> list[tuple[int, Pair]]:
    """Pair terms of equal coefficients; nothing if the shorter sum has others."""
    pairs: list[tuple[int, Pair]] = []
    left = list(shorter)
    for coefficient, symbol in longer:
        other = left.pop(0)[1] if left and left[0][0] == coefficient else None
        pairs.append((coefficient, (symbol, other)))
    return [] if left else pairs


def _size(term: tuple[int, Symbol]) -> tuple[int, int]:
    return abs(around_zero(term[0])), term[0]


def _width(pair: Pair, ranges: Ranges) -> int:
    ends = [
        end
        for run, symbol in enumerate(pair)
        for end in ((0,) if symbol is None else ranges.around_zero(symbol, run))
    ]
    return max(ends) - min(ends)


def _has_one_reading(found: list[tuple[int, int, Pair]]) -> bool:
    total = 0
    for coefficient, width, _ in found:
        if coefficient <= total:
            return False
        total += coefficient * width
    return total < FIELD_PRIME
