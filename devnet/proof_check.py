"""Runs a proof file through one of the verifiers and turns the outcome into an exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from devnet.console import console, error_console, waiting
from devnet.errors import UserError
from novation.protocol.errors import DecodeError
from novation.protocol.output import decode_output
from prover import _native
from prover.reference import RejectedProof, UnreadableProof, verify_text
from prover.statement import StatementError, proven_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ACCEPTED: Final = "accepted"
STATUS_REJECTED: Final = 1
STATUS_UNREADABLE: Final = 2


def check_proofs(paths: Sequence[Path], min_security_bits: int) -> list[str | UserError]:
    """Verify with the Rust verifier, in parallel.

    Returns:
        For each file what the accepted proof says of itself, or a UserError: with status 1 if the
        proof is rejected, 2 if the file is no proof.
    """
    outcomes = _native.stark_verify_many(paths, min_security_bits)
    return [_verdict(path, outcome) for path, outcome in zip(paths, outcomes, strict=True)]


def verdict_of(check: Callable[..., str], path: Path, *arguments: object) -> str | UserError:
    """Return what a check of one file returns, or the UserError that it raises."""
    try:
        return check(path, *arguments)
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


def _verdict(path: Path, outcome: _native.ProofReport | Exception) -> str | UserError:
    if isinstance(outcome, _native.ProofRejected):
        return rejected(path, outcome)
    if isinstance(outcome, _native.ProofUnreadable):
        return unreadable(path, outcome)
    if isinstance(outcome, Exception):
        return UserError(str(outcome), STATUS_UNREADABLE)
    return (
        f"{outcome['n_steps']} steps, {outcome['proof_bytes']} bytes, security "
        f"{outcome['security_bits_conjectured']} bits conjectured, "
        f"{outcome['security_bits_proven']:.1f} proven"
    )


def check_proof_in_python(path: Path, min_security_bits: int) -> str:
    """Verify with the Python reference verifier.

    Raises:
        UserError: with status 1 if the proof is rejected, 2 if the file is no proof.
    """
    text = read(path)
    try:
        with waiting("Python reference verifier"):
            verify_text(text, min_security_bits)
    except RejectedProof as error:
        raise rejected(path, error) from error
    except UnreadableProof as error:
        raise unreadable(path, error) from error
    return "Python reference verifier"


def check_statement(path: Path) -> str:
    """Check that an accepted proof is about the batch program; return which batch it proves.

    Raises:
        UserError: with status 1 if it is about something else.
    """
    try:
        output = decode_output(proven_output(json.loads(read(path))["public_input"]))
    except (StatementError, DecodeError) as error:
        raise rejected(path, error) from error
    return f"batch {output.batch_number}, root {output.old_root:#066x} -> {output.new_root:#066x}"


def read(path: Path) -> bytes:
    """Return the file's content; UserError with status 2 if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}", STATUS_UNREADABLE) from error


def rejected(path: Path, reason: Exception) -> UserError:
    """Return the error of a proof that does not hold."""
    return UserError(f"{path}: {_with_verdict('rejected', reason)}", STATUS_REJECTED)


def unreadable(path: Path, reason: Exception) -> UserError:
    """Return the error of a file that is no proof."""
    return UserError(f"{path}: {_with_verdict('unreadable', reason)}", STATUS_UNREADABLE)


def _with_verdict(verdict: str, reason: Exception) -> str:
    text = str(reason)
    return text if text.startswith(verdict) else f"{verdict}: {text}"
