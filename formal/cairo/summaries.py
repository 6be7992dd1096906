"""What callers need to know of a function: what it reads, what it logs, how it moves ap."""

import contextlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from formal.cairo import contracts
from formal.cairo.bytecode import Code, Function, is_struct, pointee
from formal.cairo.joins import joins
from formal.cairo.machine import Drop, Machine, UnknownShapeError
from formal.cairo.state import Call, State

_ENTRY: Final = 3
_OWN: Final = ("circuits.", "__main__.")


@dataclass
class Summaries:
    """Summaries of the functions of one program, each made once."""

    code: Code
    _reads: dict[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    _pins: dict[str, frozenset[str]] = field(default_factory=dict)
    _never_null: dict[str, frozenset[str]] = field(default_factory=dict)
    _changes: dict[str, int | None] = field(default_factory=dict)
    _paths: dict[str, list[State]] = field(default_factory=dict)
    # Functions whose paths are being followed: in a recursion they ask for themselves.
    _open: set[str] = field(default_factory=set)

    def machine(
        self,
        function: Function,
        *,
        drop: Drop | None = None,
        opening: bool = False,
        free: frozenset[str] = frozenset(),
        guessed: frozenset[str] = frozenset(),
    ) -> Machine:
        """Return a machine for a function."""
        return Machine(
            self.code,
            function,
            self.reads,
            self.ap_change,
            self.pins,
            self.never_null,
            opening=opening,
            free=free,
            guessed=guessed,
            drop=drop or Drop(),
        )

    def reads(self, function: Function, argument: str) -> frozenset[int]:
        """Return the offsets behind a pointer argument that a function may read."""
        key = function.name, argument
        if key not in self._reads:
            self._reads[key] = frozenset()
            self._reads[key] = self._find_reads(function, argument)
        return self._reads[key]

    def _find_reads(self, function: Function, argument: str) -> frozenset[int]:
        found: set[int] = set()
        if not self.ends(function):
            found = self._all_cells(function, argument)
        for state in self.ends(function):
            for address in state.addresses.values():
                if address.base is not None and address.base.name == argument:
                    found.add(address.offset)
            for call in state.calls:
                callee = self.by_name[call.name]
                for name, form in call.arguments.items():
                    base = form.base
                    if base is not None and base.name == argument and not base.kind:
                        found |= {form.offset + offset for offset in self.reads(callee, name)}
        return frozenset(found - self._written(function, argument))

    def never_null(self, function: Function) -> frozenset[str]:
        """Return the pointers behind which every way through a function reads the first cell."""
        if function.name not in self._never_null:
            # A recursion adds nothing: it is followed to its ends only.
            self._never_null[function.name] = frozenset()
            ends = self.ends(function)
            self._never_null[function.name] = frozenset(
                member.name
                for member in function.explicit
                if ends and all(_is_read(state, member.name) for state in ends)
            )
        return self._never_null[function.name]

    def _all_cells(self, function: Function, argument: str) -> set[int]:
        members = [*function.implicit, *function.explicit]
        inner = pointee(next(m.type for m in members if m.name == argument))
        return set(range(self.code.size(inner))) if is_struct(inner) and inner else set()

    def _written(self, function: Function, argument: str) -> set[int]:
        machine = self.machine(function)
        return {
            offset
            for table in (contracts.WRITES, contracts.WRITES_IF_RETURNED)
            for name, offset in machine.written_cells(function, table.get(function.short, ()))
            if name == argument
        }

    def ends(self, function: Function) -> list[State]:
        """Return the ends of the paths of a function, none if it is a library's or has a loop."""
        if function.name not in self._paths:
            self._paths[function.name] = []
            if function.name.startswith(_OWN) and not self.has_loop(function):
                machine = self.machine(function)
                self._open.add(function.name)
                # A function with too many ways is read as a whole record, see reads().
                with contextlib.suppress(UnknownShapeError):
                    self._paths[function.name] = machine.paths(machine.start(), frozenset())
                self._open.remove(function.name)
        return self._paths[function.name]

    @cached_property
    def by_name(self) -> dict[str, Function]:
        """Return the functions by their short names."""
        return {function.short: function for function in self.code.functions.values()}

    def pins(self, function: Function) -> frozenset[str]:
        """Return the pointer arguments that a function logs on every way through it."""
        if function.name in self._open:
            # Not known yet: nothing is claimed, and nothing kept.
            return frozenset()
        if function.name not in self._pins:
            self._pins[function.name] = frozenset()
            logged = [logged_names(end) for end in self.ends(function)]
            names = {member.name for member in function.explicit}
            if logged:
                self._pins[function.name] = frozenset(set.intersection(*logged) & names)
        return self._pins[function.name]

    def ap_change(self, function: Function) -> int | None:
        """Return by how much a call moves ap besides its own two cells, None if that varies."""
        if function.name not in self._changes:
            self._changes[function.name] = None
            self._changes[function.name] = self._find_change(function)
        return self._changes[function.name]

    def _find_change(self, function: Function) -> int | None:
        if self.has_loop(function):
            return None
        machine = self.machine(function)
        try:
            ends = machine.paths(machine.start(), frozenset())
        except UnknownShapeError:
            return None
        changes = {state.ap.offset if state.ap.base == machine.frame else None for state in ends}
        return changes.pop() if len(changes) == 1 else None

    def has_loop(self, function: Function) -> bool:
        """Whether a function can come to an instruction twice in one call."""
        return has_cycle(self.code, function.pc)

    def join_points(self, function: Function) -> list[int]:
        """Return the instructions that several ways lead to, in order."""
        return joins(self.code, function)


def logged_names(state: State) -> set[str]:
    """Return the names of pointers whose record a log entry or a callee's log entry pins."""
    found = set(state.pinned)
    for address in state.addresses.values():
        base, value = address.base, state.cells[address.key].base
        if base is not None and base.kind == "log" and address.offset % _ENTRY == 1 and value:
            found.add(value.name)
    return found


def opened_names(state: State) -> set[str]:
    """Return the names of pointers whose record a callee opens from a word that is an input.

    The callee's opening is proven: with the word known, the fields behind the pointer follow.
    """
    return {
        base.name
        for call in state.calls
        if call.name in contracts.OPENINGS
        for argument in {path.split(".")[0] for path in contracts.OPENINGS[call.name].opened}
        if (base := call.arguments[argument].base) is not None and _is_word_given(state, call)
    }


def _is_word_given(state: State, call: Call) -> bool:
    """Whether every result that the opening is from is equal to a single cell that is an input."""
    known = contracts.OPENINGS[call.name].known
    if not all(path.startswith("return.") for path in known):
        return False
    given = [_input_equal_to(state, call, path.removeprefix("return.")) for path in known]
    return all(given)


def _input_equal_to(state: State, call: Call, result: str) -> bool:
    """Whether an equation says that a result is an input."""
    symbol = call.results[result]
    others = [form - symbol for form in state.equations] + [
        form.scaled(-1) - symbol for form in state.equations
    ]
    return any(
        (base := other.scaled(-1).base) is not None and base.shared and not base.kind
        for other in others
        if other.constant == 0
    )


def has_cycle(code: Code, start: int) -> bool:
    """Whether instructions from `start` on can lead back to themselves."""
    done: set[int] = set()
    path: list[tuple[int, list[int]]] = [(start, code.successors(start))]
    entered = {start}
    while path:
        pc, ways = path[-1]
        if not ways:
            path.pop()
            entered.discard(pc)
            done.add(pc)
            continue
        following = ways.pop()
        if following in entered:
            return True
        if following not in done:
            entered.add(following)
            path.append((following, code.successors(following)))
    return False


def _is_read(state: State, argument: str) -> bool:
    return any(
        form.offset == 0 and form.base is not None and form.base.name == argument
        for form in state.nonzero
    )
