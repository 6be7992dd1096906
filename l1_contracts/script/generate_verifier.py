"""Writes the generated part of the L1 verifier from the AIR description.

Usage: generate_verifier.py AIR_JSON LAYOUT_JSON [--check]

AIR_JSON is what the `describe` example of the AIR crate prints; LAYOUT_JSON holds the frozen
parameters (`{name: value}`). With --check nothing is written and a stale file is an error.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from eth_hash.auto import keccak
from verifier_gen import constraints, deep, layout
from verifier_gen.description import parse

REPOSITORY = Path(__file__).resolve().parents[2]
GENERATED = Path("l1_contracts/src/verifier/generated")
MAX_CODE_BYTES = 24_576


def generate(air: dict[str, object], params: dict[str, int]) -> dict[Path, str]:
    """All generated files, by path from the repository root."""
    description = parse(air)
    payload = constraints.periodic_payload(description.periodic)
    if len(payload) > MAX_CODE_BYTES:
        raise ValueError(f"periodic columns take {len(payload)} bytes, limit {MAX_CODE_BYTES}")
    periodic_hash = "0x" + keccak(payload).hex()
    return {
        GENERATED / "AirLayout.sol": layout.solidity_source(description, params),
        GENERATED / "PeriodicColumns.sol": layout.periodic_source(description, payload),
        GENERATED / "Constraints.sol": constraints.ConstraintGenerator(description).source(
            periodic_hash
        ),
        GENERATED / "Deep.sol": deep.DeepGenerator(description).source(),
        Path("prover/l1_layout.py"): layout.python_source(description, params),
    }


def main() -> int:
    """Write the files, or compare them; the exit status is 1 if one is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("air", type=Path)
    parser.add_argument("layout", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    params = json.loads(arguments.layout.read_text())
    files = generate(json.loads(arguments.air.read_text()), params.get("dynamic_params", params))
    stale = []
    for path, text in files.items():
        target = REPOSITORY / path
        if target.exists() and target.read_text() == text:
            continue
        stale.append(path)
        if not arguments.check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    for path in stale:
        print(f"{'stale' if arguments.check else 'written'}: {path}")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
