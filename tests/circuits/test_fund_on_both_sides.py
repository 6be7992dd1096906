"""The insurance fund is an account as others are: it may fail, bid, and meet who is liquidated.

What a rule pays to the fund comes behind everything else, also if the fund itself is in it.
"""

from collections.abc import Callable

import pytest

from novation.protocol.constants import INSURANCE_ACCOUNT_ID, PPM_ONE, PRICE_X16_ONE
from novation.protocol.events import BidFilled, Liquidated
from tests.circuits.test_differential import assert_proven
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

FUND = INSURANCE_ACCOUNT_ID
LOTS = 180_000


def holding(account_id: int, price_ticks: int) -> Exchange:
    """Return an exchange on which an account was long at 1000 ticks, and has lost most it had."""
    exchange = Exchange()
    exchange.fund(3, 4, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(account_id, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, LOTS, 1000)
    exchange.place(account_id, BUY, LOTS, 1000)
    exchange.set_price(price_ticks)
    return exchange


def assert_saved_by_its_fee_only(exchange: Exchange, fee_quanta: int) -> None:
    """The fund is whole with the fee, was not without it, and its auction runs."""
    after = exchange.margin(FUND)
    assert after.meets_maintenance
    without_fee_x16 = after.equity_x16 - fee_quanta * PRICE_X16_ONE
    assert without_fee_x16 * PPM_ONE < after.maintenance_x16_ppm
    assert exchange.state.account(FUND).auction_start_ms > 0


def test_fund_when_it_is_liquidated_then_its_own_fee_does_not_end_its_auction() -> None:
    exchange = holding(FUND, 950)
    exchange.place(4, BUY, 149_000, 950)
    (event,) = [e for e in exchange.liquidate(FUND).events if isinstance(e, Liquidated)]
    assert_saved_by_its_fee_only(exchange, event.fee_quanta)
    assert_proven(exchange.seal())


def test_fund_when_somebody_bids_for_it_then_its_own_fee_does_not_end_its_auction() -> None:
    exchange = holding(FUND, 968)
    exchange.set_auction(FUND)
    exchange.wait(duration_ms=30_000)
    exchange.refresh_prices()
    result = exchange.bid(4, FUND, share_x16=22_500)
    (event,) = [e for e in result.events if isinstance(e, BidFilled)]
    assert_saved_by_its_fee_only(exchange, event.fee_quanta)
    assert_proven(exchange.seal())


def bid_of_the_fund() -> Exchange:
    exchange = holding(2, 968)
    exchange.fund(FUND)
    exchange.set_auction(2)
    exchange.bid(FUND, 2)
    return exchange


def liquidation_that_meets_the_fund() -> Exchange:
    exchange = holding(2, 968)
    exchange.fund(FUND)
    exchange.place(FUND, BUY, LOTS, 968)
    exchange.liquidate(2)
    return exchange


def takeover_of_the_fund() -> Exchange:
    exchange = holding(FUND, 900)
    exchange.take_over(FUND)
    return exchange


def takeover_where_the_fund_stands_on_the_other_side() -> Exchange:
    exchange = holding(2, 900)
    exchange.fund(FUND)
    exchange.place(3, BUY, LOTS // 2, 900)
    exchange.place(FUND, SELL, LOTS // 2, 900)
    exchange.settle()
    exchange.take_over(2)
    return exchange


@pytest.mark.parametrize(
    "made",
    [
        bid_of_the_fund,
        liquidation_that_meets_the_fund,
        takeover_of_the_fund,
        takeover_where_the_fund_stands_on_the_other_side,
    ],
    ids=lambda made: made.__name__,
)
def test_fund_when_it_is_on_both_sides_then_proven(made: Callable[[], Exchange]) -> None:
    assert_proven(made().seal())
