"""Proof parameters: three trade-offs between the prover's time and the bytes that L1 pays for.

What a query is worth is counted in thousandths of a bit, from tables; `docs/spec/proof_format.md`,
section 7, says where they come from. They stand here for profiles that have no proof yet; of a
proof the verifiers report all four figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

MIN_SECURITY_BITS: Final = 96
"""Conjectured security that a batch's proof must have."""
MIN_PROVEN_BITS: Final = 61
"""Proven security that it must have: what the weakest profile has."""

MILLIBITS_PER_BIT: Final = 1000
# By the logarithm of the blowup.
RANDOM_WORDS: Final = {2: 1980, 3: 2975, 4: 3969, 5: 4963, 6: 5958, 7: 6952, 8: 7947}
FIRST_ORDER: Final = {2: 1084, 3: 1639, 4: 2186, 5: 2728, 6: 3264, 7: 3789, 8: 4301}
JOHNSON_PER_LOG_BLOWUP: Final = 500
# What a collision of the 192-bit nodes of suite K costs.
COLLISION_MILLIBITS: Final = 96_000
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
    def conjectured_millibits(self) -> int:
        """Security if no word agrees with the code better than random ones."""
        return self._millibits(RANDOM_WORDS[self.log_blowup])

    @property
    def proven_millibits(self) -> int:
        """Security up to the Johnson bound; all rounds but the queries are above 128 bits."""
        return self._millibits(JOHNSON_PER_LOG_BLOWUP * self.log_blowup)

    @property
    def proven_beyond_johnson_millibits(self) -> int:
        """Security to first order beyond the Johnson bound."""
        return self._millibits(FIRST_ORDER[self.log_blowup])

    def _millibits(self, per_query: int) -> int:
        grinding = MILLIBITS_PER_BIT * self.proof_of_work_bits
        return min(self.n_queries * per_query + grinding, COLLISION_MILLIBITS)


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("fast", log_blowup=2, n_queries=36, proof_of_work_bits=25, fits_l1=False),
        Profile("balanced", log_blowup=3, n_queries=24, proof_of_work_bits=25, fits_l1=True),
        Profile("cheap-l1", log_blowup=5, n_queries=14, proof_of_work_bits=27, fits_l1=True),
    )
}


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
