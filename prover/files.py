"""Results appear complete or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside `path`, reach the disk, then rename: a reader never sees a part of the file.

    A device or a pipe under this name is written to, not replaced; a link stays one.

    Raises:
        OSError: the system refuses; what was written of the file is removed.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def write_json_atomically(path: Path, value: object) -> None:
    """Write a value as indented JSON, complete or not at all."""
    write_atomically(path, (json.dumps(value, indent=1) + "\n").encode("ascii"))
