"""Asks z3 whether two runs along two paths can differ."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from itertools import product as pairs_of
from typing import Any, Final

import z3

from formal.cairo import contracts
from formal.cairo.linear import Linear, Symbol
from formal.cairo.packing import reading, shape
from formal.cairo.ranges import Range, Ranges, around_zero
from formal.cairo.state import RC_BOUND, Call, State
from formal.solving import has_solution
from novation.crypto import FIELD_PRIME

# Resource units of z3; no query needs a tenth of them.
_RLIMIT: Final = 6_000_000
_PERMUTATION: Final = 6
_RATE: Final = 3


class Verdict(StrEnum):
    """What the solver says about a pair of paths."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


# A form, and the term that it is equal to modulo the prime.
Sum = tuple[Linear, Any]


@dataclass
class PairQuery:
    """Two runs, as one set of formulas over the integers.

    A symbol that both runs share is one variable, every other one is two.
    """

    states: tuple[State, State]
    opening: bool = False
    solver: z3.Solver = field(default_factory=z3.Solver)
    variables: dict[str, z3.ArithRef] = field(default_factory=dict)
    ranges: Ranges = field(init=False)
    values: dict[tuple[str, int], z3.ArithRef] = field(default_factory=dict)
    products: dict[tuple[str, int], Symbol] = field(default_factory=dict)
    sums: tuple[list[Sum], list[Sum]] = field(default_factory=lambda: ([], []))

    def __post_init__(self) -> None:
        """Find the ranges."""
        self.ranges = Ranges(self.states)

    def build(self) -> None:
        """Add everything that is known of both runs."""
        for run, state in enumerate(self.states):
            for form in state.equations:
                self._add_sum(form, run, z3.IntVal(0), (0, 0))
            for form in state.nonzero:
                self.solver.add(self.value(form, run) != 0)
            for form in state.bounds.values():
                self.solver.add(self.value(form, run) < RC_BOUND)
            for form, bound in state.below:
                self.solver.add(self.value(form, run) < bound)
            for call in state.calls:
                self._add_promise(call, run)
        self._add_calls()
        self._add_hashes()
        self._add_products()
        self._add_readings()

    def ask(self, goal: z3.BoolRef | None = None) -> Verdict:
        """Return whether the two runs exist (and fulfil a goal)."""
        goals = [] if goal is None else [goal]
        found = has_solution([*self.solver.assertions(), *goals], _RLIMIT)
        if found is None:
            return Verdict.UNKNOWN
        return Verdict.DIFFERENT if found else Verdict.EQUAL

    def ask_each(self, goals: list[Any]) -> Verdict:
        """Return whether two runs exist that fulfil one of several goals."""
        for goal in goals:
            verdict = self.ask(goal)
            if verdict is not Verdict.EQUAL:
                return verdict
        return Verdict.EQUAL

    def value(self, form: Linear, run: int) -> Any:  # noqa: ANN401 - z3 has no types
        """Return the number in [0, prime) that a form has in a run."""
        if form.is_constant:
            return z3.IntVal(form.constant)
        if form.base is not None and form.constant == 0:
            return self._variable(form.base, run)
        key = form.key, (0 if form.is_shared else run)
        if key not in self.values:
            bounds = self.ranges.of_value(form, run)
            value = self._new(f"<{form.key}>", key[1], bounds)
            self.values[key] = value
            self._add_sum(form, run, value, bounds)
        return self.values[key]

    def differ(self, left: Linear, right: Linear) -> Any:  # noqa: ANN401
        """Return the formula that the first run's left is not the second run's right."""
        return self.value(left, 0) != self.value(right, 1)

    def _variable(self, symbol: Symbol, run: int) -> z3.ArithRef:
        run = 0 if symbol.shared else run
        if symbol.factors is not None:
            self.products[symbol.name, run] = symbol
        return self._new(symbol.name, run, self.ranges.of_symbol(symbol, run))

    def _new(self, name: str, run: int, bounds: Range) -> z3.ArithRef:
        name = f"{name}@{run}"
        if name not in self.variables:
            variable = z3.Int(name)
            self.variables[name] = variable
            self.solver.add(variable >= bounds[0], variable <= bounds[1])
        return self.variables[name]

    def _add_sum(self, form: Linear, run: int, value: Any, bounds: Range) -> None:  # noqa: ANN401
        """Add form = value modulo the prime, by a quotient in the range that it can have."""
        self.sums[run].append((form, value))
        terms = [around_zero(c) * self._variable(s, run) for s, c in form.terms]
        total = z3.Sum([*terms, z3.IntVal(around_zero(form.constant))])
        lower, upper = self.ranges.of_sum(form, run)
        least, most = -((bounds[1] - lower) // FIELD_PRIME), (upper - bounds[0]) // FIELD_PRIME
        if least == most:
            self.solver.add(total - value == least * FIELD_PRIME)
            return
        quotient = z3.Int(f"quotient {len(self.solver.assertions())}")
        self.solver.add(quotient >= least, quotient <= most)
        self.solver.add(total - value == FIELD_PRIME * quotient)

    def _equal(self, left: list[Any], right: list[Any]) -> z3.BoolRef:
        return z3.And([a == b for a, b in zip(left, right, strict=True)])

    def _add_calls(self) -> None:
        for left, right in pairs_of(self.states[0].calls, self.states[1].calls):
            if left.name != right.name or len(left.inputs) != len(right.inputs):
                continue
            inputs = self._equal(
                [self.value(form, 0) for form in left.inputs],
                [self.value(form, 1) for form in right.inputs],
            )
            outputs = self._equal(
                [self._variable(symbol, 0) for symbol in left.outputs],
                [self._variable(symbol, 1) for symbol in right.outputs],
            )
            self.solver.add(z3.Implies(inputs, outputs))
            self._add_pinned_arguments(left, right)
            self._add_opened(left, right)

    def _add_pinned_arguments(self, left: Call, right: Call) -> None:
        claim = contracts.PINNED_ARGUMENTS.get(left.name)
        if claim is None:
            return
        known, pinned = (
            self._equal(
                [self.value(left.arguments[name], 0) for name in names],
                [self.value(right.arguments[name], 1) for name in names],
            )
            for names in (claim.known, claim.pinned)
        )
        self.solver.add(z3.Implies(known, pinned))

    def _add_opened(self, left: Call, right: Call) -> None:
        if left.opening is None or right.opening is None:
            return
        first, second = left.opening, right.opening
        known, opened = (
            self._equal(
                [self.value(form, 0) for form in forms], [self.value(form, 1) for form in others]
            )
            for forms, others in ((first.known, second.known), (first.opened, second.opened))
        )
        self.solver.add(z3.Implies(known, opened))

    def _add_promise(self, call: Call, run: int) -> None:
        if call.promised is not None:
            premise = self.value(call.promised.premise, run) < RC_BOUND
            pairs = call.promised.pairs
            equal = [self.value(left, run) == self.value(right, run) for left, right in pairs]
            self.solver.add(z3.Implies(premise, z3.And(equal)))

    def _add_hashes(self) -> None:
        left, right = (list(self._permutations(run)) for run in (0, 1))
        for (inputs, outputs), (other_inputs, other_outputs) in pairs_of(left, right):
            same = self._equal(inputs, other_inputs)
            self.solver.add(z3.Implies(same, self._equal(outputs, other_outputs)))
            if self.opening:
                # No two inputs with one output are known: the hash's collision resistance.
                collide = z3.Or([a == b for a, b in zip(outputs, other_outputs, strict=True)])
                self.solver.add(z3.Implies(collide, same))

    def _permutations(self, run: int) -> Iterator[tuple[list[Any], list[Any]]]:
        state = self.states[run]
        for instance in state.hashes.values():
            cells = []
            for index in range(_PERMUTATION):
                address = instance + index
                known = state.cells.get(address.key)
                symbol = Symbol(f"[{address.key}]", shared=False)
                cells.append(self.value(known or Linear.symbol(symbol), run))
            yield cells[:_RATE], cells[_RATE:]

    def _add_products(self) -> None:
        done: set[tuple[str, int]] = set()
        while len(done) < len(self.products):
            for key, symbol in list(self.products.items()):
                if key in done:
                    continue
                done.add(key)
                self._add_product(symbol, key[1])
        for first, second in combinations(sorted(done), 2):
            self._add_congruence(first, second)

    def _add_readings(self) -> None:
        """Add that equal packed words have equal fields."""
        others: dict[tuple[object, ...], list[Sum]] = {}
        for form, value in self.sums[1]:
            found = shape(form)
            if found is not None:
                others.setdefault(found, []).append((form, value))
        for form, value in self.sums[0]:
            for other, other_value in others.get(shape(form) or (), ()):
                read = reading(form, other, self.ranges)
                if read is not None:
                    same = self._equal(
                        [value, *(self._field(symbol, 0) for symbol, _ in read.rest)],
                        [other_value, *(self._field(symbol, 1) for _, symbol in read.rest)],
                    )
                    fields = [
                        self._field(left, 0) == self._field(right, 1) for left, right in read.fields
                    ]
                    self.solver.add(z3.Implies(same, z3.And(fields)))

    def _field(self, symbol: Symbol | None, run: int) -> Any:  # noqa: ANN401
        return z3.IntVal(0) if symbol is None else self._variable(symbol, run)

    def _factors(self, symbol: Symbol, run: int) -> list[Any]:
        assert symbol.factors is not None
        return [self.value(factor, run) for factor in symbol.factors]

    def _add_product(self, symbol: Symbol, run: int) -> None:
        left, right = self._factors(symbol, run)
        value = self._variable(symbol, run)
        self.solver.add((value == 0) == z3.Or(left == 0, right == 0))
        assert symbol.factors is not None
        if symbol.factors[0] == symbol.factors[1]:
            # x * x = x is x * (x - 1) = 0.
            self.solver.add((value == left) == z3.Or(left == 0, left == 1))

    def _add_congruence(self, first: tuple[str, int], second: tuple[str, int]) -> None:
        left, right = self.products[first], self.products[second]
        factors, others = self._factors(left, first[1]), self._factors(right, second[1])
        same = z3.Or(self._equal(factors, others), self._equal(factors, others[::-1]))
        results = self._variable(left, first[1]) == self._variable(right, second[1])
        self.solver.add(z3.Implies(same, results))


def contradict(left: State, right: State) -> bool:
    """Whether two paths cannot have the same inputs, by a condition that one has and one denies."""
    return _denies(left, right) or _denies(right, left)


def _denies(left: State, right: State) -> bool:
    zero = {form.key for form in left.equations if form.is_shared}
    zero |= {form.scaled(-1).key for form in left.equations if form.is_shared}
    return any(form.is_shared and form.key in zero for form in right.nonzero)
