"""What the bookkeeping notices: charges above gain, and who was healthy and is taken over."""

from dataclasses import replace

import pytest

from novation.protocol.accounts import Account, Position
from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE
from novation.protocol.events import PoolShared, TakenOver
from novation.protocol.orders import Side
from novation.protocol.transactions import OracleReport
from simulation.exchange import Exchange
from simulation.oracles import oracle_update
from simulation.plan import QUORUM, Plan, first_prices_ticks
from simulation.waterfall import Waterfall

LOTS = 10
CHARGE_QUANTA = 100


@pytest.fixture
def waterfall() -> Waterfall:
    """Return the bookkeeping of an exchange with two markets and prices that have not moved."""
    exchange = Exchange(Plan(n_instruments=2))
    prices_x16 = tuple(price * PRICE_X16_ONE for price in first_prices_ticks(2))
    reports = (OracleReport(i, exchange.time_ms, prices_x16) for i in range(QUORUM))
    exchange.submit(oracle_update(exchange.config, reports))
    return Waterfall(exchange)


def charge(quanta: int = CHARGE_QUANTA) -> PoolShared:
    return PoolShared(0, Side.SELL, -quanta, LOTS, 0)


def holder(waterfall: Waterfall, *sizes_lots: int) -> Account:
    """Return an account with a position in each market."""
    insurance = waterfall._exchange.state.account(1)
    slots = tuple(Position(market_id, lots, 0, 0, 0) for market_id, lots in enumerate(sizes_lots))
    return replace(insurance, positions=slots)


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
    ("sizes_lots", "missing_quanta", "kind"),
    [
        ((-LOTS,), LOTS * CHARGE_QUANTA, "unhedged"),
        ((-LOTS,), LOTS * CHARGE_QUANTA + 1, None),
        # Who is long was not charged.
        ((LOTS,), 1, None),
        ((-LOTS, 2 * LOTS), LOTS * CHARGE_QUANTA, "hedged"),
        ((-LOTS, LOTS // 10), LOTS * CHARGE_QUANTA, "unhedged"),
    ],
)
def test_account_when_healthy_but_for_charges_then_counted(
    waterfall: Waterfall, sizes_lots: tuple[int, ...], missing_quanta: int, kind: str | None
) -> None:
    # Charges of before it was healthy last are not among them.
    waterfall.learn([charge()], None)
    waterfall.look([2])
    waterfall.learn([charge()], None)
    waterfall.look([])
    waterfall.learn([taken_over(missing_quanta)], holder(waterfall, *sizes_lots))
    counted = {name: int(name == kind) for name in ("hedged", "unhedged")}
    assert waterfall.totals.healthy_taken_over == counted
