"""The prover's process: takes sealed batches in order, proves them, hands back L1 calldata.

    python -m prover.worker --queue FOLDER --profile fast

It shares nothing with the sequencer but the queue's folders, so that running out of memory here,
or a bug, delays proofs and harms nothing else. Every failure is noted in the batch's folder, where
the sequencer finds it for `novation status`. What may go better next time is tried again with
growing delays; what fails in the same way again is given up after a few attempts, until the
operator has the batch proven again or starts another prover.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prover import _native
from prover.failures import MAX_ATTEMPTS, kind_of
from prover.job_folder import Failure, FailureKind, JobFolder, next_job, waiting_jobs
from prover.limits import UNLIMITED, Limits, add_arguments
from prover.pipeline import prove_run, run_sealed_batch
from prover.profiles import PROFILES, Profile
from prover.run_ahead import RunAhead

if TYPE_CHECKING:
    from collections.abc import Callable

    from prover.measure import PhaseCost
    from prover.pipeline import RunnableBatch

logger = logging.getLogger("prover")

POLL_S: Final = 0.25
NICENESS: Final = 5
FIRST_RETRY_S: Final = 5.0
LONGEST_RETRY_S: Final = 300.0


class Worker:
    """Proves one batch after the other until it is told to stop."""

    def __init__(
        self,
        queue: Path,
        profile: Profile,
        prove: Callable[[JobFolder, Profile], None] | None = None,
    ) -> None:
        """Take batches from `queue`; `prove` publishes a job's results, or raises."""
        self._queue = queue
        self._profile = profile
        self._prove = prove or BatchProver(queue).prove_job
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Take no further batch."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped; no failure of a proof ends the loop."""
        self._look_back()
        while not self._stopped.is_set():
            job = self._next_job()
            if job is None:
                self._stopped.wait(POLL_S)
                continue
            failure = self._attempt(job)
            if failure is not None and not failure.gave_up:
                self._wait_after(failure, job)

    def _look_back(self) -> None:
        """Note the attempts that ended with their process; try again what was given up before.

        This prover may be another program, or may have more memory. But an attempt that took its
        process with it several times is left alone: it would do so again.
        """
        for job in waiting_jobs(self._queue):
            failure = job.last_failure()
            if job.was_abandoned():
                crash = _failure_after(
                    failure,
                    FailureKind.CRASH,
                    "the prover's process ended: killed, out of memory, or crashed",
                )
                self._record(job, crash)
                job.end_attempt()
                if not crash.gave_up:
                    self._wait_after(crash, job)
            elif failure is not None and failure.gave_up and failure.kind is FailureKind.BATCH:
                self._record(job, Failure(0, failure.error, failure.kind))

    def _wait_after(self, failure: Failure, job: JobFolder) -> None:
        """Wait, the longer the more attempts have failed; no longer than the note is there."""
        until = time.monotonic() + _delay_s(failure)
        while time.monotonic() < until and job.last_failure() is not None:
            if self._stopped.wait(min(POLL_S, _delay_s(failure))):
                return

    def _next_job(self) -> JobFolder | None:
        try:
            return next_job(self._queue)
        except OSError as error:
            logger.error("%s: %s", self._queue, error)  # noqa: TRY400 - no trace is needed
            return None

    def _attempt(self, job: JobFolder) -> Failure | None:
        start = time.monotonic()
        before = job.last_failure()
        try:
            with job.attempt(1 if before is None else before.attempt + 1):
                self._prove(job, self._profile)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the boundary: a panic of the native code is no Exception
            failure = _failure_after(before, kind_of(error), f"{type(error).__name__}: {error}")
            logger.exception("batch %d: attempt %d failed", job.batch_number, failure.attempt)
            self._record(job, failure)
            return failure
        logger.info("batch %d: proven in %.1f s", job.batch_number, time.monotonic() - start)
        return None

    def _record(self, job: JobFolder, failure: Failure) -> None:
        if failure.gave_up:
            logger.error("batch %d: given up: %s", job.batch_number, failure.error)
        if not job.path.is_dir():
            return
        try:
            job.record_failure(failure)
        except OSError as error:
            logger.error("batch %d: cannot note it: %s", job.batch_number, error)  # noqa: TRY400


def _failure_after(before: Failure | None, kind: FailureKind, error: str) -> Failure:
    attempt = before.attempt + 1 if before is not None and before.kind is kind else 1
    return Failure(attempt, error, kind, gave_up=attempt >= MAX_ATTEMPTS[kind])


def _delay_s(failure: Failure) -> float:
    return min(FIRST_RETRY_S * 2.0 ** min(failure.attempt - 1, 30), LONGEST_RETRY_S)


class BatchProver:
    """Proves batches, and meanwhile runs the one that follows."""

    def __init__(self, queue: Path, limits: Limits = UNLIMITED) -> None:
        """Look for following batches in `queue`."""
        self._limits = limits
        self._ahead: RunAhead[RunnableBatch] = RunAhead(queue, _run_aside)

    def prove_job(self, job: JobFolder, profile: Profile) -> None:
        """Prove one sealed batch and publish what L1 needs."""

        def log_phase(name: str, cost: PhaseCost | None) -> None:
            if cost is not None:
                logger.info(
                    "batch %d: %s %.1f s, %.0f MB",
                    job.batch_number,
                    name,
                    cost.wall_seconds,
                    cost.peak_mb,
                )

        batch = self._ahead.take(job)
        if batch is None:
            batch = run_sealed_batch(job.read_witness_json(), job.read_output(), log_phase)
        with self._ahead.beside(job):
            proven = prove_run(batch, profile, log_phase, limits=self._limits)
        job.publish(proven.proof_json, proven.report, proven.calldata)


def _run_aside(job: JobFolder) -> RunnableBatch:
    return run_sealed_batch(job.read_witness_json(), job.read_output(), aside=True)


def offer_as_first_victim() -> None:
    """Ask Linux to end this process before any other when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")


def yield_to_others() -> None:
    """Let the sequencer have the processor first: orders wait for nobody, proofs may."""
    os.nice(NICENESS)


def main() -> None:
    """Run a worker until the process is ended."""
    parser = argparse.ArgumentParser(prog="prover.worker", description=__doc__)
    parser.add_argument("--queue", type=Path, required=True, help="folder of sealed batches")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="balanced")
    add_arguments(parser)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    offer_as_first_victim()
    yield_to_others()
    logger.info("kernel %s", _native.kernel())
    limits = Limits(arguments.memory_budget, arguments.threads)
    prover = BatchProver(arguments.queue, limits)
    Worker(arguments.queue, PROFILES[arguments.profile], prover.prove_job).run()


if __name__ == "__main__":
    main()
