"""A sequencer that leaves out a rule of takeovers and pools, or computes a number its own way.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from novation.protocol.constants import (
    AUCTION_LIFE_MS,
    BUDGET_SHARE,
    INSURANCE_ACCOUNT_ID,
    PRICE_VALIDITY_MS,
    TAKE_OVER_AFTER_MS,
)
from novation.protocol.margin import Margin
from novation.protocol.orders import Side
from novation.protocol.rules import (
    budgets,
    liquidate,
    minute_tick,
    oracle_update,
    pools,
    take_over,
    withdraw,
)
from novation.protocol.rules.funding import FUNDING_PARTS
from novation.protocol.rules.take_over import Leg
from novation.protocol.sealing import SealedBatch, seal_batch
from tests.circuits.forgery import assert_left_out, assert_proven, ignored
from tests.circuits.test_liquidation_rules_left_out import (
    FEE_QUANTA,
    LOTS,
    REQUIRED_QUANTA,
    holding,
)
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, ONE_HOUR_MS, SELL, Exchange

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]
FUND = INSURANCE_ACCOUNT_ID
# The position has lost 60 ticks: two thirds of its maintenance requirement, and its initial one.
LOSS_TICKS = 60
HOPELESS_QUANTA = LOTS * (1000 - LOSS_TICKS) // 5
INITIAL_QUANTA = LOTS * (1000 - LOSS_TICKS) // 2


def patched(patch: Patch, module: Any, name: str, change: Callable[[Any], Any]) -> None:
    """Let a function of a module return something else, made from what it returns."""
    honest = getattr(module, name)
    patch.setattr(module, name, lambda *args, **named: change(honest(*args, **named)))


def taken(exchange: Exchange, account_id: int = 2) -> SealedBatch:
    """Take over an account and seal, whatever sums say."""
    exchange.take_over(account_id)
    return seal_batch(exchange.state)


def bankrupt(*, fund_quanta: int = 0, side: Side = BUY) -> Exchange:
    """Return an exchange whose account 2 has lost 50 USD more than it had, at 10 % of its price."""
    exchange = holding(-50 * ONE_DOLLAR, side, loss_ticks=100)
    if fund_quanta:
        exchange.fund(FUND, amount_quanta=fund_quanta)
    exchange.seal()
    return exchange


def account_that_is_not_hopeless(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(take_over, "check_hopeless", ignored)
    patch.setattr(take_over, "is_far_below", lambda _: True)
    return taken(holding(HOPELESS_QUANTA - 1 + excess, loss_ticks=LOSS_TICKS))


def account_that_has_not_failed_for_long(patch: Patch, early_ms: int) -> SealedBatch:
    patch.setattr(take_over, "check_hopeless", ignored)
    exchange = holding(REQUIRED_QUANTA - 1)
    exchange.set_auction(2)
    exchange.wait(TAKE_OVER_AFTER_MS - early_ms)
    return taken(exchange)


def account_whose_auction_has_run_out(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(take_over, "check_hopeless", ignored)
    exchange = holding(REQUIRED_QUANTA - 1)
    exchange.set_auction(2)
    exchange.wait(AUCTION_LIFE_MS - 1 + late_ms)
    return taken(exchange)


def account_without_a_position(patch: Patch, excess: int) -> SealedBatch:
    """It has nothing but a debt, and orders in the book."""
    exchange = bankrupt()
    if excess:
        exchange.take_over(2)
        patch.setattr(take_over, "check_take_over", lambda *_: exchange.margin(2))
    return taken(exchange)


def prices_that_are_old(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(take_over, "check_prices_are_valid", ignored)
    exchange = bankrupt()
    exchange.time_ms = exchange.state.globals.oracle_time_ms + PRICE_VALIDITY_MS + late_ms
    return taken(exchange)


def timer_that_is_not_applied(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(take_over, "apply_timer", lambda *_: ())
    exchange = bankrupt()
    exchange.set_cancel_timer(2, exchange.time_ms + 10)
    exchange.time_ms += 9 + late_ms
    return taken(exchange)


def collateral_that_stays(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding(HOPELESS_QUANTA // 2, loss_ticks=LOSS_TICKS)
    if excess:
        honest = take_over._give_to_pools

        def keep(state: Any, account_id: int, legs: Any, balance_quanta: int) -> Any:
            account = state.account(account_id)
            state.set_account(account_id, account.with_balance(1))
            return honest(state, account_id, legs, balance_quanta - 1)

        patch.setattr(take_over, "_give_to_pools", keep)
    return taken(exchange)


def value_of_its_own(patch: Patch, excess: int, *, change: int) -> SealedBatch:
    """What is left of the account is insurance's."""
    exchange = holding(HOPELESS_QUANTA // 2, loss_ticks=LOSS_TICKS)
    change *= excess
    patched(patch, take_over, "_leg", lambda leg: more(leg, "value_quanta", change))
    return taken(exchange)


def loss_of_its_own(patch: Patch, excess: int) -> SealedBatch:
    """It is smaller than the debt: the rest is missing."""
    exchange = bankrupt()
    if excess:
        change = 50 * ONE_DOLLAR - 1 - LOTS * 1000
        patched(patch, take_over, "_leg", lambda leg: more(leg, "loss_quanta", change))
    return taken(exchange)


def more(leg: Leg, field: str, change: int) -> Leg:
    return replace(leg, **{field: getattr(leg, field) + change})


def insurance_that_does_not_take(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding(HOPELESS_QUANTA // 2, loss_ticks=LOSS_TICKS)
    exchange.fund(FUND, amount_quanta=10**4 * ONE_DOLLAR)
    if excess:
        patch.setattr(take_over, "_insured", ignored)
    return taken(exchange)


def insurance_that_lacks_margin(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding(HOPELESS_QUANTA // 2, loss_ticks=LOSS_TICKS)
    exchange.fund(FUND, amount_quanta=INITIAL_QUANTA - HOPELESS_QUANTA // 2 - excess)
    patch.setattr(Margin, "meets_opening", property(lambda _: True))
    return taken(exchange)


def budget_of_another_size(patch: Patch, excess: int, *, share: int) -> SealedBatch:
    exchange = bankrupt(fund_quanta=40 * ONE_DOLLAR)
    if excess:
        patch.setattr(budgets, "BUDGET_SHARE", share)
    return taken(exchange)


def budget_that_is_given_again(patch: Patch, excess: int) -> SealedBatch:
    """A second account fails on the same day."""
    exchange = bankrupt(fund_quanta=40 * ONE_DOLLAR)
    exchange.set_price(1000)
    exchange.fund(5, amount_quanta=LOTS * 50 * 10 + FEE_QUANTA)
    exchange.place(3, SELL, LOTS, 1000)
    exchange.place(5, BUY, LOTS, 1000)
    exchange.set_price(900)
    exchange.take_over(2)
    exchange.seal()
    if excess:
        patch.setattr(budgets, "DAY_MS", exchange.time_ms // 1000)
    return taken(exchange, 5)


def insurance_that_pays_while_it_fails(patch: Patch, excess: int) -> SealedBatch:
    exchange = bankrupt(fund_quanta=95 * ONE_DOLLAR)
    exchange.set_price(1000)
    exchange.place(3, SELL, LOTS, 1000)
    exchange.place(FUND, BUY, LOTS, 1000)
    exchange.set_price(1000 - 41)
    exchange.jump(900)
    assert not exchange.margin(FUND).meets_maintenance
    if excess:
        patch.setattr(budgets.Insurance, "of", classmethod(lambda cls, *_: cls(10**6)))
    return taken(exchange)


def income_that_repays_nothing(patch: Patch, excess: int) -> SealedBatch:
    exchange = missing()
    exchange.fund(5, amount_quanta=HOPELESS_QUANTA // 2 + LOTS * LOSS_TICKS * 10 + FEE_QUANTA)
    exchange.place(4, SELL, LOTS, 900)
    exchange.place(5, BUY, LOTS, 900)
    exchange.set_price(840)
    exchange.seal()
    if excess:
        patch.setattr(take_over, "credit_insurance", _credit)
    return taken(exchange, 5)


def _credit(state: Any, income_quanta: int) -> None:
    fund = state.account(FUND)
    state.set_account(FUND, fund.with_balance(fund.collateral_quanta + income_quanta))


def fee_that_repays_nothing(patch: Patch, excess: int) -> SealedBatch:
    exchange = missing()
    exchange.fund(5, amount_quanta=REQUIRED_QUANTA * 9 // 10 + LOTS * 30 * 10 + FEE_QUANTA)
    exchange.place(4, SELL, LOTS, 900)
    exchange.place(5, BUY, LOTS, 900)
    exchange.set_price(869)
    exchange.place(4, BUY, LOTS, 868)
    exchange.seal()
    if excess:
        patch.setattr(liquidate, "credit_insurance", _credit)
    exchange.liquidate(5)
    return seal_batch(exchange.state)


def missing() -> Exchange:
    """Return an exchange with a recorded deficit, and no pool whose other side has changed."""
    exchange = bankrupt()
    for _ in range(2):
        exchange.end_minute()
    exchange.take_over(2)
    assert exchange.state.globals.recorded_deficit_quanta > 0
    exchange.seal()
    return exchange


def withdrawal_of_more_than_its_share(patch: Patch, excess: int) -> SealedBatch:
    exchange = missing()
    patched(patch, withdraw, "_payable_quanta", lambda paid: paid + excess)
    exchange.withdraw(4, 10**6)
    return seal_batch(exchange.state)


def withdrawal_of_nothing(patch: Patch, excess: int) -> SealedBatch:
    exchange = missing()
    patch.setattr(withdraw, "_check_custody", ignored)
    exchange.withdraw(4, 2 - excess)
    return seal_batch(exchange.state)


def wait_for_a_payment(exchange: Exchange) -> None:
    """Wait until a lot pays a quantum at the next tick: that takes hours."""
    while exchange.state.market(0).funding_carry < FUNDING_PARTS - 58_980:
        exchange.wait(ONE_HOUR_MS)
    exchange.time_ms += ONE_HOUR_MS


def pass_on_more(patch: Patch, excess: int, *, change: int, tick: bool) -> SealedBatch:
    """Each lot gets a quantum more or less than it must, at an update or a tick."""
    exchange = bankrupt()
    exchange.take_over(2)
    exchange.settle()
    if tick:
        wait_for_a_payment(exchange)
    exchange.seal()
    honest = pools.share

    def other(*args: Any, **named: Any) -> Any:
        shared = honest(*args, **named)
        each = change * excess
        lots = args[3]
        after = pools._with_gain(shared.prices, args[2], each, 0)
        after = replace(after, pool_cash_quanta=after.pool_cash_quanta - each * lots)
        return replace(shared, prices=after, each_quanta=shared.each_quanta + each)

    patch.setattr(pools, "share", other)
    if tick:
        exchange.tick()
    else:
        exchange.jump(905, 1000)
    return seal_batch(exchange.state)


def pass_on_nothing(patch: Patch, excess: int, *, tick: bool) -> SealedBatch:
    exchange = bankrupt()
    exchange.take_over(2)
    exchange.settle()
    if tick:
        wait_for_a_payment(exchange)
    exchange.seal()
    if excess:
        patch.setattr(oracle_update, "pass_on_all", lambda _: ())
        patch.setattr(minute_tick, "_pass_on", lambda *_: ())
    if tick:
        exchange.tick()
    else:
        exchange.jump(905, 1000)
    return seal_batch(exchange.state)


def charge_that_moves_no_window(patch: Patch, excess: int) -> SealedBatch:
    """One lot could be charged twice for one gain: before and behind the next reference mark."""
    exchange = bankrupt()
    # The window is the mark of the jump, and this is none.
    exchange.jump(895)
    window_x16 = exchange.state.underlyings[0].window_x16
    if excess:
        patched(
            patch,
            pools,
            "share",
            lambda shared: replace(shared, prices=replace(shared.prices, window_x16=window_x16)),
        )
    sealed = taken(exchange)
    assert (exchange.state.underlyings[0].window_x16 == window_x16) == bool(excess)
    return sealed


def charge_without_a_limit(patch: Patch, excess: int) -> SealedBatch:
    """The other side was given something, is smaller now, and would be charged more than that."""
    exchange = bankrupt()
    exchange.place(3, SELL, 5 * LOTS, 900)
    exchange.place(4, BUY, 5 * LOTS, 900)
    exchange.take_over(2)
    for _ in range(2):
        exchange.end_minute()
    exchange.set_price(905)
    exchange.place(4, SELL, 5 * LOTS, 905)
    exchange.place(3, BUY, 5 * LOTS, 905)
    exchange.seal()
    if excess:
        patch.setattr(pools, "gain_quanta", lambda *_: 10**6)
    exchange.set_price(900)
    return seal_batch(exchange.state)


REFUSED: list[Case] = [
    account_that_is_not_hopeless,
    account_that_has_not_failed_for_long,
    account_whose_auction_has_run_out,
    account_without_a_position,
    prices_that_are_old,
    timer_that_is_not_applied,
    withdrawal_of_nothing,
]
# Nobody tells the program these: it finds the right ones, and proves another output, or none.
COMPUTED: list[Case] = [
    collateral_that_stays,
    *(partial(value_of_its_own, change=change) for change in (-1, 1)),
    loss_of_its_own,
    insurance_that_does_not_take,
    insurance_that_lacks_margin,
    insurance_that_pays_while_it_fails,
    charge_without_a_limit,
    charge_that_moves_no_window,
    *(partial(budget_of_another_size, share=BUDGET_SHARE + k) for k in (-1, 1)),
    budget_that_is_given_again,
    income_that_repays_nothing,
    fee_that_repays_nothing,
    withdrawal_of_more_than_its_share,
    *(
        partial(pass_on_more, change=change, tick=tick)
        for change in (-1, 1)
        for tick in (False, True)
    ),
    *(partial(pass_on_nothing, tick=tick) for tick in (False, True)),
]
CASES = [*REFUSED, *COMPUTED]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(case: Case, monkeypatch: Patch) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Case, monkeypatch: Patch
) -> None:
    assert_left_out(case(monkeypatch, 1), is_computed=case in COMPUTED)
