"""Checks every own function of the batch program, each with a mutant."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Final

from circuits.program import instruction_places
from formal.cairo import contracts
from formal.cairo.bytecode import Function, load_code
from formal.cairo.machine import Drop
from formal.cairo.mutants import Check, first_killed
from formal.cairo.solver import Verdict
from formal.cairo.two_runs import Checker
from formal.outcome import Outcome

_WORKERS: Final = 2


@cache
def checker() -> Checker:
    """Return the checker of the batch program; loading takes seconds."""
    return Checker(load_code())


def function_names() -> list[str]:
    """Return the full names of the own functions."""
    return [function.name for function in checker().code.own]


def check_functions() -> Iterator[Outcome]:
    """Yield what is found of each function, as it comes."""
    with ProcessPoolExecutor(_WORKERS) as pool:
        for outcomes in pool.map(check_function, function_names()):
            yield from outcomes


def check_function(name: str) -> list[Outcome]:
    """Return the outcomes for one function: its uniqueness, then what callers rely on."""
    check = checker()
    function = next(f for f in check.code.own if f.name == name)
    if function.short in contracts.GUARANTEES:
        return [_outcome(check, function, check.check_guarantee, "what it checks is shown")]
    outcomes = [_uniqueness(check, function)]
    if function.short in contracts.OPENINGS:
        opening = _outcome(check, function, check.check_opening, "fields follow from the word")
        # A function that only checks has nothing else that could be unique.
        outcomes = [opening] if not outcomes[0].holds else [*outcomes, opening]
    if function.short in contracts.PROMISES:
        outcomes.append(_outcome(check, function, check.check_promise, "promise is kept"))
    if function.short in contracts.RECORDS:
        what = "fields of the record are arguments"
        outcomes.append(_outcome(check, function, check.check_record, what))
    if function.short in contracts.PINNED_ARGUMENTS:
        what = "a guessed argument follows from the others"
        outcomes.append(_outcome(check, function, check.check_pinned, what))
    return outcomes


def _uniqueness(check: Checker, function: Function) -> Outcome:
    return _outcome(check, function, check.check, "outputs follow from inputs")


def _outcome(check: Checker, function: Function, ask: Check, what: str) -> Outcome:
    found = ask(function, None)
    name = f"{function.short}: {what}"
    if found.verdict is not Verdict.EQUAL:
        reason = f"{found.verdict}: {found.reason}"
        return Outcome(name, holds=False, reason=reason, function=function.name)
    drop = first_killed(check, function, ask)
    return Outcome(name, True, {_describe(drop): drop is not None}, function=function.name)


def _describe(drop: Drop | None) -> str:
    if drop is None:
        return "no mutant breaks it"
    if drop.bound:
        return f"no bound of [{drop.bound}]"
    return f"without the equation of {instruction_places()[drop.pc]}"
