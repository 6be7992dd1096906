"""Runs the batch after the one that is being proven, so that its proof can start at once.

One batch ahead and no more: what a run leaves behind is as large as the trace of the proof is long.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from prover.job_folder import waiting_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prover.job_folder import JobFolder

logger = logging.getLogger("prover")

POLL_S: Final = 0.25

Outcome = TypeVar("Outcome")


class RunAhead(Generic[Outcome]):
    """Holds the outcome of at most one job, made by a thread beside the main work."""

    def __init__(self, queue: Path, run: Callable[[JobFolder], Outcome]) -> None:
        """Find jobs in `queue`; `run` must not need the main thread."""
        self._queue = queue
        self._run = run
        self._ahead: tuple[JobFolder, Outcome] | None = None

    def take(self, job: JobFolder) -> Outcome | None:
        """Hand over the outcome of a job, None if there is none; it is given once."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != job:
            return None
        return ahead[1]

    @contextlib.contextmanager
    def beside(self, job: JobFolder) -> Iterator[None]:
        """Run the job that follows, as soon as it is there, while the block works on `job`."""
        over = threading.Event()
        thread = threading.Thread(target=self._run_following, args=(job, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _run_following(self, job: JobFolder, over: threading.Event) -> None:
        while True:
            jobs = (other for other in waiting_jobs(self._queue) if other.path > job.path)
            following = next(jobs, None)
            if following is not None:
                break
            if over.wait(POLL_S):
                return
        try:
            self._ahead = following, self._run(following)
        except Exception as error:  # noqa: BLE001 - it will fail again, and be told, at its turn
            logger.info("batch %d: cannot be run ahead: %s", following.batch_number, error)
