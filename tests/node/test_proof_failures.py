"""A batch that no prover can prove is told at once, with the reason, and nothing waits silently."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devnet.commands.batches import reprove
from devnet.commands.settlement import status
from devnet.endpoints import Endpoints
from devnet.errors import UserError
from devnet.home import Home
from devnet.processes import ManagedProcess
from novation.client import Client
from novation.client.models import Status
from novation.protocol.errors import DecodeError
from prover.job_folder import (
    ATTEMPT_FILE,
    FAILURE_FILE,
    WITNESS_FILE,
    Failure,
    FailureKind,
    JobFolder,
)
from prover.pipeline import UnprovableBatchError, run_sealed_batch
from prover.profiles import PROFILES, Profile
from prover.worker import Worker
from sequencer.clock import SystemClock
from sequencer.config import NodeConfig
from sequencer.engine import Engine
from sequencer.proof_collector import ProofPolicy
from sequencer.proof_queue import OUTPUT_FILE, FolderProofQueue, ProofJob
from tests.node.support import POLICY, RunningNode, running_node, until_exists
from tests.support.exchange import Exchange
from tests.support.simulation import put_proof
from tests.support.waiting import PATIENCE_S, until, wait_until

QUICK = replace(POLICY, proofs=ProofPolicy(untaken_ms=100, silent_ms=200, slow_ms=600))

Prove = Callable[[JobFolder, Profile], None]


class PanicError(BaseException):
    """As a panic of the native code arrives: no Exception."""


@pytest.fixture(autouse=True)
def _fast_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prover.worker.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("prover.worker.POLL_S", 0.01)
    monkeypatch.setattr("prover.job_folder.BEAT_S", 0.02)


@contextmanager
def _worker(root: Path, prove: Prove) -> Iterator[None]:
    worker = Worker(root, PROFILES["balanced"], prove)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(10)


def _publish_proof(job: JobFolder, _profile: Profile) -> None:
    put_proof(job.path.parent, job.batch_number)


@pytest.mark.parametrize(
    "error",
    [
        UnprovableBatchError("Cairo run: AssertionError: at place_order.cairo:83"),
        DecodeError("witness: field entries is absent"),
        ValueError("the proof needs 9000 MB, the memory budget is 900 MB"),
        PanicError("index out of bounds"),
    ],
)
async def test_batch_that_cannot_be_proven_is_told_and_given_up_after_a_few_attempts(
    tmp_path: Path, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path)
    attempts: list[int] = []

    def fail(job: JobFolder, _profile: Profile) -> None:
        attempts.append(job.batch_number)
        raise error

    async with _sealed(home.sequencer_path) as node, node.client(2) as client:
        Endpoints(sequencer=node.target, l1="http://127.0.0.1:1").save(home.endpoints_path)
        with _worker(node.folder.proof_queue_path, fail):
            now = await _until(client, lambda now: now.proof_halted)
            assert str(error) in now.proof_error
            assert "batch 1 cannot be proven" in now.proof_error
            await asyncio.sleep(0.2)
            assert attempts == [1, 1, 1]
        with pytest.raises(UserError, match="novation batch reprove 1") as caught:
            await asyncio.to_thread(status, home)
        assert caught.value.exit_code == 1
        assert "proofs             halted: batch 1 cannot be proven" in capsys.readouterr().out
        await asyncio.to_thread(reprove, 1, home)
        with _worker(node.folder.proof_queue_path, _publish_proof):
            await node.until(lambda engine: engine.batches.last_final == 1)
        await _until(client, lambda now: not now.proof_error)


async def test_another_prover_tries_again_what_was_given_up(tmp_path: Path) -> None:
    def fail(_job: JobFolder, _profile: Profile) -> None:
        raise UnprovableBatchError("old program")

    async with _sealed(tmp_path) as node, node.client(2) as client:
        with _worker(node.folder.proof_queue_path, fail):
            await _until(client, lambda now: now.proof_halted)
        with _worker(node.folder.proof_queue_path, _publish_proof):
            await node.until(lambda engine: engine.batches.last_final == 1)


async def test_failure_that_may_pass_is_told_from_the_first_on_and_tried_again(
    tmp_path: Path,
) -> None:
    may_pass = threading.Event()
    attempts: list[int] = []

    def fail(job: JobFolder, profile: Profile) -> None:
        attempts.append(job.batch_number)
        if not may_pass.is_set():
            raise MemoryError("cannot allocate")
        _publish_proof(job, profile)

    async with _sealed(tmp_path) as node, node.client(2) as client:
        with _worker(node.folder.proof_queue_path, fail):
            now = await _until(client, lambda now: "failed: MemoryError" in now.proof_error)
            assert not now.proof_halted
            await until(lambda: len(attempts) >= 5)
            assert not (await client.status()).proof_halted
            may_pass.set()
            await node.until(lambda engine: engine.batches.last_final == 1)
        await _until(client, lambda now: not now.proof_error)


@pytest.mark.parametrize("name", [WITNESS_FILE, OUTPUT_FILE])
async def test_job_that_cannot_be_read_is_written_anew(tmp_path: Path, name: str) -> None:
    def read(job: JobFolder, profile: Profile) -> None:
        job.read_witness_json()
        job.read_output()
        _publish_proof(job, profile)

    async with _sealed(tmp_path) as node:
        path = node.folder.proof_queue_path / "00000001" / name
        path.write_bytes(b"\xff\x00")
        with _worker(node.folder.proof_queue_path, read):
            await node.until(lambda engine: engine.batches.last_final == 1)
        assert path.read_bytes() != b"\xff\x00"


async def test_job_that_stays_unreadable_is_told(tmp_path: Path) -> None:
    def fail(job: JobFolder, _profile: Profile) -> None:
        (job.path / OUTPUT_FILE).unlink(missing_ok=True)
        job.read_output()

    async with _sealed(tmp_path) as node, node.client(2) as client:
        with _worker(node.folder.proof_queue_path, fail):
            now = await _until(client, lambda now: now.proof_halted)
        assert "cannot read its files: JobUnreadableError: output.json" in now.proof_error
        assert "written anew 3 times" in now.proof_error


async def test_folder_that_cannot_be_read_stops_neither_settlement_nor_orders(
    tmp_path: Path,
) -> None:
    async with _sealed(tmp_path) as node, node.client(2) as client:
        calldata = node.folder.proof_queue_path / "00000001" / "calldata.bin"
        calldata.mkdir()
        await _until(client, lambda now: "proof queue: [Errno 21]" in now.proof_error)
        await client.withdraw("1")
        calldata.rmdir()
        put_proof(node.folder.proof_queue_path, 1)
        await node.until(lambda engine: engine.batches.last_final == 1)
        await _until(client, lambda now: not now.proof_error)


async def test_batch_that_no_prover_takes_is_told(tmp_path: Path) -> None:
    async with _sealed(tmp_path, QUICK) as node, node.client(2) as client:
        await _until(client, lambda now: "for a prover: is one running?" in now.proof_error)
        put_proof(node.folder.proof_queue_path, 1)
        await _until(client, lambda now: not now.proof_error)


async def test_prover_that_falls_silent_or_takes_too_long_is_told(tmp_path: Path) -> None:
    async with _sealed(tmp_path, QUICK) as node, node.client(2) as client:
        folder = node.folder.proof_queue_path / "00000001"
        (folder / ATTEMPT_FILE).write_text("{}")
        await _until(client, lambda now: "prover has been silent" in now.proof_error)
        over = threading.Event()

        def hang(job: JobFolder, profile: Profile) -> None:
            over.wait(PATIENCE_S)
            _publish_proof(job, profile)

        (folder / ATTEMPT_FILE).unlink()
        with _worker(node.folder.proof_queue_path, hang):
            await _until(client, lambda now: "though a prover works on it" in now.proof_error)
            over.set()
            await node.until(lambda engine: engine.batches.last_final == 1)


def test_prover_that_is_killed_in_each_attempt_is_told_and_the_batch_left_alone(
    tmp_path: Path,
) -> None:
    queue = FolderProofQueue(tmp_path / "queue")
    queue.publish(ProofJob(1, "{}", (1,)))
    script = tmp_path / "killed.py"
    script.write_text(
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import prover.worker\n"
        "from prover.profiles import PROFILES\n"
        "prover.worker.FIRST_RETRY_S = 0.01\n"
        "def prove(job, profile):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "prover.worker.Worker(Path(sys.argv[1]), PROFILES['balanced'], prove).run()\n"
    )
    command = [sys.executable, str(script), str(tmp_path / "queue")]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    for _ in range(5):
        process = ManagedProcess("killed", command, tmp_path / "log", environment)
        wait_until(lambda: process.exit_code() is not None)  # noqa: B023
        process.stop()
    failure = queue.state_of(1).failure
    assert failure is not None
    assert (failure.attempt, failure.gave_up) == (4, False)
    assert "process ended: killed, out of memory" in failure.error
    process = ManagedProcess("left-alone", command, tmp_path / "log", environment)
    # The note of the end comes first, then the attempt's is taken away.
    wait_until(lambda: _gave_up(queue) and queue.state_of(1).sign_of_life is None)
    assert process.exit_code() is None
    process.stop()


def test_cairo_run_that_disagrees_with_the_sequencer_is_given_up(tmp_path: Path) -> None:
    exchange = Exchange(price_ticks=0)
    exchange.fund(2)
    sealed = exchange.seal()
    output = (*sealed.output[:3], sealed.output[3] + 1, *sealed.output[4:])
    queue = FolderProofQueue(tmp_path)
    queue.publish(ProofJob(1, sealed.witness.to_json(), output))

    def run(job: JobFolder, _profile: Profile) -> None:
        run_sealed_batch(job.read_witness_json(), job.read_output())

    with _worker(tmp_path, run):
        wait_until(lambda: _gave_up(queue))
    failure = queue.state_of(1).failure
    assert failure is not None
    assert "felt 3 of the output: Cairo" in failure.error


def test_note_that_is_none_is_told_as_a_failure(tmp_path: Path) -> None:
    queue = FolderProofQueue(tmp_path)
    queue.publish(ProofJob(1, "{}", (1,)))
    job = JobFolder(queue.folder(1))
    for text in ("", "[]", "{}", '{"attempt": "x"}'):
        (job.path / FAILURE_FILE).write_text(text)
        failure = queue.state_of(1).failure
        assert failure is not None
        assert "is no note" in failure.error
        assert job.last_failure() is None
    job.record_failure(Failure(2, "why", FailureKind.BATCH))
    failure = queue.state_of(1).failure
    assert failure is not None
    assert (failure.attempt, failure.error) == (2, "why")
    assert json.loads((job.path / FAILURE_FILE).read_text())["kind"] == "batch"


@asynccontextmanager
async def _sealed(path: Path, policy: NodeConfig = POLICY) -> AsyncIterator[RunningNode]:
    """Start a node with one sealed batch; how long a prover is silent is told by a real clock."""
    async with running_node(path, policy=policy, clock=SystemClock()) as node:
        await node.fund(2)
        await node.node.runner.change(Engine.seal)
        await until_exists(node.folder.proof_queue_path / "00000001")
        yield node


async def _until(client: Client, condition: Callable[[Status], bool]) -> Status:
    async def looked() -> Status | None:
        return now if condition(now := await client.status()) else None

    now = await until(looked)
    assert now is not None
    return now


def _gave_up(queue: FolderProofQueue) -> bool:
    failure = queue.state_of(1).failure
    return failure is not None and failure.gave_up
