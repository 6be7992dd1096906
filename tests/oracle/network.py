"""Nine oracle nodes and their venues, each a process, around a sequencer in this one."""

import json
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp

from devnet.ports import LOOPBACK, free_port
from devnet.price_paths import SeededMarket
from devnet.processes import ManagedProcess
from devnet.simulated_venue import Fault
from novation.client import Client, Side, StalePriceError
from novation.protocol.parameters import Parameters
from novation.protocol.state import Genesis
from novation.protocol.transactions import OracleUpdate
from oracle.decimal_text import price_x16
from sequencer.clock import SystemClock
from sequencer.config import OraclePolicy
from sequencer.engine import GroupResult
from tests.node.support import POLICY, RunningNode, running_node
from tests.oracle.support import document, http_source, underlying
from tests.support.builders import genesis, oracle_private_key, parameters, public_key
from tests.support.waiting import until

N_ORACLES = 9
QUORUM = 7
SEED = 20_26
START = {"BTC-USD": Fraction(95_000)}
# A price may be this old, in which the path moves by 450 ppm a second; and venues differ by 50.
MAX_AGE_MS = 3_000
TOLERANCE_PPM = 2_000
PPM = 10**6


def nine_oracles() -> Parameters:
    """Return parameters with one underlying, nine nodes and a quorum of seven."""
    keys = tuple(public_key(oracle_private_key(index)) for index in range(N_ORACLES))
    return replace(parameters(1), oracle_keys=keys, oracle_quorum=QUORUM)


def nine_genesis() -> Genesis:
    """Return the genesis of an exchange with nine oracle nodes."""
    return genesis(nine_oracles())


@dataclass
class Network:
    """Everything that runs, and what the exchange has believed so far."""

    sequencer: RunningNode
    session: aiohttp.ClientSession
    venue_port: int
    ports: list[int]
    processes: list[ManagedProcess]
    market: SeededMarket = field(default_factory=lambda: SeededMarket(SEED, START))
    updates: list[OracleUpdate] = field(default_factory=list)

    async def status(self, index: int) -> dict[str, Any]:
        """Return what a node says of itself; while it does not listen yet, that it is silent."""
        process = self.processes[index]
        try:
            async with self.session.get(f"http://{LOOPBACK}:{self.ports[index]}/status") as answer:
                values: dict[str, Any] = await answer.json()
        except aiohttp.ClientConnectorError:
            assert process.exit_code() is None, process.log_tail()
            return {"silence": "not up yet"}
        return values

    async def set_fault(self, index: int, fault: Fault) -> None:
        """Let all venues of a node have a fault: through them the node itself has it."""
        for name in venue_names(index):
            url = f"http://{LOOPBACK}:{self.venue_port}/{name}/fault/{fault}"
            async with self.session.post(url) as response:
                assert response.status == 200

    async def until_reporting(self, indices: Iterable[int]) -> None:
        """Wait until nodes sign honest prices."""
        for index in indices:
            await until(lambda index=index: self._is_honest(index))  # type: ignore[misc]

    async def until_faulty(self, faults: dict[int, Fault]) -> None:
        """Wait until every node's fault shows in what it does."""
        for index, fault in faults.items():
            await until(lambda index=index, fault=fault: self._shows(index, fault))  # type: ignore[misc]

    async def until_updated(self, more: int = 1) -> None:
        """Wait for so many updates of what is reported from now on."""
        now_ms = SystemClock().now_ms()
        await until(lambda: sum(update.oracle_time_ms > now_ms for update in self.updates) >= more)

    def error_ppm(self, update: OracleUpdate) -> int:
        """Return how far the index of an update is from the market."""
        (terms,) = nine_oracles().underlyings
        price = self.market.price(terms.symbol, update.oracle_time_ms)
        truth_x16 = price_x16(price, terms.tick_decimals)
        return abs(update.prices_x16[0] - truth_x16) * PPM // truth_x16

    async def place(self, client: Client) -> int:
        """Place an order that rests; a machine that is busy elsewhere may make prices late."""
        await client.cancel_all("BTC-USD")

        async def try_it() -> int:
            try:
                placed = await client.place_order("BTC-USD", Side.BUY, price="90000", size="0.0001")
            except StalePriceError:
                return 0
            return placed.order_id

        return await until(try_it)

    async def _is_honest(self, index: int) -> bool:
        status = await self.status(index)
        return (
            not status["silence"]
            and all(source["verdict"] == "used" for source in status["underlyings"][0]["sources"])
            and self._report_error_ppm(status) <= TOLERANCE_PPM
        )

    async def _shows(self, index: int, fault: Fault) -> bool:
        status = await self.status(index)
        if fault in (Fault.LYING, Fault.FLAPPING):
            return not status["silence"] and self._report_error_ppm(status) > TOLERANCE_PPM
        return "sources left" in status["silence"]

    def _report_error_ppm(self, status: dict[str, Any]) -> int:
        report = status["last_report"]
        return self.error_ppm(OracleUpdate(report["time_ms"], tuple(report["prices_x16"]), ()))

    def hear(self, result: GroupResult) -> None:
        """Take note of the updates that the exchange has accepted."""
        self.updates.extend(result.oracle_updates)


def venue_names(index: int) -> tuple[str, ...]:
    """Return the venues of a node: nobody else looks at them."""
    return tuple(f"{index}-{letter}" for letter in "abc")


def write_config(folder: Path, index: int, ports: tuple[int, int, int]) -> Path:
    """Write the files of a node; return that of its configuration."""
    venue_port, sequencer_port, port = ports
    folder.mkdir()
    key_path = folder / "key.json"
    key_path.touch(mode=0o600)
    key_path.write_text(json.dumps({"stark_private_key": hex(oracle_private_key(index))}))
    (terms,) = nine_oracles().underlyings
    base = f"{LOOPBACK}:{venue_port}"
    # Times are said, so that a venue that lags is known to; half a minute without a move is usual.
    common = {"time": "/time_ms", "max_age_ms": MAX_AGE_MS}
    sources = []
    for name in venue_names(index):
        source = http_source(
            f"http://{base}/{name}/price/{terms.symbol}", name=name, **common, timeout_ms=2_000
        )
        source["poll_ms"] = 500
        if name.endswith("c"):
            source |= {"kind": "websocket", "url": f"ws://{base}/{name}/stream/{terms.symbol}"}
            del source["poll_ms"]
        sources.append(source)
    watched = underlying(terms.symbol, terms.tick_decimals, *sources) | {"min_sources": 2}
    values = document(
        watched, sequencer=f"{LOOPBACK}:{sequencer_port}", listen=f"{LOOPBACK}:{port}"
    )
    path = folder / "oracle.json"
    path.write_text(json.dumps(values))
    return path


@asynccontextmanager
async def running_network(folder: Path) -> AsyncIterator[Network]:
    """Start venues, nine nodes and a sequencer; end them all."""
    venue_port, sequencer_port = free_port(), free_port()
    ports = [free_port() for _ in range(N_ORACLES)]
    async with AsyncExitStack() as stack:
        start = [f"{symbol}={price}" for symbol, price in START.items()]
        arguments = ["--listen", f"{LOOPBACK}:{venue_port}", "--seed", str(SEED), "--start", *start]
        stack.enter_context(
            _process(folder, "venues", ["-m", "devnet.simulated_venue", *arguments])
        )
        processes = []
        for index in range(N_ORACLES):
            path = write_config(
                folder / str(index), index, (venue_port, sequencer_port, ports[index])
            )
            command = ["-m", "devnet.cli", "oracle", "run", "--config", str(path)]
            process = _process(folder, f"oracle-{index}", command)
            processes.append(stack.enter_context(process))
        policy = replace(
            POLICY,
            listen_address=f"{LOOPBACK}:{sequencer_port}",
            oracle=OraclePolicy(grace_ms=200, min_interval_ms=200),
        )
        sequencer = await stack.enter_async_context(
            running_node(folder / "seq", policy, SystemClock(), first=nine_genesis())
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        network = Network(sequencer, session, venue_port, ports, processes)
        sequencer.node.runner.add_listener(network.hear)
        yield network


def _process(folder: Path, name: str, arguments: list[str]) -> ManagedProcess:
    return ManagedProcess(name, [sys.executable, *arguments], folder / "logs" / f"{name}.log")
