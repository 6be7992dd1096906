"""Market data: checksums of books, streams of states, a proxy that loses and alters messages."""

import asyncio
import itertools
import random
import re
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import stream_service_pb2
from novation.client import Client, InvalidInputError, Side
from novation.client.models import Book, FillUpdate, MarketState, Portfolio, Trade
from sequencer import views
from sequencer.config import ServerLimits
from sequencer.engine import Engine
from tests.node.grpc_proxy import meddling
from tests.node.support import (
    POLICY,
    PRICE_TICKS,
    refusal,
    running_node,
    trading_node,
)
from tests.node.test_engine import fund, opened, orders
from tests.node.test_streams import N_ORDERS, _trade
from tests.support.waiting import until, within_patience

ROOT = Path(__file__).parents[2]
Level = tuple[int, int, int]


def checksum(bids: list[Level], asks: list[Level]) -> int:
    """Return the checksum as docs/spec/api.md has it."""
    sides = ["".join(f"{p}:{s}:{n};" for p, s, n in side[:10]) for side in (bids, asks)]
    return zlib.crc32("|".join(sides).encode())


def test_checksum_of_the_pages_example_is_that_of_its_text() -> None:
    page = (ROOT / "docs/spec/api.md").read_text()
    (text, value), (empty, of_nothing) = re.findall(r"`([\d:;|]+)` has the checksum (\d+)", page)
    assert text == "1000:30:2;999:5:1;|1001:7:1;"
    assert checksum([(1000, 30, 2), (999, 5, 1)], [(1001, 7, 1)]) == int(value)
    assert (empty, zlib.crc32(b"|")) == ("|", int(of_nothing))


def _levels(levels: Any) -> list[Level]:
    return [(level.price_ticks, level.size_lots, level.n_orders) for level in levels]


def test_every_book_message_has_the_checksum_of_the_book_that_it_leads_to(tmp_path: Path) -> None:
    books: dict[int, tuple[dict[int, Level], dict[int, Level]]] = {0: ({}, {}), 1: ({}, {})}
    n_checked, deepest = 0, 0
    with opened(tmp_path) as engine:
        fund(engine)
        for round_number in range(10):
            result = engine.process(orders(random.Random(round_number), 30, 1 + 30 * round_number))
            for event in result.feed:
                if not isinstance(event.message, stream_service_pb2.StreamBookResponse):
                    continue
                bids, asks = books[event.scope_id]
                for side, changes in ((bids, event.message.bids), (asks, event.message.asks)):
                    for price, size, n_orders in _levels(changes):
                        side[price] = (price, size, n_orders)
                        if n_orders == 0:
                            del side[price]
                best_bids = [bids[price] for price in sorted(bids, reverse=True)]
                best_asks = [asks[price] for price in sorted(asks)]
                assert event.message.checksum == checksum(best_bids, best_asks)
                n_checked, deepest = n_checked + 1, max(deepest, len(best_bids), len(best_asks))
            if round_number == 5:
                engine.seal()
        expected = [engine.history.book.checksum(market_id) for market_id in range(2)]
    assert n_checked > 100
    with opened(tmp_path) as engine:
        again = [engine.history.book.checksum(market_id) for market_id in range(2)]
        assert again == expected, "built from the orders, the book is the same"


def test_checksum_when_the_book_is_deep_then_of_its_best_ten_levels(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        for place in range(3):
            engine.process(orders(random.Random(place), 60, 1 + 60 * place))
        book = engine.history.book
        for market_id in range(2):
            for price_ticks in range(1, 30):
                book._add(market_id, types_side(0), price_ticks, price_ticks)
                book._add(market_id, types_side(1), 2000 + price_ticks, price_ticks)
            bids, asks = (_levels(book.levels(market_id, types_side(i), 99)) for i in (0, 1))
            assert len(bids) > 20
            assert book.checksum(market_id) == checksum(bids, asks)


def types_side(index: int) -> Any:
    return tuple(Side)[index]


@asynccontextmanager
async def reading(stream: Any, into: list[Any]) -> AsyncIterator[None]:
    """Read a stream of the client into a list."""

    async def follow() -> None:
        async for item in stream:
            into.append(item)  # noqa: PERF401 - the stream has no end

    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        if following.done():
            following.result()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _alter_a_price(message: bytes) -> bytes:
    book = stream_service_pb2.StreamBookResponse.FromString(message)
    for level in [*book.bids, *book.asks]:
        level.size_lots += 1
    return book.SerializeToString()


def _without(field: str) -> Callable[[bytes], bytes | None]:
    def clear(message: bytes) -> bytes:
        book = stream_service_pb2.StreamBookResponse.FromString(message)
        book.ClearField(field)  # type: ignore[arg-type]
        return book.SerializeToString()

    return clear


# What a proxy does to some book messages.
FAULTS: dict[str, Callable[[bytes], bytes | None]] = {
    "dropped": lambda _message: None,
    "sizes altered": _alter_a_price,
    "bids left out": _without("bids"),
    "asks left out": _without("asks"),
    "checksum left out": _without("checksum"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_book_when_a_message_is_lost_or_altered_then_the_client_starts_again_and_is_right(
    fault: str, tmp_path: Path
) -> None:
    rng = random.Random(3)
    n_faults = 0

    def meddle(method: str, message: bytes) -> bytes | None:
        nonlocal n_faults
        is_book = method == "StreamBook"
        if not is_book or stream_service_pb2.StreamBookResponse.FromString(message).is_heartbeat:
            return message
        if rng.random() < 0.08:
            n_faults += 1
            return FAULTS[fault](message)
        return message

    async with (
        trading_node(tmp_path) as node,
        meddling(node.target, meddle) as target,
        node.client(2) as two,
        node.client(3) as three,
        Client(target) as reader,
    ):
        books: list[Book] = []
        async with reading(reader.stream_book("BTC-USD"), books):
            await until(lambda: books)
            for _ in range(4):
                await _trade(two, three, rng, N_ORDERS // 4)
                expected = await two.book("BTC-USD")
                await until(
                    lambda: (books[-1].bids, books[-1].asks) == (expected.bids, expected.asks)  # noqa: B023
                )
        assert n_faults > 0
        for book in books:
            if book.bids and book.asks:
                assert book.bids[0].price < book.asks[0].price, "a wrong book was shown"


@pytest.mark.parametrize("method", ["StreamTrades", "StreamAccount"])
async def test_events_when_one_is_lost_then_the_client_asks_again_and_misses_none(
    method: str, tmp_path: Path
) -> None:
    rng = random.Random(8)
    n_lost = 0

    def meddle(name: str, message: bytes) -> bytes | None:
        nonlocal n_lost
        if name == method and rng.random() < 0.1:
            n_lost += 1
            return None
        return message

    async with (
        trading_node(tmp_path) as node,
        meddling(node.target, meddle) as target,
        node.client(2) as two,
        node.client(3) as three,
        Client(target) as reader,
    ):
        found: list[Any] = []
        start = (await two.book("BTC-USD")).sequence
        stream = (
            reader.stream_trades("BTC-USD", start)
            if method == "StreamTrades"
            else reader.stream_account(2, start)
        )
        async with reading(stream, found):
            await _trade(two, three, rng, N_ORDERS)
            if method == "StreamTrades":
                expected = [trade async for trade in two.trades("BTC-USD")][::-1]
                await until(lambda: found == expected)
            else:
                fills = [item.sequence async for item in two.fills()][::-1]
                await until(
                    lambda: [u.sequence for u in found if isinstance(u, FillUpdate)] == fills
                )
        assert n_lost > 0
        assert all(isinstance(item, Trade) or item.sequence > start for item in found)


async def test_market_when_prices_book_or_open_interest_change_then_told_in_a_chain(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        states: list[MarketState] = []
        async with reading(two.stream_market("BTC-USD"), states):
            await until(lambda: states)
            first = states[0]
            assert (first.prices.mark_price, first.best_bid, first.open_interest) == (100, None, 0)
            assert first.is_active
            await two.place_order("BTC-USD", Side.BUY, price="99.9", size="0.0003")
            await until(lambda: states[-1].best_bid)
            bid = states[-1].best_bid
            assert bid is not None
            assert (bid.price, bid.size, bid.n_orders) == (Decimal("99.9"), Decimal("0.0003"), 1)
            await three.place_order("BTC-USD", Side.SELL, price="99.9", size="0.0001")
            await until(lambda: states[-1].open_interest)
            assert states[-1].open_interest == Decimal("0.0001")
            node.move(1_000)
            await node.set_price(PRICE_TICKS + 7)
            await until(lambda: states[-1].prices.mark_price == Decimal("100.7"))
            assert states[-1].oracle_time_ms > first.oracle_time_ms
            assert states[-1].prices == await two.prices("BTC-USD")
        sequences = [state.sequence for state in states]
        assert sequences == sorted(set(sequences))


async def test_market_when_it_changes_often_then_told_no_more_often_than_asked_for(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        request = stream_service_pb2.StreamMarketRequest(interval_ms=300)
        call = node.stubs.streams.StreamMarket(request)
        messages = [await within_patience(call.read())]
        loop = asyncio.get_running_loop()
        began_s, is_over = loop.time(), asyncio.Event()

        async def go_on() -> None:
            rng = random.Random(1)
            while not is_over.is_set():
                await _trade(two, three, rng, 10)

        trading = asyncio.create_task(go_on())
        messages += [await within_patience(call.read()) for _ in range(3)]
        assert loop.time() - began_s >= 0.29 * 3
        is_over.set()
        await trading
        call.cancel()
        for before, after in itertools.pairwise(messages):
            assert after.previous_sequence == before.sequence < after.sequence
        assert messages[0].previous_sequence == 0


async def test_states_when_nothing_changes_then_heartbeats_also_within_the_interval(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        streams, pb2 = node.stubs.streams, stream_service_pb2
        calls = (
            streams.StreamMarket(pb2.StreamMarketRequest(interval_ms=60_000, heartbeat_ms=1_000)),
            streams.StreamPortfolio(
                pb2.StreamPortfolioRequest(account_id=2, interval_ms=60_000, heartbeat_ms=1_000)
            ),
        )
        for call in calls:
            first = await within_patience(call.read())
            beat = await within_patience(call.read())
            assert (beat.is_heartbeat, beat.sequence) == (True, first.sequence)
            assert beat.previous_sequence == first.sequence
            call.cancel()


async def test_portfolio_when_it_trades_or_prices_move_then_as_the_account_is(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        states: list[Portfolio] = []
        async with reading(two.stream_portfolio(), states):
            await until(lambda: states)
            await two.place_order("BTC-USD", Side.BUY, price="100", size="0.003")
            await three.place_order("BTC-USD", Side.SELL, price="100", size="0.002")
            await _until_shown(two, states)
            (position,) = states[-1].account.positions
            assert (position.size, position.open_buy) == (Decimal("0.002"), Decimal("0.001"))
            equity = states[-1].account.equity
            node.move(1_000)
            await node.set_price(PRICE_TICKS + 20)
            await _until_shown(two, states)
            assert (states[-1].account.equity or 0) > (equity or 0)
            await two.withdraw("3")
            await two.set_cancel_timer(node.clock.now_ms() + 60_000)
            await _until_shown(two, states)
            await two.cancel_all()
            await _until_shown(two, states)
            assert states[-1].account.n_open_orders == 0
        sequences = [state.sequence for state in states]
        assert sequences == sorted(set(sequences))


async def _until_shown(client: Client, states: list[Portfolio]) -> None:
    expected = await client.account()
    await until(lambda: states[-1].account == expected)


async def test_states_when_the_node_restarts_then_they_begin_anew(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        port, l1 = int(node.target.rsplit(":", 1)[1]), node.l1
        states: list[MarketState] = []
        async with reading(client.stream_market("BTC-USD"), states):
            await until(lambda: states)
            await node.node.stop()
            node.folder.close()
            again = replace(POLICY, listen_address=f"127.0.0.1:{port}")
            async with running_node(tmp_path, policy=again, l1=l1) as second:
                async with second.client(2) as other:
                    await second.set_price()
                    await other.place_order("BTC-USD", Side.BUY, price="99", size="0.0001")
                await until(lambda: states[-1].best_bid)


async def test_many_readers_of_a_market_ask_the_engine_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    market_state = views.market_state

    def counted(engine: Engine, market_id: int) -> stream_service_pb2.StreamMarketResponse:
        asked.append(market_id)
        return market_state(engine, market_id)

    monkeypatch.setattr(views, "market_state", counted)
    async with trading_node(tmp_path) as node, node.client(2) as client:
        request = stream_service_pb2.StreamMarketRequest()
        calls = [node.stubs.streams.StreamMarket(request) for _ in range(40)]
        for call in calls:
            await within_patience(call.read())
        n_first = len(asked)
        assert n_first < 40
        await client.place_order("BTC-USD", Side.BUY, price="99", size="0.0001")
        answers = [await within_patience(call.read()) for call in calls]
        assert len({answer.sequence for answer in answers}) == 1
        assert len(asked) == n_first + 1
        # What happens in another market wakes nobody.
        await client.place_order("ETH-USD", Side.BUY, price="9.9", size="0.011")
        assert len(asked) == n_first + 1
        for call in calls:
            call.cancel()


@pytest.mark.parametrize("interval_ms", [1, 99, 60_001, 2**32 - 1])
async def test_interval_when_out_of_range_then_refused_with_the_limit(
    interval_ms: int, tmp_path: Path
) -> None:
    async with trading_node(tmp_path) as node:
        streams, pb2 = node.stubs.streams, stream_service_pb2
        for call in (
            streams.StreamMarket(pb2.StreamMarketRequest(interval_ms=interval_ms)),
            streams.StreamPortfolio(
                pb2.StreamPortfolioRequest(account_id=2, interval_ms=interval_ms)
            ),
        ):
            status, detail = await refusal(call.read())
            assert (status, detail.name) == (
                grpc.StatusCode.INVALID_ARGUMENT,
                "FIELD_OUT_OF_RANGE",
            )
            assert (detail.field, detail.value) == ("interval_ms", str(interval_ms))
            assert int(detail.limit) in (100, 60_000)


async def test_bad_requests_for_states_are_refused_and_cost_no_stream(tmp_path: Path) -> None:
    policy = replace(POLICY, limits=ServerLimits(max_streams=1))
    async with trading_node(tmp_path, policy=policy) as node, node.client(2) as client:
        streams, pb2 = node.stubs.streams, stream_service_pb2
        cases: tuple[tuple[Any, str, str], ...] = (
            (streams.StreamMarket(pb2.StreamMarketRequest(market_id=99)), "NOT_FOUND", "market_id"),
            (
                streams.StreamPortfolio(pb2.StreamPortfolioRequest(account_id=99)),
                "NOT_FOUND",
                "account_id",
            ),
            (
                streams.StreamMarket(pb2.StreamMarketRequest(heartbeat_ms=999)),
                "FIELD_OUT_OF_RANGE",
                "heartbeat_ms",
            ),
            (
                streams.StreamPortfolio(
                    pb2.StreamPortfolioRequest(account_id=2, heartbeat_ms=60_001)
                ),
                "FIELD_OUT_OF_RANGE",
                "heartbeat_ms",
            ),
        )
        for call, name, field in cases:
            _, detail = await refusal(call.read())
            assert (detail.name, detail.field) == (name, field)
        call = streams.StreamMarket(pb2.StreamMarketRequest())
        await within_patience(call.read())
        second = streams.StreamPortfolio(pb2.StreamPortfolioRequest(account_id=2))
        assert (await refusal(second.read()))[1].name == "TOO_MANY_STREAMS"
        call.cancel()
        await until(lambda: node.node.streams.n_streams == 0)
        assert not node.node.streams._changes._followed, "a reader that went away left something"
        for bad in (-1, 2**32, "100", True):
            with pytest.raises(InvalidInputError, match="interval_ms"):
                client.stream_market("BTC-USD", interval_ms=bad)  # type: ignore[arg-type]
