"""The sequencer's folder on disk and the lock that gives it one owner."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class DataFolderInUseError(RuntimeError):
    """Another sequencer owns the folder."""

    def __init__(self, path: Path, owner: str) -> None:
        """Name the folder and the process that owns it."""
        super().__init__(
            f"data folder {path} is in use by another sequencer (process {owner or 'unknown'}); "
            "stop it first or choose another folder"
        )


class DataFolder:
    """Exclusive ownership of a data folder from construction until `close`.

    The lock belongs to the process: the kernel drops it when the process dies, however it dies.
    """

    def __init__(self, path: Path) -> None:
        """Create the folder if needed and lock it.

        Raises:
            DataFolderInUseError: if another process holds the lock.
        """
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock_file = _lock(path)

    @property
    def database_path(self) -> Path:
        """Where LevelDB lives."""
        return self.path / "state"

    @property
    def proof_queue_path(self) -> Path:
        """Where sealed batches wait for their proofs."""
        return self.path / "batches"

    def close(self) -> None:
        """Release the lock."""
        self._lock_file.close()

    def __enter__(self) -> Self:
        """Return the locked folder."""
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Release the lock."""
        self.close()


def _lock(path: Path) -> IO[str]:
    lock_file = (path / "LOCK").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock_file.seek(0)
        owner = lock_file.read().strip()
        lock_file.close()
        raise DataFolderInUseError(path, owner) from None
    lock_file.truncate(0)
    lock_file.write(f"{os.getpid()}\n")
    lock_file.flush()
    return lock_file
