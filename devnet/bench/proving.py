"""Prover figures: a run of 2^16 Cairo steps, proven in the given profiles."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devnet.console import proving_shown
from devnet.errors import UserError
from prover import _native
from prover.measure import PhaseMeter
from prover.profiles import MIN_SECURITY_BITS, PROFILES, parameters_json

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
    phases: tuple[_native.ProofPhase, ...]


def measure_proving(profiles: Sequence[str]) -> list[ProvingCost]:
    """Prove the same run in each profile and verify each proof many times.

    Raises:
        UserError: if the program does not fill a trace of 2^16 steps.
    """
    program = compile_benchmark()
    return [_prove(program, name) for name in profiles]


def compile_benchmark() -> _native.CairoProgram:
    """Compile the benchmark's program."""
    return _native.CairoProgram(benchmark_code())


def benchmark_code() -> str:
    """Return the benchmark's program, compiled, as JSON."""
    # cairo-lang takes seconds to import; no other command needs it.
    from circuits.compiler import compile_source, plain_code  # noqa: PLC0415

    program = compile_source(PROGRAM, PROGRAM.parent)
    return json.dumps(plain_code(program, PROGRAM.parent))


def _prove(program: _native.CairoProgram, profile: str) -> ProvingCost:
    # A proof takes the run's memory away, so that each profile has its own.
    run = program.run(({}, {}, {}), []).provable()
    if run.n_steps != N_STEPS:
        raise UserError(f"bench: the program's trace has {run.n_steps} steps, not {N_STEPS}")
    parameters = json.dumps(parameters_json(PROFILES[profile], N_STEPS))
    meter = PhaseMeter()
    with meter.phase(profile), proving_shown() as progress:
        content, phases = _native.stark_prove_run(run, parameters, progress)
    cost = meter.phases[0]
    report = _native.stark_verify(content, MIN_SECURITY_BITS)
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
