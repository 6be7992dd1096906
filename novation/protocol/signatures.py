"""Signed messages: who signed, in which order, and whether the circuit can prove it."""

from dataclasses import dataclass
from typing import Protocol

from novation.crypto import SIGNATURE_BOUND, STARK_CURVE_ORDER, hades, verify
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import ACCOUNT_ID_BOUND, MAX_KEYS, NONCE_BOUND, TIME_BOUND
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.nonces import NONCE_BITS
from novation.protocol.numeric import check_field, pack

# Type, account, key slot, nonce, market, and until when the message may be included.
MESSAGE_WORD_0_WIDTHS = (8, 32, 8, NONCE_BITS, 16, 48)
MESSAGE_WORD_0_BITS = sum(MESSAGE_WORD_0_WIDTHS)


@dataclass(frozen=True, slots=True)
class Signature:
    """ECDSA over the Stark curve."""

    r: int
    s: int


UNSIGNED = Signature(0, 0)


class SignedTransaction(Protocol):
    """What every user transaction has in common."""

    @property
    def account_id(self) -> int:
        """The account that signs."""

    @property
    def key_index(self) -> int:
        """Which of its keys."""

    @property
    def nonce(self) -> int:
        """Used once per key slot; see `NonceWindow`."""

    @property
    def valid_until_ms(self) -> int:
        """The last time at which the message may be included."""

    @property
    def signature(self) -> Signature:
        """The signature of `message_hash`."""

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message."""

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs."""


def first_message_word(message_type: int, tx: SignedTransaction, market_id: int = 0) -> int:
    """Return `word_0` of a user message."""
    return pack(
        (message_type, 8),
        (tx.account_id, 32),
        (tx.key_index, 8),
        (tx.nonce, NONCE_BITS),
        (market_id, 16),
        (tx.valid_until_ms, 48),
    )


def message_hash(tx: SignedTransaction, config: ExchangeConfig) -> int:
    """Return what the user signs: a felt that binds the message to the deployment."""
    return hades(*tx.message_words(), config.config_hash)[0]


def validate_signer(tx: SignedTransaction) -> None:
    """Check the fields that every user transaction has; stateless."""
    check_field("account_id", tx.account_id, 0, ACCOUNT_ID_BOUND)
    check_field("key_index", tx.key_index, 0, MAX_KEYS)
    check_field("nonce", tx.nonce, 1, NONCE_BOUND)
    check_field("valid_until_ms", tx.valid_until_ms, 0, TIME_BOUND)


def check_signature(hashed: int, signature: Signature, key: int) -> None:
    """Raise InvalidTransaction unless the signature is valid and the circuit can prove it."""
    r, s = signature.r, signature.s
    if not 0 < hashed < SIGNATURE_BOUND:
        raise InvalidTransaction(
            ErrorCode.UNPROVABLE_SIGNATURE,
            f"message hash {hashed:#x} not in 1..2^251-1",
            Broken("signature", hashed, SIGNATURE_BOUND - 1 if hashed else 1),
        )
    for field, word, bound in (("r", r, SIGNATURE_BOUND), ("s", s, STARK_CURVE_ORDER)):
        if not 0 < word < bound:
            raise InvalidTransaction(
                ErrorCode.INVALID_SIGNATURE,
                f"{field} {word:#x} out of range",
                Broken("signature", word, bound - 1 if word else 1),
                hashed,
            )
    if pow(s, -1, STARK_CURVE_ORDER) >= SIGNATURE_BOUND:
        raise InvalidTransaction(
            ErrorCode.UNPROVABLE_SIGNATURE,
            f"1/s of s {s:#x} >= 2^251",
            Broken("signature", pow(s, -1, STARK_CURVE_ORDER), SIGNATURE_BOUND - 1),
        )
    if not verify(hashed, r, s, key):
        raise InvalidTransaction(
            ErrorCode.INVALID_SIGNATURE,
            f"expected a signature of {hashed:#x} by key {key:#x}",
            Broken("signature", r, hashed),
            hashed,
        )
