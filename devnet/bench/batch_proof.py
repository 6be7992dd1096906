"""A real batch of trades that fills 2^18 steps, from its sealed witness to the verified proof."""

from __future__ import annotations

import dataclasses
import importlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from devnet.bench.steps import DISTINCT, MODULE
from devnet.console import phases_shown
from devnet.errors import UserError
from prover import _native
from prover.measure import ignore_phases
from prover.pipeline import PHASE_PROOF, prove_run, run_sealed_batch
from prover.profiles import LOG_ROWS_PER_STEP, PROFILES

if TYPE_CHECKING:
    from novation.protocol.sealing import SealedBatch
    from prover.measure import PhaseListener
    from prover.pipeline import RunnableBatch

N_STEPS: Final = 2**18
# 2^18 steps have room for no more.
TRADES: Final = 110
PROFILE: Final = "balanced"
# As many proofs as an operator who catches up has, and enough for two cores to share.
PROOFS_VERIFIED: Final = 32
VERIFICATIONS: Final = 3


@dataclass(frozen=True, slots=True)
class BatchProofCost:
    """What the proof of one batch took; `total_seconds` begin with the sealed witness."""

    trades: int
    total_seconds: float
    prove_seconds: float
    cpu_seconds: float
    floor_seconds: float
    peak_mb: float
    cells_per_step: int
    verified_per_second: float


def measure_batch_proof() -> BatchProofCost:
    """Prove one batch of trades between accounts that each trade once.

    Raises:
        UserError: outside a checkout, or if the batch does not fill 2^18 steps.
    """
    batch = full_batch()
    with phases_shown() as told:
        start = time.monotonic()
        run = run_full_batch(batch, told.listen)
        proven = prove_run(run, PROFILES[PROFILE], told.listen, told.advance)
        total_seconds = time.monotonic() - start
    proof = next(cost for cost in proven.phases if cost.name == PHASE_PROOF)
    return BatchProofCost(
        trades=TRADES,
        total_seconds=total_seconds,
        prove_seconds=proof.wall_seconds,
        cpu_seconds=proof.cpu_seconds,
        floor_seconds=sum(phase.floor_seconds for phase in proven.proof_phases),
        peak_mb=proof.peak_mb,
        cells_per_step=cells_per_step(json.loads(proven.proof_json)["public_input"]),
        verified_per_second=verified_per_second(proven.proof_json),
    )


def full_batch() -> SealedBatch:
    """Return a sealed batch of trades between accounts that each trade once.

    Raises:
        UserError: outside a checkout.
    """
    try:
        benchmark: Any = importlib.import_module(MODULE)
    except ModuleNotFoundError as error:
        raise UserError(f"bench: no module {MODULE}; run it in a checkout") from error
    case = dataclasses.replace(benchmark.CASES[DISTINCT], n_accounts=2 * TRADES)
    batch: SealedBatch = benchmark.sealed(case, TRADES)
    return batch


def run_full_batch(batch: SealedBatch, listener: PhaseListener = ignore_phases) -> RunnableBatch:
    """Run the batch program on a full batch.

    Raises:
        UserError: if the batch does not fill 2^18 steps: one step more would take twice the memory.
    """
    run = run_sealed_batch(batch.witness.to_json(), batch.output, listener)
    n_steps = run.run.provable.n_steps
    if n_steps != N_STEPS:
        raise UserError(f"bench: {TRADES} trades take {n_steps} steps, not {N_STEPS}")
    return run


def cells_per_step(public_input: dict[str, Any]) -> int:
    """Return the trace cells of one Cairo step in the statement's layout."""
    layout = public_input["dynamic_params"]
    columns: int = layout["num_columns_first"] + layout["num_columns_second"]
    rows: int = layout["cpu_component_step"] << LOG_ROWS_PER_STEP
    return columns * rows


def verified_per_second(proof_json: bytes) -> float:
    """Return how many such proofs all cores verify in a second.

    Raises:
        UserError: if one is not accepted.
    """
    fastest = float("inf")
    for _ in range(VERIFICATIONS):
        start = time.monotonic()
        outcomes = _native.stark_verify_many([proof_json] * PROOFS_VERIFIED)
        fastest = min(fastest, time.monotonic() - start)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise UserError(f"bench: {outcome}") from outcome
    return PROOFS_VERIFIED / fastest
