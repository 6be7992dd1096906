"""The hash functions of the two suites.

Poseidon is the textbook version. Pedersen, which only suite P uses and only on public data, is
native: thousands of its hashes would take Python minutes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from eth_hash.auto import keccak

from novation._native import pedersen_hash_many
from novation.crypto.reference.poseidon import poseidon_hash, poseidon_hash_many
from prover.reference.field import FELT_BYTES, P, to_bytes

__all__ = [
    "MaskedHash",
    "NodeHash",
    "PoseidonHash",
    "blake2s",
    "keccak256",
    "node_hash",
    "pedersen_hash_many",
    "poseidon_hash",
    "poseidon_hash_many",
]


def keccak256(data: bytes) -> bytes:
    """Return Keccak-256 as Ethereum uses it (padding 0x01)."""
    return bytes(keccak(data))


def blake2s(data: bytes) -> bytes:
    """Return the 32-byte BLAKE2s digest."""
    return hashlib.blake2s(data).digest()


@dataclass(frozen=True, slots=True)
class MaskedHash:
    """A byte hash of which only some bytes are kept, the others being zero."""

    function: Callable[[bytes], bytes]
    kept: slice

    def leaf(self, row: bytes) -> bytes:
        """Hash one row of a table."""
        return self.mask(self.function(row))

    def node(self, left: bytes, right: bytes) -> bytes:
        """Hash two children."""
        return self.mask(self.function(left + right))

    def mask(self, digest: bytes) -> bytes:
        """Clear the bytes that are not kept."""
        masked = bytearray(FELT_BYTES)
        masked[self.kept] = digest[self.kept]
        return bytes(masked)

    def is_canonical(self, node: bytes) -> bool:
        """Tell whether these 32 bytes can be an output of the hash."""
        return node == self.mask(node)

    @property
    def collision_bits(self) -> int:
        """Base-2 logarithm of the hashes after which a collision is likely (birthday bound)."""
        return 8 * len(range(FELT_BYTES)[self.kept]) // 2


@dataclass(frozen=True, slots=True)
class PoseidonHash:
    """Poseidon over 32-byte words that encode field elements."""

    def leaf(self, row: bytes) -> bytes:
        """Hash one row of a table."""
        words = [row[i : i + FELT_BYTES] for i in range(0, len(row), FELT_BYTES)]
        return to_bytes(poseidon_hash_many([int.from_bytes(word, "big") for word in words]))

    def node(self, left: bytes, right: bytes) -> bytes:
        """Hash two children."""
        return to_bytes(poseidon_hash(int.from_bytes(left, "big"), int.from_bytes(right, "big")))

    def is_canonical(self, node: bytes) -> bool:
        """Tell whether these 32 bytes can be an output of the hash."""
        return int.from_bytes(node, "big") < P

    @property
    def collision_bits(self) -> int:
        """Base-2 logarithm of the hashes after which a collision is likely (birthday bound)."""
        return (P.bit_length() - 1) // 2


NodeHash = MaskedHash | PoseidonHash

NODE_HASHES: dict[str, NodeHash] = {
    "keccak256_masked160_msb": MaskedHash(keccak256, slice(0, 20)),
    "keccak256_masked192_msb": MaskedHash(keccak256, slice(0, 24)),
    "blake256_masked248_lsb": MaskedHash(blake2s, slice(1, 32)),
    "poseidon3": PoseidonHash(),
}


def node_hash(name: str) -> NodeHash:
    """Return the Merkle hash of this name; the caller has checked that it is supported."""
    return NODE_HASHES[name]
