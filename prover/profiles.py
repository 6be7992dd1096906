"""Proof parameters: three trade-offs between the prover's time and the bytes that L1 pays for.

Conjectured security is `n_queries * log_blowup + grinding` bits (ethSTARK, section 5.10). New work
refutes the strongest form of the conjecture behind it, so the figure that is proven up to the
Johnson bound, `n_queries * log_blowup / 2 + grinding`, is always reported beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

MIN_SECURITY_BITS: Final = 96
LAST_LAYER_DEGREE_BOUND: Final = 64
# Three foldings per layer give the fewest bytes at 192-bit nodes: eight values of a coset cost
# about as much as the Merkle path that a layer of its own would need.
MAX_FRI_STEP: Final = 3
LOG_ROWS_PER_STEP: Final = 4


class Suite(Enum):
    """Which transcript and trees a proof uses."""

    K = "k"
    """Keccak with nodes of 192 bits: what the L1 contract verifies."""
    P = "p"
    """Poseidon and Blake2s: what StarkWare's verifier written in Cairo accepts."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One choice of blow-up, queries and grinding.

    `fits_l1` says whether a batch's proof is below the 128 KiB that public mempools take.
    """

    name: str
    log_blowup: int
    n_queries: int
    proof_of_work_bits: int
    fits_l1: bool

    @property
    def conjectured_security_bits(self) -> int:
        """Security under the conjecture for proximity gaps up to capacity."""
        return self.n_queries * self.log_blowup + self.proof_of_work_bits

    @property
    def proven_security_bits(self) -> int:
        """Security of the query phase up to the Johnson bound; the field term is above 128 bits."""
        return self.n_queries * self.log_blowup // 2 + self.proof_of_work_bits


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("fast", log_blowup=2, n_queries=36, proof_of_work_bits=24, fits_l1=False),
        Profile("balanced", log_blowup=3, n_queries=24, proof_of_work_bits=24, fits_l1=True),
        Profile("cheap-l1", log_blowup=4, n_queries=18, proof_of_work_bits=24, fits_l1=True),
    )
}
assert all(p.conjectured_security_bits >= MIN_SECURITY_BITS for p in PROFILES.values())


def fri_step_list(n_steps: int) -> tuple[int, ...]:
    """Choose the foldings that bring a trace of `n_steps` Cairo steps to the last layer's degree.

    The first entry is 0: layer 0 is virtual. Longer steps come first, where paths are longest.

    Raises:
        ValueError: if `n_steps` is not a power of two above the last layer's degree bound.
    """
    log_rows = n_steps.bit_length() - 1 + LOG_ROWS_PER_STEP
    total = log_rows - (LAST_LAYER_DEGREE_BOUND.bit_length() - 1)
    if n_steps.bit_count() != 1 or total < 1:
        raise ValueError(f"n_steps is {n_steps}, a power of two of at least 8 is needed")
    n_layers = -(-total // MAX_FRI_STEP)
    shorter, longer_count = divmod(total, n_layers)
    return (0, *([shorter + 1] * longer_count), *([shorter] * (n_layers - longer_count)))


def parameters_json(profile: Profile, n_steps: int, suite: Suite = Suite.K) -> dict[str, object]:
    """Return the parameter file in the format of Stone's command line."""
    hashes: dict[str, object] = {
        Suite.K: {
            "channel_hash": "keccak256",
            "commitment_hash": "keccak256_masked192_msb",
            "pow_hash": "keccak256",
            "statement": {"page_hash": "keccak256"},
            "verifier_friendly_channel_updates": False,
            "verifier_friendly_commitment_hash": "keccak256_masked192_msb",
        },
        Suite.P: {
            "channel_hash": "poseidon3",
            "commitment_hash": "blake256_masked248_lsb",
            "pow_hash": "blake256",
            "statement": {"page_hash": "pedersen"},
            "verifier_friendly_channel_updates": True,
            "verifier_friendly_commitment_hash": "poseidon3",
        },
    }[suite]
    return {
        "field": "PrimeField0",
        "use_extension_field": False,
        "n_verifier_friendly_commitment_layers": 0,
        "stark": {
            "log_n_cosets": profile.log_blowup,
            "fri": {
                "fri_step_list": list(fri_step_list(n_steps)),
                "last_layer_degree_bound": LAST_LAYER_DEGREE_BOUND,
                "n_queries": profile.n_queries,
                "proof_of_work_bits": profile.proof_of_work_bits,
            },
        },
        **hashes,
    }
