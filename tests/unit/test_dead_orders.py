"""Cancel-all, timers, pruning and cancelling by message: what is refused, and what is left."""

from dataclasses import replace

import pytest

from novation.protocol.constants import LAST_TIME_MS, MAX_MARKETS, NONCE_BOUND, RESUME_GAP_MS
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.events import CancelReason, OrderCancelled
from novation.protocol.rules import dead_orders
from novation.protocol.transactions import (
    CancelAll,
    CancelOrder,
    PruneOrder,
    SetCancelTimer,
    Transaction,
    UserTransaction,
)
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange


def with_bids() -> Exchange:
    """Return an exchange where account 2 has bids 1 and 2 in market 0, and 3 in market 1."""
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(2, 3)
    for market_id, price in ((0, 990), (0, 991), (1, 990)):
        exchange.place(
            2, BUY, 1, price, market_id=market_id, expiry_time_ms=exchange.time_ms + 1_000
        )
    return exchange


def reasons(events: tuple[object, ...]) -> list[tuple[int, CancelReason]]:
    return [(e.order_id, e.reason) for e in events if isinstance(e, OrderCancelled)]


@pytest.mark.parametrize(
    ("tx", "code"),
    [
        (SetCancelTimer(2, 0, 9, 0), ErrorCode.TIMER_IN_PAST),
        (SetCancelTimer(2, 0, 9, -1), ErrorCode.INVALID_FIELD),
        (SetCancelTimer(2, 0, 9, LAST_TIME_MS + 1), ErrorCode.INVALID_FIELD),
        (CancelAll(2, 0, 9, -1), ErrorCode.INVALID_FIELD),
        (CancelAll(2, 0, 9, MAX_MARKETS), ErrorCode.INVALID_FIELD),
        (CancelAll(4, 0, 9), ErrorCode.UNKNOWN_ACCOUNT),
        (CancelOrder(2, 0, 9, 4), ErrorCode.UNKNOWN_ORDER),
        (CancelOrder(3, 0, 9, 1), ErrorCode.NOT_ORDER_OWNER),
        (CancelOrder(2, 0, 9, 0, 0, 8), ErrorCode.UNKNOWN_ORDER),
        (CancelOrder(3, 0, 9, 0, 0, 1), ErrorCode.UNKNOWN_ORDER),
        (CancelOrder(2, 0, 9, 1, 0, 1), ErrorCode.INVALID_FIELD),
        (CancelOrder(2, 0, 9, 0), ErrorCode.INVALID_FIELD),
        (CancelOrder(2, 0, 9, 1, 1, 0), ErrorCode.INVALID_FIELD),
        (CancelOrder(2, 0, 9, 0, 8, 1), ErrorCode.INVALID_FIELD),
        (CancelOrder(2, 0, 9, 0, 0, NONCE_BOUND), ErrorCode.INVALID_FIELD),
        (PruneOrder(0), ErrorCode.INVALID_FIELD),
        (PruneOrder(4), ErrorCode.UNKNOWN_ORDER),
        (PruneOrder(1), ErrorCode.ORDER_LIVES),
    ],
)
def test_message_when_it_breaks_a_rule_then_refused_without_a_trace(
    tx: Transaction, code: ErrorCode
) -> None:
    exchange = with_bids()
    if isinstance(tx, UserTransaction):
        tx = replace(tx, valid_until_ms=exchange.time_ms)
    assert exchange.refuse(tx) is code


def test_timer_when_of_now_then_in_the_past_and_of_the_next_millisecond_then_set() -> None:
    exchange = with_bids()
    tx = exchange.signed(SetCancelTimer(2, 0, exchange.next_nonce(2), exchange.time_ms))
    assert exchange.refuse(tx) is ErrorCode.TIMER_IN_PAST
    exchange.set_cancel_timer(2, exchange.time_ms + 1)


def test_order_when_it_lives_for_a_millisecond_then_pruned_only_after_it() -> None:
    exchange = with_bids()
    order = exchange.state.order(2)
    exchange.time_ms = order.expiry_time_ms - 1
    with pytest.raises(InvalidTransaction) as caught:
        exchange.prune(2)
    broken = caught.value.broken
    assert (broken.field, broken.value, broken.limit) == (
        "time_ms",
        exchange.time_ms,
        order.expiry_time_ms,
    )
    exchange.time_ms += 1
    assert reasons(exchange.prune(2).events) == [(2, CancelReason.EXPIRED)]
    slot = exchange.state.account(2).position(0)
    assert (slot.open_buy_lots, slot.n_orders) == (1, 1)


def test_sums_when_given_back_by_cancel_all_then_by_nothing_else() -> None:
    """Whatever takes the dead out of the book: their owner, a stranger's order, a pruning."""
    exchange = with_bids()
    cancelled = exchange.cancel_all(2, 0)
    assert reasons(cancelled.events) == [(1, CancelReason.CANCEL_ALL), (2, CancelReason.CANCEL_ALL)]
    exchange.place(2, BUY, 5, 989)
    assert reasons(exchange.cancel(2, 1).events) == []
    met = exchange.place(3, SELL, 1, 990)
    assert reasons(met.events) == []
    exchange.cancel(3, 5)
    slot = exchange.state.account(2).position(0)
    assert (slot.open_buy_lots, slot.open_sell_lots, slot.n_orders) == (5, 0, 1)
    assert exchange.state.account(2).position(1).open_buy_lots == 1
    exchange.seal()


def test_cancel_all_when_nothing_lives_then_looks_at_no_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody can keep the engine busy with orders that are dead, or of another market."""
    exchange = with_bids()
    exchange.cancel_all(2, 0)
    monkeypatch.setattr(dead_orders, "cancelled", None)
    monkeypatch.setattr(exchange.state, "orders_of", None)
    for market_id in (0, 7):
        assert exchange.cancel_all(2, market_id).events == ()


def test_slot_when_its_own_order_empties_it_then_dead_orders_do_not_come_back() -> None:
    """The order clears the account's dead ask away, which was all that the slot had, and rests."""
    exchange = Exchange(sign=False)
    exchange.fund(2)
    exchange.place(2, SELL, 1, 1000)
    exchange.cancel_all(2)
    exchange.place(2, BUY, 3, 1000)
    (slot,) = exchange.state.account(2).positions
    assert (slot.open_buy_lots, slot.open_sell_lots, slot.n_orders) == (3, 0, 1)
    assert slot.min_order_id == 2
    exchange.seal()


def test_timer_when_it_runs_out_in_a_walk_then_the_taker_lives() -> None:
    exchange = with_bids()
    exchange.set_cancel_timer(2, exchange.time_ms + 10)
    exchange.time_ms += 10
    met = exchange.place(3, SELL, 1, 990)
    assert [order_id for order_id, _ in reasons(met.events)] == [1, 2, 3]
    assert exchange.state.account(2).position(1).min_order_id == 4
    assert exchange.state.account(2).cancel_all_at_ms == LAST_TIME_MS
    assert exchange.book(SELL) == [(4, 990, 1)]


def test_withdrawal_when_all_orders_are_dead_by_timer_then_their_margin_is_free() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2, amount_quanta=ONE_DOLLAR)
    exchange.place(2, BUY, 900, 990)
    exchange.set_cancel_timer(2, exchange.time_ms + 5)
    assert exchange.refuse(exchange.withdrawal(2, ONE_DOLLAR)) is ErrorCode.INSUFFICIENT_MARGIN
    exchange.time_ms += 5
    exchange.apply(exchange.withdrawal(2, ONE_DOLLAR))
    assert exchange.balance(2) == 0


def test_order_when_killed_and_expired_and_cancelled_then_gone_once() -> None:
    exchange = with_bids()
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    events = exchange.cancel_all(2).events
    assert [order_id for order_id, _ in reasons(events)] == [1, 2, 3]
    for order_id in (3, 1, 2):
        assert reasons(exchange.prune(order_id).events) == []
    assert exchange.state.account(2).positions == ()
