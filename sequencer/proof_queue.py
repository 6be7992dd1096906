"""Hand-over between the sequencer and the prover, which never import each other.

A sealed batch becomes a folder `<batch number>/` with `witness.json` and `output.json`. A prover
puts `calldata.bin` beside them: the complete input of the L1 transaction that finalises the batch.
Both sides publish by renaming, so a file that exists is complete. The operator's file
`<batch number>.reprove` asks for the proof to be discarded and made again; who may write into the
folder may ask.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

WITNESS_FILE = "witness.json"
OUTPUT_FILE = "output.json"
CALLDATA_FILE = "calldata.bin"
ATTEMPT_FILE = "proof_attempt.json"
FAILURE_FILE = "proof_failure.json"
UNREADABLE = "unreadable"
REPROVE_SUFFIX = ".reprove"


@dataclass(frozen=True, slots=True)
class ProofJob:
    """A sealed batch that needs a proof."""

    batch_number: int
    witness_json: str
    output: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProofFailure:
    """What a prover says about its last attempt at a batch."""

    attempt: int
    error: str
    gave_up: bool
    is_unreadable: bool


@dataclass(frozen=True, slots=True)
class JobState:
    """A batch without a proof: `sign_of_life` changes while a prover works, None if none does."""

    sign_of_life: bytes | None = None
    failure: ProofFailure | None = None


class ProofQueue(Protocol):
    """Where proofs are asked for and found."""

    def publish(self, job: ProofJob) -> None:
        """Offer a batch to the provers. Publishing it again changes nothing."""
        ...

    def take_proof(self, batch_number: int) -> bytes | None:
        """Return the L1 calldata of a proven batch, or None while it is not proven."""
        ...

    def state_of(self, batch_number: int) -> JobState:
        """Return what provers say about a batch that is not proven."""
        ...

    def discard(self, batch_number: int) -> None:
        """Note that a batch is final."""
        ...

    def reprove_requests(self) -> Sequence[int]:
        """Return the batches whose proofs the operator wants discarded, in ascending order."""
        ...

    def forget(self, batch_number: int) -> None:
        """Remove a batch with its proof, so that it can be published anew."""
        ...

    def close_request(self, batch_number: int) -> None:
        """Note that the operator's request has been dealt with."""
        ...


class FolderProofQueue:
    """A proof queue in the file system, one folder per batch."""

    def __init__(self, root: Path, *, keep_final: bool = True) -> None:
        """Use `root`, which is created. `keep_final` keeps the files of final batches."""
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._keep_final = keep_final

    def publish(self, job: ProofJob) -> None:
        """Write the job into a hidden folder and rename it into place."""
        target = self.folder(job.batch_number)
        if target.exists():
            return
        draft = self._root / f".{target.name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        (draft / WITNESS_FILE).write_text(job.witness_json, encoding="ascii")
        (draft / OUTPUT_FILE).write_text(
            json.dumps([hex(felt) for felt in job.output]), encoding="ascii"
        )
        draft.rename(target)

    def take_proof(self, batch_number: int) -> bytes | None:
        """Read the prover's file, if it is there."""
        return _read_if_there(self.folder(batch_number) / CALLDATA_FILE)

    def state_of(self, batch_number: int) -> JobState:
        """Read the prover's notes."""
        folder = self.folder(batch_number)
        failure = _read_if_there(folder / FAILURE_FILE)
        return JobState(
            _read_if_there(folder / ATTEMPT_FILE),
            None if failure is None else _parse_failure(failure),
        )

    def discard(self, batch_number: int) -> None:
        """Remove the folder of a final batch, unless final batches are kept."""
        if not self._keep_final:
            self.forget(batch_number)

    def reprove_requests(self) -> Sequence[int]:
        """List the operator's files; a file whose name is no number is none."""
        return sorted({number for number, _ in self._requests()})

    def forget(self, batch_number: int) -> None:
        """Remove the folder: out of the provers' sight first, in one step."""
        folder = self.folder(batch_number)
        if folder.exists():
            doomed = self._root / f".{folder.name}.doomed"
            shutil.rmtree(doomed, ignore_errors=True)
            folder.rename(doomed)
            shutil.rmtree(doomed)

    def close_request(self, batch_number: int) -> None:
        """Remove the operator's file, whatever zeros its number begins with."""
        for number, path in self._requests():
            if number == batch_number:
                path.unlink(missing_ok=True)

    def request_reprove(self, batch_number: int) -> None:
        """Ask for a batch to be proven again, as the operator's command does."""
        self.request_path(batch_number).touch()

    def request_path(self, batch_number: int) -> Path:
        """Return the file that asks for a batch to be proven again."""
        return self._root / f"{batch_number:08d}{REPROVE_SUFFIX}"

    def folder(self, batch_number: int) -> Path:
        """Return the folder of a batch."""
        return self._root / f"{batch_number:08d}"

    def _requests(self) -> list[tuple[int, Path]]:
        paths = self._root.glob(f"*{REPROVE_SUFFIX}")
        return [(int(path.stem), path) for path in paths if path.stem.isdecimal()]


def _read_if_there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _parse_failure(data: bytes) -> ProofFailure:
    """Read a prover's note; one that is none is a failure, too."""
    try:
        note = json.loads(data)
        return ProofFailure(
            attempt=int(note["attempt"]),
            error=str(note["error"]),
            gave_up=bool(note.get("gave_up", False)),
            is_unreadable=note.get("kind") == UNREADABLE,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return ProofFailure(
            0, f"{FAILURE_FILE} is no note of a failure", gave_up=False, is_unreadable=False
        )
