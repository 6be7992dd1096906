"""The whole system on one machine: local chain, sequencer, prover, venues, oracle nodes."""

from __future__ import annotations

import asyncio
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from circuits.program import loader_bytecode
from devnet.anvil import Anvil
from devnet.contracts import Chain
from devnet.deploy import ExchangeSetup, Owners, deploy_exchange
from devnet.deployment import Deployment
from devnet.endpoints import Endpoints
from devnet.errors import UserError
from devnet.keys import TraderKeys, load_keys, random_keys, save_keys
from devnet.l1_parameters import ParametersOnL1
from devnet.markets import MARKETS
from devnet.node_process import OPERATOR_KEYS, SEQUENCER_KEYS
from devnet.oracle_setup import N_ORACLES, write_node_configs
from devnet.ports import LOOPBACK, free_port, require_free
from devnet.prices import set_prices, start_prices
from devnet.processes import ManagedProcess
from devnet.shared_clock import SharedClock, set_ahead
from novation.client import Client, NovationError
from prover import _native

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from devnet.home import Home

ORACLE_QUORUM: Final = 2
ORACLE_MAX_AGE_MS: Final = 60_000
SERVICE_NAMES: Final = ("deployer", OPERATOR_KEYS, "treasury", SEQUENCER_KEYS)
VENUES: Final = "venues"
ORACLE: Final = "oracle-"
START_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.1
MS_PER_S: Final = 1_000


@dataclass(frozen=True, slots=True)
class DevnetOptions:
    """How to run the system."""

    profile: str = "balanced"
    l1_port: int | None = None
    sequencer_port: int | None = None
    block_time_s: int = 1
    confirmations: int = 2
    batch_age_ms: int = 30_000
    batch_steps: int = 200_000
    oracle_heartbeat_s: int = 20
    oracle_threshold_ppm: int = 500
    with_prover: bool = True
    prover_memory_budget: int | None = None
    # Unix time at which the devnet's clock starts; None: the machine's clock.
    start_ms: int | None = None
    before_sequencer: Callable[[Home], None] | None = None


@dataclass(slots=True)
class Devnet:
    """Starts everything in `start`, and ends it in the reverse order in `stop`."""

    home: Home
    options: DevnetOptions = field(default_factory=DevnetOptions)
    anvil: Anvil | None = None
    endpoints: Endpoints | None = None
    processes: dict[str, ManagedProcess] = field(default_factory=dict)

    def start(self) -> Endpoints:
        """Start the system, on a new deployment or on the one that the home folder holds.

        Raises:
            UserError: if a part does not start; nothing keeps running then.
        """
        refuse_second_devnet(self.home)
        refuse_unknown_kernel()
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all processes; the files in the home folder stay."""
        for process in reversed(self.processes.values()):
            process.stop()
        self.processes.clear()
        if self.anvil is not None:
            self.anvil.stop()
            self.anvil = None
            self.home.endpoints_path.unlink(missing_ok=True)

    def ended_process(self) -> ManagedProcess | None:
        """Return a process that should run and does not."""
        assert self.anvil is not None
        everything = (self.anvil.process, *self.processes.values())
        return next((p for p in everything if p.exit_code() is not None), None)

    def set_clock_ahead(self, time_ms: int) -> None:
        """Let the clocks of all processes and of the chain show a time now, if it is to come.

        The chain's comes first: it takes no batch from beyond its own time.
        """
        assert self.anvil is not None
        if time_ms > self.clock.now_ms():
            Chain(self.anvil.url).set_ahead(-(-time_ms // MS_PER_S))
            set_ahead(self.home.clock_path, time_ms)

    @property
    def clock(self) -> SharedClock:
        """What time it is in the devnet."""
        return SharedClock(self.home.clock_path)

    def start_prover(self) -> None:
        """Start the prover, or start it again."""
        arguments = ["--queue", str(self.home.proof_queue_path), "--profile", self.options.profile]
        if self.options.prover_memory_budget is not None:
            arguments += ["--memory-budget", f"{self.options.prover_memory_budget >> 10}K"]
        self._run("prover", "prover.worker", arguments)

    def stop_oracles(self) -> None:
        """End the oracle nodes and their venues, for good: no more prices come."""
        names = [name for name in self.processes if name == VENUES or name.startswith(ORACLE)]
        for name in names:
            self.processes.pop(name).stop()

    def _start(self) -> Endpoints:
        options = self.options
        # What has to be compiled is so before the clock is set: the demo's story is soon due then.
        loader_bytecode()
        self.anvil = Anvil(self.home.chain_path, port=options.l1_port)
        chain = Chain(self.anvil.url)
        if options.start_ms is not None:
            self.set_clock_ahead(options.start_ms)
        elif self.home.clock_path.exists():
            # A chain that is started again has the machine's time.
            chain.set_ahead(self.clock.now_ms() // MS_PER_S)
        services = service_keys(self.home)
        oracles = oracle_keys(self.home)
        if not self.home.deployment_path.exists():
            deploy(chain, self.home, services, oracles)
            set_prices(self.home.prices_path, start_prices(MARKETS))
        chain.mine_every(options.block_time_s)
        port = free_port()
        if options.sequencer_port is not None:
            port = require_free("sequencer port", options.sequencer_port)
        endpoints = Endpoints(
            sequencer=f"{LOOPBACK}:{port}",
            l1=self.anvil.url,
            venues=f"{LOOPBACK}:{free_port()}",
        )
        if options.before_sequencer is not None:
            options.before_sequencer(self.home)
        self._start_sequencer(endpoints)
        if options.with_prover:
            self.start_prover()
        self._start_oracles(chain, endpoints)
        endpoints.save(self.home.endpoints_path)
        self.endpoints = endpoints
        return endpoints

    def _start_sequencer(self, endpoints: Endpoints) -> None:
        options = self.options
        arguments = ["--home", str(self.home.path), "--listen", endpoints.sequencer]
        arguments += ["--l1", endpoints.l1, "--confirmations", str(options.confirmations)]
        arguments += ["--batch-age-ms", str(options.batch_age_ms)]
        arguments += ["--batch-steps", str(options.batch_steps), "--profile", options.profile]
        arguments += ["--oracle-heartbeat", str(options.oracle_heartbeat_s)]
        arguments += ["--clock", str(self.home.clock_path)]
        arguments += ["--oracle-threshold-ppm", str(options.oracle_threshold_ppm)]
        process = self._run("sequencer", "devnet.node_process", arguments)
        asyncio.run(wait_until_it_serves(process, endpoints.sequencer))

    def _start_oracles(self, chain: Chain, endpoints: Endpoints) -> None:
        deployment = Deployment.load(self.home.deployment_path)
        on_l1 = ParametersOnL1(chain, deployment).followed(chain.web3.eth.block_number)
        write_node_configs(self.home, endpoints, deployment.config, on_l1.underlyings)
        clock = ["--clock", str(self.home.clock_path)]
        arguments = ["--listen", endpoints.venues, "--prices", str(self.home.prices_path), *clock]
        self._run(VENUES, "devnet.simulated_venue", arguments)
        for index in range(N_ORACLES):
            config_path = self.home.oracle_node_path(index) / "oracle.json"
            arguments = ["oracle", "run", "--config", str(config_path), *clock]
            self._run(f"{ORACLE}{index}", "devnet.cli", arguments)

    def _run(self, name: str, module: str, arguments: list[str]) -> ManagedProcess:
        command = [sys.executable, "-m", module, *arguments]
        process = ManagedProcess(name, command, self.home.log_path(name))
        self.processes[name] = process
        return process

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop whatever happened."""
        self.stop()


def deploy(
    chain: Chain, home: Home, services: dict[str, TraderKeys], oracles: list[TraderKeys]
) -> Deployment:
    """Put a new exchange on the chain and write its record."""
    for keys in services.values():
        chain.give_ether(keys.l1_address)
    setup = ExchangeSetup(
        markets=MARKETS,
        oracle_keys=[keys.stark_public for keys in oracles],
        oracle_quorum=ORACLE_QUORUM,
        oracle_max_age_ms=ORACLE_MAX_AGE_MS,
    )
    owners = Owners(
        deployer=services["deployer"].l1_account,
        operator=services[OPERATOR_KEYS].l1_address,
        treasury=services["treasury"],
    )
    deployment = deploy_exchange(chain, setup, loader_bytecode(), owners)
    deployment.save(home.deployment_path)
    return deployment


def service_keys(home: Home) -> dict[str, TraderKeys]:
    """Return the keys of deployer, operator, treasury and sequencer, made when first asked for."""
    return {name: _load_or_make(home.service_keys_path, name) for name in SERVICE_NAMES}


def oracle_keys(home: Home) -> list[TraderKeys]:
    """Return the keys of the oracle nodes, made when first asked for."""
    names = (f"{ORACLE}{index}" for index in range(N_ORACLES))
    return [_load_or_make(home.oracle_keys_path, name) for name in names]


def refuse_second_devnet(home: Home) -> None:
    """Raise UserError if a devnet runs in the folder; forget one that was killed."""
    if not home.endpoints_path.exists():
        return
    try:
        asyncio.run(ask_status(Endpoints.load(home.endpoints_path).sequencer))
    except NovationError:
        home.endpoints_path.unlink()
        return
    raise UserError(f"home: a devnet runs in {home.path} already")


def remove_home(home: Home) -> None:
    """Delete a home folder; only one that a devnet made and that none uses.

    Raises:
        UserError: if the folder is in use, or not empty and not made by a devnet.
    """
    refuse_second_devnet(home)
    if not home.path.exists() or not any(home.path.iterdir()):
        return
    if not (home.chain_path.exists() or home.service_keys_path.exists()):
        raise UserError(f"home: {home.path} is no devnet's folder; nothing was deleted")
    shutil.rmtree(home.path)


async def ask_status(sequencer: str) -> int:
    """Return the number of the last sealed batch."""
    async with Client(sequencer) as client:
        return (await client.status()).last_batch_number


async def wait_until_it_serves(process: ManagedProcess, sequencer: str) -> None:
    """Return when the sequencer answers.

    Raises:
        UserError: with the end of its log, if it ends or does not answer in time.
    """
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while asyncio.get_running_loop().time() < deadline:
        if (exit_code := process.exit_code()) is not None:
            raise UserError(f"sequencer: ended with status {exit_code}:\n{process.log_tail()}")
        try:
            await ask_status(sequencer)
        except NovationError:
            await asyncio.sleep(POLL_S)
        else:
            return
    raise UserError(f"sequencer: no answer at {sequencer} within {START_TIMEOUT_S:.0f} s")


def _load_or_make(folder: Path, name: str) -> TraderKeys:
    if not (folder / f"{name}.json").exists():
        save_keys(folder, random_keys(name))
    return load_keys(folder, name)


def refuse_unknown_kernel() -> None:
    """Refuse to start a prover that could prove nothing.

    Raises:
        UserError: if `NOVATION_KERNEL` names no kernel that this processor can run.
    """
    try:
        _native.kernel()
    except ValueError as error:
        raise UserError(str(error)) from error
