"""Joins the paths that meet at an instruction, so that a long function is checked piece by piece.

At a join both runs are in lockstep: they took the same way from the last join, or the ways cannot
both be taken with the same inputs. A cell has the same value in both runs if it is equal for every
pair of ways that lead here.
"""

from collections.abc import Callable, Iterable
from typing import Final

from formal.cairo.bytecode import Code, Function
from formal.cairo.linear import Linear, Symbol
from formal.cairo.state import State

_NEAR_AP: Final = 8
# No record that a frame holds has more cells.
_RECORD_CELLS: Final = 12
Equal = Callable[[str], bool]


def joins(code: Code, function: Function) -> list[int]:
    """Return the instructions that several ways lead to, in an order that follows the ways."""
    before: dict[int, int] = {}
    for pc, _ in code.body(function):
        for successor in code.successors(pc):
            before[successor] = before.get(successor, 0) + 1
    return [pc for pc in _topological(code, function.pc) if before.get(pc, 0) > 1]


def _topological(code: Code, start: int) -> list[int]:
    order: list[int] = []
    done = {start}
    path = [(start, code.successors(start))]
    while path:
        _, ways = path[-1]
        if ways:
            following = ways.pop()
            if following not in done:
                done.add(following)
                path.append((following, code.successors(following)))
        else:
            order.append(path.pop()[0])
    return order[::-1]


def align(states: list[State], pc: int) -> list[State]:
    """Return the states with one ap: where ways moved it differently it gets a new name."""
    if len({state.ap.key for state in states}) == 1:
        return states
    moved = Linear.symbol(Symbol(f"ap at {pc}", shared=True, kind="frame"))
    aligned = []
    for state in states:
        copy = state.copy()
        for distance in range(1, _NEAR_AP + 1):
            value = state.cells.get((state.ap + -distance).key)
            if value is not None:
                copy.set_cell(moved + -distance, value)
        copy.ap = moved
        aligned.append(copy)
    return aligned


def undecided(states: list[State]) -> list[str]:
    """Return the keys of the frame's cells that all states have, with different or own values."""
    first = states[0]
    common = set.intersection(*({*state.cells} for state in states))
    return sorted(
        key
        for key in common
        if (base := first.addresses[key].base) is not None and base.kind == "frame"
        if len({state.cells[key].key for state in states}) > 1 or not first.cells[key].is_shared
        if not _is_pointer_to_builtin([state.cells[key] for state in states])
        if all(_is_shared_record(state, state.cells[key]) for state in states)
    )


def _is_shared_record(state: State, value: Linear) -> bool:
    """Whether a pointer into the frame points to cells that both runs share; true for others."""
    if value.base is None or value.base.kind != "frame":
        return True
    cells = [state.cells.get((value + offset).key) for offset in range(_RECORD_CELLS)]
    return all(cell is None or cell.is_shared for cell in cells)


def join(states: list[State], pc: int, is_equal: Equal) -> State:
    """Return what holds in all of the states that meet at `pc`."""
    first = states[0]
    joined = State(pc, first.ap, first.fp)
    # In order: a set of texts has another one in each process.
    for key in [key for key in first.cells if all(key in state.cells for state in states)]:
        values = [state.cells[key] for state in states]
        base = first.addresses[key].base
        same = len({value.key for value in values}) == 1
        if same and (values[0].is_shared or not is_equal(key)):
            joined.set_cell(first.addresses[key], values[0])
        elif base is not None and base.kind == "frame":
            joined.set_cell(first.addresses[key], _joined(values, pc, key, is_equal(key)))
        elif base is not None and base.kind in ("log", "output", "ecdsa"):
            # An output, which was compared for each pair of ways.
            symbol = Symbol(f"[{key}] at {pc}", shared=True)
            joined.set_cell(first.addresses[key], Linear.symbol(symbol))
    joined.equations = _common([state.equations for state in states])
    joined.nonzero = _common([state.nonzero for state in states])
    joined.bounds = {
        key: form
        for key, form in first.bounds.items()
        if all(key in state.bounds and state.bounds[key] == form for state in states)
    }
    joined.below = [pair for pair in first.below if all(pair in state.below for state in states)]
    joined.hashes = {
        key: form for key, form in first.hashes.items() if all(key in s.hashes for s in states)
    }
    joined.calls = [call for call in first.calls if all(call in state.calls for state in states)]
    joined.pinned = set.intersection(*(state.pinned for state in states))
    joined.guesses = dict(first.guesses)
    return joined


def _joined(values: list[Linear], pc: int, key: str, equal: bool) -> Linear:  # noqa: FBT001
    kinds = {value.base.kind if value.base is not None else "" for value in values}
    kind = kinds.pop() if len(kinds) == 1 else ""
    builtin = _is_pointer_to_builtin(values)
    name = f"[{key}] at {pc}"
    if kind == "log" and values[0].base is not None:
        name += "." + values[0].base.name.rsplit(".", 1)[-1]
    return Linear.symbol(Symbol(name, equal or builtin, kind if builtin or equal else ""))


def _is_pointer_to_builtin(values: Iterable[Linear]) -> bool:
    """Whether each value points into one builtin's cells: where to is not part of the meaning."""
    kinds = {value.base.kind if value.base is not None else "" for value in values}
    return len(kinds) == 1 and kinds <= {"range_check", "poseidon", "ecdsa"}


def _common(lists: list[list[Linear]]) -> list[Linear]:
    return [form for form in lists[0] if all(form in other for other in lists)]
