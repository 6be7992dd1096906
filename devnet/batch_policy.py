"""When batches are sealed, so that they settle with the profile that proves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from devnet.errors import UserError
from novation.protocol.constants import MAX_UNDERLYINGS
from prover.profiles import LOG_ROWS_PER_STEP, PROFILES
from prover.proof_size import max_proof_bytes
from sequencer.config import BatchPolicy
from sequencer.l1_cost import (
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_GAS,
    L1Proof,
    empty_batch_cost,
    padded_steps,
    verify_gas,
    worst_transaction_cost,
)

if TYPE_CHECKING:
    from prover.profiles import Profile

# The verifier takes no fewer steps, and nobody proves more.
LOG_STEPS: Final = range(16, 25)


def proofs_on_l1(profile: Profile) -> tuple[L1Proof, ...]:
    """Return what a profile's proofs take of the transaction, by ascending steps."""
    return tuple(
        L1Proof(
            log_steps,
            max_proof_bytes(profile, log_steps),
            verify_gas(profile.n_queries, log_steps + LOG_ROWS_PER_STEP + profile.log_blowup),
        )
        for log_steps in LOG_STEPS
    )


def batch_policy(
    profile_name: str, max_cost_steps: int, max_age_ms: int, n_underlyings: int = MAX_UNDERLYINGS
) -> BatchPolicy:
    """Return the policy for a prover's profile, by default for all that the owner can add.

    Raises:
        UserError: if a batch of so many steps could be too large beside its proof.
    """
    proofs = proofs_on_l1(PROFILES[profile_name])
    policy = BatchPolicy(max_cost_steps=max_cost_steps, max_age_ms=max_age_ms, proofs=proofs)
    needed = empty_batch_cost(n_underlyings).plus(worst_transaction_cost(n_underlyings))
    log_steps = (padded_steps(policy.steps_at_most) - 1).bit_length()
    room = policy.room_beside(log_steps)
    if needed.fits(room):
        return policy
    fitting = [
        proof.log_steps for proof in proofs if needed.fits(policy.room_for(1 << proof.log_steps))
    ]
    most = f"at most {1 << fitting[-1]} steps fit" if fitting else "no number of steps fits"
    proof = next((proof for proof in proofs if proof.log_steps == log_steps), None)
    takes = "more than a transaction has" if proof is None else f"up to {proof.n_bytes} bytes"
    raise UserError(
        f"batch steps: {max_cost_steps} with profile {profile_name}: the proof of 2^{log_steps} "
        f"steps takes {takes} of the {MAX_TRANSACTION_BYTES} bytes and {MAX_TRANSACTION_GAS} gas "
        f"of an L1 transaction and leaves {max(room.n_bytes, 0)} bytes and {max(room.gas, 0)} gas; "
        f"with {n_underlyings} markets an order can need {needed.n_bytes} bytes and "
        f"{needed.gas} gas; {most}"
    )
