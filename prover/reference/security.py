"""How many bits of security a proof has: four figures, in thousandths of a bit.

What a query is worth depends on the blowup alone. `docs/spec/proof_format.md`, section 7, says
where tables and formulas come from; the same tables stand in the Rust verifier, in the profiles of
the prover and in the L1 contract.
"""

from dataclasses import dataclass
from math import inf, log2
from typing import Final

from prover.reference.air import Air
from prover.reference.errors import RejectedProof
from prover.reference.parameters import ProofParameters

MILLIBITS_PER_BIT: Final = 1000
# By the logarithm of the blowup.
RANDOM_WORDS: Final = {2: 1980, 3: 2975, 4: 3969, 5: 4963, 6: 5958, 7: 6952, 8: 7947}
FIRST_ORDER: Final = {2: 1084, 3: 1639, 4: 2186, 5: 2728, 6: 3264, 7: 3789, 8: 4301}
JOHNSON_PER_LOG_BLOWUP: Final = 500
# The certificates of the first order leave this much to the commit phase, for traces up to 2^28.
FIRST_ORDER_COMMIT: Final = 128_000
MAX_CERTIFIED_LOG_ROWS: Final = 28

FIELD_BITS: Final = 251
MAX_LOG_MULTIPLICITY: Final = 20
N_COMPOSITION_COLUMNS: Final = 2


@dataclass(frozen=True, slots=True)
class Security:
    """Thousandths of a bit, to the nearest; none exceeds `collision`.

    All but that are 0 for a blowup without a row in the tables.
    """

    proven: int
    """Up to the Johnson bound (ePrint 2026/2056, Theorem 5.12)."""
    proven_beyond_johnson: int
    """To first order beyond the Johnson bound (Theorem 5.8 of the same)."""
    conjectured: int
    """If no word agrees with the code better than random ones (ePrint 2025/2010)."""
    collision: int
    """What a collision of the commitment hash costs."""


def security(parameters: ProofParameters, air: Air) -> Security:
    """Return the security of a proof with these parameters."""
    collision = MILLIBITS_PER_BIT * parameters.collision_bits
    log_blowup = parameters.log_blowup
    if log_blowup not in RANDOM_WORDS:
        return Security(0, 0, 0, collision)
    proven = min(_proven(parameters, air), collision)
    first_order = min(_queries(parameters, FIRST_ORDER[log_blowup]), FIRST_ORDER_COMMIT, collision)
    is_certified = air.log_trace_length <= MAX_CERTIFIED_LOG_ROWS
    return Security(
        proven=proven,
        proven_beyond_johnson=max(proven, first_order) if is_certified else proven,
        conjectured=conjectured(parameters),
        collision=collision,
    )


def conjectured(parameters: ProofParameters) -> int:
    """Return the conjectured security, which depends on the parameters alone."""
    per_query = RANDOM_WORDS.get(parameters.log_blowup)
    if per_query is None:
        return 0
    return min(_queries(parameters, per_query), MILLIBITS_PER_BIT * parameters.collision_bits)


def require(parameters: ProofParameters, minimum_bits: int) -> None:
    """Check that the conjectured security is at least so many bits.

    Raises:
        RejectedProof: with the figure.
    """
    log_blowup = parameters.log_blowup
    if minimum_bits > 0 and log_blowup not in RANDOM_WORDS:
        raise RejectedProof(
            f"log_n_cosets is {log_blowup}, security is counted for {min(RANDOM_WORDS)} to "
            f"{max(RANDOM_WORDS)} only, and {minimum_bits} bits are required"
        )
    actual = conjectured(parameters)
    if actual < MILLIBITS_PER_BIT * minimum_bits:
        raise RejectedProof(
            f"{actual / MILLIBITS_PER_BIT:.3f} bits of conjectured security, "
            f"{minimum_bits} are required"
        )


def _queries(parameters: ProofParameters, per_query: int) -> int:
    grinding = MILLIBITS_PER_BIT * parameters.proof_of_work_bits
    return parameters.n_queries * per_query + grinding


def _proven(parameters: ProofParameters, air: Air) -> int:
    """Return the best over the multiplicity m; the errors of all rounds are added up."""
    bits = (
        -log2(sum(2.0**log_error for log_error in _log_errors(parameters, air, 2.0**log_m)))
        for log_m in range(2, MAX_LOG_MULTIPLICITY + 1)
    )
    best = max(0.0, *bits)
    # With the largest m a query loses less than a millionth of a bit.
    limit = _queries(parameters, JOHNSON_PER_LOG_BLOWUP * parameters.log_blowup)
    return min(round(MILLIBITS_PER_BIT * best), limit)


def _log_errors(parameters: ProofParameters, air: Air, m: float) -> list[float]:
    """Return for each round how likely it lets a false proof pass, at sqrt(rho) (1 + 1/2m)."""
    log_rho = -parameters.log_blowup
    log_rows = air.log_trace_length
    log_list = log2(m + 0.5) - log_rho / 2

    def line(log_domain: int) -> float:
        """Count the bad challenges of a line of words."""
        rate = 2.0**log_rho - 2.0**-log_domain
        if rate == 0:
            # Down to a single coefficient the theorem says nothing.
            return inf
        return float(log2(8 / 3 * (m + 0.5) ** 3 / rate) + log_domain)

    log_domain = log_rows - log_rho
    counts = [
        # ALI: powers of one challenge add up the constraints.
        log_list + log2(air.n_constraints),
        # Permutations: each challenge is a root of a polynomial of at most so many factors.
        log_list + log2(max(air.n_interaction_elements, 1)) + log_rows,
        # DEEP: the point is a root of a polynomial of the degree of the composition.
        log_list + log2(3 * 2**log_rows + 2 * len(air.mask)),
        # Batching by powers of one challenge.
        line(log_domain) + log2(len(air.mask) + N_COMPOSITION_COLUMNS - 1),
    ]
    for step in parameters.fri.steps:
        log_domain -= step
        counts.append(line(log_domain) + log2(2**step - 1))
    per_query = log_rho / 2 + log2(1 + 0.5 / m)
    return [
        *(count - FIELD_BITS for count in counts),
        parameters.n_queries * per_query - parameters.proof_of_work_bits,
    ]
