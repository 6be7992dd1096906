"""Reads the node's signing key; nothing of it ever gets into a message."""

import json
import os
import stat
from pathlib import Path
from typing import Final

from novation.client import InvalidInputError, LocalSigner
from oracle.errors import OracleError

KEY_FIELD: Final = "stark_private_key"
MAX_BYTES: Final = 4_096


def read_key(path: Path) -> LocalSigner:
    """Return the signer of a key file as `novation keys new` writes them.

    Raises:
        OracleError: if others than its owner may read or write it, it is not ours, or holds no key.
    """
    try:
        with path.open("rb") as file:
            _check_permissions(path, os.fstat(file.fileno()))
            content = file.read(MAX_BYTES)
    except OSError as error:
        raise OracleError(f"key_file: cannot read {path}: {error.strerror}") from error
    # Errors are raised from None: theirs quote what they have read.
    try:
        return LocalSigner(int(json.loads(content)[KEY_FIELD], 16))
    except (ValueError, TypeError, KeyError, InvalidInputError):
        raise OracleError(f"key_file: {path} has no {KEY_FIELD} in hexadecimal digits") from None


def _check_permissions(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OracleError(f"key_file: {path} is no file")
    if status.st_uid != os.geteuid():
        raise OracleError(f"key_file: {path} belongs to user {status.st_uid}, not {os.geteuid()}")
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise OracleError(f"key_file: {path} has mode {mode:04o}, at most 0700; try chmod 600")
