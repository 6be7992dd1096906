"""A valid proof of another program, or about another frame, is no proof of a batch."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from prover.calldata import CalldataError, encode_public_input
from prover.runner import run_batch
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
    cell = public_input["public_memory"][20]
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


@pytest.mark.parametrize("pointer", ["begin_addr", "stop_ptr"])
def test_output_when_execution_begins_or_ends_elsewhere_then_error(
    statement: tuple[dict[str, Any], list[int]], pointer: str
) -> None:
    public_input = json.loads(json.dumps(statement[0]))
    public_input["memory_segments"]["program"][pointer] += 1
    with pytest.raises(StatementError, match=r"memory_segments\.program"):
        proven_output(public_input)


def test_output_when_any_part_of_the_statement_changes_then_error_or_another_encoding(
    statement: tuple[dict[str, Any], list[int]],
) -> None:
    """What the encoding for L1 leaves out must be implied: else two statements would look alike.

    The program is left out too; that is what `proven_output` compares.
    """
    honest = statement[0]
    encoded = encode_public_input(honest)
    for path in _leaves(honest):
        changed = json.loads(json.dumps(honest))
        parent = changed
        for key in path[:-1]:
            parent = parent[key]
        value = parent[path[-1]]
        parent[path[-1]] = hex(int(value, 16) + 1) if isinstance(value, str) else value + 1
        try:
            is_same = encode_public_input(changed) == encoded
        except (CalldataError, OverflowError):
            continue
        if is_same:
            with pytest.raises(StatementError, match="another program"):
                proven_output(changed)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths of all numbers; of the long lists the first cells and the last."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key != "layout":
                yield from _leaves(part, (*path, key))
    elif isinstance(value, list):
        for index in [*range(3), *range(len(value) - 60, len(value))]:
            yield from _leaves(value[index], (*path, index))
    else:
        yield path
