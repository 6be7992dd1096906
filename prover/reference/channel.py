"""The Fiat-Shamir transcript: one method per protocol message, two suites.

A channel is a digest and a counter. A prover message replaces the digest by
hash(digest + 1 || message) and clears the counter; a verifier message is hash(digest || counter),
and the counter grows. The + 1 separates the two uses of the hash.
"""

from collections.abc import Sequence
from typing import Protocol

from prover.reference.field import P, from_montgomery, to_bytes, to_montgomery_bytes
from prover.reference.hashes import blake2s, keccak256, poseidon_hash, poseidon_hash_many

PROOF_OF_WORK_MAGIC = bytes.fromhex("0123456789abcded")
NONCE_BYTES = 8
QUERY_BYTES = 8
# The largest multiple of p below 2^256: draws at or above it are repeated, so that none is biased.
DRAW_BOUND = 31 * P


class Channel(Protocol):
    """What the two suites have in common."""

    def receive_root(self, root: bytes) -> None:
        """Absorb a Merkle root."""

    def receive_oods_values(self, values: Sequence[int]) -> None:
        """Absorb the out-of-domain evaluations."""

    def receive_last_layer(self, coefficients: Sequence[int]) -> None:
        """Absorb the coefficients of the last FRI layer."""

    def receive_nonce(self, nonce: int) -> None:
        """Absorb the proof-of-work nonce."""

    def draw_felt(self) -> int:
        """Draw a field element: interaction elements, coefficients, evaluation points."""

    def draw_queries(self, n_queries: int, domain_size: int) -> list[int]:
        """Draw query positions below domain_size, a power of two; they may repeat."""

    def proof_of_work_digest(self, n_bits: int, nonce: int) -> bytes:
        """Return hash(hash(magic || digest || n_bits) || nonce) with the hash of the suite."""


def has_proof_of_work(channel: Channel, n_bits: int, nonce: int) -> bool:
    """Tell whether the nonce gives n_bits leading zeros at this point of the transcript."""
    digest = channel.proof_of_work_digest(n_bits, nonce)
    return int.from_bytes(digest, "big") >> (8 * len(digest) - n_bits) == 0


class KeccakChannel:
    """Suite K. Field elements travel in Montgomery form, because Stone hashes its memory layout."""

    def __init__(self, seed_words: Sequence[int]) -> None:
        """Start from the 32-byte words of the public input."""
        self.digest = keccak256(b"".join(map(to_bytes, seed_words)))
        self.counter = 0

    def absorb(self, message: bytes) -> None:
        """Mix one prover message."""
        increased = (int.from_bytes(self.digest, "big") + 1) % 2**256
        self.digest = keccak256(to_bytes(increased) + message)
        self.counter = 0

    def squeeze(self) -> bytes:
        """Produce the next 32 random bytes."""
        block = keccak256(self.digest + to_bytes(self.counter))
        self.counter += 1
        return block

    def receive_root(self, root: bytes) -> None:
        """Absorb a Merkle root."""
        self.absorb(root)

    def receive_oods_values(self, values: Sequence[int]) -> None:
        """Absorb the out-of-domain evaluations."""
        # Each value is a message of its own in this suite.
        for value in values:
            self.absorb(to_montgomery_bytes(value))

    def receive_last_layer(self, coefficients: Sequence[int]) -> None:
        """Absorb the last FRI layer."""
        self.absorb(b"".join(map(to_montgomery_bytes, coefficients)))

    def receive_nonce(self, nonce: int) -> None:
        """Absorb the nonce."""
        self.absorb(nonce.to_bytes(NONCE_BYTES, "big"))

    def draw_felt(self) -> int:
        """Draw a field element."""
        value = int.from_bytes(self.squeeze(), "big")
        while value >= DRAW_BOUND:
            value = int.from_bytes(self.squeeze(), "big")
        return from_montgomery(value % P)

    def draw_queries(self, n_queries: int, domain_size: int) -> list[int]:
        """Draw query positions."""
        per_block = 32 // QUERY_BYTES
        stream = b"".join(self.squeeze() for _ in range(-(-n_queries // per_block)))
        words = [stream[QUERY_BYTES * i : QUERY_BYTES * (i + 1)] for i in range(n_queries)]
        return [int.from_bytes(word, "big") % domain_size for word in words]

    def proof_of_work_digest(self, n_bits: int, nonce: int) -> bytes:
        """Hash the digest, the difficulty and the nonce."""
        inner = keccak256(PROOF_OF_WORK_MAGIC + self.digest + bytes([n_bits]))
        return keccak256(inner + nonce.to_bytes(NONCE_BYTES, "big"))


class PoseidonChannel:
    """Suite P. Everything is a field element in standard form; only grinding uses blake2s."""

    def __init__(self, seed_words: Sequence[int]) -> None:
        """Start from the words of the public input."""
        self.digest = poseidon_hash_many(seed_words)
        self.counter = 0

    def absorb(self, message: Sequence[int]) -> None:
        """Mix one prover message."""
        self.digest = poseidon_hash_many([(self.digest + 1) % P, *message])
        self.counter = 0

    def receive_root(self, root: bytes) -> None:
        """Absorb a Merkle root."""
        self.absorb([int.from_bytes(root, "big")])

    def receive_oods_values(self, values: Sequence[int]) -> None:
        """Absorb the out-of-domain evaluations."""
        self.absorb(values)

    def receive_last_layer(self, coefficients: Sequence[int]) -> None:
        """Absorb the last FRI layer."""
        self.absorb(coefficients)

    def receive_nonce(self, nonce: int) -> None:
        """Absorb the nonce."""
        self.absorb([nonce])

    def draw_felt(self) -> int:
        """Draw a field element."""
        value = poseidon_hash(self.digest, self.counter)
        self.counter += 1
        return value

    def draw_queries(self, n_queries: int, domain_size: int) -> list[int]:
        """Draw query positions."""
        low_words = (self.draw_felt() % 2 ** (8 * QUERY_BYTES) for _ in range(n_queries))
        return [word % domain_size for word in low_words]

    def proof_of_work_digest(self, n_bits: int, nonce: int) -> bytes:
        """Hash the digest, the difficulty and the nonce."""
        inner = blake2s(PROOF_OF_WORK_MAGIC + to_bytes(self.digest) + bytes([n_bits]))
        return blake2s(inner + nonce.to_bytes(NONCE_BYTES, "big"))
