"""Traders' key files: a key for the exchange and a key for L1, readable by their owner only."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from eth_keys.datatypes import PrivateKey

from devnet.errors import UserError
from novation.crypto import STARK_CURVE_ORDER, public_key

if TYPE_CHECKING:
    from pathlib import Path

    from eth_account.signers.local import LocalAccount

NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class TraderKeys:
    """Both keys of one trader, as hexadecimal text."""

    name: str
    stark_private_key: str
    l1_private_key: str

    @property
    def stark_private(self) -> int:
        """The key that signs orders."""
        return int(self.stark_private_key, 16)

    @property
    def stark_public(self) -> int:
        """The abscissa that the exchange knows the trader by."""
        return public_key(self.stark_private)

    @property
    def l1_account(self) -> LocalAccount:
        """The account that pays deposits and receives withdrawals."""
        # Pulls in half of web3; the address alone does without.
        from eth_account import Account  # noqa: PLC0415

        account: LocalAccount = Account.from_key(self.l1_private_key)
        return account

    @property
    def l1_address(self) -> str:
        """The checksummed L1 address."""
        key = PrivateKey(bytes.fromhex(self.l1_private_key.removeprefix("0x")))
        return str(key.public_key.to_checksum_address())


def derive_keys(name: str, seed: int) -> TraderKeys:
    """Return the keys of a test trader, the same for the same seed. Never for real funds."""

    def secret(purpose: str) -> int:
        digest = hashlib.sha256(f"novation devnet {seed} {name} {purpose}".encode()).digest()
        # 248 bits: below the order of either curve, and zero only with negligible probability.
        return int.from_bytes(digest[:31], "big")

    return TraderKeys(name, hex(secret("stark")), f"0x{secret('l1'):064x}")


def random_keys(name: str) -> TraderKeys:
    """Return new keys from the system's randomness."""
    stark = 1 + secrets.randbelow(STARK_CURVE_ORDER - 1)
    return TraderKeys(name, hex(stark), f"0x{secrets.randbits(252) + 1:064x}")


def save_keys(folder: Path, keys: TraderKeys) -> Path:
    """Write a new key file.

    Raises:
        UserError: if the name is malformed or taken; keys are never overwritten.
    """
    if NAME_PATTERN.fullmatch(keys.name) is None:
        raise UserError(
            f"name: {keys.name!r} must have 1 to 32 lower-case letters, digits, '-' or '_'"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{keys.name}.json"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UserError(f"name: {keys.name!r} is taken by {path}; keys are kept") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(asdict(keys), file, indent=1)
    return path


def load_keys(folder: Path, name: str) -> TraderKeys:
    """Read a key file.

    Raises:
        UserError: if there is none of that name, or it does not hold two keys.
    """
    path = folder / f"{name}.json"
    try:
        return TraderKeys(**json.loads(path.read_text(encoding="ascii")))
    except FileNotFoundError as error:
        known = ", ".join(list_names(folder)) or "none"
        raise UserError(f"key: no {name!r} in {folder} (there are: {known})") from error
    except (ValueError, TypeError) as error:
        raise UserError(f"key: {path} is not a key file: {error}") from error


def list_names(folder: Path) -> list[str]:
    """Return the names of all key files."""
    return sorted(path.stem for path in folder.glob("*.json"))
