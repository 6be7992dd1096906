"""python -m formal: checks everything and writes build/formal/report.json.

Exits with 1 if a property fails, a mutant survives, or too many Cairo functions are undecided.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from formal.cairo.check import check_functions
from formal.exchange.check import check_exchange
from formal.exchange.slither import check_contracts
from formal.field.theorems import THEOREMS as FIELD
from formal.outcome import Outcome
from formal.theorems import (
    auctions,
    division,
    funding,
    margin,
    medians,
    merkle,
    outflow,
    sharing,
    words,
)
from formal.theorems.theorem import Theorem, holds

_REPORT: Final = Path(__file__).resolve().parent.parent / "build" / "formal" / "report.json"
# Of the own Cairo functions, at most one in five may be undecided.
_UNKNOWN_SHARE: Final = 5


def all_theorems() -> list[Theorem]:
    """Return every theorem about the protocol's and the field's arithmetic."""
    protocol = [
        *words.theorems(),
        *margin.THEOREMS,
        *division.THEOREMS,
        *auctions.THEOREMS,
        *funding.THEOREMS,
        *sharing.THEOREMS,
        *outflow.THEOREMS,
        *medians.theorems(),
        *merkle.THEOREMS,
    ]
    return [*protocol, *FIELD]


def check_theorem(theorem: Theorem) -> Outcome:
    """Return whether a theorem holds, and breaks with each of its faults."""
    answer = holds(theorem)
    faults = {fault: holds(theorem, fault) is False for fault in theorem.faults}
    reason = "" if answer else f"solver says {answer}"
    return Outcome(theorem.name, bool(answer), faults, reason)


def _outcomes() -> Iterator[Outcome]:
    _say("theorems of protocol and field")
    for theorem in all_theorems():
        yield check_theorem(theorem)
    _say("Cairo functions, two runs each")
    yield from check_functions()
    _say("contract, halmos: all properties first, then a compilation for each mutant")
    yield from check_exchange()
    _say("contracts, slither")
    yield check_contracts()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _cpu_seconds() -> float:
    """Return the processor time of this process and of all that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _report(outcomes: list[Outcome], seconds: float) -> dict[str, Any]:
    proven = [outcome for outcome in outcomes if outcome.holds]
    functions = {outcome.function for outcome in outcomes if outcome.function}
    unknown = {
        outcome.function: outcome.reason
        for outcome in outcomes
        if outcome.function and not outcome.holds
    }
    mutants = [killed for outcome in proven for killed in outcome.mutants.values()]
    return {
        "formal_properties": len(proven),
        "formal_mutants": len(mutants),
        "formal_mutants_killed": sum(mutants),
        "cairo_functions": len(functions),
        "cairo_functions_unique": len(functions) - len(unknown),
        "cairo_functions_unknown": len(unknown),
        "cairo_functions_unknown_reasons": unknown,
        "formal_seconds": round(seconds, 1),
        "formal_cpu_seconds": round(_cpu_seconds(), 1),
        "properties": {outcome.name: outcome.mutants for outcome in proven},
        "failed": {o.name: o.reason for o in outcomes if not o.holds and not o.function},
    }


def _passes(report: dict[str, Any]) -> bool:
    return (
        not report["failed"]
        and report["formal_mutants_killed"] == report["formal_mutants"]
        and all(report["properties"].values())
        and report["cairo_functions_unknown"] * _UNKNOWN_SHARE <= report["cairo_functions"]
        and not any(
            "different" in why for why in report["cairo_functions_unknown_reasons"].values()
        )
    )


def main() -> int:
    """Check everything; return the exit status."""
    start = time.monotonic()
    outcomes = []
    for outcome in _outcomes():
        outcomes.append(outcome)
        mark = "ok" if outcome.is_sound else "UNKNOWN" if outcome.function else "FAILED"
        survivors = [name for name, killed in outcome.mutants.items() if not killed]
        notes = [outcome.reason, *(f"survives: {name}" for name in survivors)]
        text = "; ".join(note for note in notes if note)
        _say(f"{time.monotonic() - start:6.0f} s  {mark:8}{outcome.name}  {text}")
    report = _report(outcomes, time.monotonic() - start)
    _REPORT.parent.mkdir(parents=True, exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2) + "\n")
    keys = [key for key in report if key not in ("properties", "failed")]
    _say(json.dumps({key: report[key] for key in keys}, indent=2))
    return 0 if _passes(report) else 1


if __name__ == "__main__":
    sys.exit(main())
