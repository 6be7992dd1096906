"""A sequencer that leaves out a rule of order kinds or of self-trades: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.constants import MAX_MAKERS_PER_ORDER
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, TimeInForce
from novation.protocol.parameters import Underlying
from novation.protocol.rules import matching, place_order, price_validity, self_trade
from novation.protocol.sealing import SealedBatch, seal_batch
from tests.circuits.forgery import assert_left_out, assert_proven, ignored
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
FOK, SLIDE = TimeInForce.FOK, TimeInForce.POST_ONLY_SLIDE
LOTS = 3


def with_asks(*makers: int) -> Exchange:
    """Return an exchange with asks of LOTS at 1001, 1002, ...; accounts 2 and 3 have one owner."""
    exchange = Exchange()
    for account_id in (2, 3, 4):
        deposit = exchange.deposit(account_id, 10_000 * ONE_DOLLAR)
        exchange.apply(replace(deposit, l1_address=l1_address(max(3, account_id))))
    for place, maker in enumerate(makers):
        exchange.place(maker, SELL, LOTS, 1001 + place)
    exchange.seal()
    return exchange


def spared(mode: SelfTradeMode, scope: SelfTradeScope = SelfTradeScope.ACCOUNT) -> dict[str, Any]:
    """Return the fields of an order that does not trade with itself."""
    return {"self_trade_mode": mode, "self_trade_scope": scope}


def fok_of_which_a_lot_rests(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(4)
    patch.setattr(place_order, "_check_fok", ignored)
    exchange.place(2, BUY, LOTS + excess, 1001, time_in_force=FOK)
    return exchange.seal()


def fok_that_does_not_cross(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(4)
    patch.setattr(place_order, "_check_fok", ignored)
    exchange.place(2, BUY, 1, 1001 - excess, time_in_force=FOK)
    return exchange.seal()


def fok_that_is_decremented(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(2 if excess else 4)
    patch.setattr(place_order, "_check_fok", ignored)
    exchange.place(2, BUY, LOTS, 1001, time_in_force=FOK, **spared(SelfTradeMode.DECREMENT))
    return exchange.seal()


def fok_in_the_minute_after_a_gap(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(4)
    patch.setattr(place_order, "check_not_resuming", ignored)
    exchange.time_ms += price_validity.RESUME_GAP_MS
    exchange.refresh_prices()
    exchange.place(4, SELL, 1, 1001, time_in_force=TimeInForce.POST_ONLY)
    exchange.wait(price_validity.POST_ONLY_MS - excess)
    exchange.place(2, BUY, 1, 1001, time_in_force=FOK)
    return exchange.seal()


def slide_to_another_price(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(4)
    if excess:
        patch.setattr(place_order, "_slid_price", lambda *_: 1000 - excess)
    exchange.place(2, BUY, 1, 1005, time_in_force=SLIDE)
    return exchange.seal()


def slide_without_a_reason(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(4)
    if excess:
        patch.setattr(place_order, "_slid_price", lambda *_: 1000)
    exchange.place(2, BUY, 1, 1000 - excess, time_in_force=SLIDE)
    return exchange.seal()


def slide_that_trades(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(4)
    if excess:
        patch.setattr(place_order, "_slid_price", lambda _, tx: tx.price_ticks)
        patch.setattr(
            place_order,
            "_walk",
            lambda state, *_: matching.walk_book(
                state,
                place_order.Taker(
                    _[-1], SelfTradeMode.CANCEL_RESTING, None, 500, MAX_MAKERS_PER_ORDER
                ),
            ),
        )
    exchange.place(2, BUY, LOTS, 1001, time_in_force=SLIDE)
    return exchange.seal()


def trade_with_oneself(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(2 if excess else 4)
    patch.setattr(matching, "is_self_trade", lambda *_: False)
    exchange.place(2, BUY, LOTS, 1001)
    return seal_batch(exchange.state)


def trade_with_ones_owner(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(3 if excess else 4)
    patch.setattr(matching, "is_self_trade", lambda *_: False)
    exchange.place(2, BUY, LOTS, 1001, **spared(SelfTradeMode.DECREMENT, SelfTradeScope.OWNER))
    return exchange.seal()


def another_owner_spared(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(4 if excess else 3)
    patch.setattr(matching, "is_self_trade", lambda *_: True)
    exchange.place(2, BUY, LOTS, 1001, **spared(SelfTradeMode.CANCEL_BOTH, SelfTradeScope.OWNER))
    return exchange.seal()


def owner_spared_unasked(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(3)
    scope = SelfTradeScope.ACCOUNT if excess else SelfTradeScope.OWNER
    patch.setattr(matching, "is_self_trade", lambda *_: True)
    exchange.place(2, BUY, LOTS, 1001, **spared(SelfTradeMode.CANCEL_TAKING, scope))
    return exchange.seal()


def another_mode(patch: Patch, excess: int) -> SealedBatch:
    """Each mode but the last is taken for the next one."""
    exchange = with_asks(2, 3)
    real = self_trade.prevent_self_trade

    def other(state: Any, taker: Any, maker: Any, walk: Any) -> Any:
        mode = SelfTradeMode((taker.self_trade_mode + excess) % 4)
        return real(state, replace(taker, self_trade_mode=mode), maker, walk)

    patch.setattr(matching, "prevent_self_trade", other)
    exchange.place(2, BUY, 1, 1001, **spared(SelfTradeMode.CANCEL_TAKING))
    return exchange.seal()


def walk_that_goes_on(patch: Patch, excess: int) -> SealedBatch:
    """What is left of the order must be cancelled, but trades with the next."""
    exchange = with_asks(2, 4)
    real = self_trade.prevent_self_trade

    def goes_on(state: Any, taker: Any, maker: Any, walk: Any) -> Any:
        visit = real(state, taker, maker, walk)
        walk.is_self_trade = not excess
        return visit

    patch.setattr(matching, "prevent_self_trade", goes_on)
    exchange.place(2, BUY, LOTS, 1002, **spared(SelfTradeMode.CANCEL_BOTH))
    return exchange.seal()


def decrement_by_another_number(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_asks(3)
    if excess:
        patch.setattr(self_trade, "min", lambda *lots: min(*lots) - excess, raising=False)
    exchange.place(2, BUY, 2, 1001, **spared(SelfTradeMode.DECREMENT, SelfTradeScope.OWNER))
    return exchange.seal()


def decrement_of_more_than_there_is(patch: Patch, excess: int) -> SealedBatch:
    """The order has a negative rest, until its owner cancels it."""
    exchange = with_asks(2)
    if excess:
        patch.setattr(self_trade, "min", max, raising=False)
        patch.setattr(Underlying, "is_worth_an_order", lambda *_: True)
    exchange.place(2, BUY, LOTS - 1 + 2 * excess, 1001, **spared(SelfTradeMode.DECREMENT))
    exchange.cancel(2, 1)
    return exchange.seal()


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    fok_of_which_a_lot_rests,
    fok_that_does_not_cross,
    fok_that_is_decremented,
    fok_in_the_minute_after_a_gap,
    slide_to_another_price,
    slide_without_a_reason,
    slide_that_trades,
    trade_with_oneself,
    trade_with_ones_owner,
    another_owner_spared,
    owner_spared_unasked,
    another_mode,
    walk_that_goes_on,
    decrement_by_another_number,
    decrement_of_more_than_there_is,
]
# Nobody tells the program the price: it finds the right one, and proves another output.
COMPUTED = (slide_to_another_price, slide_without_a_reason)


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_left_out(case(monkeypatch, 1), is_computed=case in COMPUTED)
