"""Poseidon over the Stark field with Starknet's parameters.

State of three elements, 8 full and 83 partial rounds, S-box x^3 (Grassi et al., "Poseidon", USENIX
Security 2021, section 4; "Hades", Eurocrypt 2020). Round constant number i is SHA-256 of the ASCII
string `Hades<i>`, reduced modulo the prime. Mix matrix: ((3, 1, 1), (1, -1, 1), (1, 1, -2)).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from novation.crypto.field import FIELD_PRIME

FULL_ROUNDS: Final = 8
PARTIAL_ROUNDS: Final = 83
WIDTH: Final = 3


def _round_constant(index: int) -> int:
    return int.from_bytes(hashlib.sha256(f"Hades{index}".encode()).digest(), "big") % FIELD_PRIME


ROUND_CONSTANTS: Final = tuple(
    (_round_constant(WIDTH * i), _round_constant(WIDTH * i + 1), _round_constant(WIDTH * i + 2))
    for i in range(FULL_ROUNDS + PARTIAL_ROUNDS)
)


def hades_permutation(a: int, b: int, c: int) -> tuple[int, int, int]:
    """Return the permutation of three field elements; ValueError if one is not below p."""
    if not (0 <= a < FIELD_PRIME and 0 <= b < FIELD_PRIME and 0 <= c < FIELD_PRIME):
        raise ValueError(f"not field elements: {a}, {b}, {c}")
    last_partial = FULL_ROUNDS // 2 + PARTIAL_ROUNDS
    for number, (key_a, key_b, key_c) in enumerate(ROUND_CONSTANTS):
        a, b, c = a + key_a, b + key_b, c + key_c
        if number < FULL_ROUNDS // 2 or number >= last_partial:
            a = a * a % FIELD_PRIME * a
            b = b * b % FIELD_PRIME * b
        c = c * c % FIELD_PRIME * c
        total = a + b + c
        a = (total + 2 * a) % FIELD_PRIME
        b = (total - 2 * b) % FIELD_PRIME
        c = (total - 3 * c) % FIELD_PRIME
    return a, b, c


def poseidon_hash(a: int, b: int) -> int:
    """Return the hash of two elements; the capacity 2 separates it from the sponge."""
    return hades_permutation(a, b, 2)[0]


def poseidon_hash_many(values: Sequence[int]) -> int:
    """Return the sponge hash (rate 2, capacity 0) of the values followed by a 1 and maybe a 0."""
    padded = [*values, 1]
    if len(padded) % 2 == 1:
        padded.append(0)
    state = (0, 0, 0)
    for first, second in zip(padded[::2], padded[1::2], strict=True):
        absorbed_0 = (state[0] + first) % FIELD_PRIME
        absorbed_1 = (state[1] + second) % FIELD_PRIME
        state = hades_permutation(absorbed_0, absorbed_1, state[2])
    return state[0]


def poseidon_hash_pairs(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the Poseidon hash of each pair."""
    return [poseidon_hash(left, right) for left, right in pairs]
