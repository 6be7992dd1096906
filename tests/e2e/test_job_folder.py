"""The folders between sequencer and prover: both sides mean the same files, and all or nothing."""

import json
import threading
from pathlib import Path

import pytest

from prover import job_folder
from prover.files import write_atomically
from prover.job_folder import JobFolder, next_job, waiting_jobs
from prover.measure import PhaseCost, PhaseMeter
from prover.profiles import (
    LAST_LAYER_DEGREE_BOUND,
    MIN_PROVEN_BITS,
    MIN_SECURITY_BITS,
    PROFILES,
    Profile,
    Suite,
    fri_step_list,
    parameters_json,
)
from prover.run_ahead import RunAhead
from prover.worker import Worker
from sequencer import proof_queue
from sequencer.proof_queue import FolderProofQueue, ProofJob
from tests.support.waiting import PATIENCE_S


def publish(root: Path, batch_number: int) -> FolderProofQueue:
    queue = FolderProofQueue(root)
    queue.publish(ProofJob(batch_number, '{"batch": 1}', (1, 2**200)))
    return queue


def test_file_names_when_compared_with_the_sequencers_then_equal() -> None:
    names = ("WITNESS_FILE", "OUTPUT_FILE", "CALLDATA_FILE")
    assert all(getattr(job_folder, name) == getattr(proof_queue, name) for name in names)


def test_next_job_when_two_wait_then_the_older_one_as_the_sequencer_wrote_it(
    tmp_path: Path,
) -> None:
    for batch_number in (12, 3):
        publish(tmp_path, batch_number)
    job = next_job(tmp_path)
    assert job is not None
    assert job.batch_number == 3
    assert job.read_witness_json() == '{"batch": 1}'
    assert job.read_output() == (1, 2**200)


def test_publish_when_done_then_the_sequencer_finds_the_calldata(tmp_path: Path) -> None:
    queue = publish(tmp_path, 7)
    job = next_job(tmp_path)
    assert job is not None
    assert queue.take_proof(7) is None
    job.publish(b"proof", {"steps": 5}, b"calldata")
    assert queue.take_proof(7) == b"calldata"
    assert next_job(tmp_path) is None


def test_next_job_when_the_queue_does_not_exist_yet_then_none(tmp_path: Path) -> None:
    assert next_job(tmp_path / "absent") is None


def test_write_when_it_fails_then_the_old_file_stays_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "result"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_worker_when_a_proof_fails_then_the_reason_is_kept_and_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.worker.FIRST_RETRY_S", 0.01)
    publish(tmp_path, 1)
    attempts: list[str | None] = []

    def prove(job: JobFolder, _profile: Profile) -> None:
        failure = job.path / job_folder.FAILURE_FILE
        attempts.append(json.loads(failure.read_text())["error"] if failure.exists() else None)
        if len(attempts) < 3:
            raise MemoryError(f"attempt {len(attempts)}")
        job.publish(b"proof", {}, b"calldata")
        worker.stop()

    worker = Worker(tmp_path, PROFILES["fast"], prove)
    thread = threading.Thread(target=worker.run)
    thread.start()
    thread.join(10)
    assert attempts == [None, "MemoryError: attempt 1", "MemoryError: attempt 2"]
    assert next_job(tmp_path) is None
    assert not (tmp_path / "00000001" / job_folder.FAILURE_FILE).exists()


def test_fri_steps_when_trace_length_varies_then_they_reach_the_last_layer() -> None:
    for log_steps in range(3, 24):
        steps = fri_step_list(1 << log_steps)
        assert steps[0] == 0
        assert all(1 <= step <= 3 for step in steps[1:])
        assert sum(steps) + LAST_LAYER_DEGREE_BOUND.bit_length() - 1 == log_steps + 4
    assert fri_step_list(1 << 16) == (0, 3, 3, 3, 3, 2)


@pytest.mark.parametrize("n_steps", [0, 4, 65_535])
def test_fri_steps_when_trace_length_is_unusable_then_refused(n_steps: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        fri_step_list(n_steps)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_profile_when_written_for_l1_then_nodes_have_192_bits_and_security_suffices(
    name: str,
) -> None:
    profile = PROFILES[name]
    parameters = parameters_json(profile, 1 << 16, Suite.K)
    assert parameters["commitment_hash"] == "keccak256_masked192_msb"
    assert profile.conjectured_millibits >= 1000 * MIN_SECURITY_BITS
    assert profile.proven_millibits >= 1000 * MIN_PROVEN_BITS


def test_phase_meter_when_memory_is_used_in_one_phase_then_the_next_does_not_show_it() -> None:
    heard: list[tuple[str, PhaseCost | None]] = []
    meter = PhaseMeter(lambda name, cost: heard.append((name, cost)))
    with meter.phase("large"):
        block = bytearray(128 << 20)
        block[:: 1 << 12] = b"\1" * len(block[:: 1 << 12])
        del block
    with meter.phase("small"):
        pass
    large, small = meter.phases
    assert large.peak_mb - small.peak_mb > 100
    assert [name for name, _ in heard] == ["large", "large", "small", "small"]


def outcome_of(job: JobFolder) -> str:
    return f"outcome of {job.batch_number}"


def take_after(ahead: RunAhead[str], job: JobFolder, following: JobFolder) -> str | None:
    """Let the following job be run beside a job, and take its outcome."""
    with ahead.beside(job):
        pass
    return ahead.take(following)


def test_run_ahead_when_a_batch_follows_then_its_outcome_is_there_once(tmp_path: Path) -> None:
    for batch_number in (1, 2, 3):
        publish(tmp_path, batch_number)
    first, second, third = waiting_jobs(tmp_path)
    ahead = RunAhead(tmp_path, outcome_of)
    assert ahead.take(first) is None
    assert take_after(ahead, first, second) == "outcome of 2"
    assert ahead.take(second) is None
    assert take_after(ahead, first, third) is None


def test_run_ahead_when_the_batch_is_sealed_during_the_proof_then_it_is_run(
    tmp_path: Path,
) -> None:
    publish(tmp_path, 1)
    ran = threading.Event()

    def run(job: JobFolder) -> str:
        ran.set()
        return outcome_of(job)

    (first,) = waiting_jobs(tmp_path)
    ahead = RunAhead(tmp_path, run)
    with ahead.beside(first):
        publish(tmp_path, 2)
        assert ran.wait(PATIENCE_S)
    assert ahead.take(JobFolder(tmp_path / "00000002")) == "outcome of 2"


def test_run_ahead_when_the_run_fails_then_nothing_is_there_and_its_turn_tells(
    tmp_path: Path,
) -> None:
    for batch_number in (1, 2):
        publish(tmp_path, batch_number)
    first, second = waiting_jobs(tmp_path)

    def run(job: JobFolder) -> str:
        raise ValueError(job.batch_number)

    assert take_after(RunAhead(tmp_path, run), first, second) is None
