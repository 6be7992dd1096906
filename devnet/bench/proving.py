"""Prover figures: a run of 2^16 Cairo steps, proven in the given profiles."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from circuits.layout import LAYOUT_BUILTINS, Usage, padded_steps
from circuits.proof_files import RunFiles, range_check_span, segment_bases, write_files
from circuits.runner import execution_of
from circuits.vm.code import Code
from circuits.vm.machine import Machine
from devnet.console import proving_shown
from devnet.errors import UserError
from novation import _native
from prover.files import write_json_atomically
from prover.measure import PhaseMeter
from prover.profiles import PROFILES, parameters_json

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM: Final = Path(__file__).resolve().parent / "mixed_work.cairo"
N_STEPS: Final = 2**16
VERIFICATIONS: Final = 20
MS: Final = 1000


@dataclass(frozen=True, slots=True)
class ProvingCost:
    """What one proof took."""

    profile: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    proof_bytes: int
    verify_ms: float
    phases: tuple[tuple[str, float, int], ...]


def measure_proving(profiles: Sequence[str]) -> list[ProvingCost]:
    """Prove the same run in each profile and verify each proof many times.

    Raises:
        UserError: if the program does not fill a trace of 2^16 steps.
    """
    with tempfile.TemporaryDirectory(prefix="novation-bench-") as folder:
        files = run_program(Path(folder))
        return [_prove(files, name, Path(folder)) for name in profiles]


def run_program(folder: Path) -> RunFiles:
    """Run the benchmark's program in proof mode and write the prover's input files."""
    # cairo-lang takes seconds to import; no other command needs it.
    from circuits.compiler import compile_source, plain_code  # noqa: PLC0415

    program = compile_source(PROGRAM, PROGRAM.parent)
    # The machine takes what a JSON file would hold.
    code = Code.from_plain(json.loads(json.dumps(plain_code(program, PROGRAM.parent))))
    first = _run(code, None)
    cells = execution_of(first).builtin_cells
    low, high = range_check_span(first)
    sizes = first.segments.sizes()
    usage = Usage(
        n_steps=first.n_steps,
        instances={name: count // LAYOUT_BUILTINS[name] for name, count in cells.items()},
        range_check_span=high - low,
        memory_holes=sum(sizes) - len(first.memory),
    )
    n_steps = padded_steps(usage)
    if n_steps != N_STEPS:
        raise UserError(f"bench: the program's trace has {n_steps} steps, not {N_STEPS}")
    files = RunFiles.in_folder(folder)
    write_files(_run(code, segment_bases(first, sizes, n_steps)), n_steps, files)
    return files


def _run(code: Code, bases: list[int] | None) -> Machine:
    machine = Machine(code, tuple(LAYOUT_BUILTINS), bases)
    machine.run({})
    return machine


def _prove(files: RunFiles, profile: str, folder: Path) -> ProvingCost:
    parameters, proof = folder / "parameters.json", folder / "proof.json"
    write_json_atomically(parameters, parameters_json(PROFILES[profile], N_STEPS))
    meter = PhaseMeter()
    with meter.phase(profile), proving_shown() as progress:
        phases = _native.stark_prove(
            files.public_input, files.private_input, parameters, proof, progress
        )
    cost = meter.phases[0]
    content = proof.read_bytes()
    report = _native.stark_verify(content, PROFILES[profile].conjectured_security_bits)
    start = time.monotonic()
    for _ in range(VERIFICATIONS):
        _native.stark_verify(content)
    verify_ms = (time.monotonic() - start) / VERIFICATIONS * MS
    return ProvingCost(
        profile=profile,
        seconds=cost.wall_seconds,
        cpu_seconds=cost.cpu_seconds,
        peak_mb=cost.peak_mb,
        proof_bytes=report["proof_bytes"],
        verify_ms=verify_ms,
        phases=tuple(phases),
    )
