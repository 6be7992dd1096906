"""One sequencer: the engine, its server and its loops, put together from given parts."""

import asyncio
import gc
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from novation.api.v1 import (
    oracle_service_pb2,
    order_service_pb2,
    query_service_pb2,
    stream_service_pb2,
)
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import PRICE_VALIDITY_MS
from novation.protocol.state import Genesis
from sequencer.assets import AssetList
from sequencer.clock import Clock
from sequencer.condition import Condition
from sequencer.config import NodeConfig
from sequencer.data_folder import DataFolder
from sequencer.engine import Engine, EngineSettings
from sequencer.engine_access import EngineLedger, EngineQueueSink
from sequencer.event_log import EventLog
from sequencer.journal import oracle_updates_since
from sequencer.l1 import L1
from sequencer.liquidator import Liquidator
from sequencer.lister import MarketLister
from sequencer.oracle import OracleAggregator
from sequencer.proof_collector import ProofCollector
from sequencer.proof_queue import ProofQueue
from sequencer.pruner import Pruner
from sequencer.rpc.oracle_service import OracleService
from sequencer.rpc.order_service import OrderService
from sequencer.rpc.query_service import QueryService
from sequencer.rpc.registration import register_service
from sequencer.rpc.stream_service import StreamService
from sequencer.runner import EngineRunner
from sequencer.settlement import Settlement
from sequencer.settlement_loop import SettlementLoop
from sequencer.settler import Settler
from sequencer.state_changes import StateChanges
from sequencer.store import open_database
from sequencer.trigger_watch import TriggerWatch
from sequencer.unwinder import Unwinder
from sequencer.watcher import QueueWatcher

logger = logging.getLogger(__name__)

STOP_GRACE_S = 2.0
KEEPALIVE_MS = 5_000
CLIENT_PING_INTERVAL_MS = 1_000
# Above the node's own limit, so that an oversize message gets our error and not the transport's.
TRANSPORT_LIMIT_FACTOR = 64


@dataclass(frozen=True, slots=True)
class NodeParts:
    """What a simulation replaces."""

    data_folder: DataFolder
    clock: Clock
    l1: L1
    proof_queue: ProofQueue


class Node:
    """A sequencer from `start` to `stop`. The data folder belongs to the caller."""

    def __init__(
        self, config: NodeConfig, exchange: ExchangeConfig, genesis: Genesis, parts: NodeParts
    ) -> None:
        """Open the database and bring the engine back to where it was.

        Raises:
            WrongExchangeError: if the data folder belongs to another exchange.
        """
        self._config = config
        self._database = open_database(parts.data_folder.database_path)
        settings = EngineSettings(
            exchange=exchange,
            genesis=genesis,
            batch=config.batch,
            private_key=config.sequencer_private_key,
            event_retention=config.event_retention,
            trade_retention=config.trade_retention,
        )
        engine = Engine(settings, self._database, parts.clock)
        clock = parts.clock
        self.runner = EngineRunner(engine, clock, config.limits, config.rates)
        self._log = EventLog(
            self._database,
            engine.batches.last_sequence,
            config.event_retention,
            lambda: engine.history.oldest_events,
        )
        self.runner.add_listener(self._log.publish)
        self._aggregator = OracleAggregator(
            self.runner, clock, config.oracle, engine.state.globals.oracle_time_ms
        )
        # Older ones close nothing that could still wait: a round ends within a span of its start.
        now_ms = max(clock.now_ms(), engine.state.globals.time_ms)
        since_ms = now_ms - PRICE_VALIDITY_MS - config.oracle.round_span_ms
        for update in reversed(list(oracle_updates_since(self._database, since_ms))):
            self._aggregator.learn(update)
        self._aggregator.spend(engine.spent_reports.newest_ms(engine.state.parameters.oracle_keys))
        self._lister = MarketLister(self.runner, clock, config.limits.max_pending_listings)
        ledger = EngineLedger(self.runner)
        self._collector = ProofCollector(ledger, parts.proof_queue, clock, config.proofs)
        self.settlement = SettlementLoop(
            self._collector,
            Settlement(ledger, parts.proof_queue, parts.l1, clock, config.settlement),
            clock,
            config.settlement,
        )
        sink = EngineQueueSink(self.runner, clock)
        self._watcher = QueueWatcher(parts.l1, sink, clock, config.watcher)
        changes = StateChanges(self.runner)
        self.runner.add_listener(changes.publish)
        self._assets = AssetList(parts.l1, clock)
        self.streams = StreamService(
            self.runner,
            self._log,
            changes,
            config.limits.max_streams,
            config.limits.max_book_levels,
        )
        self._clock = clock
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: asyncio.Future[None] | None = None

    async def start(self) -> int:
        """Start everything and return the port that the server listens on.

        Raises:
            OSError: if the address cannot be listened on.
        """
        self.failure = asyncio.get_running_loop().create_future()
        for name, work in self._loops().items():
            task = asyncio.create_task(work, name=name)
            task.add_done_callback(self._note_end)
            self._tasks.append(task)
        self._server = self._make_server()
        try:
            port: int = self._server.add_insecure_port(self._config.listen_address)
        except RuntimeError as error:
            await self.stop()
            raise OSError(f"cannot listen on {self._config.listen_address}: {error}") from error
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        logger.info("listening on port %d", port)
        return port

    def condition(self) -> Condition:
        """Return what keeps batches from L1 now."""
        return Condition(self.settlement.status, self._collector.status, self._watcher.error)

    async def wait_for_failure(self) -> None:
        """Return never, or raise what ended one of the node's loops."""
        assert self.failure is not None
        await self.failure

    async def stop(self) -> None:
        """Refuse new commands, answer the accepted ones, end all loops, close the database."""
        await self._health.enter_graceful_shutdown()
        if self.failure is not None and not self.failure.done():
            await self.runner.drain()
        if self._server is not None:
            await self._server.stop(STOP_GRACE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.runner.close()
        self._database.close()

    def _loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        loops = {
            "engine": self.runner.run(),
            "oracle": self._aggregator.run(),
            "settlement": self.settlement.run(),
            "watcher": self._watcher.run(),
            "assets": self._assets.run(),
            "trigger watch": TriggerWatch(self.runner, self._clock).run(),
        }
        if self._config.lists_markets:
            loops["lister"] = self._lister.run()
        if self._config.prunes_orders:
            loops["pruner"] = Pruner(self.runner, self._clock).run()
        if self._config.liquidates:
            loops["liquidator"] = Liquidator(self.runner, self._clock).run()
            loops["unwinder"] = Unwinder(self.runner, self._clock).run()
            loops["settler"] = Settler(self.runner, self._clock).run()
        return loops

    def _note_end(self, task: "asyncio.Task[None]") -> None:
        assert self.failure is not None
        if task.cancelled() or self.failure.done():
            return
        error = task.exception()
        logger.critical("the %s loop has ended", task.get_name(), exc_info=error)
        self.failure.set_exception(error or RuntimeError(f"the {task.get_name()} loop has ended"))

    def _make_server(self) -> grpc.aio.Server:
        limits = self._config.limits
        server = grpc.aio.server(
            maximum_concurrent_rpcs=limits.max_streams + limits.max_pending_commands,
            options=[
                (
                    "grpc.max_receive_message_length",
                    TRANSPORT_LIMIT_FACTOR * limits.max_message_bytes,
                ),
                ("grpc.so_reuseport", 0),
                # A reader that has vanished without a word is dropped after both.
                ("grpc.keepalive_time_ms", KEEPALIVE_MS),
                ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
                ("grpc.http2.ping_timeout_ms", KEEPALIVE_MS),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.max_pings_without_data", 0),
                # Clients may do the same; one that asks more often is cut off.
                ("grpc.http2.min_recv_ping_interval_without_data_ms", CLIENT_PING_INTERVAL_MS),
            ],
        )
        services = {
            order_service_pb2: OrderService(
                self.runner, self._lister, self._clock, limits.max_inflight_per_stream
            ),
            query_service_pb2: QueryService(self.runner, limits, self.condition, self._assets),
            stream_service_pb2: self.streams,
            oracle_service_pb2: OracleService(self.runner, self._aggregator, self._clock),
        }
        names = [health.SERVICE_NAME, reflection.SERVICE_NAME]
        for module, implementation in services.items():
            (descriptor,) = module.DESCRIPTOR.services_by_name.values()
            register_service(server, descriptor, implementation, limits.max_message_bytes)
            names.append(descriptor.full_name)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection(names, server)
        return server


def exempt_from_collection() -> None:
    """Let the garbage collector pass over everything that a node has loaded.

    It lives as long as the process, and a full collection takes half a second with 10^5 accounts.
    """
    gc.collect()
    gc.freeze()


async def run_node(node: Node, stop_requested: asyncio.Event) -> None:
    """Start a node and keep it running until asked to stop, or until it fails.

    Raises:
        Exception: whatever ended one of the node's loops; the node is stopped then.
    """
    exempt_from_collection()
    await node.start()
    waiting = asyncio.create_task(stop_requested.wait())
    failing = asyncio.create_task(node.wait_for_failure())
    try:
        await asyncio.wait((waiting, failing), return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            failing.result()
    finally:
        waiting.cancel()
        failing.cancel()
        await node.stop()
