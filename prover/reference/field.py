"""The field of p = 2^251 + 17*2^192 + 1 elements, as plain integers below p, and its domains."""

from collections.abc import Iterable, Sequence
from functools import cache

from prover.reference.errors import RejectedProof

P = 2**251 + 17 * 2**192 + 1
GENERATOR = 3
TWO_ADICITY = 192
MONTGOMERY_R = 2**256 % P
MONTGOMERY_R_INVERSE = pow(MONTGOMERY_R, -1, P)
FELT_BYTES = 32


@cache
def root_of_unity(log_order: int) -> int:
    """Return the generator of the multiplicative subgroup of order 2^log_order."""
    return pow(GENERATOR, (P - 1) >> log_order, P)


def inverse(value: int) -> int:
    """Return 1/value.

    Raises:
        RejectedProof: if value is 0, which happens with negligible probability for honest proofs.
    """
    if value % P == 0:
        raise RejectedProof("division by zero: a random point hit the evaluation domain")
    return pow(value, -1, P)


def bit_reverse(index: int, n_bits: int) -> int:
    """Return the index whose n_bits binary digits are those of `index` read backwards."""
    return int(f"{index:0{n_bits}b}"[::-1], 2) if n_bits else 0


def domain_element(index: int, log_size: int) -> int:
    """Return element `index` of the subgroup of order 2^log_size in bit-reversed order."""
    return pow(root_of_unity(log_size), bit_reverse(index, log_size), P)


def evaluate(coefficients: Sequence[int], point: int) -> int:
    """Evaluate the polynomial with these coefficients, the constant first (Horner)."""
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * point + coefficient) % P
    return value


def product(factors: Iterable[int]) -> int:
    """Multiply field elements; the empty product is 1."""
    result = 1
    for factor in factors:
        result = result * factor % P
    return result


def to_bytes(value: int) -> bytes:
    """Encode in standard form: 32 bytes, big endian."""
    return value.to_bytes(FELT_BYTES, "big")


def to_montgomery_bytes(value: int) -> bytes:
    """Encode value * 2^256 mod p in 32 bytes, big endian."""
    return (value * MONTGOMERY_R % P).to_bytes(FELT_BYTES, "big")


def from_montgomery(value: int) -> int:
    """Return value / 2^256 mod p."""
    return value * MONTGOMERY_R_INVERSE % P
