"""A guard: so many lots may be filled of a market maker's orders, then all of them are dead."""

import pytest

from novation.protocol.accounts import Position
from novation.protocol.constants import GUARD_BOUND, RESUME_GAP_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, Event, OrderCancelled, OrderFilled
from novation.protocol.orders import SelfTradeMode, TimeInForce
from novation.protocol.rules.mass_quote import MOST_CLEARED
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

IOC = TimeInForce.IOC


def guarded(guard_lots: int, n_markets: int = 1) -> Exchange:
    """Return an exchange in which 2 has asks of 5 lots at 1001 to 1003 and a bid, with a guard."""
    exchange = Exchange(parameters(n_markets), sign=False)
    exchange.fund(2, 3, 4)
    asks = ((SELL, 5, 1001), (SELL, 5, 1002), (SELL, 5, 1003))
    exchange.quote(2, *asks, (BUY, 5, 990), guard_lots=guard_lots)
    return exchange


def slot(exchange: Exchange, account_id: int = 2) -> Position:
    """Return the slot of an account."""
    return exchange.state.account(account_id).position(0)


def filled(events: tuple[Event, ...]) -> int:
    """Return how many lots were filled."""
    return sum(event.size_lots for event in events if isinstance(event, OrderFilled))


def gone(events: tuple[Event, ...]) -> list[tuple[int, int]]:
    """Return the orders that a guard has killed, and what was left of them."""
    return [
        (event.order_id, event.remaining_lots)
        for event in events
        if isinstance(event, OrderCancelled) and event.reason is CancelReason.GUARD
    ]


def test_guard_when_lots_are_filled_then_fewer_are_left_and_nothing_dies() -> None:
    exchange = guarded(12)
    exchange.place(3, BUY, 4, 1001)
    exchange.place(3, SELL, 3, 990)
    # Both sides count.
    assert slot(exchange).guarded_lots == 12 - 4 - 3
    assert slot(exchange).open_sell_lots == 11
    exchange.seal()


def test_guard_when_spent_then_all_orders_of_the_market_die_in_that_moment() -> None:
    exchange = guarded(7)
    result = exchange.place(3, BUY, 20, 1003)
    # The fill that spends it is made whole; the next one is not.
    assert filled(result.events) == 10
    assert gone(result.events) == [(3, 5), (4, 5)]
    assert result.result_code is ResultCode.RESTING
    assert slot(exchange) == Position(0, -10, 0, 0, 1, min_order_id=5)
    assert exchange.size(3) == 10
    exchange.seal()


def test_guard_when_spent_by_a_part_of_an_order_then_its_rest_dies_too() -> None:
    exchange = guarded(3)
    result = exchange.place(3, BUY, 3, 1001, time_in_force=IOC)
    assert (filled(result.events), gone(result.events)) == (3, [(1, 2), (2, 5), (3, 5), (4, 5)])
    assert (slot(exchange).guarded_lots, slot(exchange).n_orders) == (0, 4)
    # All of them are met dead, and the next quotes take them along.
    exchange.quote(2, (SELL, 1, 1001))
    assert slot(exchange).n_orders == 1
    exchange.seal()


def test_guard_when_as_much_is_filled_as_it_allows_then_spent_and_a_lot_less_it_is_not() -> None:
    for lots, left in ((5, 0), (4, 1)):
        exchange = guarded(5)
        exchange.place(3, BUY, lots, 1001)
        assert slot(exchange).guarded_lots == left
        assert (slot(exchange).open_buy_lots > 0) == bool(left)


def test_guard_when_quotes_come_anew_then_the_new_one_holds_and_none_is_none() -> None:
    exchange = guarded(12)
    exchange.place(3, BUY, 4, 1001)
    exchange.quote(2, (SELL, 5, 1005), guard_lots=3)
    assert slot(exchange).guarded_lots == 3
    exchange.quote(2, (SELL, 5, 1006))
    assert slot(exchange).guarded_lots == 0
    result = exchange.place(3, BUY, 30, 1006)
    assert gone(result.events) == []
    assert filled(result.events) == 1 + 5 + 5 + 5 + 5


def test_guard_when_orders_come_alone_then_they_count_and_die_too() -> None:
    exchange = guarded(6)
    exchange.place(2, SELL, 5, 1000)
    exchange.place(2, SELL, 5, 1004)
    result = exchange.place(3, BUY, 30, 1004)
    assert filled(result.events) == 10
    assert gone(result.events) == [(2, 5), (3, 5), (4, 5), (6, 5)]


def test_guard_when_its_owner_takes_then_not_spent() -> None:
    exchange = guarded(3)
    exchange.place(3, BUY, 9, 985)
    exchange.place(2, SELL, 9, 985, time_in_force=IOC)
    assert slot(exchange).guarded_lots == 3
    exchange.place(2, BUY, 1, 1001, self_trade_mode=SelfTradeMode.DECREMENT)
    assert slot(exchange).guarded_lots == 3


@pytest.mark.parametrize("act", ["all", "market", "timer"])
def test_guard_when_all_orders_are_cancelled_then_gone_with_them(act: str) -> None:
    exchange = guarded(6)
    if act == "timer":
        exchange.set_cancel_timer(2, exchange.time_ms + 1)
        exchange.time_ms += 1
        exchange.set_cancel_timer(2, exchange.time_ms + 1)
    else:
        exchange.cancel_all(2, None if act == "all" else 0)
    assert slot(exchange).guarded_lots == 0
    exchange.place(2, SELL, 9, 1000)
    exchange.place(3, BUY, 7, 1000)
    assert slot(exchange).open_sell_lots == 2


def test_guard_when_its_slot_goes_then_gone_with_it() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, 3)
    exchange.place(2, BUY, 1, 1000)
    exchange.place(3, SELL, 1, 1000)
    exchange.quote(2, (SELL, 1, 1001), guard_lots=9)
    exchange.place(3, BUY, 1, 1001)
    assert not exchange.state.account(2).has_position(0)
    exchange.quote(2, (BUY, 1, 990))
    assert slot(exchange).guarded_lots == 0


def test_guard_when_an_order_is_cancelled_replaced_or_skipped_then_as_it_was() -> None:
    exchange = guarded(6)
    exchange.cancel(2, 1)
    exchange.replace_order(2, SELL, 5, 1001)
    exchange.shrink(3, 4)
    expiring = {"expiry_time_ms": exchange.time_ms + 1}
    exchange.place(2, SELL, 5, 1000, **expiring)
    exchange.time_ms += 1
    result = exchange.place(3, BUY, 1, 1001, time_in_force=IOC)
    assert filled(result.events) == 1
    assert slot(exchange).guarded_lots == 5


def test_guard_when_orders_are_dead_under_it_then_met_pruned_and_cancelled_as_such() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, 3)
    for _ in range(2):
        exchange.quote(2, *([(SELL, 1, 1001)] * 14))
    exchange.quote(2, (SELL, 5, 1002), cancels_first=True, guard_lots=4)
    dead = [order.order_id for order in exchange.state.orders_of(2)][:-1]
    assert len(dead) == 28 - MOST_CLEARED
    exchange.prune(dead[0])
    exchange.cancel(2, dead[1])
    refusal = refused(exchange, dead[2])
    assert refusal.code is ErrorCode.UNKNOWN_ORDER
    result = exchange.place(3, BUY, 1, 1002, time_in_force=IOC)
    assert filled(result.events) == 1
    assert slot(exchange) == Position(0, -1, 0, 4, 1, min_order_id=29, guarded_lots=3)
    exchange.seal()


def refused(exchange: Exchange, order_id: int) -> InvalidTransaction:
    """Return why an order cannot be replaced."""
    with pytest.raises(InvalidTransaction) as caught:
        exchange.replace_order(order_id, SELL, 1, 1003)
    return caught.value


def test_guard_when_a_liquidation_takes_then_spent_like_by_anybody() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, 3)
    exchange.fund(4, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(4, BUY, 180_000, 1000)
    exchange.place(3, SELL, 180_000, 1000)
    exchange.set_price(970)
    exchange.quote(2, (BUY, 300, 969), (BUY, 300, 968), guard_lots=300)
    result = exchange.liquidate(4)
    assert (filled(result.events), gone(result.events)) == (300, [(4, 300)])
    exchange.seal()


def test_guard_when_after_a_gap_then_the_dead_do_not_spend_it() -> None:
    exchange = guarded(6)
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    exchange.place(3, BUY, 1, 1001, time_in_force=TimeInForce.POST_ONLY)
    assert slot(exchange).guarded_lots == 6


def test_guard_when_out_of_range_then_refused() -> None:
    exchange = guarded(6)
    with pytest.raises(InvalidTransaction) as caught:
        exchange.quote(2, (BUY, 1, 990), guard_lots=GUARD_BOUND)
    assert caught.value.broken == Broken("guard_lots", GUARD_BOUND, GUARD_BOUND - 1)
    exchange.quote(2, (BUY, 1, 990), guard_lots=GUARD_BOUND - 1)
    exchange.seal()
    assert slot(exchange).guarded_lots == GUARD_BOUND - 1


def test_slot_when_packed_then_the_guard_stands_above_the_least_id() -> None:
    position = Position(3, -4, 5, 6, 7, 2**48 - 1, 2**36 - 1)
    assert Position.from_word(position.word()) == position
    assert position.word().bit_length() == 219
    assert position.least == 2**84 - 1
    assert Position(3, min_order_id=9).least == 9
