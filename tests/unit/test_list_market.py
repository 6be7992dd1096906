"""Listing a market while the exchange runs."""

from collections.abc import Callable

import pytest

from novation.protocol.constants import MIN_LOT_VALUE_QUANTA, PRICE_VALIDITY_MS
from novation.protocol.errors import ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import MarketListed
from novation.protocol.markets import Market
from novation.protocol.output import decode_output
from novation.protocol.transactions import ListMarket
from tests.support.builders import underlying
from tests.support.exchange import SELL, Exchange, snapshot

ADDED = underlying(symbol="SOL-USD", multiplier=100)
LEAST_TICKS = MIN_LOT_VALUE_QUANTA // 100


def with_underlying() -> Exchange:
    """Return an exchange with a third underlying that has a price."""
    exchange = Exchange(sign=False)
    exchange.set_underlying(2, ADDED)
    exchange.set_price(1000)
    return exchange


def test_market_when_listed_then_empty_and_of_now() -> None:
    exchange = with_underlying()
    exchange.time_ms += 5
    result = exchange.list_market(2)
    assert result.result_code is ResultCode.DONE
    assert result.events == (MarketListed(2, 2),)
    assert exchange.state.market(2) == Market(underlying_id=2, listed_ms=exchange.time_ms)
    record = decode_output(exchange.seal().output).markets
    assert [(r.market_id, r.market.listed_ms) for r in record] == [(2, exchange.time_ms)]


def no_price(exchange: Exchange) -> None:
    exchange.set_underlying(3, underlying(symbol="X"))


def stale(exchange: Exchange) -> None:
    exchange.time_ms += PRICE_VALIDITY_MS + 1


def too_small(exchange: Exchange) -> None:
    exchange.set_price(1000, 1000, LEAST_TICKS - 1)


@pytest.mark.parametrize(
    ("prepare", "market_id", "code"),
    [
        (stale, 0, ErrorCode.MARKET_LISTED),
        (stale, 3, ErrorCode.UNKNOWN_UNDERLYING),
        (stale, 2047, ErrorCode.UNKNOWN_UNDERLYING),
        (stale, 2048, ErrorCode.INVALID_FIELD),
        (stale, 2, ErrorCode.STALE_PRICE),
        (no_price, 3, ErrorCode.NO_PRICE),
        (too_small, 2, ErrorCode.LOT_TOO_SMALL),
    ],
)
def test_market_when_a_rule_forbids_it_then_refused(
    prepare: Callable[[Exchange], None], market_id: int, code: ErrorCode
) -> None:
    exchange = with_underlying()
    prepare(exchange)
    assert exchange.refuse(ListMarket(market_id)) is code


def test_lot_when_worth_just_enough_then_listed() -> None:
    exchange = with_underlying()
    too_small(exchange)
    with pytest.raises(InvalidTransaction) as caught:
        exchange.list_market(2)
    assert caught.value.broken.limit == LEAST_TICKS << 16
    exchange.set_price(1000, 1000, LEAST_TICKS)
    exchange.list_market(2)


def test_listing_when_taken_back_then_no_trace_of_it() -> None:
    """A listed market's books exist from then on; a refused order leaves no market opened."""
    exchange = with_underlying()
    exchange.fund(2)
    state = exchange.state
    state.begin()
    before = snapshot(state)
    state.add_market(2, Market(underlying_id=2))
    assert snapshot(state) != before
    state.rollback()
    assert snapshot(state) == before
    assert (2, SELL) not in state.books
    exchange.list_market(2)
    exchange.place(2, SELL, 1, 1000, market_id=2)
    assert [order_id for order_id, *_ in exchange.book(SELL, 2)] == [1]
    assert exchange.refuse(ListMarket(2)) is ErrorCode.MARKET_LISTED
