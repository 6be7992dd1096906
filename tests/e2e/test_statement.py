"""A valid proof of another program, or about another frame, is no proof of a batch."""

import json
from typing import Any

import pytest

from circuits.runner import run_batch
from prover.statement import StatementError, proven_output
from tests.support.random_batches import random_batches

SEED = 20_261_121


@pytest.fixture(scope="module")
def statement() -> tuple[dict[str, Any], list[int]]:
    """Return the public input of a run of the batch program, and what the protocol put out."""
    sealed = next(random_batches(SEED, n_batches=1, n_transactions=3))
    run = run_batch(sealed.witness)
    return json.loads(run.provable.public_input_json()), list(sealed.output)


def test_output_when_the_batch_program_ran_then_returned(
    statement: tuple[dict[str, Any], list[int]],
) -> None:
    public_input, output = statement
    assert proven_output(public_input) == output


def test_output_when_a_program_word_differs_then_error(
    statement: tuple[dict[str, Any], list[int]],
) -> None:
    public_input = json.loads(json.dumps(statement[0]))
    cell = public_input["public_memory"][1000]
    cell["value"] = hex(int(cell["value"], 16) + 1)
    with pytest.raises(StatementError, match="another program"):
        proven_output(public_input)


def test_output_when_an_initial_frame_cell_differs_then_error(
    statement: tuple[dict[str, Any], list[int]],
) -> None:
    public_input = json.loads(json.dumps(statement[0]))
    begin = public_input["memory_segments"]["execution"]["begin_addr"]
    cell = next(c for c in public_input["public_memory"] if c["address"] == begin)
    cell["value"] = hex(int(cell["value"], 16) + 1)
    with pytest.raises(StatementError, match="frame"):
        proven_output(public_input)
