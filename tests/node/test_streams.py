"""Streams: order, resumption, agreement with queries, and readers that misbehave."""

import asyncio
import random
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from novation.api.v1 import stream_service_pb2
from novation.client import Client, OrderRequest, Side
from novation.client.clock import now_ms
from sequencer.config import ServerLimits
from sequencer.engine import Engine
from tests.node.support import POLICY, RunningNode, refusal, running_node, trading_node
from tests.support.waiting import PATIENCE_S, until, within_patience

if TYPE_CHECKING:
    from novation.client.models import Book

N_ORDERS = 120
# Of the numbers of events: `stream_service.proto`.
EVENTS_PER_ENTRY = 4096


async def _trade(client: Client, other: Client, rng: random.Random, count: int) -> None:
    async with client.order_stream() as mine, other.order_stream() as theirs:
        sending = []
        for _ in range(count):
            request = OrderRequest(
                market="BTC-USD",
                side=rng.choice(tuple(Side)),
                price=Decimal(1000 + rng.randrange(-6, 7)) / 10,
                size=Decimal(rng.randrange(1, 30)) / 10_000,
                expiry_time_ms=now_ms() + 3_600_000,
            )
            sending.append(rng.choice((mine, theirs)).place_order(request))
        await asyncio.gather(*sending)


async def test_book_stream_follows_every_change_to_the_same_book(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        books: list[Book] = []

        async def follow() -> None:
            async for book in two.stream_book("BTC-USD"):
                books.append(book)  # noqa: PERF401 - the stream has no end

        following = asyncio.create_task(follow())
        await until(lambda: books)
        await _trade(two, three, random.Random(11), N_ORDERS)
        expected = await two.book("BTC-USD")
        await until(lambda: (books[-1].bids, books[-1].asks) == (expected.bids, expected.asks))
        following.cancel()
        assert len(books) > N_ORDERS // 2
        for book in books:
            if book.bids and book.asks:
                assert book.bids[0].price < book.asks[0].price, "a crossed book was shown"


async def test_account_stream_when_resumed_anywhere_gives_the_same_rest(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        status = await two.status()
        start = status.last_sequence * EVENTS_PER_ENTRY
        await _trade(two, three, random.Random(5), N_ORDERS)
        live = await _read_account(node, start)
        assert len(live) > N_ORDERS // 2
        previous = start
        for message in live:
            assert message.previous_sequence == previous
            previous = message.sequence
        # A seal moves events to the database, a restart leaves nothing in memory.
        await node.node.runner.change(Engine.seal)
        l1 = node.l1
    async with running_node(tmp_path, l1=l1) as node:
        for cut in (0, len(live) // 3, len(live) - 1):
            rest = await _read_account(node, live[cut].sequence)
            assert rest == live[cut + 1 :]


async def test_stream_of_the_open_batch_when_the_node_restarts_has_the_same_numbers(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await _trade(two, three, random.Random(6), 30)
        before, l1 = await _read_account(node, 1), node.l1
    async with running_node(tmp_path, l1=l1) as node:
        assert await _read_account(node, 1) == before


async def test_resuming_behind_the_retained_events_is_refused(tmp_path: Path) -> None:
    policy = replace(POLICY, event_retention=5)
    async with trading_node(tmp_path, policy=policy) as node, node.client(2) as client:
        for _ in range(20):
            await client.withdraw("1")
        await node.node.runner.change(Engine.seal)
        await client.withdraw("1")
        await node.node.runner.change(Engine.seal)
        request = stream_service_pb2.StreamAccountRequest(account_id=2, after_sequence=1)
        status, detail = await refusal(node.stubs.streams.StreamAccount(request).read())
        assert (status, detail.name) == (grpc.StatusCode.OUT_OF_RANGE, "RESUME_TOO_OLD")
        assert int(detail.limit) > EVENTS_PER_ENTRY


async def test_client_stream_when_the_node_restarts_goes_on_without_a_gap(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await client.withdraw("1")
        port = int(node.target.rsplit(":", 1)[1])
        l1 = node.l1
        seen: list[Decimal] = []

        async def follow() -> None:
            async for update in client.stream_account(after_sequence=1):
                if getattr(update, "kind", None) == "withdrawal":
                    seen.append(update.amount)  # type: ignore[union-attr]  # noqa: PERF401

        following = asyncio.create_task(follow())
        await until(lambda: seen)
        await node.node.stop()
        again = replace(POLICY, listen_address=f"127.0.0.1:{port}")
        node.folder.close()
        async with running_node(tmp_path, policy=again, l1=l1) as second:
            async with second.client(2) as other:
                await other.withdraw("2")
            await until(lambda: len(seen) == 2)
            following.cancel()
        assert seen == [1, 2]


async def test_too_many_streams_are_refused(tmp_path: Path) -> None:
    policy = replace(POLICY, limits=ServerLimits(max_streams=2))
    async with trading_node(tmp_path, policy=policy) as node:
        request = stream_service_pb2.StreamAccountRequest(account_id=2)
        open_calls = [node.stubs.streams.StreamAccount(request) for _ in range(2)]
        for call in open_calls:
            await call.read()
        _, detail = await refusal(node.stubs.streams.StreamAccount(request).read())
        assert (detail.name, detail.limit) == ("TOO_MANY_STREAMS", "2")
        open_calls[0].cancel()

        async def is_admitted() -> bool:
            try:
                await node.stubs.streams.StreamAccount(request).read()
            except grpc.aio.AioRpcError:
                return False
            return True

        await until(is_admitted)


async def test_full_queue_refuses_commands_and_recovers(tmp_path: Path) -> None:
    policy = replace(POLICY, limits=ServerLimits(max_pending_commands=4, max_group_commands=2))
    may_go_on = threading.Event()
    async with trading_node(tmp_path, policy=policy) as node, node.client(2) as client:
        rng = random.Random(9)
        held = asyncio.create_task(node.node.runner.call(lambda _: may_go_on.wait(PATIENCE_S)))
        placed = [
            asyncio.create_task(
                client.place_order(
                    "BTC-USD", Side.BUY, price="99", size=rng.choice(("0.001", "0.002"))
                )
            )
            for _ in range(120)
        ]
        await until(lambda: any(task.done() for task in placed))
        may_go_on.set()
        assert await held
        results = await asyncio.gather(*placed, return_exceptions=True)
        names = {getattr(getattr(item, "detail", None), "name", "accepted") for item in results}
        assert "accepted" in names
        assert "QUEUE_FULL" in names
        await client.refresh_nonce()
        await client.place_order("BTC-USD", Side.BUY, price="99", size="0.001")


async def test_batch_stream_tells_every_change_of_state(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        stream = client.stream_batches().__aiter__()
        await node.node.runner.change(Engine.seal)
        await node.node.runner.change(lambda engine: engine.mark_proven(1, b"proof"))
        await node.node.runner.change(lambda engine: engine.mark_final(1, b"\x01" * 32, 9))
        states = [(await within_patience(anext(stream))).state.value for _ in range(3)]
        assert states == ["sealed", "proven", "final"]
        await stream.aclose()


async def _read_account(node: RunningNode, after: int) -> list[Any]:
    """Read an account's stream until a heartbeat says that this was all of the journal."""
    end = await node.node.runner.call(lambda engine: engine.last_sequence) * EVENTS_PER_ENTRY
    request = stream_service_pb2.StreamAccountRequest(
        account_id=2, after_sequence=after, heartbeat_ms=1_000
    )
    call, messages = node.stubs.streams.StreamAccount(request), []
    while True:
        message = await within_patience(call.read())
        if not message.is_heartbeat:
            messages.append(message)
        elif message.sequence >= end:
            call.cancel()
            return messages
