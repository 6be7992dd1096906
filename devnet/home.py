"""The folder that a devnet lives in and that the other commands look into."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOME_VARIABLE: Final = "NOVATION_HOME"
DEFAULT_HOME: Final = Path("build") / "devnet"


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside a home folder."""

    path: Path

    @property
    def deployment_path(self) -> Path:
        """The addresses and the configuration of the exchange."""
        return self.path / "deployment.json"

    @property
    def endpoints_path(self) -> Path:
        """Where the running devnet answers; absent while none runs."""
        return self.path / "endpoints.json"

    @property
    def keys_path(self) -> Path:
        """One file per trader."""
        return self.path / "keys"

    @property
    def oracle_keys_path(self) -> Path:
        """One file per oracle node of the devnet."""
        return self.path / "oracles"

    def oracle_node_path(self, index: int) -> Path:
        """Return the folder of an oracle node: its configuration and what it must not forget."""
        return self.path / "oracle-nodes" / str(index)

    @property
    def service_keys_path(self) -> Path:
        """Keys of the deployer, the operator and the sequencer."""
        return self.path / "services"

    @property
    def chain_path(self) -> Path:
        """State and log of the local chain."""
        return self.path / "chain"

    @property
    def sequencer_path(self) -> Path:
        """The sequencer's data folder."""
        return self.path / "sequencer"

    @property
    def proof_queue_path(self) -> Path:
        """Sealed batches and their proofs; the sequencer's `DataFolder` chooses the name."""
        return self.sequencer_path / "batches"

    @property
    def prices_path(self) -> Path:
        """The prices that the simulated venues of the devnet see."""
        return self.path / "prices.json"

    @property
    def clock_path(self) -> Path:
        """How far the devnet's clock is ahead of the machine's; absent while it is not."""
        return self.path / "clock.json"

    def log_path(self, name: str) -> Path:
        """Return the log of one process."""
        return self.path / "logs" / f"{name}.log"


def default_home() -> Path:
    """Return the folder named by the environment, else one below the current folder."""
    return Path(os.environ.get(HOME_VARIABLE, DEFAULT_HOME))
