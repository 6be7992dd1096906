"""Paged lists: nothing twice and nothing missing, whatever comes, is sealed or crashes between."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novation.api.v1 import query_service_pb2
from novation.client import Client, InvalidInputError, NotFoundError, Side
from novation.client.models import Lifecycle
from novation.protocol.events import Event, OrderFilled, OrderPlaced, Withdrawn
from novation.protocol.transactions import Withdraw
from sequencer import list_views
from sequencer.config import ServerLimits
from sequencer.engine import Accepted, Command, Engine, EngineSettings
from sequencer.feed import first_event_number
from sequencer.paging import page_of
from tests.node.support import POLICY, refusal, running_node, trading_node
from tests.node.test_engine import CONFIG, N_ACCOUNTS, SETTINGS, fund, opened, orders
from tests.support.builders import START_MS, private_key
from tests.support.signing import signed

MOST = 100
ACCOUNTS = range(2, 2 + N_ACCOUNTS)
TOKEN_BYTES = 16
Status = grpc.StatusCode

# By the request: the view, the field of the answer with the items, and their number.
VIEWS: dict[type, tuple[Any, str, str]] = {
    query_service_pb2.ListOrdersRequest: (list_views.orders, "orders", "order_id"),
    query_service_pb2.ListFillsRequest: (list_views.fills, "fills", "trade_sequence"),
    query_service_pb2.ListTradesRequest: (list_views.trades, "trades", "sequence"),
    query_service_pb2.ListTransfersRequest: (list_views.transfers, "transfers", "sequence"),
}


def answer_of(engine: Engine, request: Any) -> tuple[list[int], Any]:
    """Return the numbers on a page and the whole answer."""
    view, items, number = VIEWS[type(request)]
    answer = view(engine, request, page_of(request, MOST))
    return [getattr(item, number) for item in getattr(answer, items)], answer


def all_numbers(engine: Engine, request: Any, page_size: int = 7) -> list[int]:
    """Return the numbers of a whole list."""
    request.page_size, request.page_token, found = page_size, b"", []
    while True:
        numbers, answer = answer_of(engine, request)
        assert len(numbers) <= page_size
        found += numbers
        request.page_token = answer.next_page_token
        if not request.page_token:
            return found
        assert len(numbers) == page_size


class World:
    """An engine that is sealed or opened again at any time, and what it was told to do."""

    def __init__(self, path: Path, rng: random.Random, options: EngineSettings = SETTINGS) -> None:
        self.path, self.rng, self.options = path, rng, options
        self._stack = ExitStack()
        self.engine = self._stack.enter_context(opened(path, options))
        self.next_nonce = 1
        self.events: list[Event] = []
        fund(self.engine)

    def close(self) -> None:
        self._stack.close()

    def reopen(self) -> None:
        """As after a crash: what is not sealed comes from the journal alone."""
        self._stack.close()
        self.engine = self._stack.enter_context(opened(self.path, self.options))
        # Known already.
        self.engine.replayed()

    def trade(self, n_orders: int) -> None:
        commands = orders(self.rng, n_orders, self.next_nonce)
        self.next_nonce += n_orders
        account_id = self.rng.choice(ACCOUNTS)
        tx = Withdraw(account_id, 0, self.next_nonce, 1 + self.rng.randrange(1000))
        tx = signed(tx, private_key(account_id), CONFIG, START_MS)
        self.next_nonce += 1
        commands.append(Command(tx, START_MS, message_hash=tx.message_hash(CONFIG)))
        result = self.engine.process(commands)
        assert all(isinstance(outcome, Accepted) for outcome in result.outcomes)
        self.events += result.events

    def order_ids(self, account_id: int, market_id: int | None) -> list[int]:
        """Return the orders of an account as its placements told them, newest first."""
        return [
            event.order_id
            for event in reversed(self.events)
            if isinstance(event, OrderPlaced)
            and event.account_id == account_id
            and market_id in (None, event.market_id)
        ]

    def open_ids(self, account_id: int, market_id: int | None) -> list[int]:
        """Return the resting orders as the state has them, newest first."""
        found = self.engine.state.orders.values()
        mine = (order for order in found if order.account_id == account_id)
        return sorted((o.order_id for o in mine if market_id in (None, o.market_id)), reverse=True)

    def fills(self, account_id: int, market_id: int | None) -> list[tuple[int, int, int, int]]:
        """Return order, price, lots and fee of an account's matches, newest first."""
        found = []
        for event in reversed(self.events):
            if isinstance(event, OrderFilled) and market_id in (None, event.market_id):
                price_and_size = event.price_ticks, event.size_lots
                if event.taker_account_id == account_id:
                    found.append((event.taker_order_id, *price_and_size, event.taker_fee_quanta))
                if event.maker_account_id == account_id:
                    found.append((event.maker_order_id, *price_and_size, event.maker_fee_quanta))
        return found

    def matches(self, market_id: int) -> list[tuple[int, int, int]]:
        """Return taker, maker and lots of a market's trades, newest first."""
        return [
            (event.taker_order_id, event.maker_order_id, event.size_lots)
            for event in reversed(self.events)
            if isinstance(event, OrderFilled) and event.market_id == market_id
        ]


@dataclass
class Walk:
    """Somebody who reads a list page by page while others trade."""

    request: Any
    started_with: Sequence[int]
    found: list[int] = field(default_factory=list)
    is_over: bool = False

    def step(self, engine: Engine, page_size: int) -> None:
        self.request.page_size = page_size
        numbers, answer = answer_of(engine, self.request)
        self.found += numbers
        self.request.page_token = answer.next_page_token
        self.is_over = not answer.next_page_token


def random_request(rng: random.Random) -> Any:
    kind = rng.choice(list(VIEWS))
    if kind is query_service_pb2.ListTradesRequest:
        return kind(market_id=rng.randrange(2))
    request = kind(account_id=rng.choice(ACCOUNTS))
    if kind is not query_service_pb2.ListTransfersRequest and rng.random() < 0.5:
        request.market_id = rng.randrange(2)
    if kind is query_service_pb2.ListOrdersRequest:
        request.open_only = rng.random() < 0.5
    return request


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_pages_when_read_while_others_trade_then_nothing_twice_and_nothing_missing(
    seed: int,
) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world, walks = World(Path(folder), rng), list[Walk]()
        for _ in range(40):
            action = rng.random()
            if action < 0.4:
                world.trade(rng.randrange(1, 12))
            elif action < 0.5:
                world.engine.seal()
            elif action < 0.55:
                world.reopen()
            elif action < 0.75 or not walks:
                request = random_request(rng)
                walks.append(Walk(request, all_numbers(world.engine, _copy(request))))
            else:
                walk = rng.choice(walks)
                if not walk.is_over:
                    walk.step(world.engine, rng.randrange(1, 6))
        for walk in walks:
            begun = bool(walk.found) or walk.is_over
            while not walk.is_over:
                walk.step(world.engine, rng.randrange(1, 30))
            if begun:
                _check_walk(world, walk)
        world.close()


def _copy(request: Any) -> Any:
    copy = type(request)()
    copy.CopyFrom(request)
    return copy


def _check_walk(world: World, walk: Walk) -> None:
    """What was there before is in it once, in order; what came before the first page may be."""
    assert walk.found == sorted(set(walk.found), reverse=True)
    older = [number for number in walk.found if number <= max(walk.started_with, default=-1)]
    if getattr(walk.request, "open_only", False):
        market_id = walk.request.market_id if walk.request.HasField("market_id") else None
        still_open = set(world.open_ids(walk.request.account_id, market_id))
        assert still_open.intersection(walk.started_with) <= set(older)
        assert set(older) <= set(walk.started_with)
    else:
        assert older == list(walk.started_with)


@pytest.mark.parametrize("seed", range(3))
def test_lists_when_sealed_or_replayed_then_those_of_the_events(seed: int, tmp_path: Path) -> None:
    world = World(tmp_path, random.Random(seed))
    for round_number in range(6):
        world.trade(25)
        if round_number % 2:
            world.engine.seal()
        if round_number % 3 == 2:
            world.reopen()
        for account_id in ACCOUNTS:
            _check_account(world, account_id)
        for market_id in range(2):
            request = query_service_pb2.ListTradesRequest(market_id=market_id)
            _, answer = answer_of(world.engine, request)
            found = [(t.taker_order_id, t.maker_order_id, t.size_lots) for t in answer.trades]
            assert found == world.matches(market_id)[:MOST]
            assert answer.first_sequence == 0
    assert sum(len(world.matches(market_id)) for market_id in range(2)) > 30
    world.close()


def _check_account(world: World, account_id: int) -> None:
    engine = world.engine
    for market_id in (None, 0, 1):
        of_market = {} if market_id is None else {"market_id": market_id}
        request = query_service_pb2.ListOrdersRequest(account_id=account_id, **of_market)
        assert all_numbers(engine, request) == world.order_ids(account_id, market_id)
        request.open_only, request.page_token = True, b""
        assert all_numbers(engine, request) == world.open_ids(account_id, market_id)
        fills = query_service_pb2.ListFillsRequest(account_id=account_id, **of_market)
        _, answer = answer_of(engine, fills)
        listed = [
            (f.fill.order_id, f.fill.price_ticks, f.fill.size_lots, f.fill.fee_quanta)
            for f in answer.fills
        ]
        assert listed == world.fills(account_id, market_id)[:MOST]
    transfers = query_service_pb2.ListTransfersRequest(account_id=account_id)
    _, answer = answer_of(engine, transfers)
    withdrawn = [
        event.amount_quanta
        for event in reversed(world.events)
        if isinstance(event, Withdrawn) and event.account_id == account_id
    ]
    # The deposit came first.
    assert [t.change.amount_quanta for t in answer.transfers] == [*withdrawn, 10**11]


def test_old_trades_when_no_longer_kept_then_gone_from_both_lists_and_it_is_said(
    tmp_path: Path,
) -> None:
    options = replace(SETTINGS, trade_retention=30)
    world = World(tmp_path, random.Random(4), options)
    for round_number in range(4):
        world.trade(40)
        world.engine.seal()
        for market_id in range(2):
            request = query_service_pb2.ListTradesRequest(market_id=market_id)
            numbers, answer = answer_of(world.engine, request)
            matches = world.matches(market_id)
            found = [(t.taker_order_id, t.maker_order_id, t.size_lots) for t in answer.trades]
            assert found == matches[: len(found)]
            assert all(number >= answer.first_sequence for number in numbers)
            # What the batch itself brought is kept, however short the retention.
            assert (len(found) < len(matches)) == (round_number > 0)
    kept = answer.first_sequence
    assert 0 < kept <= first_event_number(world.engine.last_sequence - options.trade_retention)
    everything = set()
    for market_id in range(2):
        request = query_service_pb2.ListTradesRequest(market_id=market_id)
        numbers, answer = answer_of(world.engine, request)
        assert answer.first_sequence == kept
        everything |= set(numbers)
        oldest = numbers[-1]
        request.page_token = page_of(request, MOST).take(iter([(oldest, b"")] * 200))[1]
        assert answer_of(world.engine, request)[0] == []
    of_accounts = set()
    for account_id in ACCOUNTS:
        fills = query_service_pb2.ListFillsRequest(account_id=account_id)
        of_accounts |= set(all_numbers(world.engine, fills))
        assert answer_of(world.engine, fills)[1].first_sequence == kept
        listed = query_service_pb2.ListOrdersRequest(account_id=account_id)
        assert all_numbers(world.engine, listed) == world.order_ids(account_id, None)
    assert of_accounts == everything
    world.reopen()
    assert answer_of(world.engine, request)[1].first_sequence == kept
    world.close()


class CountingDatabase:
    """A database that counts what its scans read."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.n_read = 0

    def iterator(self, **options: Any) -> Iterator[Any]:
        for item in self._database.iterator(**options):
            self.n_read += 1
            yield item


def test_page_reads_what_is_on_it_whoever_else_trades(tmp_path: Path) -> None:
    world = World(tmp_path, random.Random(9))
    requests = [
        query_service_pb2.ListOrdersRequest(account_id=3, page_size=2),
        query_service_pb2.ListFillsRequest(account_id=3, page_size=2),
        query_service_pb2.ListTradesRequest(market_id=1, page_size=2),
        query_service_pb2.ListTransfersRequest(account_id=3, page_size=2),
    ]
    most = []
    for _ in range(4):
        world.trade(60)
        world.engine.seal()
        lists = world.engine.history.lists
        counted = lists._database = CountingDatabase(lists._database)
        for request in requests:
            answer_of(world.engine, request)
        most.append(counted.n_read)
    # Of two markets one item more is read of each than is shown.
    assert max(most) <= 4 * (2 + 2)
    world.close()


async def _trade(two: Client, three: Client, count: int) -> None:
    for _ in range(count):
        await two.place_order("BTC-USD", Side.SELL, price="100", size="0.0001")
        await three.place_order("BTC-USD", Side.BUY, price="100", size="0.0001")


async def test_client_lists_each_item_once_while_new_ones_come(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await _trade(two, three, 5)
        await two.place_order("ETH-USD", Side.BUY, price="10", size="0.011", label=7)
        found, fills = [], []
        async for order in two.orders(page_size=2):
            found.append(order)
            await two.place_order("ETH-USD", Side.BUY, price="9.9", size="0.011")
        assert len(found) == 6
        assert [order.label for order in found] == [7, 0, 0, 0, 0, 0]
        async for item in two.fills(page_size=2):
            fills.append(item)
            await _trade(two, three, 1)
        assert len(fills) == 5
        trades = [trade async for trade in three.trades("BTC-USD")]
        assert [item.trade_sequence for item in fills] == [t.sequence for t in trades[5:]]
        assert {(t.maker_account_id, t.taker_account_id) for t in trades} == {(2, 3)}
        assert all(item.fill.is_maker and item.fill.fee >= 0 for item in fills)
        assert [o async for o in two.orders(market="BTC-USD", open_only=True)] == []
        resting = [o.order_id async for o in two.orders(market="ETH-USD", open_only=True)]
        assert resting == [o.order_id for o in reversed(await two.open_orders())]
        assert [item async for item in two.fills(market="ETH-USD")] == []


async def test_transfers_tell_how_far_they_have_come_also_after_a_restart(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await client.withdraw("1.5")
        await node.node.runner.change(Engine.seal)
        await client.withdraw("2")
        newest, older, deposit = [item async for item in client.transfers(page_size=1)]
        assert (newest.kind, newest.amount, newest.lifecycle) == (
            "withdrawal",
            2,
            Lifecycle.MATCHED,
        )
        assert (older.batch_number, older.lifecycle) == (1, Lifecycle.BATCHED)
        assert older.matched_time_ms <= (older.batched_time_ms or 0)
        assert (deposit.kind, deposit.batch_number) == ("deposit", 1)
        l1 = node.l1
    async with running_node(tmp_path, l1=l1) as node, node.client(2) as client:
        again = [item async for item in client.transfers()]
        assert again == [newest, older, deposit]
        await node.node.runner.change(lambda engine: engine.mark_final(1, b"\x01" * 32, 9))
        newest, older, _ = [item async for item in client.transfers()]
        assert (newest.lifecycle, older.lifecycle) == (Lifecycle.MATCHED, Lifecycle.FINAL)


# The method, its request's fields, the refusal's name and field. A `page_token` of None stands for
# the one that the first page of account 2's orders gave.
BAD_REQUESTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("Orders", {"account_id": 99}, "NOT_FOUND", "account_id"),
    ("Orders", {"account_id": 2**32 - 1}, "NOT_FOUND", "account_id"),
    ("Orders", {"account_id": 2, "market_id": 99}, "NOT_FOUND", "market_id"),
    ("Fills", {"account_id": 99}, "NOT_FOUND", "account_id"),
    ("Fills", {"account_id": 2, "market_id": 2**32 - 1}, "NOT_FOUND", "market_id"),
    ("Trades", {"market_id": 99}, "NOT_FOUND", "market_id"),
    ("Transfers", {"account_id": 99}, "NOT_FOUND", "account_id"),
    *(
        (kind, {"page_token": b"\xff" * size} | owner, "MALFORMED_MESSAGE", "page_token")
        for kind, owner in (
            ("Orders", {"account_id": 2}),
            ("Fills", {"account_id": 2}),
            ("Trades", {"market_id": 0}),
            ("Transfers", {"account_id": 2}),
        )
        for size in (1, 15, 17, 8_000)
    ),
    ("Orders", {"account_id": 3, "page_token": None}, "WRONG_PAGE_TOKEN", "page_token"),
    (
        "Orders",
        {"account_id": 2, "open_only": True, "page_token": None},
        "WRONG_PAGE_TOKEN",
        "page_token",
    ),
    (
        "Orders",
        {"account_id": 2, "market_id": 0, "page_token": None},
        "WRONG_PAGE_TOKEN",
        "page_token",
    ),
    ("Fills", {"account_id": 2, "page_token": None}, "WRONG_PAGE_TOKEN", "page_token"),
    ("Transfers", {"account_id": 2, "page_token": None}, "WRONG_PAGE_TOKEN", "page_token"),
    ("Trades", {"page_token": None}, "WRONG_PAGE_TOKEN", "page_token"),
    ("Orders", {"account_id": 2, "page_token": bytes(16)}, "WRONG_PAGE_TOKEN", "page_token"),
]


async def test_bad_requests_for_pages_are_refused_with_field_value_and_limit(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await _trade(two, three, 3)
        queries = node.stubs.queries
        request = query_service_pb2.ListOrdersRequest(account_id=2, page_size=1)
        token = (await queries.ListOrders(request)).next_page_token
        assert len(token) == TOKEN_BYTES
        before = await node.trace()
        for kind, fields, name, field_name in BAD_REQUESTS:
            given_token = {"page_token": token} if fields.get("page_token", b"") is None else {}
            request = getattr(query_service_pb2, f"List{kind}Request")(**fields | given_token)
            status, detail = await refusal(getattr(queries, f"List{kind}")(request))
            assert (detail.name, detail.field) == (name, field_name), (kind, fields)
            expected = Status.NOT_FOUND if name == "NOT_FOUND" else Status.INVALID_ARGUMENT
            assert status is expected
        assert await node.trace() == before


async def test_page_size_when_none_or_too_large_then_what_the_server_gives_at_most(
    tmp_path: Path,
) -> None:
    policy = replace(POLICY, limits=ServerLimits(max_page_size=4))
    async with trading_node(tmp_path, policy=policy) as node, node.client(2) as client:
        for _ in range(9):
            await client.place_order("BTC-USD", Side.BUY, price="99", size="0.0001")
        sizes = []
        for page_size in (0, 5, 2**32 - 1):
            request = query_service_pb2.ListOrdersRequest(account_id=2, page_size=page_size)
            sizes.append(len((await node.stubs.queries.ListOrders(request)).orders))
        assert sizes == [4, 4, 4]
        token = (await node.stubs.queries.ListOrders(request)).next_page_token
        # Below every number, and above: a place is a place.
        request.page_token = token[:8] + bytes(8)
        assert not (await node.stubs.queries.ListOrders(request)).orders
        request.page_token = token[:8] + b"\xff" * 8
        assert len((await node.stubs.queries.ListOrders(request)).orders) == 4
        assert len([order async for order in client.orders(page_size=3)]) == 9
        for bad in (-1, 2**32, 1.5, True):
            with pytest.raises(InvalidInputError, match="page_size"):
                client.orders(page_size=bad)  # type: ignore[arg-type]
        with pytest.raises(NotFoundError):
            _ = [item async for item in client.transfers(77)]
