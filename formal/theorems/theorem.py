"""A theorem: what is known, what follows, and the faults under which it must not follow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import z3

# Resource units of z3, so that slow machines agree with fast ones.
_RLIMIT: Final = 400_000_000
# No fault: the statement as it stands.
SOUND: Final = ""


@dataclass(frozen=True)
class Statement:
    """What is known, and what must follow from it."""

    known: list[Any]
    follows: Any


@dataclass(frozen=True)
class Theorem:
    """A statement, made for a fault by its name, or for none.

    Attributes:
        build: returns the statement with a fault in it; SOUND is without one.
        faults: names of faults, each of which must make the statement false.
    """

    name: str
    build: Callable[[str], Statement]
    faults: tuple[str, ...]


def holds(theorem: Theorem, fault: str = SOUND) -> bool | None:
    """Return whether a statement is true for all values, None if the solver cannot say."""
    statement = theorem.build(fault)
    solver = z3.Solver()
    solver.set("rlimit", _RLIMIT)
    solver.set("random_seed", 1)
    solver.add(*statement.known)
    solver.add(z3.Not(statement.follows))
    answer = solver.check()
    if answer == z3.unknown:
        return None
    return bool(answer == z3.unsat)
