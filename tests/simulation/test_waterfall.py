"""What the bookkeeping notices: charges above gain, and who was healthy and is taken over."""

from dataclasses import replace

import pytest

from novation.protocol.accounts import Account, Position
from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE
from novation.protocol.events import PoolShared, TakenOver
from novation.protocol.margin import Margin
from novation.protocol.orders import Side
from novation.protocol.transactions import OracleReport
from simulation.exchange import Exchange
from simulation.oracles import oracle_update
from simulation.plan import QUORUM, Plan, first_prices_ticks
from simulation.waterfall import Waterfall

LOTS = 10
CHARGE_QUANTA = 100
HEALTHY, FAILING = Margin(1, 0, 0), Margin(-1, 0, 0)


@pytest.fixture
def waterfall() -> Waterfall:
    """Return the bookkeeping of an exchange with two markets and prices that have not moved."""
    exchange = Exchange(Plan(n_instruments=2))
    update(exchange, first_prices_ticks(2))
    return Waterfall(exchange)


def update(exchange: Exchange, prices_ticks: list[int]) -> None:
    prices_x16 = tuple(price * PRICE_X16_ONE for price in prices_ticks)
    reports = (OracleReport(i, exchange.time_ms, prices_x16) for i in range(QUORUM))
    exchange.submit(oracle_update(exchange.config, reports))


def let_the_second_fall(waterfall: Waterfall, quanta_per_lot: int) -> None:
    exchange, (first_ticks, second_ticks) = waterfall._exchange, first_prices_ticks(2)
    fall_ticks, rest = divmod(quanta_per_lot, exchange.state.underlying_of(1).multiplier)
    assert rest == 0
    exchange.time_ms += 1_000
    update(exchange, [first_ticks, second_ticks - fall_ticks])


def charge(quanta: int = CHARGE_QUANTA) -> PoolShared:
    return PoolShared(0, Side.SELL, -quanta, LOTS, 0)


def holder(waterfall: Waterfall, *sizes_lots: int) -> Account:
    """Return an account with a position in each market."""
    insurance = waterfall._exchange.state.account(1)
    slots = tuple(Position(market_id, lots, 0, 0, 0) for market_id, lots in enumerate(sizes_lots))
    return replace(insurance, positions=slots)


def look(waterfall: Waterfall, account: Account, margin: Margin) -> None:
    """Let an account be seen with what it holds."""
    waterfall._exchange.state.accounts[2] = account
    waterfall.look({2: margin})


def taken_over(missing_quanta: int) -> TakenOver:
    """Return that an account was taken over that had so much less than it had to maintain."""
    required_quanta = 10_000
    return TakenOver(
        account_id=2,
        by_insurance=False,
        equity_x16=(required_quanta - missing_quanta) * PRICE_X16_ONE,
        maintenance_x16_ppm=required_quanta * PRICE_X16_ONE * PPM_ONE,
        balance_quanta=0,
    )


def test_charge_when_nobody_has_gained_then_noticed(waterfall: Waterfall) -> None:
    waterfall.learn([charge(0)], None)
    assert waterfall.totals.charged_above_gain_lots == 0
    waterfall.learn([charge()], None)
    assert waterfall.totals.charged_above_gain_lots == LOTS
    # What was given back may be charged again.
    waterfall.learn([charge(-CHARGE_QUANTA), charge(-CHARGE_QUANTA), charge()], None)
    assert waterfall.totals.charged_above_gain_lots == LOTS
    assert waterfall.totals.pools == {
        "given_quanta": 2 * CHARGE_QUANTA * LOTS,
        "charged_quanta": 2 * CHARGE_QUANTA * LOTS,
        "recorded_quanta": 0,
    }


@pytest.mark.parametrize(
    ("sizes_lots", "fall_quanta", "missing_quanta", "kind"),
    [
        ((-LOTS,), 0, LOTS * CHARGE_QUANTA, "unhedged"),
        ((-LOTS,), 0, LOTS * CHARGE_QUANTA + 1, None),
        # Who is long was not charged.
        ((LOTS,), 0, 1, None),
        # Whose other leg has lost nothing, or too little, fails by the charges alone.
        ((-LOTS, 2 * LOTS), 0, LOTS * CHARGE_QUANTA, "unhedged"),
        ((-LOTS, LOTS), CHARGE_QUANTA, LOTS * CHARGE_QUANTA, "hedged"),
        ((-LOTS, LOTS - 1), CHARGE_QUANTA, LOTS * CHARGE_QUANTA, "unhedged"),
        # One leg of many times as much is none the less what it is held against.
        ((-LOTS, 100 * LOTS), CHARGE_QUANTA, LOTS * CHARGE_QUANTA, "hedged"),
        # What a leg has won makes up for no loss of another one.
        ((-LOTS, -LOTS), CHARGE_QUANTA, LOTS * CHARGE_QUANTA, "unhedged"),
    ],
)
def test_account_when_healthy_but_for_charges_then_counted(
    waterfall: Waterfall,
    sizes_lots: tuple[int, ...],
    fall_quanta: int,
    missing_quanta: int,
    kind: str | None,
) -> None:
    account = holder(waterfall, *sizes_lots)
    # Charges of before it was healthy last are not among them.
    waterfall.learn([charge()], None)
    look(waterfall, account, HEALTHY)
    waterfall.learn([charge()], None)
    look(waterfall, account, FAILING)
    let_the_second_fall(waterfall, fall_quanta)
    waterfall.learn([taken_over(missing_quanta)], account)
    counted = {name: int(name == kind) for name in ("hedged", "unhedged")}
    assert waterfall.totals.healthy_taken_over == counted


def test_account_when_it_held_nothing_at_the_last_look_then_charges_of_before_are_not_its_own(
    waterfall: Waterfall,
) -> None:
    look(waterfall, holder(waterfall, -LOTS), HEALTHY)
    waterfall.learn([charge()], None)
    # It closes all, and opens something again behind this.
    waterfall.look({})
    waterfall.learn([taken_over(1)], holder(waterfall, -LOTS))
    assert waterfall.totals.healthy_taken_over == {"hedged": 0, "unhedged": 0}
    waterfall.learn([charge(), taken_over(1)], holder(waterfall, -LOTS))
    assert waterfall.totals.healthy_taken_over == {"hedged": 0, "unhedged": 1}


def test_account_when_a_stop_has_closed_what_lost_then_it_was_hedged_none_the_less(
    waterfall: Waterfall,
) -> None:
    look(waterfall, holder(waterfall, -LOTS, LOTS), HEALTHY)
    waterfall.learn([charge()], None)
    let_the_second_fall(waterfall, CHARGE_QUANTA)
    left = holder(waterfall, -LOTS)
    waterfall.learn([taken_over(LOTS * CHARGE_QUANTA)], left)
    assert waterfall.totals.healthy_taken_over == {"hedged": 1, "unhedged": 0}


def test_account_when_still_healthy_behind_a_jump_then_what_it_lost_in_that_counts(
    waterfall: Waterfall,
) -> None:
    let_the_second_fall(waterfall, CHARGE_QUANTA)
    account = holder(waterfall, -LOTS, LOTS)
    look(waterfall, account, HEALTHY)
    waterfall.learn([charge(), taken_over(LOTS * CHARGE_QUANTA)], account)
    assert waterfall.totals.healthy_taken_over == {"hedged": 1, "unhedged": 0}
