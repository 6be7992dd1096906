"""What an account has paid each hour: exact, none missing, and no account is looked at for it."""

import random
import tempfile
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novation.api.v1 import query_service_pb2, stream_service_pb2, types_pb2
from novation.client import Side
from novation.client.funding_models import MarketFunding
from novation.client.models import LiquidationUpdate
from novation.protocol.constants import HOUR_MS, MINUTE_MS, PRICE_X16_ONE, RESOLVE_MS
from novation.protocol.events import FundingPaid, PoolShared
from novation.protocol.margin import margin_of
from novation.protocol.transactions import PlaceOrder, TakeOver
from sequencer import keyspace, list_views
from sequencer.engine import Accepted, Command, Engine
from sequencer.paging import page_of
from tests.node.support import refusal, report_at, running_node, trading_node
from tests.node.test_engine import CONFIG, N_ACCOUNTS, fund, opened
from tests.node.test_liquidation import MARKET, SIZE, node_with_a_long
from tests.node.test_lists import CountingDatabase
from tests.node.test_market_data import reading, until, within_patience
from tests.support.builders import oracle_update, private_key
from tests.support.signing import signed
from tests.support.simulation import ManualClock

ACCOUNTS = range(2, 2 + N_ACCOUNTS)
MARKETS = range(2)
DEAR_TICKS = 20_000
# Ninety percent of what 100,000 USD are enough for.
LEVERED_LOTS = 9_000_000
MOST = 100

# Time, market, lots, what a lot paid, what the account got.
Line = tuple[int, int, int, int, int]


class World:
    """An engine in which hours end, and what each account held when they did."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        self.path, self.rng, self.clock = path, rng, ManualClock()
        self._stack = ExitStack()
        self.engine = self._open()
        self.next_nonce = 1
        self.expected: dict[int, list[Line]] = {account_id: [] for account_id in ACCOUNTS}
        fund(self.engine, self.clock.now_ms())
        # A jump, which has to be settled.
        for duration_ms in (1_000, RESOLVE_MS):
            self.clock.move(duration_ms)
            self.update()

    def _open(self) -> Engine:
        return self._stack.enter_context(opened(self.path, clock=self.clock))

    def close(self) -> None:
        self._stack.close()

    def reopen(self) -> None:
        """As after a crash."""
        self._stack.close()
        self.engine = self._open()
        self.engine.replayed()

    def update(self, price_ticks: int = DEAR_TICKS) -> None:
        """Let prices come, and note what the hour that is over has cost."""
        held = {
            (account_id, market_id): self.lots(account_id, market_id)
            for account_id in ACCOUNTS
            for market_id in MARKETS
        }
        reports = (report_at(i, self.clock.now_ms(), price_ticks) for i in (0, 1))
        result = self.process(oracle_update(tuple(reports)))
        for event in result.events:
            if isinstance(event, FundingPaid):
                for account_id in ACCOUNTS:
                    size_lots = held[account_id, event.market_id]
                    paid = event.market_id, size_lots, event.quanta_per_lot
                    if size_lots:
                        got_quanta = -size_lots * event.quanta_per_lot
                        line = (self.clock.now_ms(), *paid, got_quanta)
                        self.expected[account_id].insert(0, line)

    def end_hour(self) -> None:
        """Let an hour end, and the minute after which orders may take again."""
        self.clock.move(HOUR_MS - self.clock.now_ms() % HOUR_MS)
        self.update()
        self.clock.move(MINUTE_MS + 1)
        self.update()

    def lots(self, account_id: int, market_id: int) -> int:
        return self.engine.state.account(account_id).position(market_id).size_lots

    def equity_x16(self, account_id: int) -> int:
        state = self.engine.state
        return margin_of(state.account(account_id), state.underlyings, state.parameters).equity_x16

    def trade(self, count: int) -> None:
        """Let somebody close what he has, somebody else trade at random."""
        for _ in range(count):
            account_id, market_id = self.rng.choice(ACCOUNTS), self.rng.choice(MARKETS)
            size_lots = -self.lots(account_id, market_id)
            if size_lots == 0 or self.rng.random() < 0.4:
                size_lots = self.rng.choice((-1, 1)) * self.rng.randrange(1, 40)
            self.order(account_id, market_id, size_lots)

    def order(self, account_id: int, market_id: int, size_lots: int) -> None:
        tx = PlaceOrder(
            account_id=account_id,
            key_index=0,
            nonce=self.next_nonce,
            market_id=market_id,
            side=Side.BUY if size_lots > 0 else Side.SELL,
            price_ticks=DEAR_TICKS,
            size_lots=abs(size_lots),
            expiry_time_ms=2**47,
            max_fee_ppm=1000,
        )
        self.next_nonce += 1
        self.process(signed(tx, private_key(account_id), CONFIG, self.clock.now_ms()))

    def process(self, tx: Any) -> Any:
        message_hash = tx.message_hash(CONFIG) if isinstance(tx, PlaceOrder) else 0
        command = Command(tx, self.clock.now_ms(), message_hash=message_hash)
        result = self.engine.process([command])
        assert isinstance(result.outcomes[0], Accepted), result.outcomes[0]
        return result

    def listed(self, account_id: int, page_size: int, market_id: int | None = None) -> list[Line]:
        """Return the payments of an account, read page by page."""
        of_market = {} if market_id is None else {"market_id": market_id}
        request = query_service_pb2.ListFundingRequest(
            account_id=account_id, page_size=page_size, **of_market
        )
        found: list[Line] = []
        while True:
            answer = list_views.funding(self.engine, request, page_of(request, MOST))
            found += [
                (p.time_ms, p.market_id, p.position_lots, p.quanta_per_lot, int(p.amount_quanta))
                for p in answer.payments
            ]
            request.page_token = answer.next_page_token
            if not request.page_token:
                return found
            assert len(answer.payments) == page_size


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_payments_when_hours_end_between_trades_seals_and_crashes_then_exact_and_all_there(
    seed: int,
) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), rng)
        for _ in range(30):
            action = rng.random()
            if action < 0.4:
                world.trade(rng.randrange(1, 6))
            elif action < 0.65:
                world.end_hour()
            elif action < 0.85:
                world.engine.seal()
            else:
                world.reopen()
        world.end_hour()
        for account_id in ACCOUNTS:
            expected = world.expected[account_id]
            assert world.listed(account_id, rng.randrange(1, 9)) == expected
            for market_id in MARKETS:
                of_market = [line for line in expected if line[1] == market_id]
                assert world.listed(account_id, 3, market_id) == of_market
        _check_sums(world)
        world.close()


def test_shares_of_a_loss_when_somebody_is_taken_over_then_in_the_lists_of_who_bore_them(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, random.Random(3))
    # What was gained by the first prices is settled when two minutes have ended.
    for _ in range(2):
        world.clock.move(MINUTE_MS)
        world.update()
    world.order(2, 0, LEVERED_LOTS)
    for account_id, percent in ((3, 70), (4, 30)):
        world.order(account_id, 0, -LEVERED_LOTS * percent // 100)
    world.clock.move(1_000)
    world.update(DEAR_TICKS * 9 // 10)
    before = {account_id: world.equity_x16(account_id) for account_id in (3, 4, 5)}
    result = world.process(TakeOver(2))
    (share,) = (event for event in result.events if isinstance(event, PoolShared))
    assert (share.side, share.size_lots) == (Side.SELL, LEVERED_LOTS)
    assert share.quanta_per_lot < 0
    for _ in range(2):
        for account_id, percent in ((3, 70), (4, 30)):
            ((_, market_id, size_lots, quanta_per_lot, got_quanta),) = world.listed(account_id, 5)
            assert (market_id, size_lots) == (0, -LEVERED_LOTS * percent // 100)
            assert quanta_per_lot == share.quanta_per_lot
            after_x16 = world.equity_x16(account_id)
            assert after_x16 == before[account_id] + got_quanta * PRICE_X16_ONE
        assert world.listed(2, 5) == world.listed(5, 5) == []
        # What came before and what comes later of it is not mixed up by a seal.
        world.engine.seal()
        world.reopen()
    shares = query_service_pb2.ListPoolSharesRequest(side=types_pb2.SIDE_SELL)
    answer = list_views.pool_shares(world.engine, shares, page_of(shares, MOST))
    assert [item.quanta_per_lot for item in answer.shares] == [share.quanta_per_lot]
    shares.side = types_pb2.SIDE_BUY
    assert not list_views.pool_shares(world.engine, shares, page_of(shares, MOST)).shares
    world.close()


def _check_sums(world: World) -> None:
    """What some have paid others have got, and it is what a lot has paid since the beginning."""
    lines = [line for account_id in ACCOUNTS for line in world.expected[account_id]]
    assert sum(line[4] for line in lines) == 0
    for market_id in MARKETS:
        request = query_service_pb2.ListMarketFundingRequest(market_id=market_id)
        hours = list_views.market_funding(world.engine, request, page_of(request, MOST)).hours
        prefix = world.engine.state.price_of(market_id).long_prefix
        assert sum(hour.quanta_per_lot for hour in hours) == prefix
        assert not hours or hours[0].funding_quanta_per_lot == prefix > 0


def test_page_reads_what_is_on_it_and_no_hours_without_a_position(tmp_path: Path) -> None:
    """Hours of others, and an account that opens and closes within each hour, cost nothing."""
    world = World(tmp_path, random.Random(1))
    for _ in range(3):
        world.order(2, 0, 5)
        world.order(3, 0, -5)
        world.end_hour()
    world.order(2, 0, -15)
    world.order(3, 0, 15)
    for hour in range(12):
        for sign in (1, -1):
            world.order(2, 0, sign)
            world.order(4, 0, -sign)
            if hour % 3 == 0:
                world.engine.seal()
        world.order(5, 1, 7 + hour)
        world.order(6, 1, -7 - hour)
        world.end_hour()
    world.engine.seal()
    held = keyspace.list_prefix(keyspace.HOLDING, 2, 0)
    records = list(world.engine._database.iterator(prefix=held))
    # The first hour only begins, so that the first trades are of one record with the second.
    assert len(records) == 3
    for owner in (world.engine.history.lists, world.engine.history.holdings):
        owner._database = CountingDatabase(owner._database)
    request = query_service_pb2.ListFundingRequest(account_id=2, page_size=2)
    answer = list_views.funding(world.engine, request, page_of(request, MOST))
    assert [p.position_lots for p in answer.payments] == [15, 10]
    n_read = sum(
        owner._database.n_read
        for owner in (world.engine.history.lists, world.engine.history.holdings)
    )
    assert n_read <= 8
    world.close()


def test_end_of_an_hour_when_many_hold_then_looks_at_no_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, random.Random(2))
    world.end_hour()
    for account_id in ACCOUNTS:
        world.order(account_id, 0, 9 if account_id % 2 else -9)
    world.engine.seal()

    def refuse(*_: Any) -> None:
        raise RuntimeError("an account")

    world.clock.move(HOUR_MS - world.clock.now_ms() % HOUR_MS)
    with monkeypatch.context() as patched:
        patched.setattr(type(world.engine.state), "account", refuse)
        patched.setattr(type(world.engine.state), "get_account", refuse)
        world.engine._tick(world.clock.now_ms())
    world.engine._make_durable()
    n_holdings = len(list(world.engine._database.iterator(prefix=keyspace.HOLDING)))
    world.engine.seal()
    assert len(list(world.engine._database.iterator(prefix=keyspace.HOLDING))) == n_holdings
    assert all(world.listed(account_id, 5) for account_id in ACCOUNTS)
    world.close()


async def test_payments_when_an_hour_is_over_then_listed_streamed_and_there_after_a_restart(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as buyer, node.client(4) as seller:
        await node.set_price(DEAR_TICKS)
        paid = list[MarketFunding]()
        async with reading(buyer.stream_funding("BTC-USD"), paid):
            await until(lambda: paid)
            assert (paid[0].sequence, paid[0].funding_quanta_per_lot) == (0, 0)
            await buyer.place_order("BTC-USD", Side.BUY, price="2000", size="2")
            await seller.place_order("BTC-USD", Side.SELL, price="2000", size="2")
            before = (await buyer.account()).equity
            next_ms = (await buyer.prices("BTC-USD")).next_funding_time_ms
            # An hour that nobody has counted the minutes of pays nothing.
            for _ in range(2):
                node.move(next_ms - node.clock.now_ms() + 1)
                await node.set_price(DEAR_TICKS)
                next_ms += HOUR_MS
            await until(lambda: len(paid) == 2)
        # 2.5 quanta a lot of 0.0001 BTC, of which two are whole.
        hour = paid[1]
        assert (hour.quanta_per_lot, hour.index_price) == (2, 2_000)
        assert abs(hour.rate - Decimal("0.0000125")) < Decimal("0.000000001")
        (of_buyer,) = [item async for item in buyer.funding()]
        (of_seller,) = [item async for item in seller.funding(market="BTC-USD", page_size=1)]
        assert (of_buyer.position, of_buyer.amount) == (2, Decimal("-0.04"))
        assert (of_seller.position, of_seller.amount) == (-2, Decimal("0.04"))
        assert of_buyer.sequence == hour.sequence
        assert (await buyer.account()).equity == (before or 0) + of_buyer.amount
        assert [item async for item in buyer.funding(market="ETH-USD")] == []
        assert [item async for item in buyer.market_funding("BTC-USD")] == [hour]
        await node.node.runner.change(Engine.seal)
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node, node.client(2) as buyer:
        assert [item async for item in buyer.funding()] == [of_buyer]
        assert await anext(aiter(buyer.stream_funding("BTC-USD"))) == hour


async def test_liquidation_when_it_happens_then_in_the_markets_stream_and_list(
    tmp_path: Path,
) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(2) as two, node.client(4) as four:
        await four.place_order(MARKET, Side.BUY, price="97.5", size=SIZE)
        start, events = (await two.book(MARKET)).sequence, list[LiquidationUpdate]()
        async with reading(four.stream_liquidations(MARKET, start), events):
            await node.set_price(976)
            await until(lambda: events)
        event = events[0]
        assert (event.account_id, event.symbol) == (2, MARKET)
        assert event.equity < event.required
        assert event.average_price == Decimal("97.5") >= event.zero_price
        assert (await two.order(event.order_id)).filled == event.traded
        listed = [item async for item in four.liquidations(MARKET)]
        assert listed[-1] == event
        assert [item async for item in four.liquidations("ETH-USD")] == []
        stream = node.stubs.streams.StreamLiquidations(
            stream_service_pb2.StreamLiquidationsRequest(after_sequence=start)
        )
        message = await within_patience(stream.read())
        assert (message.sequence, message.previous_sequence) == (event.sequence, start)
        stream.cancel()


async def test_bad_requests_for_funding_and_liquidations_are_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        queries, streams = node.stubs.queries, node.stubs.streams
        pb2, stream_pb2 = query_service_pb2, stream_service_pb2
        unknown, token = {"market_id": 99}, {"page_token": bytes(16)}
        calls: tuple[tuple[Any, str, str], ...] = (
            (queries.ListFunding(pb2.ListFundingRequest(account_id=99)), "NOT_FOUND", "account_id"),
            (
                queries.ListFunding(pb2.ListFundingRequest(account_id=2, **unknown)),
                "NOT_FOUND",
                "market_id",
            ),
            (
                queries.ListFunding(pb2.ListFundingRequest(account_id=2, **token)),
                "WRONG_PAGE_TOKEN",
                "page_token",
            ),
            (
                queries.ListMarketFunding(pb2.ListMarketFundingRequest(**unknown)),
                "NOT_FOUND",
                "market_id",
            ),
            (
                queries.ListMarketFunding(pb2.ListMarketFundingRequest(page_token=b"1")),
                "MALFORMED_MESSAGE",
                "page_token",
            ),
            (
                queries.ListLiquidations(pb2.ListLiquidationsRequest(**unknown)),
                "NOT_FOUND",
                "market_id",
            ),
            (
                queries.ListLiquidations(pb2.ListLiquidationsRequest(**token)),
                "WRONG_PAGE_TOKEN",
                "page_token",
            ),
            (
                streams.StreamFunding(stream_pb2.StreamFundingRequest(**unknown)).read(),
                "NOT_FOUND",
                "market_id",
            ),
            (
                streams.StreamFunding(stream_pb2.StreamFundingRequest(after_sequence=2**40)).read(),
                "RESUME_AHEAD",
                "after_sequence",
            ),
            (
                streams.StreamLiquidations(
                    stream_pb2.StreamLiquidationsRequest(heartbeat_ms=1)
                ).read(),
                "FIELD_OUT_OF_RANGE",
                "heartbeat_ms",
            ),
        )
        for call, name, field in calls:
            status, detail = await refusal(call)
            assert (detail.name, detail.field) == (name, field)
            assert status is not grpc.StatusCode.INTERNAL
