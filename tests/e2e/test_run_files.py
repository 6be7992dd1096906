"""A run proven in memory and the same run proven from its files: the same proof."""

import json
from pathlib import Path

import pytest

from prover import _native
from prover.files import write_json_atomically
from prover.profiles import PROFILES, parameters_json
from prover.runner import run_batch, write_files
from tests.support.random_batches import random_batches


@pytest.fixture(scope="module")
def run() -> _native.ProvableRun:
    (sealed,) = random_batches(seed=31, n_batches=1, n_transactions=4)
    return run_batch(sealed.witness).provable


def test_proof_of_a_run_when_made_from_its_files_then_the_same(
    run: _native.ProvableRun, tmp_path: Path
) -> None:
    files = write_files(run, tmp_path)
    parameters = parameters_json(PROFILES["fast"], run.n_steps)
    write_json_atomically(tmp_path / "parameters.json", parameters)
    phases: list[str] = []
    direct, costs = _native.stark_prove_run(
        run, json.dumps(parameters), lambda phase, _share: phases.append(phase)
    )
    assert list(dict.fromkeys(phases)) == [*(cost.name for cost in costs), "done"]
    _native.stark_prove(
        files.public_input, files.private_input, tmp_path / "parameters.json", tmp_path / "proof"
    )
    assert (tmp_path / "proof").read_bytes() == direct
    with pytest.raises(ValueError, match="proven already"):
        _native.stark_prove_run(run, json.dumps(parameters))


def test_proof_when_the_callback_raises_then_its_exception() -> None:
    (sealed,) = random_batches(seed=32, n_batches=1, n_transactions=2)
    provable = run_batch(sealed.witness).provable
    parameters = json.dumps(parameters_json(PROFILES["fast"], provable.n_steps))

    def stop(_phase: str, _share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _native.stark_prove_run(provable, parameters, stop)


def test_files_when_the_folder_is_absent_then_os_error(tmp_path: Path) -> None:
    (sealed,) = random_batches(seed=33, n_batches=1, n_transactions=2)
    provable = run_batch(sealed.witness).provable
    with pytest.raises(OSError, match="absent"):
        write_files(provable, tmp_path / "absent")
