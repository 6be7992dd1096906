"""TakeOver: who takes the positions of a hopeless account, and who bears what it cannot pay."""

from dataclasses import replace

import pytest

from novation.protocol.constants import (
    DAY_MS,
    FEE_ACCOUNT_ID,
    INSURANCE_ACCOUNT_ID,
    PRICE_VALIDITY_MS,
    PRICE_X16_ONE,
    RESOLVE_MS,
    TAKE_OVER_AFTER_MS,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.events import (
    CancelReason,
    LegTaken,
    OrderCancelled,
    PoolShared,
    TakenOver,
    Withdrawn,
)
from novation.protocol.numeric import div_ceil
from novation.protocol.rules.pools import lots_held
from novation.protocol.transactions import MinuteTick, TakeOver
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange, Side

FUND = INSURANCE_ACCOUNT_ID
# At 1000 ticks of 10 quanta, with 100 USD: a little less than the initial margin allows.
LOTS = 190_000


def market(*, fund_quanta: int = 0, others: int = 0) -> Exchange:
    """Return an exchange on which account 2 is long, from account 3; others are from 4 and 5."""
    exchange = Exchange(parameters(2))
    exchange.fund(3, 4, 5, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    if fund_quanta:
        exchange.fund(FUND, amount_quanta=fund_quanta)
    exchange.place(3, SELL, LOTS, 1000)
    exchange.place(2, BUY, LOTS, 1000)
    if others:
        exchange.place(5, SELL, others, 1000)
        exchange.place(4, BUY, others, 1000)
    exchange.seal()
    return exchange


def equity(exchange: Exchange, account_id: int) -> int:
    return exchange.margin(account_id).equity_x16 // PRICE_X16_ONE


def only(result: object, kind: type) -> object:
    (event,) = [e for e in result.events if isinstance(e, kind)]  # type: ignore[attr-defined]
    return event


def test_debt_when_there_is_no_insurance_then_who_gained_pays_the_same_for_each_lot() -> None:
    exchange = market(others=2 * LOTS)
    before = [equity(exchange, account_id) for account_id in (3, 4, 5)]
    exchange.jump(900, 1000)
    owed = -equity(exchange, 2)
    result = exchange.take_over(2)
    shared = only(result, PoolShared)
    assert isinstance(shared, PoolShared)
    assert (shared.side, shared.size_lots) == (SELL, 3 * LOTS)
    # All lots short of users pay, rounded against them, what the account owes.
    assert -shared.quanta_per_lot == div_ceil(owed, 3 * LOTS)
    after = [equity(exchange, account_id) for account_id in (3, 4, 5)]
    gained = 100 * 10
    paid = -shared.quanta_per_lot
    assert after[0] - before[0] == LOTS * (gained - paid)
    assert after[1] - before[1] == -2 * LOTS * gained
    assert after[2] - before[2] == 2 * LOTS * (gained - paid)
    assert exchange.state.account(2).collateral_quanta == 0
    assert exchange.state.globals.recorded_deficit_quanta == 0
    exchange.seal()


def test_pool_when_the_mark_moves_then_the_other_side_holds_what_it_held() -> None:
    """Each lot short goes on against fewer lots long, as if the rest of it was closed."""
    exchange = market(others=LOTS)
    exchange.jump(900, 1000)
    exchange.take_over(2)
    exchange.settle()
    before = equity(exchange, 3)
    exchange.jump(890, 1000)
    # Half of the lots long are the pool's: they lose what half of the shorts gain.
    assert equity(exchange, 3) - before == LOTS * 10 * 10 // 2
    before = equity(exchange, 3)
    exchange.jump(910, 1000)
    assert equity(exchange, 3) - before == -LOTS * 20 * 10 // 2
    exchange.seal()


def test_insurance_when_it_can_pay_then_pays_first_within_a_budget_for_each_day() -> None:
    exchange = market(fund_quanta=200 * ONE_DOLLAR)
    exchange.fund(6, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, LOTS, 1000)
    exchange.place(6, BUY, LOTS, 1000)
    exchange.jump(900, 1000)
    budget = 50 * ONE_DOLLAR
    first = only(exchange.take_over(2), LegTaken)
    assert isinstance(first, LegTaken)
    assert first.insured_quanta == budget
    second = only(exchange.take_over(6), LegTaken)
    assert isinstance(second, LegTaken)
    assert second.insured_quanta == 0
    prices = exchange.state.underlyings[0]
    assert (prices.budget_quanta, prices.budget_day) == (0, exchange.time_ms // DAY_MS)
    assert exchange.state.account(FUND).collateral_quanta == 150 * ONE_DOLLAR
    exchange.seal()


def test_insurance_when_it_fails_itself_then_pays_nothing_and_is_taken_over() -> None:
    exchange = market(fund_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, LOTS, 1000)
    exchange.place(FUND, BUY, LOTS, 1000)
    exchange.jump(900, 1000)
    taken = only(exchange.take_over(2), LegTaken)
    assert isinstance(taken, LegTaken)
    assert taken.insured_quanta == 0
    assert exchange.state.underlyings[0].budget_day == 0
    exchange.take_over(FUND)
    assert exchange.size(FUND) == 0
    assert exchange.state.underlyings[0].pool_lots == 2 * LOTS
    exchange.seal()


def test_positions_when_worth_something_then_insurance_takes_them_if_it_has_margin() -> None:
    exchange = market(fund_quanta=1_000 * ONE_DOLLAR)
    exchange.jump(960, 1000)
    left = equity(exchange, 2)
    before = equity(exchange, FUND)
    result = exchange.take_over(2)
    taken = only(result, TakenOver)
    assert isinstance(taken, TakenOver)
    assert taken.by_insurance
    assert exchange.size(FUND) == LOTS
    assert exchange.state.underlyings[0].pool_lots == 0
    assert equity(exchange, FUND) == before + left
    exchange.seal()


def test_positions_when_insurance_lacks_margin_then_the_pool_has_them_and_it_what_is_left() -> None:
    exchange = market(fund_quanta=ONE_DOLLAR)
    exchange.jump(960, 1000)
    left = equity(exchange, 2)
    taken = only(exchange.take_over(2), TakenOver)
    assert isinstance(taken, TakenOver)
    assert not taken.by_insurance
    assert exchange.state.underlyings[0].pool_lots == LOTS
    assert exchange.state.account(FUND).collateral_quanta == ONE_DOLLAR + left
    exchange.seal()


def test_account_when_not_hopeless_then_left_alone_until_it_has_failed_for_a_minute() -> None:
    exchange = market()
    exchange.set_price(972, 1000)
    with pytest.raises(InvalidTransaction) as refused:
        exchange.take_over(2)
    assert refused.value.code is ErrorCode.NOT_HOPELESS
    margin = exchange.margin(2)
    least = 2 * margin.maintenance_x16_ppm // (3 * 10**6)
    assert refused.value.broken == Broken("equity_x16", margin.equity_x16, least)
    exchange.set_auction(2)
    exchange.wait(TAKE_OVER_AFTER_MS - 2)
    assert exchange.refuse(TakeOver(2)) is ErrorCode.NOT_HOPELESS
    exchange.time_ms += 2
    exchange.take_over(2)
    assert exchange.state.account(2).auction_start_ms == 0
    exchange.seal()


def test_take_over_when_it_has_no_object_then_refused() -> None:
    exchange = market()
    assert exchange.refuse(TakeOver(2)) is ErrorCode.NOT_FAILING
    exchange.jump(900, 1000)
    assert exchange.refuse(TakeOver(77)) is ErrorCode.UNKNOWN_ACCOUNT
    assert exchange.refuse(TakeOver(2**32)) is ErrorCode.INVALID_FIELD
    assert exchange.refuse(TakeOver(FEE_ACCOUNT_ID)) is ErrorCode.RESERVED_ACCOUNT
    assert exchange.refuse(TakeOver(4)) is ErrorCode.NO_POSITION
    exchange.time_ms += PRICE_VALIDITY_MS + 1
    assert exchange.refuse(TakeOver(2)) is ErrorCode.STALE_PRICE


def test_orders_when_their_account_is_taken_over_then_dead() -> None:
    exchange = market()
    exchange.place(2, SELL, 5, 1050)
    exchange.jump(900, 1000)
    gone = only(exchange.take_over(2), OrderCancelled)
    assert isinstance(gone, OrderCancelled)
    assert gone.reason is CancelReason.LIQUIDATION
    assert [slot.n_orders for slot in exchange.state.account(2).positions] == [1]
    exchange.seal()


def nobody_gained() -> Exchange:
    """Return an exchange on which a debt is taken over whose loss was long ago."""
    exchange = market()
    exchange.set_price(940, 1000)
    for _ in range(2):
        exchange.end_minute()
    exchange.take_over(2)
    assert exchange.state.globals.recorded_deficit_quanta > 0
    exchange.seal()
    return exchange


def test_withdrawal_when_something_is_missing_then_pays_a_share_that_stays_the_same() -> None:
    exchange = nobody_gained()
    counters = exchange.state.globals
    custody, missing = counters.custody_quanta, counters.recorded_deficit_quanta
    event = only(exchange.withdraw(4, 10**9), Withdrawn)
    assert isinstance(event, Withdrawn)
    assert event.amount_quanta == 10**9 * custody // (custody + missing)
    assert event.amount_quanta + event.missing_quanta == 10**9
    after = exchange.state.globals
    assert after.custody_quanta == custody - event.amount_quanta
    assert after.recorded_deficit_quanta == missing - event.missing_quanta
    # Rounding is in favour of who stays.
    assert after.custody_quanta * missing >= custody * after.recorded_deficit_quanta
    assert exchange.refuse(exchange.withdrawal(4, 1)) is ErrorCode.NOTHING_TO_PAY
    sealed = exchange.seal()
    assert sealed.witness.output


def test_income_of_insurance_when_something_is_missing_then_makes_it_up_first() -> None:
    exchange = nobody_gained()
    missing = exchange.state.globals.recorded_deficit_quanta
    exchange.fund(6, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(4, SELL, LOTS, 940)
    exchange.place(6, BUY, LOTS, 940)
    exchange.jump(900, 1000)
    left = equity(exchange, 6)
    assert left > 0
    exchange.take_over(6)
    repaid = min(missing, left)
    assert exchange.state.globals.recorded_deficit_quanta == missing - repaid
    assert exchange.state.account(FUND).collateral_quanta == left - repaid
    exchange.seal()


@pytest.mark.parametrize("side", [BUY, SELL])
def test_lots_of_a_side_when_a_pool_has_some_then_those_of_accounts(side: Side) -> None:
    exchange = market(others=7)
    exchange.jump(900, 1000)
    exchange.take_over(2)
    held = lots_held(exchange.state, 0, side)
    assert held == (7 if side is BUY else LOTS + 7)
    assert exchange.state.underlyings[0].pool_lots == LOTS


def test_charge_when_it_happens_then_the_next_reference_mark_is_the_mark_of_then() -> None:
    """So that no lot is charged twice for one gain: since that mark nothing was charged."""
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2)
    exchange.fund(3, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.place(3, SELL, 18_000_000, 1000)
    exchange.place(2, BUY, 18_000_000, 1000)
    exchange.jump(900)
    exchange.jump(905)
    assert exchange.state.underlyings[0].window_x16 == 900 << 16
    shared = exchange.apply(TakeOver(2)).events[-1]
    assert isinstance(shared, PoolShared)
    assert shared.quanta_per_lot < 0
    (prices,) = exchange.state.underlyings
    assert (prices.ref_x16, prices.window_x16) == (1000 << 16, 905 << 16)
    assert prices.short_charged_quanta == -shared.quanta_per_lot


def test_tick_when_its_mark_is_worse_for_a_pool_and_nobody_gained_then_recorded() -> None:
    """The pool is long; shorts have gained too little, as the index jumped up; the mark falls."""
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2)
    exchange.fund(3, 4, amount_quanta=100_000 * ONE_DOLLAR)
    for account_id, lots in ((2, 18_000_000), (4, 2_000_000)):
        exchange.place(3, SELL, lots, 1000)
        exchange.place(account_id, BUY, lots, 1000)
    exchange.jump(900)
    exchange.apply(TakeOver(2))
    exchange.settle_gains()
    (prices,) = exchange.state.underlyings
    exchange.state.underlyings = (replace(prices, premium_x16=10 << 16, missed_samples=15),)
    next_tick_ms = exchange.state.globals.next_tick_ms
    # So late that the jump is not settled at the tick.
    exchange.time_ms = next_tick_ms - RESOLVE_MS // 2
    exchange.jump(1000)
    before_quanta = exchange.state.globals.recorded_deficit_quanta
    exchange.time_ms = next_tick_ms
    result = exchange.apply(MinuteTick())
    (shared,) = (event for event in result.events if isinstance(event, PoolShared))
    recorded_quanta = exchange.state.globals.recorded_deficit_quanta
    assert recorded_quanta - before_quanta == shared.recorded_quanta > 0
    exchange.seal()
