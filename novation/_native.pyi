"""Hashes and signatures in Rust. Field elements are `int` between 0 and p."""

from collections.abc import Sequence

def poseidon_hash(a: int, b: int) -> int:
    """Return the Poseidon hash of two field elements; ValueError if one is not below p."""

def poseidon_hash_many(values: Sequence[int]) -> int:
    """Return the Poseidon sponge hash of any number of field elements."""

def poseidon_hash_pairs(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the Poseidon hash of each pair, on all cores, without the interpreter lock."""

def hades_permutation(a: int, b: int, c: int) -> tuple[int, int, int]:
    """Return the Hades permutation of a state of three field elements."""

def pedersen_hash(a: int, b: int) -> int:
    """Return the Pedersen hash of two field elements."""

def pedersen_hash_many(values: Sequence[int]) -> int:
    """Return the Pedersen chain over the elements and their number."""

def keccak256(data: bytes) -> bytes:
    """Return Keccak-256 with Ethereum's padding."""

def ecdsa_public_key(private_key: int) -> int:
    """Return the abscissa of the public key; ValueError unless 0 < private_key < curve order."""

def ecdsa_sign(private_key: int, message_hash: int) -> tuple[int, int]:
    """Return (r, s) with the RFC 6979 nonce; ValueError if the hash is not below 2^251."""

def ecdsa_verify(public_key: int, message_hash: int, r: int, s: int) -> bool:
    """Return whether the Cairo ECDSA builtin can prove this signature."""

def ecdsa_verify_many(items: Sequence[tuple[int, int, int, int]]) -> list[bool]:
    """Verify many (public_key, message_hash, r, s) on all cores, without the interpreter lock."""

def ecdsa_is_public_key(public_key: int) -> bool:
    """Return whether the abscissa belongs to a point of the Stark curve."""
