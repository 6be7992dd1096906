"""PlaceBracket: an order, and the stop and take-profit of what it opens."""

from dataclasses import replace

import pytest

from novation.protocol.batch import BracketHints
from novation.protocol.constants import MAX_ORDERS_PER_SLOT, PRICE_BOUND, TIME_BOUND
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, OrderCancelled, TriggerPlaced
from novation.protocol.orders import OrderList, Side, TimeInForce
from novation.protocol.transactions import PruneOrder, TriggerOrder
from tests.support.builders import underlying
from tests.support.exchange import BUY, SELL, Exchange

FALLS, RISES = OrderList.FALLS, OrderList.RISES
TRADER, MAKER = 2, 4


def open_exchange() -> Exchange:
    """Return an exchange in which account 4 quotes 100 lots on both sides of 1000 ticks."""
    exchange = Exchange(sign=False)
    exchange.fund(TRADER, 3, MAKER)
    exchange.place(MAKER, SELL, 100, 1001)
    exchange.place(MAKER, BUY, 100, 999)
    return exchange


@pytest.mark.parametrize("side", Side)
def test_order_when_filled_at_once_then_both_exits_wait_and_end_each_other(side: Side) -> None:
    exchange = open_exchange()
    price = 1001 if side is BUY else 999
    way = 1 if side is BUY else -1
    result = exchange.place_bracket(
        TRADER,
        side,
        10,
        price,
        stop_trigger_ticks=1000 - 10 * way,
        profit_trigger_ticks=1000 + 10 * way,
        profit_price_ticks=1000 - 2 * way,
        time_in_force=TimeInForce.FOK,
        label=7,
    )
    assert result.result_code is ResultCode.FILLED
    assert isinstance(result.hints, BracketHints)
    stops, profits = (FALLS, RISES) if side is BUY else (RISES, FALLS)
    assert exchange.dormant(stops) == [(4, 1000 - 10 * way)]
    assert exchange.dormant(profits) == [(5, 1000 + 10 * way)]
    placed = [event for event in result.events if isinstance(event, TriggerPlaced)]
    assert [(e.order_id, e.quote_index, e.side, e.label) for e in placed] == [
        (4, 1, side.other, 7),
        (5, 2, side.other, 7),
    ]
    exchange.set_price(1000 + 10 * way)
    result = exchange.trigger()
    assert result.result_code is ResultCode.FILLED
    assert exchange.size(TRADER) == 0
    gone = [event for event in result.events if isinstance(event, OrderCancelled)]
    assert [(e.order_id, e.reason) for e in gone] == [(4, CancelReason.POSITION_CLOSED)]
    exchange.prune(4)
    assert exchange.state.globals.next_order_id == 7
    exchange.seal()


def test_order_when_it_rests_then_its_exits_wait_for_what_is_filled() -> None:
    exchange = open_exchange()
    result = exchange.place_bracket(
        TRADER, BUY, 10, 980, stop_trigger_ticks=970, profit_trigger_ticks=1010
    )
    assert result.result_code is ResultCode.RESTING
    exchange.cancel(MAKER, 2)
    exchange.place(3, SELL, 4, 980)
    exchange.place(MAKER, BUY, 50, 969)
    exchange.set_price(970)
    # It closes what was filled; what was not is cancelled with the take-profit.
    result = exchange.trigger()
    assert exchange.size(TRADER) == 0
    gone = {e.order_id: e.reason for e in result.events if isinstance(e, OrderCancelled)}
    assert gone[5] is CancelReason.POSITION_CLOSED
    assert 3 in gone
    exchange.seal()


def test_order_when_its_exit_is_reached_first_then_all_three_are_gone() -> None:
    exchange = open_exchange()
    exchange.place_bracket(TRADER, BUY, 10, 980, stop_trigger_ticks=970, profit_trigger_ticks=1010)
    exchange.set_price(1010)
    result = exchange.trigger()
    assert result.result_code is ResultCode.NOT_EXECUTED
    gone = {e.order_id: e.reason for e in result.events if isinstance(e, OrderCancelled)}
    assert gone == {
        5: CancelReason.REDUCE_ONLY,
        3: CancelReason.POSITION_CLOSED,
        4: CancelReason.POSITION_CLOSED,
    }
    for order_id in (3, 4):
        exchange.prune(order_id)
    exchange.seal()


def test_order_that_never_rests_when_nothing_comes_of_it_then_no_exits() -> None:
    exchange = open_exchange()
    ioc = TimeInForce.IOC
    result = exchange.place_bracket(TRADER, BUY, 10, 1000, time_in_force=ioc)
    assert result.hints == BracketHints(result.hints.entry, ())  # type: ignore[union-attr]
    assert not exchange.dormant(FALLS)
    assert exchange.state.globals.next_order_id == 6
    # As much as is filled is enough.
    exchange.place_bracket(TRADER, BUY, 500, 1001, time_in_force=ioc)
    assert exchange.size(TRADER) == 100
    assert [order_id for order_id, _ in exchange.dormant(FALLS)] == [7]
    # With a position on the other side there is nothing for them to reduce.
    exchange.place_bracket(TRADER, SELL, 10, 999, time_in_force=ioc)
    assert exchange.size(TRADER) == 90
    assert len(exchange.dormant(RISES)) == 1
    exchange.seal()


def test_exits_when_named_by_the_message_then_cancelled() -> None:
    exchange = open_exchange()
    exchange.place_bracket(TRADER, BUY, 10, 980)
    nonce = exchange.state.account(TRADER).windows[0].high
    exchange.cancel_placed_by(TRADER, nonce, quote_index=2)
    assert not exchange.dormant(RISES)
    exchange.cancel_placed_by(TRADER, nonce, quote_index=1)
    assert not exchange.dormant(FALLS)
    exchange.cancel_placed_by(TRADER, nonce)
    assert not exchange.state.account(TRADER).positions


def test_bracket_when_a_rule_is_broken_then_nothing_of_it_is_placed() -> None:
    exchange = open_exchange()
    good = exchange.bracket(TRADER, BUY, 10, 980, stop_trigger_ticks=970)
    before = exchange.state.globals.next_order_id
    for changes, code in (
        ({"reduce_only": True}, ErrorCode.INVALID_FIELD),
        ({"stop_trigger_ticks": 0}, ErrorCode.INVALID_FIELD),
        ({"stop_price_ticks": PRICE_BOUND}, ErrorCode.INVALID_FIELD),
        ({"profit_trigger_ticks": PRICE_BOUND}, ErrorCode.INVALID_FIELD),
        ({"profit_price_ticks": 0}, ErrorCode.INVALID_FIELD),
        ({"exits_expiry_time_ms": TIME_BOUND}, ErrorCode.INVALID_FIELD),
        ({"exits_expiry_time_ms": exchange.time_ms}, ErrorCode.ORDER_EXPIRED),
        ({"expiry_time_ms": exchange.time_ms}, ErrorCode.ORDER_EXPIRED),
        ({"stop_trigger_ticks": 1000}, ErrorCode.EXIT_DUE),
        ({"profit_trigger_ticks": 1000}, ErrorCode.EXIT_DUE),
        ({"price_ticks": 2000}, ErrorCode.PRICE_OUTSIDE_BAND),
        ({"market_id": 7}, ErrorCode.UNKNOWN_MARKET),
        ({"nonce": 9, "size_lots": 10**9}, ErrorCode.INSUFFICIENT_MARGIN),
    ):
        assert exchange.refuse(replace(good, **changes)) is code, changes
    with pytest.raises(InvalidTransaction) as refused:
        exchange.apply(replace(good, profit_trigger_ticks=999))
    assert refused.value.broken == Broken("mark_price_x16", 1000 << 16, (999 << 16) - 1)
    exchange.set_underlying(0, underlying(min_order_usd=1))
    cheap = replace(good, size_lots=103, stop_price_ticks=970)
    assert exchange.refuse(cheap) is ErrorCode.ORDER_TOO_SMALL
    exchange.set_underlying(0, underlying())
    assert exchange.state.globals.next_order_id == before
    for _ in range(MAX_ORDERS_PER_SLOT - 2):
        exchange.place_stop(TRADER, SELL, 10, 900)
    assert exchange.refuse(exchange.bracket(TRADER, BUY, 10, 980)) is ErrorCode.TOO_MANY_ORDERS
    exchange.place_bracket(TRADER, BUY, 10, 1001)
    assert exchange.state.account(TRADER).position(0).n_orders == MAX_ORDERS_PER_SLOT


def test_signature_when_an_exit_is_another_or_there_is_none_then_refused() -> None:
    exchange = Exchange()
    exchange.fund(TRADER)
    good = exchange.bracket(TRADER, BUY, 10, 990)
    for changes in (
        {"stop_trigger_ticks": 901},
        {"stop_price_ticks": 901},
        {"profit_trigger_ticks": 1500},
        {"profit_price_ticks": 901},
        {"exits_expiry_time_ms": good.exits_expiry_time_ms + 1},
        {"size_lots": 11},
    ):
        assert exchange.refuse(replace(good, **changes)) is ErrorCode.INVALID_SIGNATURE
    # Nobody takes the order of a bracket without its exits.
    alone = replace(
        exchange.order(TRADER, BUY, 10, 990, nonce=good.nonce), signature=good.signature
    )
    assert exchange.refuse(alone) is ErrorCode.INVALID_SIGNATURE
    exchange.apply(good)
    assert exchange.refuse(PruneOrder(1)) is ErrorCode.ORDER_LIVES
    assert exchange.refuse(TriggerOrder(0)) is ErrorCode.NOT_TRIGGERED
