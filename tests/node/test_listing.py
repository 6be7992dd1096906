"""Parameters and markets that come while the exchange runs: from L1's queue to trades and back."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import (
    oracle_service_pb2,
    order_service_pb2,
    query_service_pb2,
    stream_service_pb2,
)
from novation.client import (
    FeeLimitError,
    InvalidInputError,
    OracleClient,
    OrderCancelledError,
    OrderRequest,
    RejectedError,
    Side,
    UnknownMarketError,
)
from novation.client.messages import place_message
from novation.client.models import BalanceUpdate, FillUpdate, OrderStatus, OrderUpdate
from novation.client.oracle import report_message
from novation.protocol.constants import (
    MAX_MARKETS,
    MIN_LOT_VALUE_QUANTA,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.parameters import Underlying, oracle_rule_word
from novation.protocol.transactions import ListMarket, ParameterKind
from sequencer.engine import Engine
from sequencer.errors import RequestRefusedError
from sequencer.feed import last_event_number
from tests.node.support import (
    POLICY,
    PRICE_TICKS,
    TRADERS,
    UNPRUNED,
    RunningNode,
    refusal,
    report_at,
    running_node,
    trading_node,
)
from tests.support.builders import (
    oracle_private_key,
    parameters,
    private_key,
    public_key,
    underlying,
)
from tests.support.signing import signed
from tests.support.waiting import within_patience

SOL = underlying(symbol="SOL-USD", multiplier=100, tick_decimals=3)
SOL_ID = 2
UNLISTED = replace(POLICY, lists_markets=False)


async def set_underlying(node: RunningNode, index: int, terms: Underlying) -> None:
    """Let L1's owner set an underlying, and wait until the exchange has it."""
    node.l1.set_parameter(ParameterKind.UNDERLYING, index, terms.word())
    await node.until_consumed()


def is_listed(engine: Engine) -> bool:
    return SOL_ID in engine.state.markets


async def trade(node: RunningNode, market: str, price: str = "1", size: str = "0.1") -> None:
    """Let account 2 sell to account 3."""
    async with node.client(2) as seller, node.client(3) as buyer:
        await seller.place_order(market, Side.SELL, price=price, size=size)
        bought = await buyer.place_order(market, Side.BUY, price=price, size=size)
        assert bought.filled == Decimal(size)


async def test_underlying_when_added_on_l1_then_priced_listed_traded_and_kept(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await set_underlying(node, SOL_ID, SOL)
        assert [market.symbol for market in await client.markets()] == ["BTC-USD", "ETH-USD"]
        with pytest.raises(UnknownMarketError, match="'SOL-USD' is none of BTC-USD, ETH-USD"):
            await client.book("SOL-USD")
        await node.set_price()
        await node.until(is_listed)
        await trade(node, "SOL-USD")
        sol = (await client.markets())[SOL_ID]
        assert (sol.market_id, sol.terms, sol.tick_size) == (SOL_ID, SOL, Decimal("0.001"))
        assert await client.mark_price("SOL-USD") == 1
        assert (await client.account()).positions[0].size == Decimal("-0.1")
        await node.node.runner.change(Engine.seal)
        # Behind the last seal, for the journal.
        await trade(node, "SOL-USD", price="1.001")
        root = await node.node.runner.call(lambda engine: engine.state.root)
        l1 = node.l1
    async with running_node(tmp_path, l1=l1) as node, node.client(3) as client:
        assert await node.node.runner.call(lambda engine: engine.state.root) == root
        assert node.parameters.underlyings[SOL_ID] == SOL
        assert (await client.account()).positions[0].size == Decimal("0.2")
        node.move(1)
        await node.set_price()
        await trade(node, "SOL-USD")


async def test_report_of_the_old_length_then_refused_and_the_oracles_go_on(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        signer, prices_x16 = node.oracle_signer(2), [PRICE_TICKS << 16] * 2
        async with OracleClient(node.target, signer) as oracle:
            assert len(oracle.underlyings) == 2
            node.move(1_000)
            # It waits for a second one when the underlying comes.
            assert await oracle.submit(node.clock.now_ms(), prices_x16) == 1
            await set_underlying(node, SOL_ID, SOL)
            node.move(1_000)
            with pytest.raises(RejectedError) as caught:
                await oracle.submit(node.clock.now_ms(), prices_x16)
            detail = caught.value.detail
            assert (detail.name, detail.field) == ("INVALID_FIELD", "prices_x16")
            assert (detail.value, detail.limit) == ("2", "3")
            assert [terms.symbol for terms in oracle.underlyings][SOL_ID:] == ["SOL-USD"]
            assert await oracle.submit(node.clock.now_ms(), [*prices_x16, 1 << 16]) == 1
            node.move(2_000)
        old = report_at(1, node.clock.now_ms(), PRICE_TICKS)
        request = oracle_service_pb2.SubmitUpdateRequest(
            oracle_time_ms=old.time_ms, prices_x16=old.prices_x16, reports=[report_message(old)] * 2
        )
        _, detail = await refusal(node.stubs.oracle.SubmitUpdate(request))
        assert (detail.name, detail.field, detail.value) == ("INVALID_FIELD", "prices_x16", "2")
        await node.set_price()
        await node.until(is_listed)


async def test_report_that_waits_without_the_new_price_is_in_no_round_with_those_that_have_it(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        node.move(1_000)
        old = report_message(report_at(2, node.clock.now_ms(), PRICE_TICKS))
        request = oracle_service_pb2.SubmitReportRequest(report=old)
        assert (await node.stubs.oracle.SubmitReport(request)).n_waiting == 1
        await set_underlying(node, SOL_ID, SOL)
        node.move(10)
        await node.set_price()
        await node.until(is_listed)


LISTINGS: dict[str, tuple[grpc.StatusCode, str, str, int, Underlying | None, bool, int]] = {
    "id too great": (
        *(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "market_id"),
        *(MAX_MARKETS, None, True, 0),
    ),
    "no such underlying": (
        *(grpc.StatusCode.NOT_FOUND, "UNKNOWN_UNDERLYING", "market_id"),
        *(SOL_ID, None, True, 0),
    ),
    "listed already": (
        *(grpc.StatusCode.FAILED_PRECONDITION, "MARKET_LISTED", "listed_ms"),
        *(1, None, True, 0),
    ),
    "no price yet": (
        *(grpc.StatusCode.FAILED_PRECONDITION, "NO_PRICE", "mark_price_x16"),
        *(SOL_ID, SOL, False, 0),
    ),
    "stale price": (
        *(grpc.StatusCode.FAILED_PRECONDITION, "STALE_PRICE", "price_age_ms"),
        *(SOL_ID, SOL, True, PRICE_VALIDITY_MS + 1_000),
    ),
    "lot too small": (
        *(grpc.StatusCode.FAILED_PRECONDITION, "LOT_TOO_SMALL", "mark_price_x16"),
        *(SOL_ID, replace(SOL, multiplier=99), True, 0),
    ),
}


@pytest.mark.parametrize("name", LISTINGS)
async def test_listing_that_breaks_a_rule_is_refused_by_name_and_changes_nothing(
    name: str, tmp_path: Path
) -> None:
    status, code, field, market_id, terms, has_price, age_ms = LISTINGS[name]
    async with trading_node(tmp_path, policy=UNLISTED) as node:
        if terms is not None:
            await set_underlying(node, SOL_ID, terms)
        if has_price:
            node.move(1)
            await node.set_price()
        node.move(age_ms)
        before = await node.trace()
        request = order_service_pb2.ListMarketRequest(market_id=market_id)
        found, detail = await refusal(node.stubs.orders.ListMarket(request))
        assert (found, detail.name, detail.field) == (status, code, field)
        assert await node.trace() == before


async def test_market_when_a_stranger_lists_it_then_receipt_and_never_twice(tmp_path: Path) -> None:
    async with trading_node(tmp_path, policy=UNLISTED) as node, node.client(2) as client:
        with pytest.raises(UnknownMarketError, match="underlying 'SOL-USD' is none of BTC-USD"):
            await client.list_market("SOL-USD")
        await set_underlying(node, SOL_ID, SOL)
        await node.set_price()
        assert not await node.node.runner.call(is_listed)
        before = await node.node.runner.call(lambda engine: engine.last_sequence)
        listed = await client.list_market("SOL-USD")
        assert (listed.market_id, listed.symbol) == (SOL_ID, "SOL-USD")
        assert listed.receipt.sequence == before + 1
        with pytest.raises(RejectedError) as caught:
            await client.list_market(SOL_ID)
        assert caught.value.code == ErrorCode.MARKET_LISTED
        await trade(node, "SOL-USD")


async def test_listing_when_many_ask_at_once_then_one_command_and_few_wait(tmp_path: Path) -> None:
    async with trading_node(tmp_path, policy=UNLISTED) as node:
        await set_underlying(node, SOL_ID, SOL)
        await node.set_price()
        lister = node.node._lister
        last = await node.node.runner.call(lambda engine: engine.last_sequence)
        junk = [
            asyncio.create_task(lister.list_market(ListMarket(market_id)))
            for market_id in range(SOL_ID + 1, MAX_MARKETS // 2)
        ]
        asked = [asyncio.create_task(lister.list_market(ListMarket(SOL_ID))) for _ in range(1_000)]
        await asyncio.sleep(0)
        # No place is taken by what cannot be listed, though it came first.
        assert node.node.runner.n_pending == 1
        # One who goes away takes the answer from nobody.
        asked[0].cancel()
        receipts = {(await task).receipt for task in asked[1:]}
        assert [receipt.sequence for receipt in receipts if receipt] == [last + 1]
        codes = [error.code.name for error in await asyncio.gather(*junk, return_exceptions=True)]
        assert set(codes) == {"UNKNOWN_UNDERLYING"}
        assert await node.node.runner.call(lambda engine: engine.last_sequence) == last + 1


async def test_listing_when_others_wait_for_all_places_then_try_again(tmp_path: Path) -> None:
    limits = replace(POLICY.limits, max_pending_listings=1)
    async with trading_node(tmp_path, policy=replace(UNLISTED, limits=limits)) as node:
        lister = node.node._lister
        first = asyncio.create_task(lister.list_market(ListMarket(0)))
        await asyncio.sleep(0)
        with pytest.raises(RequestRefusedError, match="1 requests to list a market wait already"):
            await lister.list_market(ListMarket(1))
        with pytest.raises(InvalidTransaction, match="market 0 is listed since"):
            await first


async def test_market_that_is_not_listed_when_later_ones_are_then_the_nearest_is_named(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await set_underlying(node, SOL_ID, replace(SOL, symbol="DUST-USD", multiplier=1))
        await set_underlying(node, SOL_ID + 1, SOL)
        await node.set_price()
        await node.until(lambda engine: SOL_ID + 1 in engine.state.markets)
        last_id = len(node.parameters.underlyings) - 1
        order = client.sign_order(OrderRequest(0, Side.BUY, "100", "0.0001", 2**47))
        streams, queries = node.stubs.streams, node.stubs.queries
        for market_id, nearest_id in ((SOL_ID, 1), (last_id + 1, last_id)):
            placed = signed(replace(order, market_id=market_id), private_key(2), node.config)
            for call in (
                node.stubs.orders.PlaceOrder(place_message(placed)),
                queries.GetBook(query_service_pb2.GetBookRequest(market_id=market_id)),
                streams.StreamBook(
                    stream_service_pb2.StreamBookRequest(market_id=market_id)
                ).read(),
                streams.StreamTrades(
                    stream_service_pb2.StreamTradesRequest(market_id=market_id)
                ).read(),
            ):
                status, detail = await refusal(call)
                assert (status, detail.field) == (grpc.StatusCode.NOT_FOUND, "market_id")
                assert (detail.value, detail.limit) == (str(market_id), str(nearest_id))
                assert detail.message == f"market {market_id} is not listed"


async def test_market_whose_lot_is_too_small_is_listed_by_the_node_when_it_is_not(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        ticks = MIN_LOT_VALUE_QUANTA // SOL.multiplier
        await set_underlying(node, SOL_ID, SOL)
        await node.set_price(ticks - 1)
        node.move(1)
        await node.set_price(ticks - 1)
        assert not await node.node.runner.call(is_listed)
        node.move(1)
        await node.set_price(ticks)
        await node.until(is_listed)


async def test_first_price_of_an_underlying_does_not_wait_until_somebody_needs_it(
    tmp_path: Path,
) -> None:
    idle = replace(POLICY.oracle, idle_interval_ms=RESUME_GAP_MS - 1)
    async with trading_node(tmp_path, policy=replace(POLICY, oracle=idle)) as node:
        node.move(1_000)
        await set_underlying(node, SOL_ID, SOL)
        # No price of the others has moved.
        await node.set_price()
        await node.until(is_listed)


async def test_client_when_a_market_came_after_it_then_looks_once_and_shows_it(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as first,
        node.client(3) as second,
        node.client(4) as third,
    ):
        updates = aiter(third.stream_account())
        await within_patience(anext(updates))
        await set_underlying(node, SOL_ID, SOL)
        await node.set_price()
        await node.until(is_listed)
        with pytest.raises(UnknownMarketError):
            first.stream_book("SOL-USD")
        sold = await first.place_order("SOL-USD", Side.SELL, price="1", size="0.3")
        with pytest.raises(InvalidInputError, match="NO-USD"):
            await first.place_order("NO-USD", Side.SELL, price="1", size="0.3")
        async with second.order_stream() as stream:
            request = OrderRequest("SOL-USD", Side.BUY, "1", "0.1", 2**47)
            assert (await stream.place_order(request)).filled == Decimal("0.1")
        # Somebody else's program trades for the third account.
        async with node.client(4) as other:
            await other.place_order("SOL-USD", Side.BUY, price="1", size="0.1")
        update: Any = None
        while not isinstance(update, FillUpdate):
            update = await within_patience(anext(updates))
        assert (update.fill.symbol, update.fill.size) == ("SOL-USD", Decimal("0.1"))
        assert (await third.account()).positions[0].symbol == "SOL-USD"
        assert (await second.order(sold.order_id)).symbol == "SOL-USD"
        levels = (await second.book("SOL-USD")).asks
        assert [(level.price, level.size) for level in levels] == [(1, Decimal("0.1"))]


async def test_raised_maker_fee_kills_nothing_and_who_would_pay_too_much_leaves_when_met(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client, node.client(3) as other:
        bitcoin = parameters().underlyings[0]
        low = await client.place_order(
            "BTC-USD", Side.BUY, price="100", size="0.0001", max_fee_ppm=500
        )
        high = await client.place_order(
            "BTC-USD", Side.BUY, price="99.9", size="0.0001", max_fee_ppm=700
        )
        await set_underlying(node, 0, replace(bitcoin, maker_fee_ppm=600, taker_fee_ppm=700))
        assert len((await client.book("BTC-USD")).bids) == 2
        assert [order.status for order in await client.open_orders()] == [OrderStatus.RESTING] * 2
        # The fee at the client's last look is too low now, and it says so; then it knows, and
        # signs no more than was asked for.
        with pytest.raises(RejectedError) as caught:
            await other.place_order("BTC-USD", Side.SELL, price="100", size="0.0001")
        assert (caught.value.detail.name, caught.value.detail.field) == (
            *("FEE_ABOVE_LIMIT", "max_fee_ppm"),
        )
        with pytest.raises(FeeLimitError):
            await other.place_order("BTC-USD", Side.SELL, price="99.9", size="0.0001")
        sold = await other.place_order(
            "BTC-USD", Side.SELL, price="99.9", size="0.0001", max_fee_ppm=700
        )
        assert [fill.price for fill in sold.fills] == [Decimal("99.9")]
        met = await client.order(low.order_id)
        assert (met.status, met.cancel_reason) == (OrderStatus.CANCELLED, "fee")
        assert (await client.order(high.order_id)).status is OrderStatus.FILLED
        assert (await client.book("BTC-USD")).bids == ()
        with pytest.raises(OrderCancelledError, match="the maker fee had risen above its limit"):
            await client.cancel_order(low.order_id)


async def test_orders_when_killed_then_streams_queries_and_books_say_the_same_for_each(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path, policy=UNPRUNED) as node,
        node.client(2) as two,
        node.client(3) as three,
    ):
        before = await node.node.runner.call(lambda engine: last_event_number(engine.last_sequence))
        ether = await two.place_order("ETH-USD", Side.BUY, price="10", size="0.0011")
        bid = await two.place_order("BTC-USD", Side.BUY, price="99", size="0.0003")
        ask = await two.place_order("BTC-USD", Side.SELL, price="101", size="0.0001")
        dying = [ether, bid, ask]
        others = await three.place_order("BTC-USD", Side.SELL, price="99", size="0.0001")
        assert others.filled == Decimal("0.0001")
        hers = await three.place_order("BTC-USD", Side.BUY, price="98", size="0.0001")
        gone = await two.place_order("BTC-USD", Side.BUY, price="98", size="0.0001")
        await two.cancel_order(gone.order_id)
        node.move(RESUME_GAP_MS + 1)
        await node.set_price()
        expected = {2: [ack.order_id for ack in dying], 3: [hers.order_id]}
        live = {account_id: await killed_on(node, account_id, before) for account_id in (2, 3)}
        assert {account_id: [order[1] for order in live[account_id]] for account_id in live} == (
            expected
        )
        for client in (two, three):
            # A query has the same of each.
            listed = {o.order_id: o for o in await client.open_orders()}
            for _, order_id, filled, remaining in live[client.account_id]:
                order = await client.order(order_id)
                assert (order.filled, order.remaining) == (filled, remaining)
                assert order.status is listed[order_id].status is OrderStatus.KILLED
        assert live[2][-2][2:] == (Decimal("0.0001"), Decimal("0.0002"))
        assert (await two.book("BTC-USD")).bids == (await two.book("BTC-USD")).asks == ()
        # Dead already: nobody is told twice.
        position = await node.node.runner.call(lambda e: last_event_number(e.last_sequence))
        node.move(RESUME_GAP_MS + 1)
        await node.set_price()
        assert await killed_on(node, 2, position) == []
        # Who resumes in the midst gets the rest, from memory, from the journal and from what is
        # sealed.
        first = live[2][0][0]
        assert await killed_on(node, 2, first) == live[2][1:]
        l1 = node.l1
    async with running_node(tmp_path, policy=UNPRUNED, l1=l1) as node:
        assert await killed_on(node, 2, before) == live[2]
        await node.node.runner.change(Engine.seal)
    async with running_node(tmp_path, policy=UNPRUNED, l1=l1) as node:
        assert await killed_on(node, 2, first) == live[2][1:]
        assert await killed_on(node, 3, before) == live[3]


async def killed_on(
    node: RunningNode, account_id: int, after: int
) -> list[tuple[int, int, Decimal, Decimal]]:
    """Return what an account's stream says of killed orders: number, order, filled, remaining."""
    found = []
    async with node.client(account_id) as client:
        # What comes last.
        await client.withdraw("1")
        async for update in client.stream_account(after_sequence=after):
            if isinstance(update, BalanceUpdate):
                return found
            if isinstance(update, OrderUpdate) and update.status is OrderStatus.KILLED:
                found.append((update.sequence, update.order_id, update.filled, update.remaining))
    raise AssertionError("the stream has ended")


async def test_oracle_key_when_replaced_then_only_the_new_one_signs(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        node.move(1_000)
        new_secret = oracle_private_key(7)
        async with OracleClient(node.target, node.oracle_signer(0)) as old:
            # A report of the future would keep the new node silent until then.
            assert await old.submit(node.clock.now_ms() + 50_000, [PRICE_TICKS << 16] * 2) == 1
            node.l1.set_parameter(ParameterKind.ORACLE_KEY, 0, public_key(new_secret))
            node.l1.set_parameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(3, 600_000))
            await node.until_consumed()
            with pytest.raises(RejectedError) as caught:
                await old.submit(node.clock.now_ms() + 1, [PRICE_TICKS << 16] * 2)
            assert caught.value.code == ErrorCode.INVALID_SIGNATURE
            with pytest.raises(InvalidInputError, match="not in the oracle committee"):
                await old.submit(node.clock.now_ms() + 2, [PRICE_TICKS << 16] * 2)
        assert node.parameters.oracle_quorum == 3
        time_ms = node.clock.now_ms()
        for waiting, signer in enumerate(
            (node.oracle_signer(1), node.oracle_signer(2), type(node.oracle_signer(0))(new_secret))
        ):
            async with OracleClient(node.target, signer) as oracle:
                n_waiting = await oracle.submit(time_ms, [(PRICE_TICKS + 5) << 16] * 2)
                assert n_waiting == waiting + 1
        await node.until(lambda engine: engine.state.globals.oracle_time_ms == time_ms)


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_parameters_when_the_node_was_away_then_in_queue_order_with_deposits(
    tmp_path: Path, *, is_sealed: bool
) -> None:
    async with running_node(tmp_path) as node:
        l1 = node.l1
    l1.add_deposit(TRADERS[0])
    l1.set_parameter(ParameterKind.UNDERLYING, SOL_ID, SOL.word())
    l1.add_deposit(TRADERS[1])
    l1.set_parameter(ParameterKind.UNDERLYING, SOL_ID, replace(SOL, taker_fee_ppm=700).word())
    async with running_node(tmp_path, l1=l1) as node:
        await node.until_consumed()
        assert node.parameters.underlyings[SOL_ID].taker_fee_ppm == 700
        assert await node.node.runner.call(lambda engine: engine.l1_cursor.next_index) == 4
        if is_sealed:
            await node.node.runner.change(Engine.seal)
    # Else the journal has it. Nothing is consumed twice.
    async with running_node(tmp_path, l1=l1) as node, node.client(TRADERS[1]) as client:
        l1.add_deposit(TRADERS[2])
        await node.until_consumed()
        assert (await client.account()).collateral == 10_000
        assert len(node.parameters.underlyings) == 3
