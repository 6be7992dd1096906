"""Processor time of one proof with every kernel that this machine can run.

    python -m devnet.bench.kernels PROGRAM

proves the run of a compiled program and prints the seconds. A process has one kernel, so each
kernel has its own. The run is as large as the golden one (2^16 steps, blowup 4).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from devnet.bench.proving import N_STEPS, benchmark_code
from devnet.errors import UserError
from prover import _native
from prover.profiles import PROFILES, parameters_json

PROFILE: Final = "fast"
VARIABLE: Final = "NOVATION_KERNEL"
# Grinding is luck, and hashes one by one on every kernel.
LEFT_OUT: Final = "grinding"


def measure_kernels() -> dict[str, float]:
    """Prove the benchmark's run once with each kernel.

    Raises:
        UserError: if one does not prove it.
    """
    with tempfile.TemporaryDirectory(prefix="novation-bench-") as folder:
        program = Path(folder, "program.json")
        program.write_text(benchmark_code())
        return {kernel: _measure(kernel, program) for kernel in _native.available_kernels()}


def _measure(kernel: str, program: Path) -> float:
    child = subprocess.run(  # noqa: S603  (a list, never a shell)
        [sys.executable, "-m", "devnet.bench.kernels", str(program)],
        env=os.environ | {VARIABLE: kernel},
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode != 0:
        raise UserError(f"bench: kernel {kernel}: {child.stderr}")
    return float(child.stdout)


def main() -> None:
    """Print the processor seconds of the proof of a program's run."""
    run = _native.CairoProgram(Path(sys.argv[1]).read_text()).run(({}, {}, {}), []).provable()
    parameters = json.dumps(parameters_json(PROFILES[PROFILE], N_STEPS))
    _, phases = _native.stark_prove_run(run, parameters)
    seconds = sum(phase.cpu_seconds for phase in phases if phase.name != LEFT_OUT)
    sys.stdout.write(f"{seconds}\n")


if __name__ == "__main__":
    main()
