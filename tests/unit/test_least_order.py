"""What an order is worth at least, and what is left of one that is smaller."""

from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.constants import MAX_MAKERS_PER_ORDER
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, OrderCancelled
from novation.protocol.orders import SelfTradeMode, Side, TimeInForce
from novation.protocol.parameters import Underlying
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

# At 1000 ticks of 10 quanta a lot: so many lots are a dollar.
LEAST = 100
POST_ONLY, SLIDE = TimeInForce.POST_ONLY, TimeInForce.POST_ONLY_SLIDE
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
RESTING_KINDS = (TimeInForce.GTC, POST_ONLY, SLIDE)


def traders(terms: Underlying | None = None) -> Exchange:
    """Return an exchange in which orders are worth a dollar at least."""
    terms = terms or underlying(min_order_usd=1)
    exchange = Exchange(replace(parameters(1), underlyings=(terms,)), sign=False)
    exchange.fund(2, 3, 4, 5)
    return exchange


def too_small(exchange: Exchange, *order: Any, **fields: Any) -> Broken:
    """Return the bound that a refused order breaks."""
    with pytest.raises(InvalidTransaction) as caught:
        exchange.place(*order, **fields)
    assert caught.value.code is ErrorCode.ORDER_TOO_SMALL
    return caught.value.broken


@pytest.mark.parametrize("kind", TimeInForce)
@pytest.mark.parametrize("side", Side)
def test_order_when_a_lot_too_small_then_refused_with_value_and_limit(
    side: Side, kind: TimeInForce
) -> None:
    exchange = traders()
    broken = too_small(exchange, 2, side, LEAST - 1, 1000, time_in_force=kind)
    assert broken == Broken("notional_quanta", ONE_DOLLAR - 10_000, ONE_DOLLAR)
    if kind is not FOK:
        exchange.place(2, side, LEAST, 1000, time_in_force=kind)


def test_order_when_its_price_is_better_for_it_then_its_own_price_counts() -> None:
    exchange = traders()
    too_small(exchange, 2, BUY, LEAST, 999)
    exchange.place(2, SELL, LEAST - 1, 1011)
    assert exchange.book(SELL) == [(1, 1011, LEAST - 1)]


def test_order_when_there_is_no_limit_then_a_lot_will_do() -> None:
    exchange = traders(underlying(min_order_usd=0))
    exchange.place(2, BUY, 1, 901)
    assert exchange.book(BUY) == [(1, 901, 1)]


def test_slide_when_it_is_too_small_where_it_slides_then_refused() -> None:
    exchange = traders()
    exchange.place(2, SELL, LEAST + 1, 1000)
    broken = too_small(exchange, 3, BUY, LEAST, 1001, time_in_force=SLIDE)
    assert broken.value == LEAST * 999 * 10
    exchange.place(3, BUY, LEAST + 1, 1001, time_in_force=SLIDE)
    assert exchange.book(BUY) == [(2, 999, LEAST + 1)]


@pytest.mark.parametrize("kind", RESTING_KINDS)
def test_reduce_only_when_it_may_rest_then_what_it_can_trade_counts(kind: TimeInForce) -> None:
    """Else one lot of a position would carry a wall of orders of a lot."""
    exchange = traders()
    exchange.place(2, SELL, LEAST, 1000)
    exchange.place(3, BUY, LEAST, 1000)
    exchange.place(4, BUY, LEAST, 1000)
    exchange.place(3, SELL, 1, 1000, time_in_force=IOC, reduce_only=True)
    broken = too_small(exchange, 3, SELL, LEAST, 1001, time_in_force=kind, reduce_only=True)
    assert broken == Broken("notional_quanta", (LEAST - 1) * 10_010, ONE_DOLLAR)
    exchange.place(3, SELL, LEAST, 1011, time_in_force=kind, reduce_only=True)


@pytest.mark.parametrize("kind", [IOC, FOK])
def test_reduce_only_when_it_cannot_rest_then_as_small_as_one_likes(kind: TimeInForce) -> None:
    exchange = traders()
    exchange.place(2, SELL, LEAST, 1000)
    exchange.place(3, BUY, LEAST, 1000)
    exchange.place(4, BUY, LEAST, 1000)
    placed = exchange.place(3, SELL, 1, 1000, time_in_force=kind, reduce_only=True)
    assert placed.result_code is ResultCode.FILLED
    assert exchange.size(3) == LEAST - 1
    too_small(exchange, 3, SELL, 1, 1000, time_in_force=kind)


def test_fill_when_less_than_the_least_is_left_then_it_rests() -> None:
    """A good-till-cancelled order's rest always rests: whoever made it small paid for a fill."""
    exchange = traders()
    exchange.place(2, SELL, LEAST, 1000)
    exchange.place(3, BUY, LEAST + 1, 1000)
    assert exchange.book(BUY) == [(2, 1000, 1)]
    exchange.place(4, SELL, LEAST, 1000)
    assert exchange.book(SELL) == [(3, 1000, LEAST - 1)]


def test_decrement_when_less_than_the_least_is_left_of_the_maker_then_it_goes() -> None:
    exchange = traders()
    exchange.place(2, SELL, 2 * LEAST - 1, 1000)
    mode = SelfTradeMode.DECREMENT
    placed = exchange.place(2, BUY, LEAST, 1000, self_trade_mode=mode)
    assert placed.result_code is ResultCode.SELF_TRADE_CANCELLED
    gone = OrderCancelled(1, 2, 0, SELL, 1000, 2 * LEAST - 1, CancelReason.SELF_TRADE)
    assert gone in placed.events
    assert exchange.book(SELL) == exchange.book(BUY) == []
    assert exchange.state.account(2).positions == ()
    exchange.place(2, SELL, 2 * LEAST, 1000)
    exchange.place(2, BUY, LEAST, 1000, self_trade_mode=mode)
    assert exchange.book(SELL) == [(3, 1000, LEAST)]


def test_decrement_when_less_than_the_least_is_left_of_the_taker_then_it_goes() -> None:
    exchange = traders()
    exchange.place(2, SELL, LEAST, 1000)
    exchange.place(3, SELL, LEAST, 1000)
    mode = SelfTradeMode.DECREMENT
    placed = exchange.place(2, BUY, 2 * LEAST - 1, 1000, self_trade_mode=mode)
    assert placed.result_code is ResultCode.SELF_TRADE_CANCELLED
    assert exchange.book(SELL) == [(2, 1000, LEAST)]
    assert exchange.book(BUY) == []
    exchange.place(2, SELL, LEAST + 1, 999)
    placed = exchange.place(2, BUY, 2 * LEAST + 1, 1000, self_trade_mode=mode)
    assert placed.result_code is ResultCode.SELF_TRADE_CANCELLED
    assert (exchange.book(SELL), exchange.size(2)) == ([], LEAST)


def test_terms_when_the_limit_is_raised_then_what_rests_lives_on() -> None:
    exchange = traders(underlying(min_order_usd=0))
    exchange.place(2, SELL, 1, 1000)
    exchange.set_underlying(0, underlying(min_order_usd=2**16 - 1))
    too_small(exchange, 3, BUY, 1, 1000)
    exchange.set_underlying(0, underlying(min_order_usd=1))
    exchange.place(3, BUY, LEAST, 1000)
    assert (exchange.size(3), exchange.book(SELL)) == (1, [])


def test_wall_when_its_orders_are_the_least_then_whoever_meets_it_gets_so_much() -> None:
    exchange = traders()
    for place in range(MAX_MAKERS_PER_ORDER + 1):
        exchange.place(2 + place % 3, SELL, LEAST, 1000 + place)
    placed = exchange.place(5, BUY, 30 * LEAST, 1050)
    assert placed.result_code is ResultCode.MAKER_LIMIT
    assert exchange.size(5) == MAX_MAKERS_PER_ORDER * LEAST
