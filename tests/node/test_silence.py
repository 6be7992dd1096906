"""Connections that fall silent, streams that resume, calls that are repeated."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import query_service_pb2, stream_service_pb2
from novation.client import Client, LocalSigner, ResumeAheadError, ResumeTooOldError, Side, streams
from novation.client.models import AccountSnapshot
from novation.client.transport import KEEPALIVE_MS
from sequencer import node as node_module
from sequencer.engine import Engine, GroupResult
from tests.node.proxy import proxied
from tests.node.support import POLICY, RunningNode, refusal, running_node, trading_node
from tests.support.builders import private_key
from tests.support.waiting import until, within_patience

MARKET = "BTC-USD"
# What a peer may take to notice another's silence.
NOTICED_S = 15


@asynccontextmanager
async def client_at(target: str, account_id: int = 2) -> AsyncIterator[Client]:
    signer = LocalSigner(private_key(account_id))
    async with Client(target, account_id=account_id, signer=signer) as client:
        yield client


@asynccontextmanager
async def followed(stream: AsyncIterator[Any]) -> AsyncIterator[list[Any]]:
    seen: list[Any] = []

    async def follow() -> None:
        async for item in stream:
            seen.append(item)  # noqa: PERF401 - the stream has no end

    task = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        task.cancel()


def has_length(count: int, items: Callable[[], list[Any]]) -> bool:
    return len(items()) >= count


def withdrawn(updates: list[Any]) -> list[Decimal]:
    return [item.amount for item in updates if getattr(item, "kind", None) == "withdrawal"]


async def test_peer_when_it_vanishes_then_both_sides_notice_and_the_stream_goes_on(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        proxied(node.target) as (proxy, target),
        client_at(target) as client,
        client_at(node.target) as direct,
    ):
        async with followed(aiter(client.stream_account())) as seen:
            await until(lambda: len(seen) == 1)
            assert node.node.streams.n_streams == 1
            proxy.freeze()
            await direct.withdraw("1")
            n_connections = proxy.n_connections
            await until(lambda: proxy.n_connections > n_connections)
            await until(lambda: node.node.streams.n_streams == 0)
            proxy.thaw()
            await direct.withdraw("2")
            await until(lambda: len(withdrawn(seen)) == 2)
        assert withdrawn(seen) == [1, 2]


async def test_order_when_the_connection_is_silent_then_repeated_on_another_and_placed_once(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        proxied(node.target) as (proxy, target),
        client_at(target) as client,
    ):
        proxy.freeze()
        placing = asyncio.create_task(
            client.place_order(MARKET, Side.BUY, price="99.0", size="0.001")
        )
        n_connections = proxy.n_connections
        await until(lambda: proxy.n_connections > n_connections)
        proxy.thaw()
        ack = await within_patience(placing)
        assert [order.order_id for order in await client.open_orders()] == [ack.order_id]


async def test_stream_when_only_heartbeats_stay_away_then_opened_again_without_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Something between answers the transport's pings, but the node says nothing.
    monkeypatch.setattr(streams, "SILENCE_S", 0.4)
    monkeypatch.setattr(streams, "HEARTBEAT_MS", 60_000)
    async with trading_node(tmp_path) as node, node.client(2) as client:
        opened, original = [], client._transport.streams.StreamAccount

        def counted(request: Any) -> Any:
            opened.append(request.after_sequence)
            return original(request)

        client._transport.streams.StreamAccount = counted
        async with followed(aiter(client.stream_account())) as seen:
            await until(lambda: len(opened) >= 2)
            for count in (1, 2, 3):
                await client.withdraw(count)
                await until(partial(has_length, count, lambda: withdrawn(seen)))
                await until(partial(has_length, len(opened) + 1, lambda: opened))
        assert withdrawn(seen) == [1, 2, 3]
        assert len([item for item in seen if isinstance(item, AccountSnapshot)]) == 1


def requests(after: int, heartbeat_ms: int = 0) -> dict[str, Any]:
    both = {"after_sequence": after, "heartbeat_ms": heartbeat_ms}
    return {
        "StreamBook": stream_service_pb2.StreamBookRequest(market_id=0, **both),
        "StreamAccount": stream_service_pb2.StreamAccountRequest(account_id=2, **both),
        "StreamTrades": stream_service_pb2.StreamTradesRequest(market_id=0, **both),
        "StreamBatches": stream_service_pb2.StreamBatchesRequest(**both),
    }


async def test_heartbeats_when_asked_for_then_say_where_to_resume(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(3) as other:
        start = (await other.book(MARKET)).sequence
        calls = {
            name: getattr(node.stubs.streams, name)(request)
            for name, request in requests(start, 1_000).items()
            if name != "StreamBatches"
        }
        batches = node.stubs.streams.StreamBatches(requests(0, 1_000)["StreamBatches"])
        # Of no concern to these readers, and yet it moves the place that they resume from.
        await other.withdraw("1")
        for name, call in calls.items():
            beats = [await within_patience(call.read()) for _ in range(2)]
            assert all(beat.is_heartbeat for beat in beats), name
            assert beats[0].previous_sequence == start, name
            assert beats[1].previous_sequence == beats[0].sequence, name
            assert beats[1].sequence > start, name
            again = getattr(node.stubs.streams, name)(requests(beats[1].sequence, 1_000)[name])
            resumed = await within_patience(again.read())
            assert resumed.is_heartbeat, name
            for each in (call, again):
                each.cancel()
        assert (await within_patience(batches.read())).is_heartbeat
        batches.cancel()


@pytest.mark.parametrize(("asked_ms", "limit_ms"), [(1, 1_000), (999, 1_000), (60_001, 60_000)])
async def test_heartbeat_when_out_of_range_then_refused_with_the_bound(
    tmp_path: Path, asked_ms: int, limit_ms: int
) -> None:
    async with trading_node(tmp_path) as node:
        for name, request in requests(0, asked_ms).items():
            _, detail = await refusal(getattr(node.stubs.streams, name)(request).read())
            assert (detail.field, detail.limit) == ("heartbeat_ms", str(limit_ms))


async def test_stream_when_resumed_from_the_future_then_refused_with_the_last_number(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        last = (await client.book(MARKET)).sequence
        for name, request in requests(last + 1).items():
            status, detail = await refusal(getattr(node.stubs.streams, name)(request).read())
            assert (status, detail.name) == (grpc.StatusCode.OUT_OF_RANGE, "RESUME_AHEAD")
            assert int(detail.limit) <= last
        for name, request in requests(2**63).items():
            _, detail = await refusal(getattr(node.stubs.streams, name)(request).read())
            assert detail.name == "FIELD_OUT_OF_RANGE"
        # With a snapshot to begin from, the client helps itself; without one it says so.
        async for first in client.stream_account(after_sequence=last + 4096):
            assert isinstance(first, AccountSnapshot)
            break
        for stream in (client.stream_trades(MARKET, last + 4096), client.stream_batches(10**6)):
            with pytest.raises(ResumeAheadError):
                await anext(aiter(stream))


async def test_trades_when_no_longer_kept_then_the_reader_is_told(tmp_path: Path) -> None:
    policy = replace(POLICY, event_retention=5)
    async with trading_node(tmp_path, policy=policy) as node, node.client(2) as client:
        for _ in range(20):
            await client.withdraw("1")
        await node.node.runner.change(Engine.seal)
        with pytest.raises(ResumeTooOldError):
            await anext(aiter(client.stream_trades(MARKET, after_sequence=1)))
        async for first in client.stream_account(after_sequence=1):
            assert isinstance(first, AccountSnapshot)
            break


async def test_stream_when_resumed_at_once_after_a_start_then_not_from_the_future(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        for _ in range(5):
            await client.withdraw("1")
        # In the open batch: only the journal has it.
        last, l1 = (await client.book(MARKET)).sequence, node.l1
    replayed = Engine.replayed

    def slowly(engine: Engine) -> GroupResult:
        time.sleep(0.5)
        return replayed(engine)

    monkeypatch.setattr(Engine, "replayed", slowly)
    async with running_node(tmp_path, l1=l1) as again:
        names = ("StreamBook", "StreamAccount", "StreamTrades")
        calls = [getattr(again.stubs.streams, name)(requests(last, 1_000)[name]) for name in names]
        for call in calls:
            assert (await within_patience(call.read())).is_heartbeat
            call.cancel()


async def test_book_when_opened_in_the_middle_of_trading_then_snapshot_first_and_no_gap(
    tmp_path: Path,
) -> None:
    rng = random.Random(8)
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        trading_is_over = asyncio.Event()
        readers = []
        for n_orders in range(60):
            if n_orders % 6 == 0:
                readers.append(asyncio.create_task(_levels_at_the_end(node, trading_is_over)))
            client, side = rng.choice((two, three)), rng.choice(tuple(Side))
            price = Decimal(1000 + rng.randrange(-5, 6)) / 10
            await client.place_order(MARKET, side, price=price, size="0.0005")
        trading_is_over.set()
        expected = await node.stubs.queries.GetBook(
            query_service_pb2.GetBookRequest(market_id=0, depth=0)
        )
        sides = (expected.bids, expected.asks)
        final = tuple({item.price_ticks: item.size_lots for item in side} for side in sides)
        for levels in await within_patience(asyncio.gather(*readers)):
            assert levels == final


async def _levels_at_the_end(
    node: RunningNode, trading_is_over: asyncio.Event
) -> tuple[dict[int, int], ...]:
    """Follow the raw stream, with all its rules, to a beat after the trading's last entry."""
    call = node.stubs.streams.StreamBook(requests(0, 1_000)["StreamBook"])
    levels: tuple[dict[int, int], ...] = ({}, {})
    previous = 0
    while True:
        message = await call.read()
        if message.is_heartbeat:
            assert message.previous_sequence == previous <= message.sequence
            previous = message.sequence
            if trading_is_over.is_set() and previous >= await _last_number(node):
                return levels
            continue
        assert message.is_snapshot == (previous == 0)
        if previous:
            assert message.previous_sequence == previous < message.sequence
        previous = message.sequence
        for side, changes in zip(levels, (message.bids, message.asks), strict=True):
            for change in changes:
                side[change.price_ticks] = change.size_lots
                if change.size_lots == 0:
                    del side[change.price_ticks]


async def _last_number(node: RunningNode) -> int:
    """Return the number of the first event that the journal's last entry can have."""
    return await node.node.runner.call(lambda engine: engine.last_sequence) * 4096


async def test_calls_when_answers_are_lost_then_repeated_without_loss_or_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("novation.client.transport.ATTEMPTS", 40)
    monkeypatch.setattr("novation.client.transport.FIRST_RETRY_DELAY_S", 0.001)
    async with (
        trading_node(tmp_path) as node,
        proxied(node.target) as (proxy, target),
        client_at(target) as client,
        client_at(node.target) as direct,
    ):
        proxy.loss = 0.15
        before = await direct.status()
        acks = [
            await client.place_order(MARKET, Side.BUY, price="99.0", size="0.0001")
            for _ in range(15)
        ]
        for ack in acks[::2]:
            await client.cancel_order(ack.order_id)
        after = await direct.status()
        assert proxy.n_connections > 3, "no answer was lost: nothing was tested"
        assert after.n_orders_accepted - before.n_orders_accepted == len(acks)
        left = [order.order_id for order in await direct.open_orders()]
        assert left == [ack.order_id for ack in acks[1::2]]


def test_keepalive_of_the_node_when_clients_ping_then_not_more_often_than_it_allows() -> None:
    assert node_module.CLIENT_PING_INTERVAL_MS < KEEPALIVE_MS
    assert 2 * node_module.KEEPALIVE_MS < 1000 * NOTICED_S
    assert 2 * KEEPALIVE_MS < 1000 * NOTICED_S
    assert 2 * streams.HEARTBEAT_MS < 1000 * streams.SILENCE_S < 1000 * NOTICED_S
