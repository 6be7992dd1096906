"""From a sealed batch to the L1 transaction: START READING HERE.

    witness -> 1 Cairo run -> 2 proof -> 3 verification -> 4 calldata

Each step is a phase whose time and peak memory are measured. Nothing leaves the pipeline before the
Rust verifier has accepted the proof.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from novation.protocol.witness import BatchWitness
from prover import _native
from prover.calldata import encode_proof, encode_update_state
from prover.limits import UNLIMITED
from prover.measure import PhaseCost, PhaseMeter, ignore_phases
from prover.profiles import MIN_SECURITY_BITS, Suite, parameters_json
from prover.runner import BatchRun, run_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prover.limits import Limits
    from prover.measure import PhaseListener
    from prover.profiles import Profile

PHASE_RUN: Final = "Cairo run"
PHASE_PROOF: Final = "proof"
PHASE_VERIFICATION: Final = "verification"
PHASE_CALLDATA: Final = "calldata"


class UnprovableBatchError(Exception):
    """The Cairo program does not accept the witness, or disagrees on what the batch does."""


@dataclass(frozen=True, slots=True)
class ProvenBatch:
    """The proof file in Stone's format, the L1 transaction's input, and what they cost.

    `phases` are the run, the proof and what came after, `proof_phases` the parts of the proof.
    """

    proof_json: bytes
    calldata: bytes
    report: dict[str, object]
    phases: tuple[PhaseCost, ...]
    proof_phases: tuple[_native.ProofPhase, ...]


@dataclass(frozen=True, slots=True)
class RunnableBatch:
    """A batch whose Cairo run has ended well, and what the run cost."""

    run: BatchRun
    cost: PhaseCost


def prove_batch(
    witness_json: str,
    expected_output: Sequence[int],
    profile: Profile,
    listener: PhaseListener = ignore_phases,
    progress: Callable[[str, float], object] | None = None,
    limits: Limits = UNLIMITED,
) -> ProvenBatch:
    """Prove one sealed batch: `run_sealed_batch`, then `prove_run`."""
    batch = run_sealed_batch(witness_json, expected_output, listener)
    return prove_run(batch, profile, listener, progress, limits)


def run_sealed_batch(
    witness_json: str,
    expected_output: Sequence[int],
    listener: PhaseListener = ignore_phases,
    *,
    aside: bool = False,
) -> RunnableBatch:
    """Run the batch program on one sealed batch.

    Args:
        witness_json: the circuit's input, as the sequencer stores it.
        expected_output: the public output that the sequencer computed.
        listener: hears of the phase.
        aside: whether another batch is being proven at the same time.

    Raises:
        DecodeError: if the witness is not one.
        UnprovableBatchError: if the Cairo run fails, or writes another output.
    """
    meter = PhaseMeter(listener, aside=aside)
    # 1 ----- Cairo run ------------------------------------------------------------------
    with meter.phase(PHASE_RUN):
        run = _run_cairo(BatchWitness.from_json(witness_json))
        _check_output(run.execution.output, expected_output)
    return RunnableBatch(run, meter.phases[0])


def prove_run(
    batch: RunnableBatch,
    profile: Profile,
    listener: PhaseListener = ignore_phases,
    progress: Callable[[str, float], object] | None = None,
    limits: Limits = UNLIMITED,
) -> ProvenBatch:
    """Prove a batch that ran; that can be done once, for it takes the run's memory away.

    Args:
        batch: what `run_sealed_batch` returned.
        profile: the trade-off between time and bytes.
        listener: hears of each phase.
        progress: hears of each step of the proof, with the share of its work done before.
        limits: what the proof may take of the machine.

    Raises:
        ValueError: if the proof does not fit the memory budget; the message says what it needs.
        ProvingFailed, ProofRejected: if our own prover fails.
    """
    meter, run = PhaseMeter(listener), batch.run.provable
    n_steps = run.n_steps
    # 2 ----- proof ----------------------------------------------------------------------
    with meter.phase(PHASE_PROOF):
        parameters = json.dumps(parameters_json(profile, n_steps, Suite.K))
        proof_json, phases = _native.stark_prove_run(
            run, parameters, progress, limits.memory_budget, limits.threads, MIN_SECURITY_BITS
        )
    # 3 ----- verification ---------------------------------------------------------------
    with meter.phase(PHASE_VERIFICATION):
        verified = _native.stark_verify(proof_json, MIN_SECURITY_BITS)
    # 4 ----- calldata -------------------------------------------------------------------
    with meter.phase(PHASE_CALLDATA):
        calldata = encode_update_state(*encode_proof(json.loads(proof_json)))
    costs = (batch.cost, *meter.phases)
    report = {
        "profile": profile.name,
        "cairo_steps": batch.run.execution.n_steps,
        "n_steps": n_steps,
        "calldata_bytes": len(calldata),
        **verified,
        "phases": [phase.to_json() for phase in costs],
        "proof_phases": [_to_json(phase) for phase in phases],
    }
    return ProvenBatch(proof_json, calldata, report, costs, tuple(phases))


def _to_json(phase: _native.ProofPhase) -> dict[str, object]:
    return {
        "name": phase.name,
        "seconds": round(phase.seconds, 3),
        "cpu_seconds": round(phase.cpu_seconds, 2),
        "floor_seconds": round(phase.floor_seconds, 3),
        "peak_mb": phase.peak_mb,
        "field_muls": phase.field_muls,
        "hashes": phase.hashes,
        "bytes": phase.bytes,
    }


def _run_cairo(witness: BatchWitness) -> BatchRun:
    try:
        return run_batch(witness)
    except Exception as error:
        # A witness is untrusted data: what contradicts itself may fail anywhere in the run.
        raise UnprovableBatchError(f"Cairo run: {type(error).__name__}: {error}") from error


def _check_output(actual: Sequence[int], expected: Sequence[int]) -> None:
    if tuple(actual) == tuple(expected):
        return
    if len(actual) != len(expected):
        raise UnprovableBatchError(
            f"the Cairo run wrote {len(actual)} felts, the sequencer {len(expected)}"
        )
    index = next(i for i, felt in enumerate(actual) if felt != expected[i])
    raise UnprovableBatchError(
        f"felt {index} of the output: Cairo {actual[index]:#x}, sequencer {expected[index]:#x}"
    )
