"""The folders through which sealed batches come in and proofs go out.

A sealed batch is a folder `<batch number, 8 digits>/` holding `witness.json` and `output.json`,
complete from the moment it exists. The prover adds its results and, last of all, `calldata.bin`:
the whole input of the L1 transaction, whose presence says that the batch is proven.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
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
        return (self.path / WITNESS_FILE).read_text(encoding="ascii")

    def read_output(self) -> tuple[int, ...]:
        """Return the public output that the sequencer computed."""
        felts = json.loads((self.path / OUTPUT_FILE).read_text(encoding="ascii"))
        return tuple(int(felt, 16) for felt in felts)

    def publish(self, proof: bytes, report: object, calldata: bytes) -> None:
        """Put the results beside the batch; the calldata last, as it says that all is there."""
        write_atomically(self.path / PROOF_FILE, proof)
        write_json_atomically(self.path / REPORT_FILE, report)
        write_atomically(self.path / CALLDATA_FILE, calldata)
        (self.path / FAILURE_FILE).unlink(missing_ok=True)

    def record_failure(self, message: str, attempt: int) -> None:
        """Leave a note for whoever wonders why the batch is not proven."""
        write_json_atomically(self.path / FAILURE_FILE, {"attempt": attempt, "error": message})


def next_job(root: Path) -> JobFolder | None:
    """Return the oldest batch without a proof: L1 takes batches in order only."""
    return next(waiting_jobs(root), None)


def waiting_jobs(root: Path) -> Iterator[JobFolder]:
    """Yield the batches without a proof, the oldest first."""
    if not root.is_dir():
        return
    folders = sorted(entry for entry in root.iterdir() if entry.name.isdigit())
    for folder in folders:
        if not (folder / CALLDATA_FILE).exists():
            yield JobFolder(folder)
