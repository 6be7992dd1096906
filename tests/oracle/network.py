"""Nine oracle nodes and their venues, each a process, around a sequencer in this one."""

import json
import re
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp

from devnet.ports import LOOPBACK
from devnet.price_paths import SeededMarket
from devnet.processes import ManagedProcess
from devnet.simulated_venue import Fault
from novation.client import Client, PriceAbsentError, Side, StalePriceError
from novation.protocol.parameters import Parameters, Underlying
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
START = {"BTC-USD": Fraction(95_000), "ETH-USD": Fraction(3_000)}
# Orders that rest: a price far below the market, and a lot.
ORDERS = {"BTC-USD": ("90000", "0.0001"), "ETH-USD": ("2800", "0.0011")}
# A price may be this old, in which the path moves by 450 ppm a second; and venues differ by 50.
MAX_AGE_MS = 3_000
TOLERANCE_PPM = 2_000
PPM = 10**6
VENUE_SAYS = re.compile(r"^(\d+)$", re.MULTILINE)
NODE_SAYS = re.compile(r"serving [\d.]+:(\d+) with key")


def nine_oracles(n_underlyings: int = 1) -> Parameters:
    """Return parameters with nine nodes and a quorum of seven."""
    keys = tuple(public_key(oracle_private_key(index)) for index in range(N_ORACLES))
    return replace(parameters(n_underlyings), oracle_keys=keys, oracle_quorum=QUORUM)


def nine_genesis(n_underlyings: int) -> Genesis:
    """Return the genesis of an exchange with nine oracle nodes."""
    return genesis(nine_oracles(n_underlyings))


@dataclass
class Network:
    """Everything that runs, and what the exchange has believed so far."""

    sequencer: RunningNode
    session: aiohttp.ClientSession
    venues: str
    ports: list[int]
    market: SeededMarket = field(default_factory=lambda: SeededMarket(SEED, START))
    updates: list[OracleUpdate] = field(default_factory=list)

    async def status(self, index: int) -> dict[str, Any]:
        """Return what a node says of itself."""
        async with self.session.get(f"http://{LOOPBACK}:{self.ports[index]}/status") as answer:
            values: dict[str, Any] = await answer.json()
        return values

    async def set_fault(self, index: int, fault: Fault) -> None:
        """Let all venues of a node have a fault: through them the node itself has it."""
        for name in venue_names(index, "BTC-USD"):
            await self.set_venue_fault(name, fault)

    async def set_venue_fault(self, name: str, fault: Fault) -> None:
        """Let one venue have a fault."""
        url = f"http://{self.venues}/{name}/fault/{fault}"
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

    async def place(self, client: Client, symbol: str = "BTC-USD") -> int:
        """Place an order that rests; a machine that is busy elsewhere may make prices late."""
        await client.cancel_all(symbol)
        price, size = ORDERS[symbol]

        async def try_it() -> int:
            try:
                placed = await client.place_order(symbol, Side.BUY, price=price, size=size)
            except (StalePriceError, PriceAbsentError):
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


def venue_names(index: int, symbol: str) -> tuple[str, ...]:
    """Return a node's venues of an underlying: nobody else looks at them."""
    return tuple(f"{index}-{symbol}-{letter}" for letter in "abc")


def write_config(folder: Path, index: int, venues: str, sequencer: str, n_underlyings: int) -> Path:
    """Write the files of a node; return that of its configuration."""
    folder.mkdir()
    key_path = folder / "key.json"
    key_path.touch(mode=0o600)
    key_path.write_text(json.dumps({"stark_private_key": hex(oracle_private_key(index))}))
    watched = [_watched(terms, index, venues) for terms in nine_oracles(n_underlyings).underlyings]
    path = folder / "oracle.json"
    path.write_text(json.dumps(document(*watched, sequencer=sequencer)))
    return path


def _watched(terms: Underlying, index: int, venues: str) -> dict[str, Any]:
    """Return an underlying of a node's configuration."""
    # Times are said, so that a venue that lags is known to.
    common = {"time": "/time_ms", "max_age_ms": MAX_AGE_MS, "timeout_ms": 2_000}
    sources = []
    for name in venue_names(index, terms.symbol):
        source = http_source(f"http://{venues}/{name}/price/{terms.symbol}", name=name, **common)
        source["poll_ms"] = 500
        if name.endswith("c"):
            source |= {"kind": "websocket", "url": f"ws://{venues}/{name}/stream/{terms.symbol}"}
            del source["poll_ms"]
        sources.append(source)
    return underlying(terms.symbol, terms.tick_decimals, *sources) | {"min_sources": 2}


@asynccontextmanager
async def running_network(folder: Path, n_underlyings: int = 1) -> AsyncIterator[Network]:
    """Start a sequencer, venues and nine nodes, each on a port that it finds; end them all."""
    policy = replace(POLICY, oracle=OraclePolicy(grace_ms=200, min_interval_ms=200))
    async with AsyncExitStack() as stack:
        sequencer = await stack.enter_async_context(
            running_node(folder / "seq", policy, SystemClock(), first=nine_genesis(n_underlyings))
        )

        def start(name: str, *arguments: str) -> ManagedProcess:
            command = [sys.executable, "-m", *arguments]
            process = ManagedProcess(name, command, folder / "logs" / f"{name}.log")
            return stack.enter_context(process)

        starts = [f"--start={symbol}={price}" for symbol, price in START.items()]
        venue = start("venues", "devnet.simulated_venue", "--seed", str(SEED), *starts)
        venues = f"{LOOPBACK}:{await until(lambda: listens_at(venue, VENUE_SAYS))}"
        oracles = []
        for index in range(N_ORACLES):
            path = write_config(folder / str(index), index, venues, sequencer.target, n_underlyings)
            arguments = ("devnet.cli", "oracle", "run", "--config", str(path))
            oracles.append(start(f"oracle-{index}", *arguments))
        ports = [await until(lambda one=one: listens_at(one, NODE_SAYS)) for one in oracles]
        session = await stack.enter_async_context(aiohttp.ClientSession())
        network = Network(sequencer, session, venues, ports)
        sequencer.node.runner.add_listener(network.hear)
        yield network


def listens_at(process: ManagedProcess, says: re.Pattern[str]) -> int:
    """Return the port that a process has logged, 0 before it has."""
    assert process.exit_code() is None, process.log_tail()
    match = says.search(process.log_path.read_text())
    return int(match[1]) if match else 0
