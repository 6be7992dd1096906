"""What accounts have paid of fees, which tier that gives them, and what goes back."""

from dataclasses import replace

import pytest

from novation.protocol.conservation import check_conservation
from novation.protocol.constants import (
    DAY_MS,
    FEE_ACCOUNT_ID,
    FEES_BOUND,
    INSURANCE_ACCOUNT_ID,
    MAX_FEE_TIERS,
    MAX_RETURNED_PERMILLE,
    MILLE_ONE,
    QUANTA_PER_USD,
    TIER_THRESHOLD_BOUND,
)
from novation.protocol.errors import DecodeError
from novation.protocol.events import OrderFilled
from novation.protocol.fee_tiers import (
    BASE_TIER,
    NO_FEES,
    NO_TIERS,
    FeeSchedule,
    FeesPaid,
    FeeTier,
    day_of,
    returned_quanta,
)
from novation.protocol.orders import TimeInForce
from novation.protocol.signing_keys import SigningKey
from novation.protocol.storage import decode_account, encode_account
from novation.protocol.transactions import Liquidate, ParameterKind, SetParameter
from tests.circuits.fee_tier_batches import (
    LOTS,
    PRICE_TICKS,
    REBATES,
    SCHEDULE,
    funded,
    next_day,
    poor_taker,
    set_schedule,
    trade,
)
from tests.support.builders import ONE_DOLLAR, START_MS
from tests.support.exchange import BUY, SELL, Exchange

TODAY = day_of(START_MS)
# Of a trade of LOTS.
TAKER_FEE, MAKER_FEE = 5 * QUANTA_PER_USD, 2 * QUANTA_PER_USD


def balance(exchange: Exchange, account_id: int) -> int:
    return exchange.state.account(account_id).collateral_quanta


@pytest.mark.parametrize(
    ("days", "left_quanta"), [(0, 3900), (1, 3770), (2, 3640), (15, 1950), (29, 130), (30, 0)]
)
def test_fees_when_days_pass_then_what_a_month_keeps(days: int, left_quanta: int) -> None:
    assert FeesPaid(TODAY, 3900).on(TODAY + days) == FeesPaid(TODAY + days, left_quanta)


def test_fees_when_as_much_is_paid_every_day_then_about_a_month_of_it() -> None:
    paid = NO_FEES
    for day in range(400):
        paid = paid.on(TODAY + day).with_fees(1_000_000)
    assert 29_900_000 < paid.quanta < 30_000_000


@pytest.mark.parametrize(
    ("fees_quanta", "tier"),
    [(0, 0), (4 * QUANTA_PER_USD - 1, 0), (4 * QUANTA_PER_USD, 1), (5 * QUANTA_PER_USD, 3)],
)
def test_tier_when_a_threshold_is_reached_then_that_one(fees_quanta: int, tier: int) -> None:
    assert SCHEDULE.tier_of(fees_quanta) == tier


@pytest.mark.parametrize("paid", [NO_FEES, FeesPaid(2**22 - 1, FEES_BOUND - 1)])
def test_fees_when_packed_then_read_back(paid: FeesPaid) -> None:
    assert FeesPaid.from_word(paid.word()) == paid
    with pytest.raises(DecodeError):
        FeesPaid.from_word(1 << 117)


@pytest.mark.parametrize("n_keys", [1, 2, 3])
def test_account_when_it_has_paid_then_its_leaf_and_stored_form_say_so(n_keys: int) -> None:
    exchange = funded()
    account = exchange.state.account(2)
    for slot in range(1, n_keys):
        account = account.with_key(slot, SigningKey.full(slot))
    paid = replace(account, fees_paid=FeesPaid(TODAY, 7))
    assert paid.leaf() != account.leaf()
    assert decode_account(encode_account(paid)) == paid


@pytest.mark.parametrize("schedule", [NO_TIERS, SCHEDULE, REBATES])
def test_schedule_when_packed_then_read_back(schedule: FeeSchedule) -> None:
    assert FeeSchedule.from_word(schedule.word()) == schedule


def test_schedule_when_out_of_range_then_refused() -> None:
    for wrong in ((TIER_THRESHOLD_BOUND, 0), (0, MAX_RETURNED_PERMILLE + 1), (0, -1)):
        with pytest.raises(ValueError, match="tier"):
            FeeTier(*wrong)
    for tiers in ((BASE_TIER,) * (MAX_FEE_TIERS - 1), (FeeTier(1, 0), *[BASE_TIER] * 3)):
        with pytest.raises(ValueError, match="tiers at"):
            FeeSchedule(tiers)
    with pytest.raises(ValueError, match="insurance"):
        FeeSchedule.of(insurance_permille=MILLE_ONE + 1)
    with pytest.raises(DecodeError):
        FeeSchedule.from_word(401 << 32)


def test_trade_when_a_tier_was_reached_then_a_share_comes_back_with_the_batch() -> None:
    exchange = funded()
    trade(exchange, 2, 3)
    exchange.seal()
    before = balance(exchange, 2), balance(exchange, 3)
    trade(exchange, 2, 3)
    # The whole fee is taken by the fill.
    assert balance(exchange, 3) + LOTS * PRICE_TICKS * 10 == before[1] - TAKER_FEE
    assert exchange.state.account(3).batch_fees_quanta == TAKER_FEE
    in_batch = balance(exchange, 2), balance(exchange, 3)
    exchange.seal()
    # 5 USD of fees are the third tier, 2 USD none.
    assert balance(exchange, 3) == in_batch[1] + TAKER_FEE * 400 // MILLE_ONE
    assert balance(exchange, 2) == in_batch[0]
    assert exchange.state.account(3).fees_paid == FeesPaid(TODAY, 2 * TAKER_FEE)
    assert exchange.state.account(3).batch_fees_quanta == 0
    check_conservation(exchange.state)


def test_fees_when_shares_do_not_come_out_even_then_nothing_is_lost() -> None:
    exchange = funded(FeeSchedule.of(FeeTier(0, 333), insurance_permille=333))
    shares = [balance(exchange, i) for i in (FEE_ACCOUNT_ID, INSURANCE_ACCOUNT_ID)]
    trade(exchange, 2, 3, 7)
    # 35 and 14 quanta, of which 11 and 4 come back; insurance has 333 thousandths of 34.
    assert exchange.state.fees_quanta == 49
    exchange.seal()
    assert balance(exchange, INSURANCE_ACCOUNT_ID) - shares[1] == 11
    assert balance(exchange, FEE_ACCOUNT_ID) - shares[0] == 23
    check_conservation(exchange.state)


def test_fees_when_a_deficit_is_recorded_then_the_share_of_insurance_repays_it() -> None:
    exchange = funded(FeeSchedule.of(insurance_permille=MILLE_ONE))
    exchange.fund(6, amount_quanta=100 * ONE_DOLLAR)
    trade(exchange, 2, 6, 180_000)
    exchange.set_price(940)
    for _ in range(2):
        exchange.end_minute()
    exchange.take_over(6)
    missing_quanta = exchange.state.globals.recorded_deficit_quanta
    exchange.seal()
    repaid_quanta = 180_000 * PRICE_TICKS * 10 * 700 // 10**6
    assert exchange.state.globals.recorded_deficit_quanta == missing_quanta - repaid_quanta
    assert missing_quanta > repaid_quanta


def test_tier_when_a_month_has_passed_then_gone() -> None:
    exchange = funded()
    trade(exchange, 2, 3)
    exchange.seal()
    next_day(exchange, 31)
    exchange.seal()
    exchange.refresh_prices()
    trade(exchange, 2, 3)
    before = balance(exchange, 3)
    exchange.seal()
    assert balance(exchange, 3) == before
    assert exchange.state.account(3).fees_paid == FeesPaid(day_of(exchange.time_ms), TAKER_FEE)


def test_order_when_it_only_rests_then_nothing_counts() -> None:
    exchange = funded()
    exchange.place(2, BUY, 1, PRICE_TICKS)
    exchange.seal()
    assert exchange.state.account(2).fees_paid == NO_FEES


def test_trade_with_oneself_when_both_have_the_best_tier_then_it_costs_money() -> None:
    """Whoever trades with himself for a tier pays three fifths of the fees of both sides."""
    exchange = funded(FeeSchedule.of(FeeTier(0, MAX_RETURNED_PERMILLE)))
    before = balance(exchange, 2) + balance(exchange, 3)
    trade(exchange, 2, 3)
    trade(exchange, 3, 2)
    exchange.seal()
    paid_quanta = before - balance(exchange, 2) - balance(exchange, 3)
    assert paid_quanta * MILLE_ONE == 2 * (TAKER_FEE + MAKER_FEE) * (
        MILLE_ONE - MAX_RETURNED_PERMILLE
    )


def test_trade_with_oneself_when_there_are_rebates_then_it_still_costs_money() -> None:
    exchange = funded(REBATES)
    before = balance(exchange, 2) + balance(exchange, 3)
    trade(exchange, 2, 3)
    trade(exchange, 3, 2)
    exchange.seal()
    # A fifth of what takers pay, three fifths of what makers do.
    paid_quanta = before - balance(exchange, 2) - balance(exchange, 3)
    assert paid_quanta == 2 * (TAKER_FEE // 5 + MAKER_FEE * 3 // 5)


def test_maker_when_there_are_rebates_then_what_the_taker_pays_counts_and_comes_back() -> None:
    exchange = funded(REBATES)
    trade(exchange, 2, 3)
    assert exchange.state.account(2).batch_fees_quanta == MAKER_FEE + TAKER_FEE
    before = balance(exchange, 2)
    exchange.seal()
    returned = (MAKER_FEE + TAKER_FEE) * 400 // MILLE_ONE
    assert balance(exchange, 2) == before + returned
    # More than it has paid: its fee is a rebate.
    assert returned > MAKER_FEE
    check_conservation(exchange.state)


def test_maker_when_the_taker_cannot_pay_in_full_then_nothing_of_that_counts() -> None:
    exchange = poor_taker()
    result = exchange.place(6, SELL, 90_000, 945, time_in_force=TimeInForce.IOC)
    (fill,) = (event for event in result.events if isinstance(event, OrderFilled))
    assert 0 < fill.taker_fee_quanta < 90_000 * 945 * 10 * 500 // 10**6
    assert exchange.state.account(3).batch_fees_quanta == fill.maker_fee_quanta
    assert exchange.state.account(6).batch_fees_quanta == fill.taker_fee_quanta
    exchange.seal()
    check_conservation(exchange.state)


def test_liquidation_when_it_trades_then_fees_count_for_the_makers_only() -> None:
    exchange = Exchange()
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.fund(3, 4)
    exchange.place(3, SELL, 180_000, PRICE_TICKS)
    exchange.place(2, BUY, 180_000, PRICE_TICKS)
    exchange.set_price(970)
    exchange.place(4, BUY, 180_000, 969)
    before = exchange.state.account(2).batch_fees_quanta
    exchange.apply(Liquidate(2, 0))
    assert exchange.state.account(2).batch_fees_quanta == before
    assert exchange.state.account(4).batch_fees_quanta > 0


def test_schedule_when_l1_sets_it_then_it_holds_from_the_next_batch_on() -> None:
    exchange = funded(NO_TIERS)
    set_schedule(exchange, FeeSchedule.of(FeeTier(0, 100)))
    trade(exchange, 2, 3)
    before = balance(exchange, 3)
    exchange.seal()
    assert balance(exchange, 3) == before
    trade(exchange, 2, 3)
    before = balance(exchange, 3)
    exchange.seal()
    assert balance(exchange, 3) == before + TAKER_FEE // 10


def test_returned_when_the_tier_is_that_of_before_then_the_batch_does_not_move_it() -> None:
    schedule = FeeSchedule.of(FeeTier(1, 100))
    assert returned_quanta(NO_FEES, 10**9, TODAY, schedule) == 0
    known = FeesPaid(TODAY, QUANTA_PER_USD)
    assert returned_quanta(known, 1009, TODAY, schedule) == 100
    assert returned_quanta(known, 1009, TODAY + 1, schedule) == 0


def test_parameter_when_it_is_no_word_of_a_schedule_then_an_assertion() -> None:
    exchange = funded()
    with pytest.raises(AssertionError, match="L1 took"):
        exchange.apply(SetParameter(ParameterKind.FEE_SCHEDULE, 0, 401 << 32))


def test_days_when_counted_then_since_1970() -> None:
    assert [day_of(time_ms) for time_ms in (0, DAY_MS - 1, DAY_MS)] == [0, 0, 1]
