"""The reference verifier: short, slow, and independent of the prover's code except for the AIR."""

from prover.reference.errors import (
    ProofError,
    RejectedProof,
    UnreadableProof,
    UnsupportedProof,
)
from prover.reference.verifier import verify, verify_text

__all__ = [
    "ProofError",
    "RejectedProof",
    "UnreadableProof",
    "UnsupportedProof",
    "verify",
    "verify_text",
]
