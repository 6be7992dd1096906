"""Our machine against cairo-lang's: the same trace, memory and prover inputs, byte for byte."""

from pathlib import Path

from circuits.program_input import program_input
from circuits.runner import run_batch
from tests.circuits.reference_machine import ReferenceRun, parse_memory, read_json
from tests.support.random_batches import random_batches


def test_run_batch_against_cairo_lang_writes_the_same_files(tmp_path: Path) -> None:
    *_, sealed = random_batches(seed=11, n_batches=2, n_transactions=6)
    ours = run_batch(sealed.witness, tmp_path)
    reference = ReferenceRun(program_input(sealed.witness), min_steps=2**16)

    assert ours.files.trace.read_bytes() == reference.trace_bytes()
    assert parse_memory(ours.files.memory.read_bytes()) == parse_memory(reference.memory_bytes())
    public, expected = read_json(ours.files.public_input), reference.public_input()
    del public["dynamic_params"], expected["dynamic_params"]
    assert public == expected
    private = read_json(ours.files.private_input)
    del private["trace_path"], private["memory_path"]
    assert private == reference.private_input()
    assert ours.output == sealed.output
