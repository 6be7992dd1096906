"""Runs halmos on a copy of the contract, as it is and with each mutant."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from formal.exchange.copies import EXCHANGE_PARTS, TOOLS, build, copy_sources, replace_once
from formal.exchange.mutants import ASSUMPTIONS, DIGEST_TYPE, MUTANTS, Mutant
from formal.outcome import Outcome

_PROPERTIES: Final = Path(__file__).with_name("Exchange.halmos.t.sol")
_HALMOS: Final = TOOLS / "halmos"
_LINE: Final = re.compile(r"\[(PASS|FAIL|ERROR|TIMEOUT)\].*?(check_\w+)\(")
_COLOUR: Final = re.compile(r"\x1b\[\d+m")
_WORKERS: Final = 2
_TIMEOUT_MS: Final = 600_000


def properties() -> tuple[str, ...]:
    """Return the names of the properties."""
    return tuple(re.findall(r"function (check_\w+)\(", _PROPERTIES.read_text()))


def check_exchange() -> Iterator[Outcome]:
    """Yield what the checker says of each property, for the contract and for its mutant."""
    assert sorted(mutant.prop for mutant in MUTANTS) == sorted(properties())
    passed = check_contract()
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        for mutant, killed in zip(MUTANTS, pool.map(is_killed, MUTANTS), strict=True):
            yield Outcome(mutant.prop, passed.get(mutant.prop, False), {mutant.new: killed})


def check_contract() -> dict[str, bool]:
    """Return by name which properties the contract has."""
    return _run(_copy("original", None), "")


def is_killed(mutant: Mutant) -> bool:
    """Return whether the property that a mutant breaks fails on it."""
    pattern = f"{mutant.prop.removeprefix('check_')}\\("
    return _run(_copy(mutant.prop, mutant), pattern) == {mutant.prop: False}


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


def _run(work: Path, pattern: str) -> dict[str, bool]:
    environment = build(work, "--ast")
    command = [
        str(_HALMOS),
        "--contract",
        "ExchangeProperties",
        "--match-test",
        pattern,
        "--solver-timeout-assertion",
        str(_TIMEOUT_MS),
        "--no-status",
    ]
    done = subprocess.run(  # noqa: S603
        command, cwd=work, env=environment, check=False, capture_output=True, text=True
    )
    found = _LINE.findall(_COLOUR.sub("", done.stdout))
    if not found:
        raise RuntimeError(f"{work.name}: halmos said nothing:\n{done.stdout}{done.stderr}")
    return {name: verdict == "PASS" for verdict, name in found}
