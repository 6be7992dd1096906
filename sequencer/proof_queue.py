"""Hand-over between the sequencer and the prover, which never import each other.

A sealed batch becomes a folder `<batch number>/` with `witness.json` and `output.json`. A prover
puts `calldata.bin` beside them: the complete input of the L1 transaction that finalises the batch.
Both sides publish by renaming, so a file that exists is complete.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

WITNESS_FILE = "witness.json"
OUTPUT_FILE = "output.json"
CALLDATA_FILE = "calldata.bin"


@dataclass(frozen=True, slots=True)
class ProofJob:
    """A sealed batch that needs a proof."""

    batch_number: int
    witness_json: str
    output: tuple[int, ...]


class ProofQueue(Protocol):
    """Where proofs are asked for and found."""

    def publish(self, job: ProofJob) -> None:
        """Offer a batch to the provers. Publishing it again changes nothing."""
        ...

    def take_proof(self, batch_number: int) -> bytes | None:
        """Return the L1 calldata of a proven batch, or None while it is not proven."""
        ...

    def discard(self, batch_number: int) -> None:
        """Forget a batch that is final."""
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
        path = self.folder(batch_number) / CALLDATA_FILE
        return path.read_bytes() if path.exists() else None

    def discard(self, batch_number: int) -> None:
        """Remove the folder of a final batch, unless final batches are kept."""
        if not self._keep_final:
            shutil.rmtree(self.folder(batch_number), ignore_errors=True)

    def folder(self, batch_number: int) -> Path:
        """Return the folder of a batch."""
        return self._root / f"{batch_number:08d}"
