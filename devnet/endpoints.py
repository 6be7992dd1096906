"""Where a running devnet answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from devnet.errors import UserError
from prover.files import write_json_atomically

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses of the services; `venues` are the simulated ones of the oracle nodes."""

    sequencer: str
    l1: str
    venues: str = ""

    def save(self, path: Path) -> None:
        """Write the file."""
        write_json_atomically(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> Endpoints:
        """Read the file.

        Raises:
            UserError: if no devnet runs.
        """
        try:
            return cls(**json.loads(path.read_text(encoding="ascii")))
        except FileNotFoundError as error:
            raise UserError(
                f"devnet: none runs (no {path}); start one with `novation devnet`, "
                "or name its folder with --home"
            ) from error
        except (TypeError, ValueError) as error:
            raise UserError(f"devnet: {path} is damaged: {error}") from error
