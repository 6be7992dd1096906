"""python -m formal: checks everything and writes build/formal/report.json.

Exits with 1 if a property fails, a mutant survives, or too many Cairo functions are undecided.
"""

import json
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
from formal.theorems import margin, medians, merkle, words
from formal.theorems.theorem import Theorem, holds

_REPORT: Final = Path(__file__).resolve().parent.parent / "build" / "formal" / "report.json"
# Of the own Cairo functions, at most one in five may be undecided.
_UNKNOWN_SHARE: Final = 5


def all_theorems() -> list[Theorem]:
    """Return every theorem about the protocol's and the field's arithmetic."""
    protocol = [*words.theorems(), *margin.THEOREMS, *medians.theorems(), *merkle.THEOREMS]
    return [*protocol, *FIELD]


def check_theorem(theorem: Theorem) -> Outcome:
    """Return whether a theorem holds, and breaks with each of its faults."""
    answer = holds(theorem)
    faults = {fault: holds(theorem, fault) is False for fault in theorem.faults}
    reason = "" if answer else f"solver says {answer}"
    return Outcome(theorem.name, bool(answer), faults, reason)


def _outcomes() -> Iterator[Outcome]:
    for theorem in all_theorems():
        yield check_theorem(theorem)
    yield from check_functions()
    yield from check_exchange()
    yield check_contracts()


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
        sys.stdout.write(f"{time.monotonic() - start:6.0f} s  {mark:8}{outcome.name}  {text}\n")
        sys.stdout.flush()
    report = _report(outcomes, time.monotonic() - start)
    _REPORT.parent.mkdir(parents=True, exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2) + "\n")
    keys = [key for key in report if key not in ("properties", "failed")]
    sys.stdout.write(json.dumps({key: report[key] for key in keys}, indent=2) + "\n")
    return 0 if _passes(report) else 1


if __name__ == "__main__":
    sys.exit(main())
