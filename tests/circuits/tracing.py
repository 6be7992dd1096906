"""The first phase of a proof: whether the trace generator takes a run, without the rest."""

import json

from novation.protocol.sealing import SealedBatch
from prover import _native
from prover.profiles import PROFILES, Suite, parameters_json
from prover.runner import run_batch


class _StopError(Exception):
    pass


def assert_trace_is_made(sealed: SealedBatch) -> None:
    """Run a batch and make its trace; the exception of the layer that refuses it."""
    run = run_batch(sealed.witness)
    assert run.execution.output == sealed.output
    parameters = parameters_json(next(iter(PROFILES.values())), run.provable.n_steps, Suite.K)
    seen: list[str] = []

    def progress(phase: str, _share: float) -> None:
        seen.append(phase)
        if phase != seen[0]:
            raise _StopError

    try:
        _native.stark_prove_run(run.provable, json.dumps(parameters), progress, None, 1, 0)
    except _StopError:
        assert seen[0] == "trace", seen
        return
    raise AssertionError(f"the proof was finished: {seen}")
