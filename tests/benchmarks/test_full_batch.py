import pytest

from devnet.bench import batch_proof
from devnet.bench.batch_proof import N_STEPS, full_batch, run_full_batch
from devnet.errors import UserError

# A permutation has three inputs and three outputs, and the trace one in so many steps.
CELLS_PER_PERMUTATION = 6
STEPS_PER_PERMUTATION = 16


def test_full_batch_when_run_then_fills_the_trace_and_no_larger_one() -> None:
    batch = full_batch()
    execution = run_full_batch(batch).run.execution
    permutations = execution.builtin_cells["poseidon"] // CELLS_PER_PERMUTATION
    used = max(execution.n_steps, permutations * STEPS_PER_PERMUTATION)
    assert N_STEPS - used / batch_proof.TRADES < used <= N_STEPS


def test_full_batch_when_larger_than_the_trace_then_refused_before_it_is_proven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_proof, "TRADES", batch_proof.TRADES + 1)
    with pytest.raises(UserError, match="steps, not"):
        run_full_batch(full_batch())
