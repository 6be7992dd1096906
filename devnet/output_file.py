"""Places where a command writes, looked at before the work whose result goes there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from devnet.errors import UserError
from prover.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def check_output(option: str, path: Path) -> None:
    """Raise UserError with status 2 if no file can be written there."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UserError(f"{option}: there is no folder {folder}")
    if path.is_dir():
        raise UserError(f"{option}: {path} is a folder")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UserError(f"{option}: {path} cannot be written")


def write_output(path: Path, content: bytes) -> None:
    """Write a file, complete or not at all; UserError with status 2 if the system refuses."""
    try:
        write_atomically(path, content)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
