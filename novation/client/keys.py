"""Signing keys and the nonces that go with them."""

import secrets
from typing import Protocol, Self

from novation.client import checks
from novation.client.errors import InvalidInputError
from novation.crypto import FIELD_PRIME, SIGNATURE_BOUND, STARK_CURVE_ORDER, public_key, sign
from novation.protocol.signatures import Signature


class Signer(Protocol):
    """Holds a private key, here or elsewhere."""

    @property
    def public_key(self) -> int:
        """The abscissa of the public key."""
        ...

    def sign(self, message_hash: int) -> Signature:
        """Return the signature of a hash."""
        ...


class LocalSigner:
    """A private key in this process."""

    def __init__(self, private_key: int) -> None:
        """Use a key; InvalidInputError unless it is between 1 and the curve's order."""
        if isinstance(private_key, bool) or not isinstance(private_key, int):
            # The value may be a secret in another form: it stays out of the message.
            raise InvalidInputError(
                f"private_key: a {type(private_key).__name__}; wanted is an integer"
            )
        if not 0 < private_key < STARK_CURVE_ORDER:
            raise InvalidInputError("private key is not between 1 and the order of the curve")
        self._private_key = private_key
        self._public_key = public_key(private_key)

    @classmethod
    def generate(cls) -> Self:
        """Make a new key from the operating system's randomness."""
        return cls(1 + secrets.randbelow(STARK_CURVE_ORDER - 1))

    @property
    def public_key(self) -> int:
        """The abscissa of the public key."""
        return self._public_key

    @property
    def private_key(self) -> int:
        """The key itself, to be stored by its owner."""
        return self._private_key

    def sign(self, message_hash: int) -> Signature:
        """Return the signature; deterministic (RFC 6979)."""
        checks.integer("message_hash", message_hash, 0, FIELD_PRIME)
        return Signature(*sign(message_hash, self._private_key))


class NonceLane:
    """Nonces of one (account, key): each one is the next. Messages may overtake each other.

    Of what was skipped the exchange takes the last 64 in any order, each once: see
    `AccountKey.nonce_window`. Several keys of an account are independent lanes. One key must not be
    used by two programs.
    """

    def __init__(self, last_used: int) -> None:
        """Go on after the last nonce that the exchange knows."""
        self._last = last_used

    def next(self) -> int:
        """Return a nonce that was not returned before."""
        self._last += 1
        return self._last

    def raise_to(self, last_used: int) -> None:
        """Go on behind a nonce that was used elsewhere."""
        self._last = max(self._last, last_used)


def is_provable(message_hash: int, signature: Signature) -> bool:
    """Return whether the circuit can prove a valid signature.

    About one in 2^54 hashes, and one in 2^54 values of 1/s, has too many bits: then the message is
    signed again with another nonce.
    """
    if not (0 < message_hash < SIGNATURE_BOUND and 0 < signature.r < SIGNATURE_BOUND):
        return False
    return pow(signature.s, -1, STARK_CURVE_ORDER) < SIGNATURE_BOUND
