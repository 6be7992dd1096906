"""Runs slither on all contracts: what it finds is explained here, or it is a fault."""

import json
import subprocess
from pathlib import Path
from typing import Final

from formal.exchange.copies import EXCHANGE_PARTS, TOOLS, build, copy_sources, replace_once
from formal.outcome import Outcome

# Detectors that are wrong about this code wherever they speak, as in foundry.toml.
_EXCLUDED: Final = (
    "incorrect-shift",  # Shifts of 1 are powers of two.
    "incorrect-exp",  # The sibling of an index is its exclusive or with 1.
    "timestamp",  # The batch window and the delays are minutes and days of block time.
)
# Findings by detector and place, and why they are none.
EXPLAINED: Final = {
    ("arbitrary-send-erc20", "receiveFrom"): "the only caller names msg.sender",
    ("events-maths", "setOutflowShare"): "the queue's event tells it, as of every parameter",
    ("missing-zero-check", "loader"): "PinnedCode.hashOf refuses an address without code",
    ("uninitialized-local", "run"): "a struct in memory begins as zeros, and each field is set",
    ("unused-return", "constructor"): "the first asset of an exchange is asset 0",
    ("unused-return", "inspect"): "only the size of what was loaded is asked for",
    ("unused-return", "reclaimDeposit"): "setAsideTime has just told that there is one",
}
_FAULT: Final = ("self.token.safeTransfer(owner,", "self.token.transfer(owner,")


def check_contracts() -> Outcome:
    """Return whether slither finds nothing unexplained, and finds a planted fault."""
    found = unexplained(copy_sources("slither", ("src",)))
    mutant = copy_sources("slither_mutant", (*EXCHANGE_PARTS, "src/verifier/Field.sol"))
    replace_once(mutant / "src" / "libraries" / "AssetRegistry.sol", *_FAULT)
    killed = ("unchecked-transfer", "payTo") in unexplained(mutant)
    reason = ", ".join(f"{check} in {place}" for check, place in sorted(found))
    return Outcome("slither finds nothing", not found, {_FAULT[1]: killed}, reason)


def unexplained(work: Path) -> set[tuple[str, str]]:
    """Return the findings in a project, by detector and place, that nothing explains."""
    environment = build(work, "--build-info")
    report = work / "slither.json"
    command = [
        str(TOOLS / "slither"),
        ".",
        "--ignore-compile",
        "--exclude-informational",
        "--exclude-optimization",
        "--exclude",
        ",".join(_EXCLUDED),
        "--filter-paths",
        "node_modules|generated",
        "--json",
        str(report),
    ]
    # It ends with the number of findings.
    subprocess.run(  # noqa: S603
        command, cwd=work, env=environment, check=False, capture_output=True
    )
    results = json.loads(report.read_text())
    assert results["success"], results["error"]
    found = {
        (finding["check"], finding["elements"][0]["name"])
        for finding in results["results"].get("detectors", [])
    }
    return found - EXPLAINED.keys()
