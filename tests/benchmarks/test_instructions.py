"""A small proof does not take more instructions than it used to.

Instructions are counted by callgrind, on one thread and with the kernel `scalar`, which every
machine has: valgrind knows neither AVX-512 nor ADX, and emulates FMA in software, ten times
slower. So the figure is the same on every x86-64 machine. After a change that was worth it:

    python -m tests.benchmarks.test_instructions
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("instructions.json")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "release" / "examples" / "small_proof"
KERNEL = "scalar"
ALLOWED_GROWTH = 1.10


def count_instructions(program: Path, scratch: Path) -> int:
    """Run a program under callgrind."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch}", str(program)]
    environment = os.environ | {"RAYON_NUM_THREADS": "1", "NOVATION_KERNEL": KERNEL}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", run.stderr)
    assert found, run.stderr
    return int(found[1])


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.skipif(not PROGRAM.exists(), reason="`make test` builds examples/small_proof first")
def test_small_proof_takes_at_most_a_tenth_more_instructions_than_recorded(tmp_path: Path) -> None:
    recorded = json.loads(RECORD.read_text())["small_proof"]
    counted = count_instructions(PROGRAM, tmp_path / "callgrind.out")
    print(f"{counted:,} instructions, recorded are {recorded:,}: {counted / recorded:.3f}")
    assert counted <= recorded * ALLOWED_GROWTH


if __name__ == "__main__":
    RECORD.write_text(
        json.dumps({"small_proof": count_instructions(PROGRAM, Path(os.devnull))}) + "\n"
    )
