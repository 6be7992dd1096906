"""A sequencer that leaves out a rule of liquidations, or computes a number its own way: no proof.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from novation.protocol.accounts import Account
from novation.protocol.constants import (
    MAX_MAKERS_PER_LIQUIDATION,
    POST_ONLY_MS,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.liquidation import (
    liquidation_fee_quanta,
    restoring_lots,
    zero_price_ticks,
)
from novation.protocol.margin import margin_of
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.rules import liquidate
from novation.protocol.sealing import SealedBatch, seal_batch
from tests.circuits.forgery import assert_left_out, assert_proven, ignored
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
LOTS = 180_000
MARK = 970
# What it cost to open the position.
FEE_QUANTA = 900_000
# Three percent of its value.
REQUIRED_QUANTA = LOTS * MARK * 10 * 3 // 100


def holding(
    equity_quanta: int, side: Side = BUY, *, loss_ticks: int = 1000 - MARK, other_lots: int = 0
) -> Exchange:
    """Return an exchange whose account 2 has a position that has lost, and so much equity.

    It may have some lots of another market, whose price stays.
    """
    exchange = Exchange()
    exchange.fund(3, 4, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=LOTS * loss_ticks * 10 + FEE_QUANTA + equity_quanta)
    exchange.place(3, side.other, LOTS, 1000)
    exchange.place(2, side, LOTS, 1000)
    if other_lots:
        exchange.place(3, SELL, other_lots, 1000, market_id=1)
        exchange.place(2, BUY, other_lots, 1000, market_id=1)
    exchange.seal()
    exchange.set_price(1000 - loss_ticks if side is BUY else 1000 + loss_ticks, 1000)
    return exchange


def failing(side: Side = BUY) -> Exchange:
    """Return an exchange whose account 2 has lost a part of what it must keep."""
    return holding(REQUIRED_QUANTA * 9 // 10, side)


def account_that_does_not_fail(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(liquidate, "check_failing", ignored)
    exchange = holding(REQUIRED_QUANTA - 1 + excess)
    exchange.place(4, BUY, LOTS, MARK)
    exchange.liquidate(2)
    return exchange.seal()


def account_that_is_bankrupt(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(liquidate, "check_not_bankrupt", ignored)
    exchange = holding(-excess, loss_ticks=100)
    exchange.place(4, BUY, LOTS, 900)
    exchange.liquidate(2)
    return exchange.seal()


def market_without_a_position(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(liquidate, "check_liquidate", ignored)
    exchange = failing()
    exchange.liquidate(2, excess)
    return exchange.seal()


def price_of_its_own(patch: Patch, excess: int, *, side: Side, change: int) -> SealedBatch:
    """Who bids the zero price is met, and who bids a tick less is not."""
    exchange = failing(side)
    state = exchange.state
    margin = margin_of(state.account(2), state.underlyings, state.parameters)
    terms = state.parameters.underlyings[0]
    zero = zero_price_ticks(margin, side.other, state.mark_price_x16(0), terms)
    for ticks in (0, 1 if side is SELL else -1):
        exchange.place(4, side, 10, zero + ticks)
    moved = zero + change * excess
    patch.setattr(liquidate, "zero_price_ticks", lambda *_: moved)
    exchange.liquidate(2)
    return exchange.seal()


def lots_of_its_own(patch: Patch, excess: int, *, side: Side, change: int) -> SealedBatch:
    exchange = failing(side)
    patch.setattr(
        liquidate, "restoring_lots", lambda *args: restoring_lots(*args) + change * excess
    )
    exchange.place(4, side, LOTS, MARK if side is BUY else 2000 - MARK)
    exchange.liquidate(2)
    return exchange.seal()


def more_lots_than_are_held(patch: Patch, excess: int) -> SealedBatch:
    """Two lots, which do not restore the margin, or three."""
    exchange = holding(REQUIRED_QUANTA * 9 // 10, other_lots=2)
    patch.setattr(liquidate, "restoring_lots", lambda *args: restoring_lots(*args) + excess)
    exchange.place(4, BUY, 5, 1000, market_id=1)
    exchange.liquidate(2, 1)
    return exchange.seal()


def fee_of_its_own(patch: Patch, excess: int, *, change: int, price: int) -> SealedBatch:
    exchange = failing()
    patch.setattr(
        liquidate,
        "liquidation_fee_quanta",
        lambda *args: liquidation_fee_quanta(*args) + change * excess,
    )
    exchange.place(4, BUY, LOTS, price)
    exchange.liquidate(2)
    return exchange.seal()


def one_maker_too_many(patch: Patch, excess: int) -> SealedBatch:
    exchange = failing()
    for _ in range(MAX_MAKERS_PER_LIQUIDATION + 1):
        exchange.place(4, BUY, 1, MARK)
    most = MAX_MAKERS_PER_LIQUIDATION + excess
    patch.setattr(liquidate, "MAX_MAKERS_PER_LIQUIDATION", most)
    exchange.liquidate(2)
    return exchange.seal()


def fee_to_nobody(patch: Patch, excess: int) -> SealedBatch:
    exchange = failing()
    exchange.place(4, BUY, LOTS, MARK)
    if excess:
        honest = Account.with_balance
        patch.setattr(Account, "with_balance", lambda *args: _if_less(honest, *args))
    exchange.liquidate(2)
    patch.undo()
    return seal_batch(exchange.state)


def _if_less(honest: Any, account: Account, balance: int) -> Account:
    """The account pays, and the fund gets nothing."""
    return account if account.collateral_quanta < balance else honest(account, balance)


def price_that_is_old(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(liquidate, "check_prices_are_valid", ignored)
    exchange = failing()
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    exchange.liquidate(2)
    return exchange.seal()


def liquidation_in_the_minute_after_a_gap(patch: Patch, early_ms: int) -> SealedBatch:
    patch.setattr(liquidate, "check_not_resuming", ignored)
    exchange = failing()
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    exchange.wait(POST_ONLY_MS - early_ms)
    exchange.liquidate(2)
    return exchange.seal()


def timer_that_is_not_applied(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = failing()
    exchange.set_cancel_timer(2, exchange.time_ms + 10)
    exchange.time_ms += 9 + late_ms
    patch.setattr(liquidate, "apply_timer", lambda *_: ())
    exchange.liquidate(2)
    return exchange.seal()


def orders_that_live_on(patch: Patch, excess: int) -> SealedBatch:
    exchange = failing()
    exchange.place(2, SELL, 1000, 1020, reduce_only=True, time_in_force=TimeInForce.POST_ONLY)
    if excess:
        patch.setattr(Account, "with_all_cancelled", lambda account, _: account)
    exchange.liquidate(2)
    patch.undo()
    return exchange.seal()


SIDES = (BUY, SELL)
REFUSED: list[Callable[[Patch, int], SealedBatch]] = [
    account_that_does_not_fail,
    account_that_is_bankrupt,
    market_without_a_position,
    price_that_is_old,
    liquidation_in_the_minute_after_a_gap,
    timer_that_is_not_applied,
]
# Nobody tells the program these numbers: it finds the right ones, and proves another output.
COMPUTED: list[Callable[[Patch, int], SealedBatch]] = [
    *(partial(price_of_its_own, side=side, change=change) for side in SIDES for change in (-1, 1)),
    *(partial(lots_of_its_own, side=side, change=change) for side in SIDES for change in (-1, 1)),
    *(
        partial(fee_of_its_own, change=change, price=price)
        for change in (-1, 1)
        for price in (MARK, 946)
    ),
    more_lots_than_are_held,
    one_maker_too_many,
    fee_to_nobody,
    orders_that_live_on,
]
CASES = [*REFUSED, *COMPUTED]


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
