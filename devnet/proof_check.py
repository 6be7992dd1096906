"""Runs a proof file through one of the verifiers and turns the outcome into an exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from devnet.console import waiting
from devnet.errors import UserError
from novation import _native
from novation.protocol.errors import DecodeError
from novation.protocol.output import decode_output
from prover.reference import RejectedProof, UnreadableProof, verify_text
from prover.statement import StatementError, proven_output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ACCEPTED: Final = "accepted"
STATUS_REJECTED: Final = 1
STATUS_UNREADABLE: Final = 2


def check_proof(path: Path, min_security_bits: int) -> str:
    """Verify with the Rust verifier and return what an accepted proof says of itself.

    Raises:
        UserError: with status 1 if the proof is rejected, 2 if the file is no proof.
    """
    (verdict,) = check_proofs([path], min_security_bits)
    if isinstance(verdict, UserError):
        raise verdict
    return verdict


def check_proofs(paths: Sequence[Path], min_security_bits: int) -> list[str | UserError]:
    """Verify many files in parallel; return for each what `check_proof` returns or raises."""
    outcomes = _native.stark_verify_many(paths, min_security_bits)
    return [_verdict(path, outcome) for path, outcome in zip(paths, outcomes, strict=True)]


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
        UserError: as `check_proof`.
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
