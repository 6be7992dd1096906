"""The configuration file of a running node: its underlyings may change, and nothing else."""

import logging
from dataclasses import replace
from pathlib import Path

from oracle.config import load_config
from oracle.errors import OracleError

logger = logging.getLogger(__name__)


class ConfigFile:
    """Reads the file again when it has changed; one that does not do changes nothing."""

    def __init__(self, path: Path) -> None:
        """Read it for the first time; OracleError as `load_config`."""
        self._path = path
        self._version = self._find_version()
        self.config = load_config(path)

    def has_changed(self) -> bool:
        """Return whether `config` is another one now."""
        version = self._find_version()
        if version == self._version:
            return False
        self._version = version
        try:
            now = load_config(self._path)
        except OracleError as error:
            logger.warning("configuration not taken: %s", error)
            return False
        if replace(now, underlyings=self.config.underlyings) != self.config:
            logger.warning("configuration not taken: start again to change more than underlyings")
            return False
        has_changed = now != self.config
        self.config = now
        return has_changed

    def _find_version(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns
