"""The native machine against cairo-lang's: the same trace, memory and prover inputs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from circuits.program_input import program_input
from novation.protocol.sealing import SealedBatch
from prover.runner import run_batch, write_files
from tests.circuits.reference_machine import ReferenceRun, parse_memory, read_json
from tests.support.builders import parameters
from tests.support.random_batches import RandomTrading
from tests.support.scenarios import every_outcome


def random_batch(seed: int, n_markets: int, n_transactions: int) -> SealedBatch:
    trading = RandomTrading(seed, parameters(n_markets))
    trading.batch(n_transactions)
    return trading.batch(n_transactions)


BATCHES: dict[str, Callable[[], SealedBatch]] = {
    "first of every outcome": lambda: every_outcome()[0],
    "second of every outcome": lambda: every_outcome()[1],
    "one market": lambda: random_batch(12, 1, 25),
    "two markets": lambda: random_batch(11, 2, 6),
    "five markets": lambda: random_batch(13, 5, 12),
    "sixteen markets": lambda: random_batch(14, 16, 4),
}


@pytest.mark.parametrize("name", BATCHES)
def test_run_batch_against_cairo_lang_gives_the_same_files(name: str, tmp_path: Path) -> None:
    sealed = BATCHES[name]()
    ours = run_batch(sealed.witness)
    files = write_files(ours.provable, tmp_path)
    reference = ReferenceRun(program_input(sealed.witness), min_steps=2**16)

    assert files.trace.read_bytes() == reference.trace_bytes()
    assert parse_memory(files.memory.read_bytes()) == parse_memory(reference.memory_bytes())
    public, expected = read_json(files.public_input), reference.public_input()
    del public["dynamic_params"], expected["dynamic_params"]
    assert public == expected
    private = read_json(files.private_input)
    del private["trace_path"], private["memory_path"]
    assert private == reference.private_input()
    assert ours.execution.output == sealed.output
