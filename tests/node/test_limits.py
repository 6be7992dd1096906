"""Limits of orders, positions and withdrawals over gRPC: refused beyond, allowed at the limit."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import (
    Client,
    CustodyRejectedError,
    RejectedError,
    SelfTradeMode,
    SelfTradeScope,
    Side,
    TimeInForce,
)
from novation.client.models import OrderStatus
from novation.protocol.constants import (
    MAX_MAKERS_PER_ORDER,
    MAX_ORDERS_PER_SLOT,
    MINUTE_MS,
    OPEN_INTEREST_BOUND,
    POSITION_BOUND,
)
from novation.protocol.errors import ErrorCode, ResultCode
from sequencer.engine import Engine
from tests.node.support import running_node, trading_node
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.simulation import deposit_entry

MARKET = "BTC-USD"
LOT = Decimal("0.0001")
DEPOSIT_USD = 10_000


async def rest(client: Client, side: Side, price: str, lots: int = 1, **fields: object) -> int:
    """Place an order; return its number."""
    ack = await client.place_order(
        MARKET,
        side,
        price=price,
        size=lots * LOT,
        **fields,  # type: ignore[arg-type]
    )
    return ack.order_id


def broken(error: RejectedError) -> tuple[str, str, str]:
    """Return field, value and limit of a refusal."""
    return error.detail.field, error.detail.value, error.detail.limit


async def test_order_beyond_those_of_a_market_then_refused_until_one_goes(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ids = [await rest(client, Side.BUY, "99.0") for _ in range(MAX_ORDERS_PER_SLOT)]
        with pytest.raises(RejectedError) as caught:
            await rest(client, Side.BUY, "98.0")
        assert caught.value.code == ErrorCode.TOO_MANY_ORDERS
        assert broken(caught.value) == ("n_orders", "129", "128")
        assert len(await client.open_orders()) == MAX_ORDERS_PER_SLOT
        await client.cancel_order(ids[5])
        await rest(client, Side.BUY, "98.0")


async def test_order_that_meets_too_many_makers_then_filled_by_as_many_and_told_why(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as maker,
        node.client(3) as taker,
    ):
        for _ in range(MAX_MAKERS_PER_ORDER + 1):
            await rest(maker, Side.SELL, "100.0")
        lots = MAX_MAKERS_PER_ORDER + 1
        ack = await taker.place_order(MARKET, Side.BUY, price="100.0", size=lots * LOT)
        assert ack.result is ResultCode.MAKER_LIMIT
        assert (ack.filled, ack.resting) == (MAX_MAKERS_PER_ORDER * LOT, Decimal(0))
        order = await taker.order(ack.order_id)
        assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "maker_limit")
        assert [level.size for level in (await maker.book(MARKET)).asks] == [LOT]


async def test_reduce_only_order_then_capped_to_the_position_and_refused_without_one(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as two,
        node.client(3) as three,
    ):
        with pytest.raises(RejectedError) as caught:
            await rest(two, Side.SELL, "101.0", reduce_only=True)
        assert caught.value.code == ErrorCode.REDUCE_ONLY_INCREASES
        await rest(three, Side.SELL, "100.0", 2)
        await rest(two, Side.BUY, "100.0", 2)
        ack = await two.place_order(
            MARKET, Side.SELL, price="101.0", size=9 * LOT, reduce_only=True
        )
        assert ack.resting == 2 * LOT
        with pytest.raises(RejectedError) as caught:
            await rest(two, Side.BUY, "99.0", reduce_only=True)
        assert caught.value.code == ErrorCode.REDUCE_ONLY_INCREASES


async def test_account_below_initial_margin_may_post_what_only_reduces(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as two,
        node.client(3) as three,
    ):
        node.l1.add_deposit(3, 10**6 * ONE_DOLLAR)
        await node.until_consumed()
        # 190,000 USD on 10,000 USD, of which 3,800 are lost.
        await rest(three, Side.SELL, "100.0", 19_000_000)
        await rest(two, Side.BUY, "100.0", 19_000_000)
        await node.set_price(980)
        with pytest.raises(RejectedError) as caught:
            await rest(two, Side.BUY, "90.0")
        assert caught.value.code == ErrorCode.INSUFFICIENT_MARGIN
        for price in ("101.0", "102.0", "103.0"):
            await rest(two, Side.SELL, price, 19_000_000, reduce_only=True)
        assert len(await two.open_orders()) == 3
        assert (await two.account()).positions[0].open_sell == 0


async def test_order_that_could_reach_the_position_bound_then_refused_with_what_is_left(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        node.l1.add_deposit(2, 10**6 * ONE_DOLLAR)
        await node.until_consumed()
        # So low that the largest position needs little margin.
        await node.set_price(1)
        largest = 2**32 - 1
        for _ in range(16):
            await rest(client, Side.BUY, "0.1", largest, time_in_force=TimeInForce.POST_ONLY)
        left = POSITION_BOUND - 1 - 16 * largest
        with pytest.raises(RejectedError) as caught:
            await rest(client, Side.BUY, "0.1", left + 1)
        assert caught.value.code == ErrorCode.POSITION_LIMIT
        assert broken(caught.value) == ("size_lots", str(left + 1), str(left))


async def test_trade_beyond_open_interest_then_refused_and_nothing_is_filled(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as maker,
        node.client(3) as taker,
    ):
        await rest(maker, Side.SELL, "100.0", 2)

        def fill_up(engine: Engine) -> None:
            market = engine.state.market(0)
            engine.state.markets[0] = market.with_open_interest(OPEN_INTEREST_BOUND - 2)

        await node.node.runner.call(fill_up)
        with pytest.raises(RejectedError) as caught:
            await rest(taker, Side.BUY, "100.0", 2)
        assert caught.value.code == ErrorCode.OPEN_INTEREST_LIMIT
        limit = str(OPEN_INTEREST_BOUND - 1)
        assert broken(caught.value) == ("open_interest_lots", str(OPEN_INTEREST_BOUND), limit)
        assert (await taker.account()).positions == ()
        ack = await taker.place_order(MARKET, Side.BUY, price="100.0", size=LOT)
        assert ack.filled == LOT


async def test_order_that_spares_its_owner_then_does_not_trade_with_the_sister_account(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path) as node:
        for account_id in (2, 3, 4):
            deposit = deposit_entry(len(node.l1.entries), account_id, DEPOSIT_USD * ONE_DOLLAR)
            owner = l1_address(max(3, account_id))
            node.l1.entries.append(replace(deposit, l1_address=owner))
        await node.until_consumed()
        await node.set_price()
        async with node.client(2) as two, node.client(3) as sister, node.client(4) as other:
            own, foreign = (
                await rest(sister, Side.SELL, "100.0"),
                await rest(other, Side.SELL, "100.1"),
            )
            ack = await two.place_order(
                MARKET,
                Side.BUY,
                price="100.1",
                size=LOT,
                self_trade_mode=SelfTradeMode.CANCEL_RESTING,
                self_trade_scope=SelfTradeScope.OWNER,
            )
            assert [fill.price for fill in ack.fills] == [Decimal("100.1")]
            assert (await sister.order(own)).status is OrderStatus.CANCELLED
            assert (await other.order(foreign)).status is OrderStatus.FILLED
            # Without the wider scope they are strangers.
            await rest(sister, Side.SELL, "100.0")
            ack = await two.place_order(MARKET, Side.BUY, price="100.0", size=LOT)
            assert ack.filled == LOT


async def test_withdrawal_of_profit_that_nobody_paid_in_then_refused_with_what_there_is(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as winner,
        node.client(3) as loser,
    ):
        # Of 100,000 USD; at 140 USD the winner has earned 40,000 USD.
        lots = 10_000_000
        await rest(loser, Side.SELL, "100.0", lots)
        await rest(winner, Side.BUY, "100.0", lots)
        # Gains back a withdrawal once nobody can be charged for them any more.
        for _ in range(3):
            node.move(MINUTE_MS)
            await node.set_price(1400)
        custody_usd = 3 * DEPOSIT_USD
        with pytest.raises(CustodyRejectedError) as caught:
            await winner.withdraw(Decimal(custody_usd) + Decimal("0.000001"))
        quanta = custody_usd * ONE_DOLLAR
        assert broken(caught.value) == ("amount_quanta", str(quanta + 1), str(quanta))
