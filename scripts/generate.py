"""Rewrite the committed generated files, or check that they are fresh: `generate.py [--check]`.

Generated are `novation/api` from the proto files, and the constraint and DEEP code of the L1
verifier (with its layout table) from the one definition of the AIR and the frozen layout.
"""

import filecmp
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from prover import _native

ROOT = Path(__file__).resolve().parents[1]
API = Path("novation/api")
LAYOUT = ROOT / "circuits" / "cairo_air" / "layout.json"
SEGMENTS = ["program", "execution", "output", "pedersen", "range_check", "ecdsa", "bitwise"]
SEGMENTS += ["ec_op", "keccak", "poseidon", "range_check96", "add_mod", "mul_mod"]


def main() -> int:
    """Generate everything; with --check write nothing and return 1 if a file is stale."""
    check = "--check" in sys.argv[1:]
    stale = [*generate_api(check=check), *generate_verifier(check=check)]
    for line in stale:
        print(line)
    if check and stale:
        print("run `make gen` and commit the result")
        return 1
    return 0


def generate_api(*, check: bool) -> list[str]:
    """Generate the protobuf code; return one line per file that differed."""
    with tempfile.TemporaryDirectory() as folder:
        script = ROOT / "proto" / "generate.py"
        subprocess.run([sys.executable, str(script), folder], check=True)  # noqa: S603 - our script
        fresh = Path(folder) / API
        names = sorted(path.relative_to(fresh) for path in fresh.rglob("*.py*") if path.is_file())
        differing = [name for name in names if not same(fresh / name, ROOT / API / name)]
        if not check:
            for name in differing:
                shutil.copyfile(fresh / name, ROOT / API / name)
    return [f"{'stale' if check else 'written'}: {API / name}" for name in differing]


def same(fresh: Path, committed: Path) -> bool:
    """Return whether the committed file has the fresh content."""
    return committed.is_file() and filecmp.cmp(fresh, committed, shallow=False)


def generate_verifier(*, check: bool) -> list[str]:
    """Generate the Solidity code from the AIR; return what the generator says about its files."""
    layout = json.loads(LAYOUT.read_text())
    # The constraints do not depend on the run, so the smallest statement on the layout will do.
    statement = {
        "layout": "dynamic",
        "n_steps": 1 << 16,
        "rc_min": 0,
        "rc_max": 1,
        "memory_segments": {name: {"begin_addr": 1, "stop_ptr": 1} for name in SEGMENTS},
        "public_memory": [{"address": 1, "value": "0x0", "page": 0}],
        "dynamic_params": layout,
    }
    description = _native.air_description(json.dumps(statement))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(description)
        file.flush()
        generator = ROOT / "l1_contracts" / "script" / "generate_verifier.py"
        command = [sys.executable, str(generator), file.name, str(LAYOUT)]
        result = subprocess.run(  # noqa: S603 - our own script
            command + ["--check"] * check, check=not check, capture_output=True, text=True
        )
    if result.returncode not in (0, 1) or result.stderr:
        raise RuntimeError(result.stderr)
    return result.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
