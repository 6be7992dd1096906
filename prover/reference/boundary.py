"""The values that the statement and the interaction elements give to the AIR's parameters."""

from collections.abc import Mapping, Sequence

from prover.reference.errors import reject_unless
from prover.reference.field import P, inverse
from prover.reference.public_input import PublicInput

INTERACTION_ELEMENTS = (
    "memory__multi_column_perm__perm__interaction_elm",
    "memory__multi_column_perm__hash_interaction_elm0",
    "range_check16__perm__interaction_elm",
    "diluted_check__permutation__interaction_elm",
    "diluted_check__interaction_z",
    "diluted_check__interaction_alpha",
    "add_mod__interaction_elm",
    "mul_mod__interaction_elm",
)
INITIAL_ADDRESSES = ("pedersen", "range_check", "ecdsa", "bitwise", "ec_op", "poseidon")
DILUTED_BITS = 16
DILUTED_SPACING = 4


def boundary_values(public_input: PublicInput, interaction: Sequence[int]) -> Mapping[str, int]:
    """Return the AIR's parameters by name.

    Raises:
        RejectedProof: if the public memory product is undefined (negligible for honest proofs).
    """
    elements = dict(zip(INTERACTION_ELEMENTS, interaction, strict=True))
    segments = public_input.segments
    numerator, denominator = public_input.memory_product_ratio(interaction[0], interaction[1])
    reject_unless(denominator != 0, "the memory challenge equals a public memory entry")
    return elements | {
        "initial_pc": segments["program"].begin_addr,
        "final_pc": segments["program"].stop_ptr,
        "initial_ap": segments["execution"].begin_addr,
        "final_ap": segments["execution"].stop_ptr,
        **{f"initial_{name}_addr": segments[name].begin_addr for name in INITIAL_ADDRESSES},
        "range_check_min": public_input.rc_min,
        "range_check_max": public_input.rc_max,
        "memory__multi_column_perm__perm__public_memory_prod": numerator * inverse(denominator) % P,
        "range_check16__perm__public_memory_prod": 1,
        "diluted_check__permutation__public_memory_prod": 1,
        "diluted_check__first_elm": 0,
        "diluted_check__final_cum_val": diluted_cumulative_value(
            elements["diluted_check__interaction_z"], elements["diluted_check__interaction_alpha"]
        ),
    }


def diluted_cumulative_value(z: int, alpha: int) -> int:
    """Return r_(2^16) of r_1 = 1, r_(j+1) = r_j * (1 + z*u_j) + alpha*u_j^2.

    u_j is the difference of neighbouring diluted values (the bits of j spread to every fourth
    place), and depends only on how many zeros the binary j ends with.
    """

    def dilute(value: int) -> int:
        return sum((value >> i & 1) << (DILUTED_SPACING * i) for i in range(DILUTED_BITS))

    differences = [dilute(2**i) - dilute(2**i - 1) for i in range(DILUTED_BITS)]
    steps = [((1 + z * u) % P, alpha * u * u % P) for u in differences]
    value = 1
    for j in range(1, 2**DILUTED_BITS):
        factor, term = steps[(j & -j).bit_length() - 1]
        value = (value * factor + term) % P
    return value
