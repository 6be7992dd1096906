"""Mutants of a function: one equation or one bound is missing, and two runs must appear."""

from collections.abc import Callable, Iterator
from itertools import zip_longest

from starkware.cairo.lang.compiler.instruction import Instruction

from formal.cairo.bytecode import Function
from formal.cairo.machine import Drop
from formal.cairo.solver import Verdict
from formal.cairo.two_runs import Checker, Finding

Check = Callable[[Function, Drop | None], Finding]


def mutants(checker: Checker, function: Function) -> Iterator[Drop]:
    """Yield the mutants of a function: bounds and assertions in turn, then what is computed."""
    bounds = {key for end in checker.summaries.ends(function) for key in end.bounds}
    equations = [
        (instruction.ap_update is Instruction.ApUpdate.ADD1, -pc)
        for pc, instruction in checker.code.body(function)
        if instruction.opcode is Instruction.Opcode.ASSERT_EQ
    ]
    # Equations at the end say what the outputs are, and are soonest noticed.
    for bound, equation in zip_longest(sorted(bounds), sorted(equations)):
        if bound is not None:
            yield Drop(bound=bound)
        if equation is not None:
            yield Drop(pc=-equation[1])


def first_killed(checker: Checker, function: Function, check: Check) -> Drop | None:
    """Return the first mutant for which a check finds two runs, None if there is none.

    What others drop binds the validity of a run, not its uniqueness, or is dropped twice.
    """
    found = (
        drop
        for drop in mutants(checker, function)
        if check(function, drop).verdict is Verdict.DIFFERENT
    )
    return next(found, None)
