"""Runs proof files through one of the verifiers and turns the outcome into an exit status."""

from __future__ import annotations

import enum
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from devnet.console import console, error_console, waiting
from devnet.errors import UserError
from novation.protocol.errors import DecodeError
from novation.protocol.output import decode_output
from prover import _native
from prover.reference import (
    ProofError,
    RejectedProof,
    UnreadableProof,
    UnsupportedProof,
    verify_text,
)
from prover.statement import StatementError, proven_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Subject = TypeVar("Subject")
Outcome = TypeVar("Outcome")

ACCEPTED: Final = "accepted"
STANDARD_INPUT: Final = "-"
# The largest proof that is judged has a sixteenth of this.
MAX_FILE_BYTES: Final = 256 << 20


class ExitCode(enum.IntEnum):
    """How verifiers end; of several files the largest counts."""

    ACCEPTED = 0
    REJECTED = 1
    UNSUPPORTED = 2
    UNREADABLE = 3


KINDS: Final = (
    (RejectedProof, "rejected", ExitCode.REJECTED),
    (UnsupportedProof, "unsupported", ExitCode.UNSUPPORTED),
    (UnreadableProof, "unreadable", ExitCode.UNREADABLE),
)
NATIVE_KINDS: Final = (
    (_native.ProofRejected, ExitCode.REJECTED),
    (_native.ProofUnsupported, ExitCode.UNSUPPORTED),
    (_native.ProofUnreadable, ExitCode.UNREADABLE),
)


@dataclass(frozen=True, slots=True)
class ProofInput:
    """A proof file that was read, once: whatever looks at it sees the same bytes."""

    name: str
    content: bytes


def read_proofs(paths: Sequence[Path]) -> list[ProofInput | UserError]:
    """Read each file, or the error of one that cannot be read; `-` is standard input."""
    return [verdict_of(read_input, path) for path in paths]


def read_input(path: Path) -> ProofInput:
    """Read a file, or standard input for `-`; UserError if the system refuses."""
    is_standard = str(path) == STANDARD_INPUT
    name = "standard input" if is_standard else str(path)
    try:
        if is_standard:
            content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        limit = f"unsupported: more than {MAX_FILE_BYTES >> 20} MiB"
        raise UserError(f"{name}: {limit}", ExitCode.UNSUPPORTED)
    return ProofInput(name, content)


def check_proofs(
    proofs: Sequence[ProofInput | UserError], min_security_bits: int
) -> list[str | UserError]:
    """Verify with the Rust verifier, in parallel.

    Returns:
        For each file what the accepted proof says of itself, or a UserError with the exit status.
    """
    contents = [proof.content for proof in proofs if isinstance(proof, ProofInput)]
    outcomes = iter(_native.stark_verify_many(contents, min_security_bits))
    return [
        proof if isinstance(proof, UserError) else _verdict(proof, next(outcomes))
        for proof in proofs
    ]


def check_each(
    check: Callable[[ProofInput], str], proofs: Sequence[ProofInput | UserError]
) -> list[str | UserError]:
    """Return what a check says of each file that was read, or the UserError that it raises."""
    return [proof if isinstance(proof, UserError) else verdict_of(check, proof) for proof in proofs]


def verdict_of(check: Callable[[Subject], Outcome], subject: Subject) -> Outcome | UserError:
    """Return what a check returns, or the UserError that it raises."""
    try:
        return check(subject)
    except UserError as error:
        return error


def print_verdicts(paths: Sequence[Path], verdicts: Sequence[str | UserError]) -> int:
    """Print a line for each file, on stderr what is not accepted; return the worst status."""
    worst = 0
    for path, verdict in zip(paths, verdicts, strict=True):
        if isinstance(verdict, UserError):
            worst = max(worst, verdict.exit_code)
            error_console.print(f"error: {verdict}", style="bold red", markup=False)
        else:
            console.print(f"{path}: {ACCEPTED}: {verdict}", markup=False)
    return worst


def _verdict(proof: ProofInput, outcome: _native.ProofReport | Exception) -> str | UserError:
    for kind, status in NATIVE_KINDS:
        if isinstance(outcome, kind):
            return UserError(f"{proof.name}: {outcome}", status)
    if isinstance(outcome, Exception):
        raise outcome
    return f"{outcome['n_steps']} steps, {outcome['proof_bytes']} bytes, " + _four_figures(
        outcome["security_bits_proven"],
        outcome["security_bits_proven_beyond_johnson"],
        outcome["security_bits_conjectured"],
        outcome["security_bits_collision"],
    )


def check_proof_in_python(proof: ProofInput, min_security_bits: int) -> str:
    """Verify with the Python reference verifier.

    Raises:
        UserError: with the exit status of the answer.
    """
    try:
        with waiting("Python reference verifier"):
            security = verify_text(proof.content, min_security_bits)
    except ProofError as error:
        raise not_accepted(proof, error) from error
    bits = (
        security.proven,
        security.proven_beyond_johnson,
        security.conjectured,
        security.collision,
    )
    return "Python reference verifier, " + _four_figures(*(figure / 1000 for figure in bits))


def _four_figures(proven: float, beyond: float, conjectured: float, collision: float) -> str:
    return (
        f"security {proven:.3f} bits proven (Johnson bound), "
        f"{beyond:.3f} proven beyond it (first order), "
        f"{conjectured:.3f} conjectured (random words), {collision:.3f} collision (node width)"
    )


def check_statement(proof: ProofInput) -> str:
    """Check that an accepted proof is about the batch program; return which batch it proves.

    Raises:
        UserError: with status 1 if it is about something else.
    """
    try:
        output = decode_output(proven_output(json.loads(proof.content)["public_input"]))
    except (StatementError, DecodeError) as error:
        raise not_accepted(proof, RejectedProof(str(error))) from error
    return f"batch {output.batch_number}, root {output.old_root:#066x} -> {output.new_root:#066x}"


def not_accepted(proof: ProofInput, reason: ProofError) -> UserError:
    """Return the error of a file with this answer of a verifier."""
    for kind, answer, status in KINDS:
        if isinstance(reason, kind):
            return UserError(f"{proof.name}: {answer}: {reason}", status)
    raise reason
