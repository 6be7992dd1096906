"""Hashing and signing: the native implementation, or the textbook one when asked for by name.

A missing native extension is an error, never a silent slow path. The environment variable
`NOVATION_CRYPTO=reference` selects `novation.crypto.reference`, which computes the same values.
Field elements are ints in `[0, FIELD_PRIME)`.
"""

import os
from collections.abc import Sequence
from typing import Final

from novation.crypto.field import FIELD_PRIME

__all__ = [
    "FIELD_PRIME",
    "IMPLEMENTATION",
    "SIGNATURE_BOUND",
    "STARK_CURVE_ORDER",
    "hades",
    "is_public_key",
    "poseidon_hash",
    "poseidon_hash_many",
    "poseidon_hash_pairs",
    "public_key",
    "sign",
    "verify",
    "verify_many",
]

IMPLEMENTATION: Final = os.environ.get("NOVATION_CRYPTO", "native")

# Order of the generator of the Stark curve, published with StarkEx.
STARK_CURVE_ORDER: Final = 0x800000000000010FFFFFFFFFFFFFFFFB781126DCAE7B2321E66A241ADC64D2F

# The ECDSA builtin decomposes the message hash, r and 1/s into 251 bits each.
SIGNATURE_BOUND: Final = 2**251

if IMPLEMENTATION == "reference":
    from novation.crypto.reference.ecdsa import ecdsa_is_public_key as _is_public_key
    from novation.crypto.reference.ecdsa import ecdsa_public_key as _public_key
    from novation.crypto.reference.ecdsa import ecdsa_sign as _sign
    from novation.crypto.reference.ecdsa import ecdsa_verify as _verify
    from novation.crypto.reference.ecdsa import ecdsa_verify_many as _verify_many
    from novation.crypto.reference.poseidon import (
        hades_permutation as hades,
    )
    from novation.crypto.reference.poseidon import (
        poseidon_hash,
        poseidon_hash_many,
        poseidon_hash_pairs,
    )
elif IMPLEMENTATION == "native":
    from novation._native import ecdsa_is_public_key as _is_public_key
    from novation._native import ecdsa_public_key as _public_key
    from novation._native import ecdsa_sign as _sign
    from novation._native import ecdsa_verify as _verify
    from novation._native import ecdsa_verify_many as _verify_many
    from novation._native import hades_permutation as hades
    from novation._native import poseidon_hash, poseidon_hash_many, poseidon_hash_pairs
else:
    raise ImportError(f"NOVATION_CRYPTO={IMPLEMENTATION!r} is neither 'native' nor 'reference'")


def public_key(private_key: int) -> int:
    """Return the abscissa of the public key; ValueError unless 0 < private_key < curve order."""
    return _public_key(private_key)


def sign(message_hash: int, private_key: int) -> tuple[int, int]:
    """Return (r, s), deterministic (RFC 6979); ValueError unless 0 < message_hash < 2^251."""
    return _sign(private_key, message_hash)


def verify(message_hash: int, r: int, s: int, public_key: int) -> bool:
    """Return whether the Cairo ECDSA builtin can prove the signature; any ints are accepted."""
    item = (message_hash, r, s, public_key)
    return _in_range(item) and _verify(public_key, message_hash, r, s)


def verify_many(items: Sequence[tuple[int, int, int, int]]) -> list[bool]:
    """Verify many (message_hash, r, s, public_key) at once, on all cores when native."""
    plausible = [item for item in items if _in_range(item)]
    verdicts = iter(_verify_many([(key, hashed, r, s) for hashed, r, s, key in plausible]))
    return [_in_range(item) and next(verdicts) for item in items]


def is_public_key(key: int) -> bool:
    """Return whether the abscissa belongs to a point of the Stark curve."""
    return _is_public_key(key)


def _in_range(item: tuple[int, int, int, int]) -> bool:
    message_hash, r, s, key = item
    return (
        0 < message_hash < SIGNATURE_BOUND
        and 0 < r < SIGNATURE_BOUND
        and 0 < s < STARK_CURVE_ORDER
        and 0 <= key < FIELD_PRIME
    )
