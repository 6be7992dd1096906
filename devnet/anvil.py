"""A local Ethereum chain: the pinned anvil binary that npm installed."""

from __future__ import annotations

import json
import platform
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devnet.errors import UserError
from devnet.ports import LOOPBACK, free_port, require_free
from devnet.processes import ManagedProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
CHAIN_ID: Final = 31337
BLOCK_GAS_LIMIT: Final = 60_000_000
START_TIMEOUT_S: Final = 20.0
POLL_INTERVAL_S: Final = 0.02
ARCHITECTURES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
SYSTEMS: Final = {"Linux": "linux", "Darwin": "darwin"}


def binary_path(root: Path = ROOT) -> Path:
    """Find the npm package's binary for this platform.

    Raises:
        UserError: if npm has no such binary, or has not installed it.
    """
    system, machine = platform.system(), platform.machine()
    if system not in SYSTEMS or machine.lower() not in ARCHITECTURES:
        raise UserError(f"platform: there is no anvil binary for {system} {machine}")
    package = f"anvil-{SYSTEMS[system]}-{ARCHITECTURES[machine.lower()]}"
    path = root / "node_modules" / "@foundry-rs" / package / "bin" / "anvil"
    if not path.is_file():
        raise UserError(f"anvil: no binary at {path}; install it with `npm ci` in {root}")
    return path


class Anvil:
    """One running chain with an instant block per transaction; stop it with `stop`."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        block_time_s: float | None = None,
        accounts: int = 16,
    ) -> None:
        """Start the chain and wait for its first answer; `folder` gets its state and its log.

        Osaka with the transaction gas cap of EIP-7825, which anvil leaves off by default, so that
        what settles here also fits a block of the public chain.

        Raises:
            UserError: if the binary is absent, or the chain does not answer.
        """
        self.port = free_port() if port is None else require_free("anvil port", port)
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.state_path = folder / "anvil-state.json"
        command = [str(binary_path()), "--host", LOOPBACK, "--port", str(self.port)]
        command += ["--chain-id", str(CHAIN_ID), "--accounts", str(accounts)]
        command += ["--hardfork", "osaka", "--enable-tx-gas-limit"]
        command += ["--gas-limit", str(BLOCK_GAS_LIMIT), "--state", str(self.state_path)]
        if block_time_s is not None:
            command += ["--block-time", str(block_time_s)]
        self.process = ManagedProcess("anvil", command, folder / "anvil.log")
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Let the chain write its state and end."""
        self.process.stop()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if (exit_code := self.process.exit_code()) is not None:
                tail = self.process.log_tail()
                raise UserError(f"anvil: ended with status {exit_code} at its start:\n{tail}")
            try:
                if int(str(rpc_call(self.url, "eth_chainId", [])), 16) == CHAIN_ID:
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(POLL_INTERVAL_S)
        self.stop()
        raise UserError(f"anvil: no answer at {self.url} within {START_TIMEOUT_S:.0f} s")


def rpc_call(url: str, method: str, params: Sequence[object]) -> object:
    """Make one JSON-RPC call without a client library, for probes.

    Raises:
        RuntimeError: with the node's message, if it answers with an error.
        urllib.error.URLError: if nobody answers.
    """
    body = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    ).encode()
    request = urllib.request.Request(  # noqa: S310  (the scheme is ours)
        url, body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        answer: dict[str, object] = json.loads(response.read())
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]
