"""The check: no two runs of a function with the same inputs have different outputs."""

from dataclasses import dataclass, field
from functools import partial
from itertools import combinations_with_replacement
from typing import Final

import z3

from formal.cairo import contracts
from formal.cairo.bytecode import Code, Function
from formal.cairo.joins import align, join, undecided
from formal.cairo.linear import Linear
from formal.cairo.machine import Drop, Machine, UnknownShapeError
from formal.cairo.outputs import Outputs
from formal.cairo.solver import PairQuery, Verdict, contradict
from formal.cairo.state import RC_BOUND, RETURN, State
from formal.cairo.summaries import Summaries, logged_names, opened_names

# A function with more paths is checked from join to join.
_MAX_WHOLE: Final = 20
_TOO_MANY: Final = "too many ways between two joins"


@dataclass(frozen=True)
class Finding:
    """What the check says about one function."""

    verdict: Verdict
    reason: str
    n_paths: int = 0


@dataclass
class Checker:
    """Checks functions of one program."""

    code: Code
    summaries: Summaries = field(init=False)

    def __post_init__(self) -> None:
        """Start without summaries."""
        self.summaries = Summaries(self.code)

    def check(self, function: Function, drop: Drop | None = None) -> Finding:
        """Return whether the outputs of a function follow from its inputs."""
        if function.short in contracts.ASSUMED:
            return Finding(Verdict.UNKNOWN, contracts.ASSUMED[function.short])
        if self.summaries.has_loop(function):
            return Finding(Verdict.UNKNOWN, "a loop whose length is a guess")
        try:
            free = self._unpinned(function, drop)
            machine = self.summaries.machine(function, drop=drop, free=free)
            return _Walk(self.summaries, machine).run()
        except UnknownShapeError as error:
            return Finding(Verdict.UNKNOWN, str(error))

    def _unpinned(self, function: Function, drop: Drop | None) -> frozenset[str]:
        """Return the guessed records that some way to the end does not log."""
        walk = _Walk(self.summaries, self.summaries.machine(function, drop=drop), ask=False)
        walk.run()
        return frozenset(name for end in walk.returned for name in _guesses(end))

    def check_promise(self, function: Function, drop: Drop | None = None) -> Finding:
        """Return whether a function keeps the promise that its callers rely on."""
        machine = self.summaries.machine(function, drop=drop)
        ends = machine.paths(machine.start(), frozenset())
        first = Linear.symbol(machine.frame) + (-2 - function.n_args)
        for end in ends:
            promised = machine.promised(end, function, first, _results(machine, end))
            assert promised is not None, function.name
            query = PairQuery((end, end))
            wrong = [query.differ(left, right) for left, right in promised.pairs]
            query.solver.add(query.value(promised.premise, 0) < RC_BOUND)
            query.build()
            verdict = query.ask(z3.Or(wrong))
            if verdict is not Verdict.EQUAL:
                return Finding(verdict, "a promise is not kept", len(ends))
        return Finding(Verdict.EQUAL, "", len(ends))

    def check_record(self, function: Function, drop: Drop | None = None) -> Finding:
        """Return whether fields of a returned record are what callers take them for."""
        machine = self.summaries.machine(function, drop=drop)
        ends = machine.paths(machine.start(), frozenset())
        for end in ends:
            query = PairQuery((end, end))
            wrong = []
            for path, argument in contracts.RECORDS[function.short].items():
                record = _item(machine, end, f"return.{path.partition('.')[0]}")
                field_value = machine.value(end, record + machine.offset(function, path))
                wrong.append(query.differ(field_value, machine.item(end, argument)))
            query.build()
            verdict = query.ask(z3.Or(wrong))
            if verdict is not Verdict.EQUAL:
                return Finding(verdict, "a field is another value", len(ends))
        return Finding(Verdict.EQUAL, "", len(ends))

    def check_guarantee(self, function: Function, drop: Drop | None = None) -> Finding:
        """Return whether every run of a function that only checks shows what it is for."""
        claim = contracts.GUARANTEES[function.short]
        machine = self.summaries.machine(function, drop=drop)
        ends = machine.paths(machine.start(), frozenset())
        for end in ends:
            form = claim.form(partial(machine.item, end))
            query = PairQuery((end, end))
            goals = [query.value(form, 0) >= claim.bound]
            if claim.unless_zero:
                goals.append(query.value(machine.item(end, claim.unless_zero), 0) != 0)
            query.build()
            verdict = query.ask(z3.And(goals))
            if verdict is not Verdict.EQUAL:
                return Finding(verdict, "a run shows less than the guarantee", len(ends))
        return Finding(Verdict.EQUAL, "", len(ends))

    def check_pinned(self, function: Function, drop: Drop | None = None) -> Finding:
        """Return whether arguments that callers guess follow from the others."""
        claim = contracts.PINNED_ARGUMENTS[function.short]
        guessed = frozenset(claim.pinned)
        machine = self.summaries.machine(function, drop=drop, guessed=guessed)
        ends = machine.paths(machine.start(), frozenset())
        for first, second in combinations_with_replacement(ends, 2):
            query = PairQuery((first, second))
            items = [(machine.item(first, p), machine.item(second, p)) for p in claim.pinned]
            goal = z3.Or([query.differ(left, right) for left, right in items])
            query.build()
            verdict = query.ask(goal)
            if verdict is not Verdict.EQUAL:
                return Finding(verdict, "a guessed argument is free", len(ends))
        return Finding(Verdict.EQUAL, "", len(ends))

    def check_opening(self, function: Function, drop: Drop | None = None) -> Finding:
        """Return whether the fields of a record follow from the word or leaf it is opened from."""
        opening = contracts.OPENINGS[function.short]
        machine = self.summaries.machine(function, drop=drop, opening=True)
        ends = machine.paths(machine.start(), frozenset())
        for first, second in combinations_with_replacement(ends, 2):
            known, opened = (
                [(_item(machine, first, path), _item(machine, second, path)) for path in paths]
                for paths in (opening.known, opening.opened)
            )
            opened += _read_by_both(machine, (first, second), opening.where_read)
            query = PairQuery((first, second), opening=True)
            goal = z3.Or([query.differ(left, right) for left, right in opened])
            query.solver.add(*[z3.Not(query.differ(left, right)) for left, right in known])
            query.build()
            verdict = query.ask(goal)
            if verdict is not Verdict.EQUAL:
                return Finding(verdict, "a second reading", len(ends))
        return Finding(Verdict.EQUAL, "", len(ends))


@dataclass
class _Walk:
    """One check of one function, at once or from join to join.

    Attributes:
        ask: whether to compare runs; without it only the ways are followed.
    """

    summaries: Summaries
    machine: Machine
    ask: bool = True
    returned: list[State] = field(default_factory=list)
    n_paths: int = 0
    has_outputs: bool = False
    apart: set[int] = field(default_factory=set)

    def run(self) -> Finding:
        """Return what is wrong, if anything is."""
        start = self.machine.start()
        ends = self._whole(start)
        finding = self._compare_all(ends) if ends is not None else self._piecewise(start)
        if finding is not None:
            return finding
        if not self.has_outputs:
            return Finding(Verdict.UNKNOWN, "it only checks: there is no output", self.n_paths)
        return Finding(Verdict.EQUAL, "", self.n_paths)

    def _whole(self, start: State) -> list[State] | None:
        try:
            ends = self.machine.paths(start.copy(), frozenset(), _MAX_WHOLE)
        except UnknownShapeError:
            return None
        self.returned = ends
        self.n_paths = len(ends)
        return ends

    def _piecewise(self, start: State) -> Finding | None:
        """Go from join to join; one where runs are not in lockstep is no place to stop."""
        points = self.summaries.join_points(self.machine.function)
        while True:
            self.apart = set()
            self.returned, self.n_paths = [], 0
            finding = self._pieces(start, points)
            skipped = next((pc for pc in points if pc in self.apart), None)
            if finding is None or skipped is None:
                return finding
            points = [pc for pc in points if pc != skipped]

    def _pieces(self, start: State, points: list[int]) -> Finding | None:
        waiting: dict[int, list[list[State]]] = {}
        finding = self._piece(start.copy(), frozenset(points), waiting)
        for pc in points:
            if finding is not None:
                return finding
            if pc in waiting:
                joined = self._join(waiting.pop(pc), pc)
                finding = self._piece(joined, frozenset(points), waiting)
        return finding

    def _piece(
        self, start: State, points: frozenset[int], waiting: dict[int, list[list[State]]]
    ) -> Finding | None:
        """Follow the ways from one join to the next ones."""
        ends = self.machine.paths(start, points, _MAX_WHOLE)
        self.n_paths += len(ends)
        self.returned += [end for end in ends if end.pc == RETURN]
        for pc in {end.pc for end in ends} - {RETURN}:
            waiting.setdefault(pc, []).append([end for end in ends if end.pc == pc])
        return self._compare_all(ends)

    def _join(self, groups: list[list[State]], pc: int) -> State:
        """Join the ways that lead to an instruction; a group's ways start at the same join."""
        sizes = [len(group) for group in groups]
        states = align([state for group in groups for state in group], pc)
        aligned = [states[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(sizes))]
        equal = set(undecided(states))
        for group in aligned if self.ask else []:
            for left, right in combinations_with_replacement(group, 2):
                equal -= self._different_cells(left, right, sorted(equal))
        return join(states, pc, equal.__contains__)

    def _different_cells(self, left: State, right: State, keys: list[str]) -> set[str]:
        keys = [
            key
            for key in keys
            if not left.cells[key].is_shared or left.cells[key] != right.cells[key]
        ]
        if not keys or contradict(left, right):
            return set()
        query = PairQuery((left, right))
        goals = {key: query.differ(left.cells[key], right.cells[key]) for key in keys}
        query.build()
        if query.ask(z3.Or(list(goals.values()))) is Verdict.EQUAL:
            return set()
        return {key for key, goal in goals.items() if query.ask(goal) is not Verdict.EQUAL}

    def _compare_all(self, ends: list[State]) -> Finding | None:
        if not self.ask:
            return None
        outputs = [Outputs(self.summaries, self.machine, end).collect() for end in ends]
        self.has_outputs |= any(outputs)
        for first, second in combinations_with_replacement(range(len(ends)), 2):
            finding = self._compare((ends[first], ends[second]), (outputs[first], outputs[second]))
            if finding is not None:
                return finding
        return None

    def _compare(
        self, states: tuple[State, State], outputs: tuple[dict[str, Linear], dict[str, Linear]]
    ) -> Finding | None:
        left, right = outputs
        apart = states[0].pc != states[1].pc
        alone = sorted(left.keys() ^ right.keys())
        both = [
            label
            for label in sorted(left.keys() & right.keys())
            if not left[label].is_shared or left[label] != right[label]
        ]
        if not (apart or alone or both) or contradict(*states):
            return None
        query = PairQuery(states)
        goals = [query.differ(left[label], right[label]) for label in both]
        query.build()
        # Goals one by one: a disjunction of many packed fields can be beyond the solver.
        verdict = query.ask() if apart or alone else query.ask_each(goals)
        if verdict is Verdict.EQUAL:
            return None
        if apart:
            self.apart |= {states[0].pc, states[1].pc}
        what = "two ways" if apart else ", ".join(alone or both)
        return Finding(verdict, what[:200], self.n_paths)


def _guesses(end: State) -> set[str]:
    """Return the guessed records of a path that nothing pins."""
    names = {
        form.base.name
        for form in end.cells.values()
        if form.base is not None and form.base.name.startswith(("record ", "tape "))
    }
    return names - logged_names(end) - opened_names(end)


def _results(machine: Machine, state: State) -> dict[str, Linear]:
    function = machine.function
    at = state.ap + -function.n_results
    results = {}
    for members in (function.implicit, function.returned):
        for member in members:
            results[member.name] = machine.value(state, at + member.offset)
        at += sum(machine.code.size(member.type) for member in members)
    return results


def _read_by_both(
    machine: Machine, ends: tuple[State, State], paths: tuple[str, ...]
) -> list[tuple[Linear, Linear]]:
    """Return the items of both ways that both have read."""
    found = [[_read_item(machine, end, path) for end in ends] for path in paths]
    return [(left, right) for left, right in found if left is not None and right is not None]


def _read_item(machine: Machine, end: State, path: str) -> Linear | None:
    """Return an item if its way has read it, and all that leads to it."""
    probe = end.copy()
    item = machine.item(probe, path)
    return item if probe.cells.keys() == end.cells.keys() else None


def _item(machine: Machine, state: State, path: str) -> Linear:
    if not path.startswith("return."):
        return machine.item(state, path)
    function = machine.function
    member = next(m for m in function.returned if m.name == path.removeprefix("return."))
    size = sum(machine.code.size(m.type) for m in function.returned)
    return machine.value(state, state.ap + (member.offset - size))
