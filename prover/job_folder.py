"""The folders through which sealed batches come in and proofs go out.

A sealed batch is a folder `<batch number, 8 digits>/` holding `witness.json` and `output.json`,
complete from the moment it exists. The prover adds its results and, last of all, `calldata.bin`:
the whole input of the L1 transaction, whose presence says that the batch is proven.

While it works it keeps changing `proof_attempt.json`: one that stands still, or is found by the
next prover, belongs to a process that has ended. `proof_failure.json` tells of the last attempt.
"""

from __future__ import annotations

import contextlib
import enum
import json
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from prover.files import write_atomically, write_json_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITNESS_FILE: Final = "witness.json"
OUTPUT_FILE: Final = "output.json"
PROOF_FILE: Final = "proof.json"
REPORT_FILE: Final = "proof_report.json"
FAILURE_FILE: Final = "proof_failure.json"
CALLDATA_FILE: Final = "calldata.bin"
ATTEMPT_FILE: Final = "proof_attempt.json"
BEAT_S: Final = 5.0


class JobUnreadableError(Exception):
    """A job's own files are absent, or not what the sequencer writes."""


class FailureKind(enum.StrEnum):
    """What can be done about a failure."""

    BATCH = "batch"
    """The same batch fails in the same way again."""
    MACHINE = "machine"
    """Memory, disk: it may go better next time."""
    CRASH = "crash"
    """The process ended."""
    UNREADABLE = "unreadable"
    """The sequencer must write the job again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the last attempt failed; `attempt` counts those that failed for this kind of reason."""

    attempt: int
    error: str
    kind: FailureKind
    gave_up: bool = False


@dataclass(frozen=True, slots=True)
class JobFolder:
    """One sealed batch."""

    path: Path

    @property
    def batch_number(self) -> int:
        """The number in the folder's name."""
        return int(self.path.name)

    def read_witness_json(self) -> str:
        """Return the circuit's input as the sequencer wrote it."""
        with _reading(WITNESS_FILE):
            return (self.path / WITNESS_FILE).read_text(encoding="ascii")

    def read_output(self) -> tuple[int, ...]:
        """Return the public output that the sequencer computed."""
        with _reading(OUTPUT_FILE):
            felts = json.loads((self.path / OUTPUT_FILE).read_text(encoding="ascii"))
            return tuple(int(felt, 16) for felt in felts)

    def publish(self, proof: bytes, report: object, calldata: bytes) -> None:
        """Put the results beside the batch; the calldata last, as it says that all is there."""
        write_atomically(self.path / PROOF_FILE, proof)
        write_json_atomically(self.path / REPORT_FILE, report)
        write_atomically(self.path / CALLDATA_FILE, calldata)
        (self.path / FAILURE_FILE).unlink(missing_ok=True)

    def record_failure(self, failure: Failure) -> None:
        """Leave a note for whoever wonders why the batch is not proven."""
        write_json_atomically(self.path / FAILURE_FILE, asdict(failure))

    def last_failure(self) -> Failure | None:
        """Return the note of the last attempt, None if there is none that can be read."""
        try:
            note = json.loads((self.path / FAILURE_FILE).read_text(encoding="ascii"))
            return Failure(
                int(note["attempt"]), str(note["error"]), FailureKind(note["kind"]), note["gave_up"]
            )
        except (OSError, KeyError, TypeError, ValueError):
            return None

    def was_abandoned(self) -> bool:
        """Whether an attempt began and its process ended before the attempt did."""
        return (self.path / ATTEMPT_FILE).exists()

    @contextlib.contextmanager
    def attempt(self, number: int) -> Iterator[None]:
        """Show that an attempt is under way for as long as the block, and the process, lives."""
        over = threading.Event()

        def beat(count: int) -> None:
            # The sequencer may have taken the folder away: then nobody looks.
            with contextlib.suppress(OSError):
                sign = json.dumps({"attempt": number, "beat": count})
                (self.path / ATTEMPT_FILE).write_text(sign, encoding="ascii")

        def keep_beating() -> None:
            count = 1
            while not over.wait(BEAT_S):
                beat(count)
                count += 1

        beat(0)
        thread = threading.Thread(target=keep_beating, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.end_attempt()

    def end_attempt(self) -> None:
        """Show no longer that an attempt is under way."""
        with contextlib.suppress(OSError):
            (self.path / ATTEMPT_FILE).unlink(missing_ok=True)


def next_job(root: Path) -> JobFolder | None:
    """Return the oldest batch to prove: L1 takes batches in order only."""
    return next((job for job in waiting_jobs(root) if not _is_given_up(job)), None)


def waiting_jobs(root: Path) -> Iterator[JobFolder]:
    """Yield the batches without a proof, the oldest first."""
    if not root.is_dir():
        return
    folders = sorted(entry for entry in root.iterdir() if entry.name.isdecimal())
    for folder in folders:
        if not (folder / CALLDATA_FILE).exists():
            yield JobFolder(folder)


def _is_given_up(job: JobFolder) -> bool:
    failure = job.last_failure()
    return failure is not None and failure.gave_up


@contextlib.contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, TypeError, ValueError) as error:
        raise JobUnreadableError(f"{name}: {type(error).__name__}: {error}") from error
