"""A cancellation that finds no resting order says what became of it."""

from pathlib import Path

import grpc
import pytest

from novation.api.v1 import order_service_pb2
from novation.client import (
    Client,
    NotFoundError,
    OrderCancelledError,
    OrderClosedError,
    OrderExpiredError,
    OrderFilledError,
    RejectedError,
    Side,
    TimeInForce,
)
from novation.client.messages import cancel_message
from novation.protocol.transactions import CancelOrder
from sequencer import keyspace
from sequencer.engine import Engine
from tests.node.support import RunningNode, check_numbers, refusal, running_node, trading_node
from tests.support.builders import private_key
from tests.support.signing import signed

MARKET = "BTC-USD"
LIFETIME_MS = 300
NEVER_GIVEN = 999


async def close_orders(node: RunningNode, two: Client, three: Client) -> dict[str, int]:
    """Bring orders of account 2 to every end that there is; return their numbers."""
    expiry_time_ms = node.clock.now_ms() + LIFETIME_MS
    expiring = await two.place_order(
        MARKET, Side.SELL, price="100.0", size="0.001", expiry_time_ms=expiry_time_ms
    )
    node.move(LIFETIME_MS)
    filled = await two.place_order(MARKET, Side.SELL, price="100.1", size="0.001")
    # Meets the expired order on its way to the other.
    await three.place_order(MARKET, Side.BUY, price="100.1", size="0.001")
    partly = await two.place_order(MARKET, Side.SELL, price="100.0", size="0.002")
    await three.place_order(MARKET, Side.BUY, price="100.0", size="0.001")
    await two.cancel_order(partly.order_id)
    immediate = await two.place_order(
        MARKET, Side.SELL, price="100.0", size="0.001", time_in_force=TimeInForce.IOC
    )
    return {
        "expired": expiring.order_id,
        "filled": filled.order_id,
        "cancelled": partly.order_id,
        "immediate": immediate.order_id,
    }


async def refused(client: Client, order_id: int) -> RejectedError:
    with pytest.raises(RejectedError) as error:
        await client.cancel_order(order_id)
    return error.value


async def assert_told(two: Client, three: Client, orders: dict[str, int]) -> None:
    kinds = {
        "expired": (OrderExpiredError, "expired at"),
        "filled": (OrderFilledError, "was filled: 10 lots"),
        "cancelled": (OrderCancelledError, "by its owner after 10 lots"),
        "immediate": (OrderCancelledError, "immediate or cancel"),
    }
    for name, (kind, words) in kinds.items():
        error = await refused(two, orders[name])
        assert type(error) is kind
        assert words in str(error)
        # Whose it was matters also when it is gone.
        assert (await refused(three, orders[name])).detail.name == "NOT_ORDER_OWNER"
    unknown = await refused(two, NEVER_GIVEN)
    assert type(unknown) is NotFoundError
    assert unknown.detail.name == "UNKNOWN_ORDER"
    assert int(unknown.detail.limit) < NEVER_GIVEN


async def test_cancel_when_too_late_then_told_why_also_after_a_seal_and_a_restart(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        orders = await close_orders(node, two, three)
        await assert_told(two, three, orders)
        await node.node.runner.change(Engine.seal)
        await assert_told(two, three, orders)
        l1 = node.l1
    async with (
        running_node(tmp_path, l1=l1) as node,
        node.client(2) as two,
        node.client(3) as three,
    ):
        await assert_told(two, three, orders)


async def test_cancel_when_the_record_is_gone_then_says_so(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        order = await two.place_order(MARKET, Side.BUY, price="99.0", size="0.001")
        await two.cancel_order(order.order_id)
        await node.node.runner.change(Engine.seal)

        def forget(engine: Engine) -> None:
            engine.history._database.delete(keyspace.number_key(keyspace.ORDER, order.order_id))

        await node.node.runner.call(forget)
        for call in (two.cancel_order, two.order):
            with pytest.raises(OrderClosedError, match="no longer kept") as error:
                await call(order.order_id)
            assert type(error.value) is OrderClosedError


async def test_cancel_when_in_a_stream_then_told_the_same_and_the_stream_goes_on(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        orders = await close_orders(node, two, three)
        market = two.exchange.market(MARKET)
        async with two.order_stream() as stream:
            with pytest.raises(OrderFilledError):
                await stream.cancel_order(orders["filled"], market)
            with pytest.raises(OrderExpiredError):
                await stream.cancel_order(orders["expired"], market)


async def test_cancel_when_repeated_then_its_first_answer_again(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        order = await two.place_order(MARKET, Side.BUY, price="99.0", size="0.001")
        tx = signed(CancelOrder(2, 0, 50, order.order_id), private_key(2), node.config)
        answers = [await node.stubs.orders.CancelOrder(cancel_message(tx)) for _ in range(3)]
        assert answers[0] == answers[1] == answers[2]
        other = signed(CancelOrder(2, 0, 51, order.order_id), private_key(2), node.config)
        status, detail = await refusal(node.stubs.orders.CancelOrder(cancel_message(other)))
        assert (status, detail.code) == (grpc.StatusCode.FAILED_PRECONDITION, 1041)
        check_numbers(detail)
        assert isinstance(answers[0], order_service_pb2.CancelOrderResponse)
