"""One way to ask z3, whose answer does not depend on the machine or on what was asked before."""

from collections.abc import Iterable
from typing import Any, Final

import z3

# Tried in turn while the solver says nothing.
_SEEDS: Final = (1, 2)


def has_solution(formulas: Iterable[Any], resource_units: int) -> bool | None:
    """Return whether formulas can hold together, None if the solver cannot say.

    It is limited by resource units and not by time: 2 * 10^6 are about a second. Formulas are
    copied to a fresh context, since z3 does things in the order in which terms were made.
    """
    formulas = list(formulas)
    for seed in _SEEDS:
        context = z3.Context()
        solver = z3.Solver(ctx=context)
        solver.set("rlimit", resource_units)
        solver.set("random_seed", seed)
        solver.add(*[formula.translate(context) for formula in formulas])
        answer = solver.check()
        if answer != z3.unknown:
            return bool(answer == z3.sat)
    return None
