"""A dishonest prover: runs the batch program on inputs and hints that were tampered with."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from circuits.layout import LAYOUT_BUILTINS
from circuits.program import load_code
from circuits.program_input import ProgramInput
from circuits.runner import LatestRecords, execution_of
from circuits.vm.machine import CairoRunError, Machine
from novation.crypto import FIELD_PRIME

Path = tuple[Any, ...]

COMPARISON = "memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1"
WIDE_COMPARISON = "memory[ap] = 0 if ids.value % PRIME < 2**248 else 1"


def cells(records: ProgramInput) -> Iterator[Path]:
    """Yield where every integer of an input is: ("tape" | "accounts" | "orders", index, ...)."""
    for index, item in enumerate(records.tape):
        yield from _cells(item, ("tape", index))
    for name in ("accounts", "orders"):
        for key, record in getattr(records, name).items():
            yield from _cells(record, (name, key))


def _cells(item: Any, path: Path) -> Iterator[Path]:
    if isinstance(item, int):
        yield path
    else:
        for index, inner in enumerate(item):
            yield from _cells(inner, (*path, index))


def read(records: ProgramInput, path: Path) -> int:
    """Return the integer at a place."""
    container = getattr(records, path[0])
    for step in path[1:]:
        container = container[step]
    return int(container)


def forged(records: ProgramInput, *changes: tuple[Path, int]) -> ProgramInput:
    """Return a copy of an input with integers added to some of its cells."""
    result = copy.deepcopy(records)
    for path, change in changes:
        container = getattr(result, path[0])
        for step in path[1:-1]:
            container = container[step]
        container[path[-1]] = (container[path[-1]] + change) % FIELD_PRIME
    return result


@dataclass
class Flip:
    """Tells the opposite at the n-th comparison hint of a run; counts them."""

    target: int = -1
    count: int = 0
    place: str = ""


class DishonestMachine(Machine):
    """A machine whose comparison hints may lie once."""

    def __init__(self, flip: Flip) -> None:
        super().__init__(load_code(), tuple(LAYOUT_BUILTINS))
        self.flip = flip
        # Of the function whose hints run.
        self.frame = 0

    def run_hints(self, pc: int, ap: int, fp: int) -> None:
        self.frame = fp
        texts = [hint.text for hint in self.code.hints[pc]]
        if not set(texts) & {COMPARISON, WIDE_COMPARISON}:
            super().run_hints(pc, ap, fp)
            return
        self.flip.count += 1
        if self.flip.count - 1 != self.flip.target:
            super().run_hints(pc, ap, fp)
            return
        self.flip.place = self.code.lines[pc]
        # Ask the hint in a cell that nobody has seen, then write the opposite.
        honest = self._answer(pc, ap, fp)
        self.memory[ap] = 1 - honest

    def _answer(self, pc: int, ap: int, fp: int) -> int:
        scope = dict(self._scopes[-1])
        scope["memory"] = _Overlay(self.memory)
        scope["ap"], scope["fp"] = ap, fp
        for hint in self.code.hints[pc]:
            exec(hint.code, scope)  # noqa: S102 - text of the compiled program
        return int(scope["memory"][ap])


class _Overlay(dict[int, int]):
    """Reads through to a memory, keeps writes to itself."""

    def __init__(self, memory: dict[int, int]) -> None:
        super().__init__()
        self._memory = memory

    def __missing__(self, address: int) -> int:
        return self._memory[address]


def run_dishonestly(
    records: ProgramInput, flip: Flip | None = None, latest: Any = LatestRecords
) -> tuple[int, ...] | None:
    """Return the output that a tampered input proves, None if it proves nothing."""
    machine = DishonestMachine(flip or Flip())
    finder = latest(machine.memory, machine.segments, records)
    finder.machine = machine
    try:
        machine.run(
            {
                "witness": iter(records.tape),
                "latest_account": finder.account,
                "latest_order": finder.order,
                "latest_market": finder.market,
            }
        )
        return execution_of(machine).output
    except CairoRunError:
        return None


def header_checked_by_l1(output: Sequence[int]) -> tuple[int, ...]:
    """Return what L1 compares with its own state: all but the new root and data availability."""
    n_operations, n_withdrawals = output[5] >> 48 & 0xFFFF, output[5] >> 64 & 0xFFFF
    end = 7 + 3 * n_operations + n_withdrawals
    return (*output[:3], *output[4:5], output[5] & (1 << 80) - 1, *output[6:end])
