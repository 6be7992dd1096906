"""Runs halmos on a copy of the contract, as it is and with each mutant."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from formal.exchange.copies import EXCHANGE_PARTS, TOOLS, build, copy_sources, replace_once
from formal.exchange.mutants import ASSUMPTIONS, DIGEST_TYPE, MUTANTS, Mutant
from formal.outcome import Outcome

_PROPERTIES: Final = Path(__file__).with_name("Exchange.halmos.t.sol")
_HALMOS: Final = TOOLS / "halmos"
_WORKERS: Final = 2
# A query takes milliseconds: this bounds a hang, and no verdict comes near it.
_TIMEOUT_MS: Final = 600_000


class Verdict(StrEnum):
    """What the checker says of a property."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNDECIDED = "undecided"


# Exit codes of halmos for one property; all others are timeouts and errors, which decide nothing.
_VERDICTS: Final = {0: Verdict.HOLDS, 1: Verdict.BROKEN}


def properties() -> tuple[str, ...]:
    """Return the names of the properties."""
    return tuple(re.findall(r"function (check_\w+)\(", _PROPERTIES.read_text()))


def check_exchange() -> Iterator[Outcome]:
    """Yield what the checker says of each property, for the contract and for its mutant."""
    assert sorted(mutant.prop for mutant in MUTANTS) == sorted(properties())
    found = check_contract()
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        for mutant, killed in zip(MUTANTS, pool.map(is_killed, MUTANTS), strict=True):
            verdict = found[mutant.prop]
            holds = verdict is Verdict.HOLDS
            yield Outcome(mutant.prop, holds, {mutant.new: killed}, "" if holds else verdict)


def check_contract() -> dict[str, Verdict]:
    """Return by name what the checker says of the contract's properties."""
    return _run(_copy("original", None), "")


def is_killed(mutant: Mutant) -> bool:
    """Return whether the property that a mutant breaks has a counterexample on it."""
    pattern = f"{mutant.prop.removeprefix('check_')}\\("
    return _run(_copy(mutant.prop, mutant), pattern) == {mutant.prop: Verdict.BROKEN}


def _copy(name: str, mutant: Mutant | None) -> Path:
    """Return a project of the contract without the verifier, changed by a mutant."""
    work = copy_sources(name, (*EXCHANGE_PARTS, "src/verifier/Field.sol"))
    (work / "test").mkdir()
    shutil.copy(_PROPERTIES, work / "test")
    for file, old, new in ASSUMPTIONS:
        replace_once(work / file, old, new)
    for path in work.glob("src/**/*.sol"):
        path.write_text(path.read_text().replace(*DIGEST_TYPE))
    if mutant is not None:
        replace_once(work / mutant.file, mutant.old, mutant.new)
    return work


def _run(work: Path, pattern: str) -> dict[str, Verdict]:
    environment = build(work, "--ast")
    report = work / "halmos.json"
    command = [
        str(_HALMOS),
        "--contract",
        "ExchangeProperties",
        "--match-test",
        pattern,
        "--solver-timeout-assertion",
        str(_TIMEOUT_MS),
        "--no-status",
        "--json-output",
        str(report),
    ]
    done = subprocess.run(  # noqa: S603
        command, cwd=work, env=environment, check=False, capture_output=True, text=True
    )
    found = json.loads(report.read_text())["test_results"] if report.exists() else {}
    results = [result for contract in found.values() for result in contract]
    if not results:
        raise RuntimeError(f"{work.name}: halmos checked nothing:\n{done.stdout}{done.stderr}")
    return {result["name"].partition("(")[0]: verdict_of(result) for result in results}


def verdict_of(result: dict[str, Any]) -> Verdict:
    """Return what a result in the checker's report says."""
    verdict = _VERDICTS.get(result["exitcode"], Verdict.UNDECIDED)
    # A loop that was cut short hides ways on which a property may break.
    is_cut = verdict is Verdict.HOLDS and result["num_bounded_loops"] != 0
    return Verdict.UNDECIDED if is_cut else verdict
