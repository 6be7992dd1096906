"""The values that the statement and the interaction elements give to the AIR's parameters."""

from collections.abc import Mapping, Sequence

from prover.reference.field import P, inverse
from prover.reference.public_input import PublicInput

# The last two belong to the modular builtins: drawn, but never used.
INTERACTION_ELEMENTS = (
    "memory_z",
    "memory_alpha",
    "range_check16_z",
    "diluted_permutation_z",
    "diluted_z",
    "diluted_alpha",
    "add_mod",
    "mul_mod",
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
    numerator, denominator = public_input.memory_product_ratio(
        elements["memory_z"], elements["memory_alpha"]
    )
    segments = public_input.segments
    return elements | {
        "initial_pc": segments["program"].begin_addr,
        "final_pc": segments["program"].stop_ptr,
        "initial_ap": segments["execution"].begin_addr,
        "final_ap": segments["execution"].stop_ptr,
        "range_check_min": public_input.rc_min,
        "range_check_max": public_input.rc_max,
        **{f"initial_{name}_addr": segments[name].begin_addr for name in INITIAL_ADDRESSES},
        "public_memory_product": numerator * inverse(denominator) % P,
        "diluted_final_value": diluted_cumulative_value(
            elements["diluted_z"], elements["diluted_alpha"]
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
