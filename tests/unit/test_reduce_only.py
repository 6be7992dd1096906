"""Reduce-only orders reserve nothing: an account below initial margin can always post them."""

from typing import Any

import pytest

from novation.protocol.batch import PlaceOrderHints
from novation.protocol.constants import ORDER_SIZE_BOUND, POSITION_BOUND
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.events import CancelReason, OrderCancelled
from novation.protocol.margin import Margin, margin_of
from novation.protocol.orders import SelfTradeMode, VisitOutcome
from novation.protocol.transactions import PruneOrder
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

LARGEST = ORDER_SIZE_BOUND - 1


def margin(exchange: Exchange, account_id: int) -> Margin:
    """Return equity and requirements of an account."""
    state = exchange.state
    return margin_of(state.account(account_id), state.underlyings, state.parameters)


def long_below_initial() -> Exchange:
    """Return an exchange whose account 2 is long 180,000 lots, between its two requirements."""
    exchange = Exchange(sign=False)
    exchange.fund(3, 4)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, 180_000, 1000)
    exchange.place(2, BUY, 180_000, 1000)
    exchange.set_price(990)
    assert margin(exchange, 2).meets_maintenance
    assert not margin(exchange, 2).meets_initial
    return exchange


def test_ladder_when_reduce_only_then_margin_is_that_of_the_position() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 10, 1000)
    exchange.place(2, BUY, 10, 1000)
    alone = margin(exchange, 2)
    for price in (1010, 1020, 1030, 1040):
        exchange.place(2, SELL, 10, price, reduce_only=True)
    assert margin(exchange, 2) == alone
    slot = exchange.state.account(2).position(0)
    assert (slot.open_sell_lots, slot.n_orders) == (0, 4)
    exchange.seal()


def test_account_when_below_initial_then_may_post_what_only_reduces() -> None:
    exchange = long_below_initial()
    take_profit = exchange.place(2, SELL, 180_000, 1000, reduce_only=True)
    assert take_profit.result_code is ResultCode.RESTING
    # What crosses trades, and the rest stays.
    exchange.place(4, BUY, 1000, 985)
    closing = exchange.place(2, SELL, 180_000, 985, reduce_only=True)
    assert closing.result_code is ResultCode.RESTING
    assert exchange.size(2) == 179_000
    exchange.seal()


@pytest.mark.parametrize("fields", [{}, {"reduce_only": False, "side": BUY}], ids=["sell", "buy"])
def test_account_when_below_initial_then_may_post_nothing_else(fields: dict[str, Any]) -> None:
    exchange = long_below_initial()
    side = fields.pop("side", SELL)
    order = exchange.order(2, side, 1, 1000 if side is SELL else 980, **fields)
    assert exchange.refuse(order) is ErrorCode.INSUFFICIENT_MARGIN


def test_order_when_it_reserves_nothing_then_gives_nothing_back() -> None:
    """Filled, cancelled, cancelled with all others, expired and met by its own account."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 100, 1000)
    exchange.place(2, BUY, 100, 1000)
    exchange.place(2, SELL, 7, 1050)
    for price in (1001, 1002, 1003, 1004):
        exchange.place(2, SELL, 9, price, reduce_only=True)
    exchange.place(3, BUY, 9 + 4, 1002)
    assert exchange.size(2) == 87
    exchange.cancel(2, exchange.state.globals.next_order_id - 2)
    decremented = exchange.place(2, BUY, 2, 1003, self_trade_mode=SelfTradeMode.DECREMENT)
    assert isinstance(decremented.hints, PlaceOrderHints)
    assert [visit.outcome for visit in decremented.hints.visits] == [VisitOutcome.DECREMENT]
    own = exchange.place(2, BUY, 1, 1003)
    assert own.result_code is ResultCode.RESTING
    slot = exchange.state.account(2).position(0)
    assert (slot.open_buy_lots, slot.open_sell_lots) == (1, 7)
    exchange.seal()


def test_cancel_all_when_only_reduce_only_orders_rest_then_tells_of_each_once() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 10, 1000)
    exchange.place(2, BUY, 10, 1000)
    for price in (1010, 1020):
        exchange.place(2, SELL, 10, price, reduce_only=True)
    gone = [event for event in exchange.cancel_all(2).events if isinstance(event, OrderCancelled)]
    assert [(event.price_ticks, event.reason) for event in gone] == [
        (1010, CancelReason.CANCEL_ALL),
        (1020, CancelReason.CANCEL_ALL),
    ]
    assert exchange.cancel_all(2).events == ()
    exchange.seal()


def test_bound_when_a_short_is_closed_by_orders_that_reserve_nothing_then_still_holds() -> None:
    """What a position of the other side is worth as room, reduce-only orders could take away."""
    exchange = Exchange(sign=False, price_ticks=1)
    exchange.fund(2, 3, amount_quanta=10**8 * ONE_DOLLAR)
    exchange.place(2, SELL, LARGEST, 1)
    exchange.place(3, BUY, LARGEST, 1)
    for _ in range(16):
        exchange.place(2, BUY, LARGEST, 1)
    room_lots = POSITION_BOUND - 1 - 16 * LARGEST
    too_large = exchange.order(2, BUY, room_lots + 1, 1)
    assert exchange.refuse(too_large) is ErrorCode.POSITION_LIMIT
    exchange.place(2, BUY, room_lots, 1)
    exchange.seal()


def test_order_when_nothing_is_left_to_reduce_then_pruned_by_anybody() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 10, 1000)
    exchange.place(2, BUY, 10, 1000)
    order_id = exchange.state.globals.next_order_id
    exchange.place(2, SELL, 10, 1010, reduce_only=True)
    assert exchange.refuse(PruneOrder(order_id)) is ErrorCode.ORDER_LIVES
    exchange.place(3, BUY, 10, 1000)
    exchange.place(2, SELL, 10, 1000)
    gone = exchange.prune(order_id).events
    assert [event.reason for event in gone if isinstance(event, OrderCancelled)] == [
        CancelReason.REDUCE_ONLY
    ]
    assert exchange.state.account(2).positions == ()
    exchange.seal()
