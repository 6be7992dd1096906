"""The prover's process: takes sealed batches in order, proves them, hands back L1 calldata.

    python -m prover.worker --queue FOLDER --profile fast

It shares nothing with the sequencer but the queue's folders, so that running out of memory here,
or a bug, delays proofs and harms nothing else. A batch that fails is tried again with growing
delays: the batches behind it could not settle before it anyway.
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

from prover.job_folder import JobFolder, next_job
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
        failures = 0
        while not self._stopped.is_set():
            job = next_job(self._queue)
            if job is None:
                self._stopped.wait(POLL_S)
            elif self._attempt(job, failures + 1):
                failures = 0
            else:
                failures += 1
                self._stopped.wait(min(FIRST_RETRY_S * 2 ** (failures - 1), LONGEST_RETRY_S))

    def _attempt(self, job: JobFolder, attempt: int) -> bool:
        start = time.monotonic()
        try:
            self._prove(job, self._profile)
        except Exception as error:  # the boundary: whatever a proof raises, the worker goes on
            logger.exception("batch %d: attempt %d failed", job.batch_number, attempt)
            job.record_failure(f"{type(error).__name__}: {error}", attempt)
            return False
        logger.info("batch %d: proven in %.1f s", job.batch_number, time.monotonic() - start)
        return True


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
    limits = Limits(arguments.memory_budget, arguments.threads)
    prover = BatchProver(arguments.queue, limits)
    Worker(arguments.queue, PROFILES[arguments.profile], prover.prove_job).run()


if __name__ == "__main__":
    main()
