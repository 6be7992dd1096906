"""A market maker's quotes under one signature, over gRPC and the SDK."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.client import (
    CancelRequest,
    InvalidInputError,
    OrderCancelledError,
    OrderRequest,
    QuoteRequest,
    QuotesRequest,
    RateLimitedError,
    RejectedError,
    Replacement,
    Side,
)
from novation.client.messages import cancel_message, quotes_message
from novation.client.models import OrderStatus, OrderUpdate
from novation.protocol.constants import MAX_QUOTES
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.orders import TimeInForce
from novation.protocol.transactions import CancelOrder, MassQuote, Quote, QuoteTerms
from sequencer.rates import RatePolicy
from tests.node.support import UNPRUNED, RunningNode, refusal, running_node, trading_node
from tests.node.test_rates import limited_node
from tests.support.builders import private_key
from tests.support.fields import with_field
from tests.support.signing import signed

MARKET = "BTC-USD"
LOT = Decimal("0.0001")
HOUR_MS = 3_600_000


def ladder(n_levels: int, away: int = 1) -> list[QuoteRequest]:
    """Return so many bids and asks of ten lots, the best of them ticks away from 100 USD."""
    ticks = [Decimal(away + level) / 10 for level in range(n_levels)]
    bids = [QuoteRequest(Side.BUY, 100 - step, 10 * LOT) for step in ticks]
    return bids + [QuoteRequest(Side.SELL, 100 + step, 10 * LOT) for step in ticks]


def message(node: RunningNode, **changes: Any) -> MassQuote:
    """Return signed quotes of account 2."""
    terms = QuoteTerms(node.clock.now_ms() + HOUR_MS, 1000, cancels_first=True, slides=True)
    quotes = Quote(Side.BUY, 990, 10), Quote(Side.SELL, 1010, 10), Quote(Side.SELL, 1011, 10)
    tx = MassQuote(2, 0, 50, 0, terms, quotes)
    for field, value in changes.items():
        tx = with_field(tx, field, value)
    return signed(tx, private_key(tx.account_id), node.config)


async def test_quotes_when_placed_anew_then_stream_queries_book_and_restart_agree(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        first = await two.mass_quote(MARKET, ladder(8), label=7)
        assert first.order_ids == tuple(range(1, 17))
        assert first.prices == tuple(request.price for request in ladder(8))
        assert (first.n_cancelled, first.receipt.result_code) == (0, ResultCode.RESTING)
        book = await two.book(MARKET)
        assert (len(book.bids), len(book.asks)) == (8, 8)
        updates = aiter(two.stream_account())
        await anext(updates)
        second = await two.mass_quote(MARKET, ladder(1, away=3))
        assert (second.order_ids, second.n_cancelled) == ((17, 18), 16)
        seen = [update async for update in first_updates(updates, 18)]
        assert {update.status for update in seen[:16]} == {OrderStatus.CANCELLED}
        assert {update.cancel_reason for update in seen[:16]} == {"cancel_all"}
        assert [update.status for update in seen[16:]] == [OrderStatus.RESTING] * 2
        taken = await three.place_order(MARKET, Side.BUY, price="100.3", size=4 * LOT)
        assert taken.filled == 4 * LOT
        await check_quoted(node)
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node:
        await check_quoted(node)


async def first_updates(updates: Any, n: int) -> Any:
    """Yield the next updates of orders."""
    while n:
        update = await anext(updates)
        if isinstance(update, OrderUpdate):
            n -= 1
            yield update


async def check_quoted(node: RunningNode) -> None:
    """Check what is told of an old quote, of two new ones, and of the book."""
    async with node.client(2) as client:
        old, bid, ask = [await client.order(order_id) for order_id in (1, 17, 18)]
        assert (old.status, old.cancel_reason, old.label) == (
            OrderStatus.CANCELLED,
            "cancel_all",
            7,
        )
        assert (bid.status, bid.remaining, bid.filled) == (OrderStatus.RESTING, 10 * LOT, 0)
        assert (ask.remaining, ask.filled, ask.time_in_force) == (
            6 * LOT,
            4 * LOT,
            TimeInForce.POST_ONLY_SLIDE,
        )
        assert (bid.quote_index, ask.quote_index) == (0, 1)
        book = await client.book(MARKET)
        assert [level.price for level in (*book.bids, *book.asks)] == [
            Decimal("99.7"),
            Decimal("100.3"),
        ]
        # The message's own two orders are all that he has.
        slot = await node.node.runner.call(lambda e: e.state.account(2).position(0))
        assert slot.n_orders == 2


async def test_quotes_when_refreshed_again_and_again_then_dead_ones_never_block_them(
    tmp_path: Path,
) -> None:
    """Without the node's pruning, and on a stream."""
    async with trading_node(tmp_path, policy=UNPRUNED) as node, node.client(2) as two:
        async with two.order_stream() as stream:
            for i in range(20):
                until_ms = node.clock.now_ms() + HOUR_MS
                ack = await stream.mass_quote(QuotesRequest(MARKET, ladder(8, 1 + i % 3), until_ms))
                assert ack.n_cancelled == (MAX_QUOTES if i else 0)
        n_linked = await node.node.runner.call(lambda engine: len(engine.state.orders))
        assert n_linked == MAX_QUOTES


async def test_named_orders_when_quotes_come_then_gone_and_told(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as two,
        node.client(3) as three,
    ):
        first = await two.mass_quote(MARKET, ladder(3))
        await three.place_order(MARKET, Side.SELL, price=first.prices[0], size=10 * LOT)
        sides = [Side.BUY] * 3 + [Side.SELL] * 3
        named = list(map(CancelRequest, sides, first.prices, first.order_ids))
        moved = [QuoteRequest(Side.BUY, "95.0", 3 * LOT)]
        fields = {"cancels_first": False, "cancels": named[:4]}
        ack = await two.mass_quote(MARKET, moved, **fields)
        # The first one is filled.
        assert ack.cancelled == (0, *[10 * LOT] * 3)
        assert ack.n_cancelled == 0
        left = [order.order_id for order in await two.open_orders()]
        assert sorted(left) == [*first.order_ids[4:], *ack.order_ids]
        assert (await two.order(first.order_ids[1])).cancel_reason == "user"
        stranger = CancelRequest(Side.SELL, first.prices[4], first.order_ids[4])
        with pytest.raises(RejectedError, match="NOT_ORDER_OWNER"):
            await three.mass_quote(MARKET, moved, **fields | {"cancels": [stranger]})
        async with two.order_stream() as stream:
            until_ms = node.clock.now_ms() + HOUR_MS
            asked = QuotesRequest(MARKET, moved, until_ms, cancels_first=False, cancels=named[4:])
            assert (await stream.mass_quote(asked)).cancelled == (10 * LOT, 10 * LOT)


async def test_quote_when_named_by_its_message_then_cancelled_or_replaced(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        ack = await two.mass_quote(MARKET, ladder(2))
        gone = await two.cancel_order(nonce=ack.nonce, quote_index=3)
        assert (gone.order_id, gone.cancelled) == (4, 10 * LOT)
        with pytest.raises(OrderCancelledError):
            await two.cancel_order(nonce=ack.nonce, quote_index=3)
        until_ms = node.clock.now_ms() + HOUR_MS
        order = OrderRequest(MARKET, Side.SELL, "100.5", 8 * LOT, until_ms)
        named = Replacement(order, 10 * LOT, nonce=ack.nonce, quote_index=2)
        moved = await two.submit_replacement(two.sign_replacement(named))
        assert (moved.cancelled, moved.resting, moved.price) == (
            10 * LOT,
            8 * LOT,
            Decimal("100.5"),
        )
        for arguments, name in (
            ({"order_id": 1, "quote_index": 0}, "quote_index"),
            ({"nonce": ack.nonce, "quote_index": MAX_QUOTES}, "quote_index"),
        ):
            with pytest.raises(InvalidInputError, match=name):
                await two.cancel_order(**arguments)
        tx = CancelOrder(2, 0, 60, 0, 0, ack.nonce, MAX_QUOTES - 1)
        request = cancel_message(signed(tx, private_key(2), node.config))
        _, detail = await refusal(node.stubs.orders.CancelOrder(request))
        assert (detail.code, detail.field) == (ErrorCode.UNKNOWN_ORDER, "placed_nonce")
        request.placed_quote_index = MAX_QUOTES
        _, detail = await refusal(node.stubs.orders.CancelOrder(request))
        assert (detail.code, detail.field) == (ErrorCode.INVALID_FIELD, "placed_quote_index")


async def test_quote_when_it_crosses_then_slides_and_the_price_is_told(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await three.place_order(MARKET, Side.SELL, price="100.0", size=10 * LOT)
        crossing = [QuoteRequest(Side.BUY, price, 10 * LOT) for price in ("99.0", "101.0")]
        with pytest.raises(RejectedError) as caught:
            await two.mass_quote(MARKET, crossing, slides=False)
        assert (caught.value.detail.code, caught.value.detail.field) == (
            ErrorCode.POST_ONLY_CROSSES,
            "quotes[1].price_ticks",
        )
        assert (await two.book(MARKET)).bids == ()
        ack = await two.mass_quote(MARKET, crossing)
        assert ack.prices == (Decimal("99.0"), Decimal("99.9"))


@pytest.mark.parametrize(
    ("changes", "code", "status", "field"),
    [
        ({"account_id": 9}, ErrorCode.UNKNOWN_ACCOUNT, "NOT_FOUND", "account_id"),
        ({"key_index": 1}, ErrorCode.UNKNOWN_KEY, "NOT_FOUND", "key_index"),
        ({"key_index": 8}, ErrorCode.INVALID_FIELD, "INVALID_ARGUMENT", "key_index"),
        ({"nonce": 0}, ErrorCode.INVALID_FIELD, "INVALID_ARGUMENT", "nonce"),
        ({"nonce": 2**21}, ErrorCode.NONCE_TOO_FAR, "FAILED_PRECONDITION", "nonce"),
        ({"market_id": 7}, ErrorCode.UNKNOWN_MARKET, "NOT_FOUND", "market_id"),
        ({"market_id": 2048}, ErrorCode.INVALID_FIELD, "INVALID_ARGUMENT", "market_id"),
        ({"expiry_time_ms": 1}, ErrorCode.ORDER_EXPIRED, "FAILED_PRECONDITION", "expiry_time_ms"),
        ({"expiry_time_ms": 2**48}, ErrorCode.INVALID_FIELD, "INVALID_ARGUMENT", "expiry_time_ms"),
        ({"max_fee_ppm": 1}, ErrorCode.FEE_ABOVE_LIMIT, "FAILED_PRECONDITION", "max_fee_ppm"),
        ({"max_fee_ppm": 2**20}, ErrorCode.INVALID_FIELD, "INVALID_ARGUMENT", "max_fee_ppm"),
        ({"valid_until_ms": 1}, ErrorCode.MESSAGE_EXPIRED, "FAILED_PRECONDITION", "valid_until_ms"),
        (
            {"quotes[2].price_ticks": 0},
            ErrorCode.INVALID_FIELD,
            "INVALID_ARGUMENT",
            "quotes[2].price_ticks",
        ),
        (
            {"quotes[0].size_lots": 0},
            ErrorCode.INVALID_FIELD,
            "INVALID_ARGUMENT",
            "quotes[0].size_lots",
        ),
        (
            {"quotes[1].price_ticks": 1},
            ErrorCode.PRICE_OUTSIDE_BAND,
            "FAILED_PRECONDITION",
            "quotes[1].price_ticks",
        ),
        (
            {"quotes[1].size_lots": 2**32 - 1},
            ErrorCode.INSUFFICIENT_MARGIN,
            "FAILED_PRECONDITION",
            "quotes[1].size_lots",
        ),
    ],
)
async def test_message_when_it_breaks_a_rule_then_refused_whole_and_the_old_quotes_stay(
    tmp_path: Path, changes: dict[str, int], code: ErrorCode, status: str, field: str
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        await two.mass_quote(MARKET, ladder(1))
        before = await node.trace()
        tx = unsigned(message(node), changes)
        request = quotes_message(signed(tx, private_key(2), node.config) if fits(tx) else tx)
        found, detail = await refusal(node.stubs.orders.MassQuote(request))
        assert (detail.code, detail.field) == (code, field), detail
        assert found is grpc.StatusCode[status]
        assert await node.trace() == before


def unsigned(tx: MassQuote, changes: dict[str, int]) -> MassQuote:
    """Return quotes with other fields."""
    for field, value in changes.items():
        tx = with_field(tx, field, value)
    return tx


def fits(tx: MassQuote) -> bool:
    """Whether a message can be packed, and so signed."""
    try:
        tx.message_words()
    except AssertionError:
        return False
    return True


async def test_message_when_its_quotes_are_none_too_many_or_wrong_then_refused(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        tx = message(node)
        good = quotes_message(tx)
        for n_quotes in (0, MAX_QUOTES + 1):
            request = quotes_message(tx)
            del request.quotes[:]
            request.quotes.extend([good.quotes[0]] * n_quotes)
            _, detail = await refusal(node.stubs.orders.MassQuote(request))
            assert (detail.name, detail.field) == ("INVALID_FIELD", "quotes")
            assert detail.value == str(n_quotes)
        request = quotes_message(tx)
        request.quotes[1].side = 0
        _, detail = await refusal(node.stubs.orders.MassQuote(request))
        assert detail.field == "quotes[1].side"
        request = quotes_message(tx)
        request.ClearField("signature")
        _, detail = await refusal(node.stubs.orders.MassQuote(request))
        assert detail.field == "signature"


async def test_message_when_a_quote_or_a_term_is_another_then_not_signed(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        tx = message(node)
        one, two, three = tx.quotes
        others = [
            replace(tx, quotes=(one, two)),
            replace(tx, quotes=(one, three, two)),
            replace(tx, quotes=(one, two, three, three)),
            replace(tx, quotes=(one, two, replace(three, price_ticks=1012))),
            replace(tx, quotes=(one, two, replace(three, side=Side.BUY, price_ticks=980))),
            replace(tx, terms=replace(tx.terms, slides=False)),
            replace(tx, terms=replace(tx.terms, cancels_first=False)),
            replace(tx, terms=replace(tx.terms, label=1)),
            replace(tx, signature=signed(tx, private_key(3), node.config).signature),
        ]
        for other in others:
            _, detail = await refusal(node.stubs.orders.MassQuote(quotes_message(other)))
            assert detail.name == "INVALID_SIGNATURE", other
        answer = await node.stubs.orders.MassQuote(quotes_message(tx))
        again = await node.stubs.orders.MassQuote(quotes_message(tx))
        assert answer == again
        assert [placed.order_id for placed in answer.quotes] == [1, 2, 3]


async def test_quotes_when_prices_are_stale_then_refused_and_named_and_cancel_all_is_not(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        await two.mass_quote(MARKET, ladder(1))
        node.move(3_100)
        with pytest.raises(RejectedError) as caught:
            await two.mass_quote(MARKET, ladder(1))
        assert (caught.value.detail.code, caught.value.detail.field) == (
            ErrorCode.STALE_PRICE,
            "price_age_ms",
        )
        assert (await two.cancel_all(MARKET)).n_cancelled == 2


async def test_key_when_it_quotes_then_each_quote_counts_like_an_order(tmp_path: Path) -> None:
    rates = RatePolicy(key_orders_per_s=1, key_orders_burst=20)
    async with limited_node(tmp_path, rates) as node, node.client(2) as two, node.client(3) as one:
        await two.mass_quote(MARKET, ladder(8))
        with pytest.raises(RateLimitedError) as caught:
            await two.mass_quote(MARKET, ladder(8))
        # Four tokens are left.
        assert 11_000 < caught.value.retry_after_ms <= 12_000
        await two.mass_quote(MARKET, ladder(2))
        with pytest.raises(RateLimitedError):
            await two.mass_quote(MARKET, ladder(1))
        assert (await two.cancel_all()).n_cancelled == 4
        await one.mass_quote(MARKET, ladder(8))


async def test_client_when_an_argument_is_wrong_then_named_and_nothing_is_sent(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        asked = QuotesRequest(MARKET, ladder(1), node.clock.now_ms() + HOUR_MS)
        for request, name in (
            (replace(asked, quotes=()), "quotes"),
            (replace(asked, quotes=ladder(9)), "quotes"),
            (replace(asked, quotes="bid"), "quotes"),
            (replace(asked, quotes=[1]), r"quotes\[0\]"),
            (replace(asked, quotes=[QuoteRequest("buy", 1, 1)]), r"quotes\[0\].side"),  # type: ignore[arg-type]
            (replace(asked, quotes=[QuoteRequest(Side.BUY, "99.95", LOT)]), "tick"),
            (replace(asked, quotes=[QuoteRequest(Side.BUY, "99.9", LOT / 2)]), "lot"),
            (replace(asked, cancels_first=1), "cancels_first"),
            (replace(asked, slides=None), "slides"),
            (replace(asked, label=2**64), "label"),
            (replace(asked, expiry_time_ms=0), "expiry_time_ms"),
            (ladder(1), "request"),
        ):
            with pytest.raises(InvalidInputError, match=name):
                two.sign_mass_quote(request)  # type: ignore[arg-type]
        assert (await two.account()).keys[0].last_nonce == 0
