"""The keys of an account: who may sign for it, what, and until when."""

from dataclasses import dataclass, replace
from enum import IntEnum, unique
from typing import Final

from novation.protocol.constants import LAST_TIME_MS, PERMISSIONS_BOUND
from novation.protocol.errors import DecodeError
from novation.protocol.numeric import pack, unpack

# Of a slot in hashes and records: the key and the packed word.
KEY_WORDS: Final = 2


@unique
class Permission(IntEnum):
    """What a key may sign. The numbers are the bits of a key word."""

    TRADE = 1
    WITHDRAW = 2
    ADMIN = 4


ALL_PERMISSIONS: Final = sum(Permission)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key slot: the abscissa of a point of the Stark curve, and what it may do.

    Without permissions the key is removed; its abscissa stays until the slot is used again.
    """

    public_key: int
    permissions: int
    expiry_ms: int

    @classmethod
    def full(cls, public_key: int) -> "SigningKey":
        """Return the key of a deposit: it may do everything and does not expire."""
        return cls(public_key, ALL_PERMISSIONS, LAST_TIME_MS)

    def allows(self, permission: Permission) -> bool:
        """Return whether the key may sign what needs the permission."""
        return bool(self.permissions & permission)

    def removed(self) -> "SigningKey":
        """Return the slot without a permission."""
        return replace(self, permissions=0, expiry_ms=0)

    def word(self) -> int:
        """Return the packed key word."""
        return pack((self.permissions, 8), (self.expiry_ms, 48))

    def words(self) -> tuple[int, int]:
        """Return the two words of the slot in hashes and records."""
        return self.public_key, self.word()

    @classmethod
    def from_words(cls, public_key: int, word: int) -> "SigningKey":
        """Decode the two words of a slot; DecodeError if the second one is none."""
        permissions, expiry_ms = unpack(word, 8, 48)
        if permissions >= PERMISSIONS_BOUND:
            raise DecodeError(f"key word {word:#x}: permissions {permissions}")
        return cls(public_key, permissions, expiry_ms)
