"""A running node with funded, signing traders, for tests."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc

from novation.api.v1 import (
    oracle_service_pb2_grpc,
    order_service_pb2_grpc,
    query_service_pb2_grpc,
    stream_service_pb2_grpc,
    types_pb2,
)
from novation.client import Client, LocalSigner
from novation.client.oracle import OracleClient, sign_report
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MINUTE_MS
from novation.protocol.orders import Side
from novation.protocol.parameters import Parameters
from novation.protocol.state import Genesis, State
from novation.protocol.transactions import OracleReport
from sequencer.clock import Clock, SystemClock
from sequencer.config import (
    BatchPolicy,
    NodeConfig,
    OraclePolicy,
    ServerLimits,
)
from sequencer.data_folder import DataFolder
from sequencer.engine import Engine
from sequencer.node import Node, NodeParts
from sequencer.proof_queue import FolderProofQueue
from sequencer.settlement import SettlementPolicy
from sequencer.watcher import WatcherPolicy
from tests.support.builders import (
    exchange_config,
    genesis,
    oracle_private_key,
    parameters,
    private_key,
)
from tests.support.exchange import snapshot
from tests.support.signing import VALIDITY_MS
from tests.support.simulation import SimulatedL1
from tests.support.waiting import until

SEQUENCER_KEY = 0x5E9
PRICE_TICKS = 1000
TRADERS = (2, 3, 4)
ERROR_KEY = "novation-error-bin"

POLICY = NodeConfig(
    listen_address="127.0.0.1:0",
    sequencer_private_key=SEQUENCER_KEY,
    batch=BatchPolicy(max_cost_steps=10_000_000, max_age_ms=3_600_000),
    limits=ServerLimits(),
    oracle=OraclePolicy(grace_ms=1, min_interval_ms=1),
    watcher=WatcherPolicy(confirmations=0, poll_ms=20),
    settlement=SettlementPolicy(poll_ms=20),
)
# What is dead stays linked until somebody meets it.
UNPRUNED = replace(POLICY, prunes_orders=False)
# Accounts that fail stay as they are until somebody else acts.
UNLIQUIDATED = replace(POLICY, liquidates=False)


@dataclass
class Stubs:
    """Raw stubs, to send what the client would not."""

    channel: grpc.aio.Channel
    orders: Any = field(init=False)
    queries: Any = field(init=False)
    streams: Any = field(init=False)
    oracle: Any = field(init=False)

    def __post_init__(self) -> None:
        self.orders = order_service_pb2_grpc.OrderServiceStub(self.channel)
        self.queries = query_service_pb2_grpc.QueryServiceStub(self.channel)
        self.streams = stream_service_pb2_grpc.StreamServiceStub(self.channel)
        self.oracle = oracle_service_pb2_grpc.OracleServiceStub(self.channel)


@dataclass
class RunningNode:
    """A node that serves on loopback, and what it is connected to."""

    node: Node
    target: str
    config: ExchangeConfig
    clock: Clock
    l1: SimulatedL1
    folder: DataFolder
    stubs: Stubs

    def client(self, account_id: int) -> Client:
        """Return a client that signs for an account, for longer than a test moves the clock."""
        signer = LocalSigner(private_key(account_id))
        return Client(self.target, account_id=account_id, signer=signer, validity_ms=VALIDITY_MS)

    @property
    def parameters(self) -> Parameters:
        """The parameters that hold now."""
        return self.node.runner.parameters

    async def set_price(self, price_ticks: int = PRICE_TICKS) -> None:
        """Let two oracle nodes report, and time pass until a jump is settled."""
        await self.jump(price_ticks)
        until_ms = await self.node.runner.call(_resolve_until_ms)
        if self.clock.now_ms() < until_ms:
            self.move(until_ms - self.clock.now_ms())
            await self.jump(price_ticks)

    async def jump(self, price_ticks: int) -> None:
        """Let two oracle nodes report, and wait for the update."""
        prices_x16 = [price_ticks << 16] * len(self.parameters.underlyings)
        before = await self.node.runner.call(lambda engine: engine.state.globals.oracle_time_ms)
        time_ms = max(self.clock.now_ms(), before + 1)
        for index in range(self.parameters.oracle_quorum):
            async with OracleClient(self.target, self.oracle_signer(index)) as oracle:
                await oracle.submit(time_ms, prices_x16)
        await self.until(lambda engine: engine.state.globals.oracle_time_ms == time_ms)

    def move(self, duration_ms: int) -> None:
        """Let time pass without a report."""
        assert isinstance(self.clock, UnhurriedClock)
        self.clock.move(duration_ms)

    def oracle_signer(self, index: int) -> LocalSigner:
        """Return the key of an oracle node."""
        return LocalSigner(oracle_private_key(index))

    async def until(self, condition: Callable[[Engine], bool]) -> None:
        """Wait until the engine's durable state fulfils a condition."""
        await until(lambda: self.node.runner.call(condition))

    async def fund(self, *account_ids: int) -> None:
        """Deposit for each account and wait until the watcher has brought it in."""
        for account_id in account_ids:
            self.l1.add_deposit(account_id)
        await self.until_consumed()

    async def until_consumed(self) -> None:
        """Wait until the exchange has consumed the whole queue of L1."""
        await self.until(
            lambda engine: engine.state.globals.l1_queue_position == len(self.l1.entries)
        )

    async def trace(self) -> tuple[Any, ...]:
        """Return everything that a refused request must not change."""
        return await self.node.runner.call(_trace)


class UnhurriedClock:
    """The machine's clock at a fiftieth of its speed, so that prices outlive a test.

    What waits or sleeps does so as long as ever. Unless it is moved no minute ends in a test.
    """

    def __init__(self) -> None:
        now_ms = SystemClock().now_ms()
        self._start_ms = now_ms - max(now_ms % MINUTE_MS - MINUTE_MS // 2, 0)
        self._moved_ms = 0

    def now_ms(self) -> int:
        """Return the start, a fiftieth of what has passed since, and what it was moved by."""
        passed_ms = (SystemClock().now_ms() - self._start_ms) // 50
        return self._start_ms + passed_ms + self._moved_ms

    def elapsed_ms(self) -> int:
        """Return what has passed at the machine's speed, however the clock was moved."""
        return SystemClock().elapsed_ms()

    def move(self, duration_ms: int) -> None:
        """Set the clock on or back; nobody who waits or sleeps notices."""
        self._moved_ms += duration_ms

    async def sleep_ms(self, duration_ms: int) -> None:
        """Sleep without blocking the event loop."""
        await SystemClock().sleep_ms(duration_ms)


@asynccontextmanager
async def running_node(
    path: Path,
    policy: NodeConfig = POLICY,
    clock: Clock | None = None,
    l1: SimulatedL1 | None = None,
    first: Genesis | None = None,
) -> AsyncIterator[RunningNode]:
    """Start a node in a folder; stop it at the end."""
    config, clock, first = exchange_config(), clock or _default_clock(), first or genesis()
    l1 = l1 or SimulatedL1(State.genesis(config, first).root, config.config_hash)
    with DataFolder(path) as folder:
        queue = FolderProofQueue(folder.proof_queue_path)
        node = Node(policy, config, first, NodeParts(folder, clock, l1, queue))
        target = f"127.0.0.1:{await node.start()}"
        async with grpc.aio.insecure_channel(target) as channel:
            try:
                yield RunningNode(node, target, config, clock, l1, folder, Stubs(channel))
            finally:
                await node.stop()


def _default_clock() -> Clock:
    """Return an unhurried clock in a test; a program that measures times itself gets its own."""
    return UnhurriedClock() if "PYTEST_CURRENT_TEST" in os.environ else SystemClock()


@asynccontextmanager
async def trading_node(path: Path, **options: Any) -> AsyncIterator[RunningNode]:
    """Start a node with prices and three funded accounts."""
    async with running_node(path, **options) as running:
        await running.fund(*TRADERS)
        await running.set_price()
        yield running


async def until_exists(path: Path) -> None:
    """Wait for a file or folder that the node writes."""
    await until(path.exists)


def check_numbers(detail: types_pb2.ErrorDetail) -> None:
    """Every refusal names a field, its value and the bound, as numbers that a program can use."""
    assert detail.field, detail
    int(detail.value)
    # No bound says which hashes belong to an order.
    if detail.field != "message_hash":
        int(detail.limit)


async def refusal(call: Any) -> tuple[grpc.StatusCode, types_pb2.ErrorDetail]:
    """Await a call that must be refused; return its status and detail."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        for key, value in error.trailing_metadata() or ():
            if key == ERROR_KEY:
                detail = types_pb2.ErrorDetail.FromString(value)
                check_numbers(detail)
                return error.code(), detail
        raise
    raise AssertionError("the call was accepted")


def report_at(
    index: int, time_ms: int, price_ticks: int, now: Parameters | None = None
) -> OracleReport:
    """Return a signed report of one price for all underlyings."""
    now = now or parameters()
    prices_x16 = [price_ticks << 16] * len(now.underlyings)
    signer = LocalSigner(oracle_private_key(index))
    return sign_report(exchange_config(), now, signer, time_ms, prices_x16)


def _resolve_until_ms(engine: Engine) -> int:
    return max(prices.resolve_until_ms for prices in engine.state.underlyings)


def _trace(engine: Engine) -> tuple[Any, ...]:
    return (
        snapshot(engine.state),
        engine.last_sequence,
        engine.state.globals.custody_quanta,
        engine.counters.n_orders_accepted,
        engine.history.book.levels(0, Side.BUY, 100),
        engine.history.book.levels(0, Side.SELL, 100),
    )
