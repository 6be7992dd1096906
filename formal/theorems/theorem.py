"""A theorem: what is known, what follows, and the faults under which it must not follow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import z3

from formal.solving import has_solution

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
    found = has_solution([*statement.known, z3.Not(statement.follows)], _RLIMIT)
    return None if found is None else not found
