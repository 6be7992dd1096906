"""PlaceTrigger and TriggerOrder: when a dormant order is due, and what becomes of it."""

from dataclasses import replace

import pytest

from novation.protocol.batch import PlaceOrderHints
from novation.protocol.constants import (
    MAX_ORDERS_PER_SLOT,
    MODE_HALTED,
    MODE_POST_ONLY,
    MODE_REDUCE_ONLY,
    POST_ONLY_MS,
    PRICE_BOUND,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.events import (
    CancelReason,
    OrderCancelled,
    OrderFilled,
    OrderPlaced,
    OrderTriggered,
    TriggerPlaced,
)
from novation.protocol.orders import OrderList, SelfTradeMode, Side, TimeInForce, TriggerDirection
from novation.protocol.transactions import Liquidate, PruneOrder, TriggerOrder
from tests.support.builders import ONE_DOLLAR, underlying
from tests.support.exchange import BUY, SELL, Exchange

GTC = TimeInForce.GTC
FALL, RISE = TriggerDirection.FALL, TriggerDirection.RISE
FALLS, RISES = OrderList.FALLS, OrderList.RISES
LONG, SHORT, MAKER = 2, 3, 4


def holding() -> Exchange:
    """Return an exchange in which account 2 holds 100 lots long and account 3 short."""
    exchange = Exchange(sign=False)
    exchange.fund(LONG, SHORT, MAKER)
    exchange.place(SHORT, SELL, 100, 1000)
    exchange.place(LONG, BUY, 100, 1000)
    return exchange


def reason(events: tuple[object, ...]) -> CancelReason:
    """Return why the last order of the events went."""
    return [event for event in events if isinstance(event, OrderCancelled)][-1].reason


def test_dormant_orders_when_placed_then_sorted_by_price_then_age_and_reserve_nothing() -> None:
    exchange = holding()
    before = exchange.state.account(LONG)
    for price_ticks in (980, 990, 980, 970):
        result = exchange.place_stop(LONG, SELL, 10, price_ticks)
        assert result.result_code is ResultCode.DORMANT
        assert isinstance(result.events[0], TriggerPlaced)
    for price_ticks in (1020, 1010, 1020):
        exchange.place_stop(SHORT, BUY, 10, price_ticks)
    assert exchange.dormant(FALLS) == [(4, 990), (3, 980), (5, 980), (6, 970)]
    assert exchange.dormant(RISES) == [(8, 1010), (7, 1020), (9, 1020)]
    after = exchange.state.account(LONG)
    assert after.position(0) == replace(before.position(0), n_orders=4)
    assert not exchange.book(BUY)
    assert not exchange.book(SELL)
    exchange.seal()


@pytest.mark.parametrize(
    ("side", "direction", "trigger_ticks", "not_yet_ticks", "due_ticks"),
    [
        (SELL, FALL, 990, 991, 990),
        (SELL, RISE, 1010, 1009, 1010),
        (BUY, RISE, 1010, 1009, 1010),
        (BUY, FALL, 990, 991, 990),
    ],
)
def test_order_when_the_mark_reaches_its_trigger_then_it_reduces_the_position(
    side: Side, direction: TriggerDirection, trigger_ticks: int, not_yet_ticks: int, due_ticks: int
) -> None:
    exchange = holding()
    owner = LONG if side is SELL else SHORT
    exchange.place_stop(owner, side, 500, trigger_ticks, trigger_direction=direction)
    exchange.set_price(not_yet_ticks)
    assert exchange.refuse(TriggerOrder(0)) is ErrorCode.NOT_TRIGGERED
    exchange.set_price(due_ticks)
    exchange.place(MAKER, side.other, 60, due_ticks)
    exchange.place(MAKER, side.other, 60, due_ticks)
    result = exchange.trigger()
    # No more than is held, under a new id.
    assert result.result_code is ResultCode.FILLED
    assert result.events[:1] == (OrderTriggered(3, owner, 0, 6),)
    placed = next(event for event in result.events if isinstance(event, OrderPlaced))
    assert (placed.order_id, placed.size_lots) == (6, 100)
    assert exchange.size(owner) == 0
    assert exchange.state.get_order(3) is None
    exchange.seal()


def test_trades_when_an_order_is_due_then_refused_and_all_else_goes_on() -> None:
    exchange = holding()
    exchange.place(MAKER, BUY, 5, 985)
    exchange.place_stop(LONG, SELL, 10, 990)
    exchange.place_stop(SHORT, BUY, 10, 985)
    exchange.set_price(989)
    trade = exchange.order(SHORT, SELL, 1, 900)
    assert exchange.refuse(trade) is ErrorCode.TRIGGER_DUE
    exchange.place(SHORT, SELL, 1, 1000)
    exchange.place(MAKER, BUY, 5, 984, time_in_force=TimeInForce.POST_ONLY)
    exchange.place(MAKER, BUY, 5, 930)
    exchange.withdraw(MAKER, ONE_DOLLAR)
    assert exchange.trigger().result_code is ResultCode.FILLED
    # One that rises is due, too, but those that fall come first.
    assert exchange.refuse(trade) is ErrorCode.TRIGGER_DUE
    assert exchange.trigger().events[0] == OrderTriggered(5, SHORT, 0, 10)
    exchange.place(SHORT, SELL, 1, 900)
    exchange.seal()


def test_liquidation_when_an_order_is_due_then_it_comes_first() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(SHORT, MAKER, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(LONG, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(SHORT, SELL, 180_000, 1000)
    exchange.place(LONG, BUY, 180_000, 1000)
    exchange.place_stop(LONG, SELL, 180_000, 980)
    exchange.set_price(970)
    exchange.place(MAKER, BUY, 180_000, 969)
    with pytest.raises(Exception, match="TRIGGER_DUE"):
        exchange.liquidate(LONG)
    assert exchange.trigger().result_code is ResultCode.FILLED
    assert exchange.size(LONG) == 0


def test_order_when_a_jump_is_not_settled_then_it_waits_and_liquidation_goes_on() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(SHORT, MAKER, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(LONG, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(SHORT, SELL, 180_000, 1000)
    exchange.place(LONG, BUY, 180_000, 1000)
    exchange.place(MAKER, BUY, 180_000, 969)
    exchange.place_stop(SHORT, BUY, 10, 980, trigger_direction=FALL)
    exchange.jump(970)
    assert exchange.refuse(TriggerOrder(0)) is ErrorCode.RESOLVING
    exchange.liquidate(LONG)
    exchange.settle()
    assert exchange.refuse(exchange.order(MAKER, SELL, 1, 900)) is ErrorCode.TRIGGER_DUE
    assert exchange.trigger().result_code is ResultCode.IOC_CANCELLED
    exchange.seal()


def set_modes(exchange: Exchange, modes: int) -> None:
    """Let the owner say what is not allowed in the first market."""
    exchange.set_underlying(0, replace(exchange.state.parameters.underlyings[0], modes=modes))


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        (MODE_POST_ONLY, ErrorCode.MARKET_POST_ONLY),
        (MODE_HALTED, ErrorCode.MARKET_HALTED),
        (MODE_POST_ONLY | MODE_HALTED, ErrorCode.MARKET_HALTED),
    ],
)
def test_order_when_nobody_takes_then_it_waits_and_comes_first_after_that(
    mode: int, code: ErrorCode
) -> None:
    exchange = holding()
    exchange.place(MAKER, BUY, 5, 985)
    exchange.place_stop(LONG, SELL, 10, 990)
    set_modes(exchange, mode)
    exchange.set_price(989)
    assert exchange.refuse(TriggerOrder(0)) is code
    assert exchange.refuse(exchange.order(SHORT, SELL, 1, 900)) is code
    set_modes(exchange, 0)
    assert exchange.refuse(exchange.order(SHORT, SELL, 1, 900)) is ErrorCode.TRIGGER_DUE
    assert exchange.trigger().result_code is ResultCode.IOC_CANCELLED
    exchange.place(SHORT, SELL, 1, 900)
    exchange.seal()


def test_liquidation_when_nobody_takes_then_it_does_not_wait_for_what_may_not_come() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(SHORT, MAKER, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(LONG, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(SHORT, SELL, 180_000, 1000)
    exchange.place(LONG, BUY, 180_000, 1000)
    exchange.place(MAKER, BUY, 180_000, 969)
    exchange.place_stop(SHORT, BUY, 10, 980, trigger_direction=FALL)
    exchange.set_price(970)
    assert exchange.refuse(Liquidate(LONG, 0)) is ErrorCode.TRIGGER_DUE
    set_modes(exchange, MODE_POST_ONLY)
    exchange.liquidate(LONG)
    assert exchange.size(LONG) < 180_000
    exchange.seal()


def test_placing_when_the_market_has_a_mode_then_refused_only_if_halted() -> None:
    exchange = holding()
    set_modes(exchange, MODE_HALTED)
    assert exchange.refuse(exchange.stop(LONG, SELL, 10, 990)) is ErrorCode.MARKET_HALTED
    set_modes(exchange, MODE_POST_ONLY | MODE_REDUCE_ONLY)
    exchange.place_stop(LONG, SELL, 10, 990)
    set_modes(exchange, MODE_REDUCE_ONLY)
    exchange.place(SHORT, BUY, 10, 990, reduce_only=True)
    exchange.set_price(990)
    assert exchange.trigger().result_code is ResultCode.FILLED
    exchange.seal()


def test_limit_order_when_triggered_then_its_rest_rests_behind_others_of_its_price() -> None:
    exchange = holding()
    exchange.place(SHORT, SELL, 7, 1010)
    exchange.place_stop(
        LONG, SELL, 40, 1010, trigger_direction=RISE, time_in_force=GTC, price_ticks=1010
    )
    exchange.place(MAKER, BUY, 15, 1012)
    assert exchange.book(BUY) == [(5, 1012, 8)]
    exchange.set_price(1010)
    result = exchange.trigger()
    assert result.result_code is ResultCode.RESTING
    exchange.place(SHORT, SELL, 7, 1010)
    assert exchange.book(SELL) == [(6, 1010, 32), (7, 1010, 7)]
    order = exchange.state.order(6)
    assert (order.reduce_only, order.trigger, order.nonce) == (True, None, 2)
    # Named by its message as before.
    exchange.cancel_placed_by(LONG, 2)
    assert exchange.book(SELL) == [(7, 1010, 7)]
    exchange.seal()


@pytest.mark.parametrize(
    ("side", "price_ticks", "mark_ticks", "placed_ticks"),
    [(SELL, 1, 1000, 900), (SELL, 950, 1000, 950), (BUY, 5000, 1000, 1100), (BUY, 900, 1000, 900)],
)
def test_price_when_beyond_the_band_then_the_limit_of_the_band(
    side: Side, price_ticks: int, mark_ticks: int, placed_ticks: int
) -> None:
    exchange = holding()
    owner = LONG if side is SELL else SHORT
    exchange.place_stop(owner, side, 10, mark_ticks, price_ticks=price_ticks, time_in_force=GTC)
    result = exchange.trigger()
    placed = next(event for event in result.events if isinstance(event, OrderPlaced))
    assert placed.price_ticks == placed_ticks


def test_price_when_the_mark_is_below_a_tick_or_above_all_prices_then_one_there_is() -> None:
    exchange = holding()
    exchange.place_stop(SHORT, BUY, 10, 1, price_ticks=5, time_in_force=GTC, trigger_direction=FALL)
    exchange.set_price_x16(100, 1000 << 16)
    exchange.settle()
    placed = next(e for e in exchange.trigger().events if isinstance(e, OrderPlaced))
    assert placed.price_ticks == 1
    exchange.place_stop(LONG, SELL, 10, 1, price_ticks=5, trigger_direction=RISE)
    exchange.set_price_x16(2**48 - 1, 1000 << 16)
    exchange.settle()
    placed = next(e for e in exchange.trigger().events if isinstance(e, OrderPlaced))
    assert 5 < placed.price_ticks < PRICE_BOUND
    exchange.seal()


def test_dead_orders_when_due_then_gone_with_their_cause() -> None:
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 990)
    exchange.place_stop(LONG, SELL, 10, 989, expiry_time_ms=exchange.time_ms + 50)
    exchange.place_stop(SHORT, BUY, 10, 1010)
    exchange.cancel_all(SHORT)
    exchange.time_ms += 50
    exchange.set_price(1010)
    # What was cancelled with all others has been told before.
    assert exchange.trigger().events == ()
    exchange.set_price(989)
    assert reason(exchange.trigger().events) is CancelReason.IMMEDIATE_OR_CANCEL
    assert reason(exchange.trigger().events) is CancelReason.EXPIRED
    exchange.place_stop(LONG, SELL, 10, 980)
    exchange.time_ms += RESUME_GAP_MS
    exchange.set_price(980)
    assert exchange.refuse(TriggerOrder(0)) is ErrorCode.POST_ONLY_PERIOD
    exchange.time_ms += POST_ONLY_MS
    exchange.refresh_prices()
    assert reason(exchange.trigger().events) is CancelReason.KILLED
    exchange.set_cancel_timer(LONG, exchange.time_ms + 10)
    exchange.place_stop(LONG, SELL, 10, 980)
    exchange.time_ms += 10
    result = exchange.trigger()
    assert result.result_code is ResultCode.NOT_EXECUTED
    assert reason(result.events) is CancelReason.TIMER
    exchange.seal()


def test_order_when_a_rule_would_refuse_it_then_gone() -> None:
    exchange = holding()
    exchange.place_stop(MAKER, SELL, 10, 1000)
    assert reason(exchange.trigger().events) is CancelReason.REDUCE_ONLY
    exchange.place_stop(LONG, BUY, 10, 1000)
    assert reason(exchange.trigger().events) is CancelReason.REDUCE_ONLY
    exchange.place_stop(LONG, SELL, 10, 999, max_fee_ppm=500)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, maker_fee_ppm=501))
    exchange.set_price(999)
    assert reason(exchange.trigger().events) is CancelReason.FEE
    assert not exchange.dormant(FALLS)
    exchange.seal()


def test_order_when_its_account_cannot_afford_it_then_nothing_of_it_happens() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(SHORT, MAKER)
    exchange.fund(LONG, amount_quanta=1_100 * ONE_DOLLAR)
    for market_id, lots in ((0, 1_000_000), (1, 900_000)):
        exchange.place(SHORT, SELL, lots, 1000, market_id=market_id)
        exchange.place(LONG, BUY, lots, 1000, market_id=market_id)
    exchange.place(MAKER, BUY, 800_000, 920)
    exchange.place(SHORT, BUY, 10, 930)
    exchange.set_cancel_timer(SHORT, exchange.time_ms + 1)
    exchange.place_stop(LONG, SELL, 1_000_000, 990, price_ticks=1)
    exchange.set_price(990, 1000)
    fees_quanta = exchange.state.fees_quanta
    before = exchange.state.account(LONG), exchange.state.account(MAKER), exchange.book(BUY)
    result = exchange.trigger()
    assert result.result_code is ResultCode.NOT_EXECUTED
    assert [e.reason for e in result.events if isinstance(e, OrderCancelled)] == [
        CancelReason.TIMER,
        CancelReason.MARGIN,
    ]
    assert not any(isinstance(event, OrderFilled) for event in result.events)
    slot = before[0].position(0)
    left = before[0].with_position(replace(slot, n_orders=slot.n_orders - 1))
    assert (exchange.state.account(LONG), exchange.state.account(MAKER)) == (left, before[1])
    # The timer has run out in any case.
    assert exchange.state.account(SHORT).position(0).min_order_id > 0
    assert exchange.book(BUY) == before[2]
    assert exchange.state.fees_quanta == fees_quanta
    exchange.seal()


def test_order_that_ends_others_when_the_position_is_closed_then_all_of_them_are_dead() -> None:
    exchange = holding()
    exchange.place_stop(LONG, SELL, 100, 990, ends_others=True)
    profit = exchange.place_stop(LONG, SELL, 100, 1010, trigger_direction=RISE, ends_others=True)
    exchange.place(LONG, BUY, 30, 930)
    exchange.place(LONG, SELL, 30, 1050, reduce_only=True)
    exchange.place(MAKER, BUY, 60, 989)
    exchange.set_price(990)
    result = exchange.trigger()
    # It has not closed the position: the others only have less to reduce.
    assert result.result_code is ResultCode.IOC_CANCELLED
    assert exchange.size(LONG) == 40
    assert exchange.state.account(LONG).position(0).min_order_id == 0
    exchange.place(MAKER, BUY, 60, 1009)
    exchange.set_price(1010)
    assert isinstance(profit.hints, PlaceOrderHints)
    result = exchange.trigger()
    assert result.result_code is ResultCode.FILLED
    dead = {
        event.order_id
        for event in result.events
        if isinstance(event, OrderCancelled) and event.reason is CancelReason.POSITION_CLOSED
    }
    assert dead == {5, 6}
    slot = exchange.state.account(LONG).position(0)
    assert (slot.size_lots, slot.n_orders, slot.open_buy_lots) == (0, 2, 0)
    exchange.prune(5)
    exchange.prune(6)
    # Of others nothing dies, nor what comes later.
    assert exchange.book(BUY) == [(9, 1009, 20)]
    exchange.place(LONG, BUY, 1, 1009)
    exchange.seal()


def test_order_that_ends_others_when_there_is_no_position_then_they_die_with_it() -> None:
    """An entry that has not been filled when its exit is reached is of no use any more."""
    exchange = Exchange(sign=False)
    exchange.fund(LONG, MAKER)
    exchange.place(LONG, BUY, 10, 950)
    exchange.place(LONG, BUY, 10, 950, market_id=1)
    exchange.place_stop(LONG, SELL, 10, 1010, trigger_direction=RISE, ends_others=True)
    exchange.place_stop(LONG, SELL, 10, 900)
    exchange.set_price(1010, 1000)
    result = exchange.trigger()
    assert result.result_code is ResultCode.NOT_EXECUTED
    reasons = [(e.order_id, e.reason) for e in result.events if isinstance(e, OrderCancelled)]
    assert reasons == [
        (3, CancelReason.REDUCE_ONLY),
        (1, CancelReason.POSITION_CLOSED),
        (4, CancelReason.POSITION_CLOSED),
    ]
    exchange.prune(1)
    # Another market has nothing to do with it.
    assert exchange.refuse(PruneOrder(2)) is ErrorCode.ORDER_LIVES
    exchange.seal()


def test_order_that_ends_others_when_it_is_dead_or_too_dear_then_they_live() -> None:
    exchange = holding()
    exchange.place(MAKER, BUY, 10, 900)
    expiry_ms = exchange.time_ms + 50
    exchange.place_stop(MAKER, SELL, 10, 990, ends_others=True, expiry_time_ms=expiry_ms)
    exchange.place_stop(MAKER, SELL, 10, 990, ends_others=True, max_fee_ppm=500)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, maker_fee_ppm=501))
    exchange.time_ms = expiry_ms
    exchange.set_price(990)
    assert reason(exchange.trigger().events) is CancelReason.EXPIRED
    assert reason(exchange.trigger().events) is CancelReason.FEE
    assert exchange.refuse(PruneOrder(3)) is ErrorCode.ORDER_LIVES
    exchange.seal()


def test_placing_when_a_rule_is_broken_then_refused() -> None:
    exchange = holding()
    stop = exchange.stop(LONG, SELL, 10, 990)
    for changes, code in (
        ({"reduce_only": False}, ErrorCode.INVALID_FIELD),
        ({"time_in_force": TimeInForce.POST_ONLY}, ErrorCode.INVALID_FIELD),
        ({"trigger_price_ticks": 0}, ErrorCode.INVALID_FIELD),
        ({"trigger_price_ticks": PRICE_BOUND}, ErrorCode.INVALID_FIELD),
        ({"size_lots": 0}, ErrorCode.INVALID_FIELD),
        ({"market_id": 7}, ErrorCode.UNKNOWN_MARKET),
        ({"expiry_time_ms": exchange.time_ms}, ErrorCode.ORDER_EXPIRED),
        ({"max_fee_ppm": 499}, ErrorCode.FEE_ABOVE_LIMIT),
        ({"nonce": 1}, ErrorCode.NONCE_USED),
        ({"key_index": 1}, ErrorCode.UNKNOWN_KEY),
    ):
        assert exchange.refuse(replace(stop, **changes)) is code, changes
    exchange.set_underlying(0, underlying(min_order_usd=1))
    assert exchange.refuse(stop) is ErrorCode.ORDER_TOO_SMALL
    exchange.set_underlying(0, underlying())
    for _ in range(MAX_ORDERS_PER_SLOT):
        exchange.place_stop(LONG, SELL, 10, 990)
    assert exchange.refuse(exchange.stop(LONG, SELL, 10, 990)) is ErrorCode.TOO_MANY_ORDERS


def test_signature_when_the_trigger_is_another_then_refused() -> None:
    exchange = Exchange()
    exchange.fund(LONG)
    stop = exchange.stop(LONG, SELL, 10, 990)
    for changes in (
        {"trigger_price_ticks": 991},
        {"trigger_direction": RISE},
        {"ends_others": True},
        {"price_ticks": 5},
        {"self_trade_mode": SelfTradeMode.DECREMENT},
    ):
        assert exchange.refuse(replace(stop, **changes)) is ErrorCode.INVALID_SIGNATURE


def test_triggering_when_prices_are_stale_or_there_is_no_market_then_refused() -> None:
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 1000)
    exchange.time_ms += PRICE_VALIDITY_MS + 1
    assert exchange.refuse(TriggerOrder(0)) is ErrorCode.STALE_PRICE
    assert exchange.refuse(TriggerOrder(9)) is ErrorCode.UNKNOWN_MARKET
    # Dormant orders are placed and cancelled whatever the prices.
    exchange.place_stop(LONG, SELL, 10, 1000)
    exchange.cancel(LONG, 4)


def test_pruning_when_a_dormant_order_has_no_position_then_it_may_wait_for_one() -> None:
    exchange = holding()
    exchange.place_stop(MAKER, SELL, 10, 990, expiry_time_ms=exchange.time_ms + 5)
    assert exchange.refuse(PruneOrder(3)) is ErrorCode.ORDER_LIVES
    exchange.time_ms += 5
    exchange.prune(3)
    assert not exchange.dormant(FALLS)
    assert not exchange.state.account(MAKER).positions


def test_replacing_when_the_old_order_is_dormant_then_refused() -> None:
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 990)
    replacement = exchange.replacement(3, SELL, 10, 1001, account_id=LONG)
    assert exchange.refuse(replacement) is ErrorCode.UNKNOWN_ORDER
