"""The way of an order through a running node: real server, real LevelDB, simulated L1."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import (
    Client,
    LocalSigner,
    NotFoundError,
    OffGridError,
    OrderCancelledError,
    OrderRequest,
    Side,
    TimeInForce,
)
from novation.client.clock import now_ms
from novation.client.load import LoadPlan, measure_load
from novation.client.messages import place_message
from novation.client.models import (
    AccountSnapshot,
    FillUpdate,
    Lifecycle,
    OrderStatus,
    OrderUpdate,
)
from novation.protocol.errors import ResultCode
from novation.protocol.signatures import Signature
from novation.protocol.transactions import PlaceOrder
from sequencer.engine import Engine
from tests.node.support import (
    SEQUENCER_KEY,
    TRADERS,
    refusal,
    running_node,
    trading_node,
    until_exists,
)
from tests.support.builders import public_key
from tests.support.simulation import put_proof

PRICE = Decimal("100.0")


async def test_order_when_it_crosses_is_filled_for_both_sides(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as maker,
        node.client(3) as taker,
    ):
        resting = await maker.place_order("BTC-USD", Side.SELL, price=PRICE, size="0.005")
        assert resting.result is ResultCode.RESTING
        assert resting.resting == Decimal("0.005")
        taken = await taker.place_order(
            "BTC-USD", Side.BUY, price="100.5", size="0.003", time_in_force=TimeInForce.IOC
        )
        assert taken.result is ResultCode.FILLED
        assert [(fill.price, fill.size) for fill in taken.fills] == [(PRICE, Decimal("0.003"))]
        book = await maker.book("BTC-USD")
        assert [(level.price, level.size) for level in book.asks] == [(PRICE, Decimal("0.002"))]
        order = await maker.order(resting.order_id)
        assert order.status is OrderStatus.RESTING
        assert (order.filled, order.remaining) == (Decimal("0.003"), Decimal("0.002"))
        assert order.average_price == PRICE
        position = (await taker.account()).positions[0]
        assert position.size == Decimal("0.003")


async def test_receipt_is_signed_by_the_sequencer_and_names_the_message(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ack = await client.place_order("BTC-USD", Side.BUY, price="99.0", size="0.01")
        key = public_key(SEQUENCER_KEY)
        assert client.exchange.sequencer_public_key == key
        assert ack.receipt.is_signed_by(node.config.config_hash, key)
        assert (await client.order_by_message(ack.receipt.message_hash)).order_id == ack.order_id


async def test_same_message_when_sent_again_returns_the_first_receipt(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        tx = _signed_order(client)
        first = await node.stubs.orders.PlaceOrder(place_message(tx))
        before = await node.trace()
        again = await node.stubs.orders.PlaceOrder(place_message(tx))
        assert again == first
        assert await node.trace() == before
        # The seal moves the record from memory to the database.
        await node.node.runner.change(Engine.seal)
        assert await node.stubs.orders.PlaceOrder(place_message(tx)) == first


async def test_same_message_with_a_wrong_signature_gets_no_receipt(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        tx = _signed_order(client)
        await node.stubs.orders.PlaceOrder(place_message(tx))
        forged = place_message(tx)
        forged.signature.r = Signature(5, 5).r.to_bytes(32, "big")
        _, detail = await refusal(node.stubs.orders.PlaceOrder(forged))
        assert detail.name == "NONCE_USED"


async def test_cancelled_order_leaves_the_book_and_cannot_be_cancelled_twice(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ack = await client.place_order("BTC-USD", Side.BUY, price="99.0", size="0.01")
        cancelled = await client.cancel_order(ack.order_id)
        assert cancelled.cancelled == Decimal("0.01")
        assert not (await client.book("BTC-USD")).bids
        assert (await client.order(ack.order_id)).cancel_reason == "user"
        assert await client.open_orders() == ()
        with pytest.raises(OrderCancelledError, match="by its owner after 0 lots"):
            await client.cancel_order(ack.order_id)


async def test_off_grid_price_and_size_are_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        before = await node.trace()
        for price, size, unit in (("100.05", "0.01", "tick 0.1"), ("100", "0.00015", "lot 0.0001")):
            with pytest.raises(OffGridError, match=unit):
                await client.place_order("BTC-USD", Side.BUY, price=price, size=size)
        assert await node.trace() == before


async def test_order_lifecycle_follows_its_batch_to_final(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ack = await client.place_order("BTC-USD", Side.BUY, price="99.0", size="0.01")
        assert (await client.order(ack.order_id)).lifecycle is Lifecycle.MATCHED
        await node.node.runner.change(Engine.seal)
        order = await client.order(ack.order_id)
        assert (order.lifecycle, order.batch_number) == (Lifecycle.BATCHED, 1)
        queue = node.folder.proof_queue_path
        await until_exists(queue / "00000001")
        put_proof(queue, 1)
        await node.until(lambda engine: engine.batches.last_final == 1)
        order = await client.order(ack.order_id)
        assert order.lifecycle is Lifecycle.FINAL
        times = order.received_time_ms, order.matched_time_ms, order.batched_time_ms
        assert order.proven_time_ms is not None
        assert order.final_time_ms is not None
        assert times[0] <= times[1] <= (times[2] or 0)
        assert (times[2] or 0) <= order.proven_time_ms <= order.final_time_ms
        states = [batch.state.value async for batch in client.batches()]
        assert states == ["final"]


async def test_account_stream_tells_orders_and_fills_in_order(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as maker,
        node.client(3) as taker,
    ):
        stream = maker.stream_account().__aiter__()
        snapshot = await anext(stream)
        assert isinstance(snapshot, AccountSnapshot)
        await maker.place_order("BTC-USD", Side.SELL, price=PRICE, size="0.005")
        placed = await anext(stream)
        assert isinstance(placed, OrderUpdate)
        assert placed.status is OrderStatus.RESTING
        await taker.place_order("BTC-USD", Side.BUY, price=PRICE, size="0.005")
        fill, closed = await anext(stream), await anext(stream)
        assert isinstance(fill, FillUpdate)
        assert fill.fill.is_maker
        assert isinstance(closed, OrderUpdate)
        assert closed.status is OrderStatus.FILLED
        await stream.aclose()


async def test_order_stream_answers_each_command_in_order(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        market = client.exchange.market("BTC-USD")
        async with client.order_stream() as orders:
            requests = [_order_request(99 - n * market.tick_size) for n in range(50)]
            acks = await asyncio.gather(*(orders.place_order(request) for request in requests))
            ids = [ack.order_id for ack in acks]
            assert ids == sorted(ids)
            cancelled = await orders.cancel_order(ids[0], market)
            assert cancelled.order_id == ids[0]
            with pytest.raises(NotFoundError):
                await orders.cancel_order(ids[0], market)
        assert len(await client.open_orders()) == 49


async def test_withdrawal_reduces_collateral_and_is_in_the_output(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ack = await client.withdraw("12.34")
        assert ack.amount == Decimal("12.34")
        account = await client.account()
        assert account.collateral == Decimal(10_000) - Decimal("12.34")
        assert account.equity == account.collateral


async def test_client_finds_the_account_of_its_key(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        stranger = LocalSigner(123456)
        assert await client.find_accounts(stranger.public_key) == ()
        for account_id in TRADERS:
            async with node.client(account_id) as other:
                key = other.exchange.parameters.oracle_keys[0]
                assert await other.find_accounts(key) == ()
                account = await other.account()
                assert await other.find_accounts(account.keys[0].public_key) == (account_id,)


async def test_node_when_stopped_and_started_remembers_everything(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ack = await client.place_order("BTC-USD", Side.BUY, price="99.0", size="0.01")
        await node.node.runner.change(Engine.seal)
        second = await client.place_order("BTC-USD", Side.BUY, price="98.0", size="0.01")
        before, l1 = await node.trace(), node.l1
    async with running_node(tmp_path, l1=l1) as node, node.client(2) as client:
        assert await node.trace() == before
        assert (await client.order(ack.order_id)).lifecycle is Lifecycle.BATCHED
        assert (await client.order(second.order_id)).lifecycle is Lifecycle.MATCHED
        assert len((await client.book("BTC-USD")).bids) == 2


def _signed_order(client: Client) -> PlaceOrder:
    return client.sign_order(_order_request(Decimal(99)))


def _order_request(price: Decimal) -> OrderRequest:
    return OrderRequest("BTC-USD", Side.BUY, price, "0.0001", now_ms() + 3_600_000)


async def test_load_generator_counts_every_answer(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        plan = LoadPlan("BTC-USD", PRICE, n_orders=40, window=8)
        result = await measure_load([two, three], node.target, plan)
        assert (result.n_accepted, result.n_refused) == (160, 0)
        assert (await two.status()).n_orders_accepted == 160
        assert 0 < result.ack_p50_ms <= result.ack_p99_ms
        assert result.orders_per_second > 1
