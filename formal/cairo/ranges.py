"""Ranges of field elements, as far as they follow from single sums: most checks are bounds.

A field element is a number in [0, prime). A bound on a sum of several says something of each, and
without these ranges a solver would have to find out by itself which of the sums wrap around.
"""

from dataclasses import dataclass, field
from typing import Final

from formal.cairo.linear import Linear, Symbol
from formal.cairo.state import RC_BOUND, State
from novation.crypto import FIELD_PRIME

_ROUNDS: Final = 12
_HALF: Final = FIELD_PRIME // 2
_ALL: Final = (0, FIELD_PRIME - 1)
_AROUND: Final = (-_HALF, _HALF)

Range = tuple[int, int]


@dataclass
class Ranges:
    """What is known of the symbols of two runs; a symbol that both share has one range."""

    states: tuple[State, State]
    _known: dict[tuple[str, int], Range] = field(default_factory=dict)
    _around: dict[tuple[str, int], Range] = field(default_factory=dict)
    _bounded: dict[tuple[str, int], Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Narrow the ranges until nothing changes; what is left wide is left to the solver."""
        sums = [found for run, state in enumerate(self.states) for found in _sums(run, state)]
        for form, run, upper in sums:
            key = form.key, (0 if form.is_shared else run)
            self._bounded[key] = (0, min(upper, self._bounded.get(key, _ALL)[1]))
        for run, state in enumerate(self.states):
            for symbol in filter(None, map(_bit, state.equations)):
                self._meet(symbol, run, (0, 1))
        for _ in range(_ROUNDS):
            if sum(self._narrow(*found) for found in sums) == 0:
                break

    def of_symbol(self, symbol: Symbol, run: int) -> Range:
        """Return the range of a symbol."""
        return self._known.get((symbol.name, 0 if symbol.shared else run), _ALL)

    def around_zero(self, symbol: Symbol, run: int) -> Range:
        """Return a range of integers, some of which may be negative, one of which the symbol is.

        A field that is biased in its word has two pieces as a field element.
        """
        known = self.of_symbol(symbol, run)
        around = self._around.get((symbol.name, 0 if symbol.shared else run), _AROUND)
        return min(known, around, key=lambda found: found[1] - found[0])

    def of_value(self, form: Linear, run: int) -> Range:
        """Return the range of a form as a field element."""
        return self._bounded.get((form.key, 0 if form.is_shared else run), _ALL)

    def of_sum(self, form: Linear, run: int) -> Range:
        """Return the range of a form as a sum of integers, each coefficient around zero."""
        lower = upper = around_zero(form.constant)
        for symbol, coefficient in form.terms:
            factor = around_zero(coefficient)
            ends = [factor * end for end in self.of_symbol(symbol, run)]
            lower, upper = lower + min(ends), upper + max(ends)
        return lower, upper

    def _narrow(self, form: Linear, run: int, upper: int) -> bool:
        """Narrow the symbols of a form in [0, upper]; return whether any range got smaller."""
        changed = False
        for symbol, coefficient in form.terms:
            sign = around_zero(coefficient)
            if sign in (1, -1):
                rest = form - Linear.symbol(symbol).scaled(coefficient)
                low, high = self.of_sum(rest, run)
                ends = [sign * -high, sign * (upper - low)]
                changed |= self._meet(symbol, run, (min(ends), max(ends)))
        return changed

    def _meet(self, symbol: Symbol, run: int, found: Range) -> bool:
        """Take in that a symbol is in a range modulo the prime, if that leaves one piece."""
        self._meet_around(symbol, run, found)
        lower, upper = self.of_symbol(symbol, run)
        first = -((found[1] - lower) // FIELD_PRIME)
        last = (upper - found[0]) // FIELD_PRIME
        if first != last:
            return False
        met = max(lower, found[0] + first * FIELD_PRIME), min(upper, found[1] + first * FIELD_PRIME)
        if met == (lower, upper):
            return False
        self._known[symbol.name, 0 if symbol.shared else run] = met
        return True

    def _meet_around(self, symbol: Symbol, run: int, found: Range) -> None:
        """Take in a range modulo the prime as numbers around zero: each element is one."""
        shift = (found[0] + _HALF) // FIELD_PRIME * FIELD_PRIME
        lower, upper = found[0] - shift, found[1] - shift
        key = symbol.name, 0 if symbol.shared else run
        known = self._around.get(key, _AROUND)
        met = max(lower, known[0]), min(upper, known[1])
        if upper <= _HALF and met[0] <= met[1]:
            self._around[key] = met


def _bit(form: Linear) -> Symbol | None:
    """Return the symbol of which a form says that it is its own square, None if it says no such."""
    if form.constant == 0 and len(form.terms) == 2:  # noqa: PLR2004 - the square and the symbol
        for (square, one), (symbol, other) in (form.terms, form.terms[::-1]):
            itself = Linear.symbol(symbol)
            if square.factors == (itself, itself) and (one + other) % FIELD_PRIME == 0:
                return symbol
    return None


def _sums(run: int, state: State) -> list[tuple[Linear, int, int]]:
    """Return the forms of a run that are in [0, upper]."""
    return [
        *((form, run, 0) for form in state.equations),
        *((form, run, RC_BOUND - 1) for form in state.bounds.values()),
        *((form, run, bound - 1) for form, bound in state.below),
    ]


def around_zero(number: int) -> int:
    """Return the integer of least size that is a field element."""
    return number if number <= _HALF else number - FIELD_PRIME
