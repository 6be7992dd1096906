"""Insured open interest: protocol.md, section 17."""

import pytest

from novation.protocol.constants import DAY_MS, INSURANCE_ACCOUNT_ID
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.insured_interest import interest_cap_lots
from novation.protocol.orders import TimeInForce
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

IOC = TimeInForce.IOC
# Of lots of 10,000 quanta each, with a maintenance margin of 3 %.
GAP_PPM = 130_000


def insured(fund_quanta: int = 0, **limits: int) -> Exchange:
    """Return an exchange in which 2 is short and 3 long 10 lots, and a gap is insured."""
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(2, 3, 4, 5)
    if fund_quanta:
        exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=fund_quanta)
    exchange.place(2, SELL, 10, 1000)
    exchange.place(3, BUY, 10, 1000)
    exchange.set_limits(0, **{"gap_ppm": GAP_PPM, "gap_budgets": 1, **limits})
    return exchange


def cap(exchange: Exchange, market_id: int = 0) -> int:
    """Return what the open interest may be at most."""
    terms = exchange.state.parameters.underlyings[market_id]
    return interest_cap_lots(exchange.state.underlyings[market_id], terms)


def test_cap_when_a_gap_is_insured_then_what_a_budget_pays_for() -> None:
    # A lot loses a tenth of 10,000 quanta beyond its margin; a budget is a quarter of 80,000.
    exchange = insured(80_000)
    assert underlying().maintenance_margin_ppm == GAP_PPM - 100_000
    # Before its first minute there is no budget, and no new risk.
    assert cap(exchange) == 0
    exchange.end_minute()
    assert exchange.state.underlyings[0].budget_quanta == 20_000
    assert cap(exchange) == 20
    exchange.place(4, SELL, 20, 1000)
    with pytest.raises(InvalidTransaction, match="would be 21 lots, limit 20") as refused:
        exchange.apply(exchange.order(5, BUY, 11, 1000, time_in_force=IOC))
    assert refused.value.code is ErrorCode.OPEN_INTEREST_LIMIT
    assert refused.value.broken == Broken("open_interest_lots", 21, 20)
    assert exchange.place(5, BUY, 10, 1000).result_code is ResultCode.FILLED
    # The other market asks for nothing, and got no budget.
    assert exchange.state.underlyings[1].budget_day == 0


@pytest.mark.parametrize(
    ("limits", "cap_lots"),
    [
        ({"gap_budgets": 3}, 60),
        ({"gap_budgets": 3, "interest_cap_lots": 59}, 59),
        ({"gap_ppm": 30_001}, 2_000_000),
        # No more than the maintenance margin: nothing is lost beyond it.
        ({"gap_ppm": 30_000, "interest_cap_lots": 7}, 7),
        ({"gap_budgets": 0}, 0),
    ],
)
def test_cap_when_gap_and_budgets_differ_then_follows(
    limits: dict[str, int], cap_lots: int
) -> None:
    exchange = insured(80_000, **limits)
    exchange.end_minute()
    assert cap(exchange) == cap_lots


def test_cap_when_without_a_fund_then_never_in_the_way_of_who_reduces() -> None:
    exchange = insured()
    exchange.end_minute()
    assert cap(exchange) == 0
    exchange.place(4, BUY, 10, 1000)
    assert exchange.refuse(exchange.order(5, SELL, 1, 1000)) is ErrorCode.OPEN_INTEREST_LIMIT
    assert exchange.place(3, SELL, 10, 1000).result_code is ResultCode.FILLED
    exchange.place(2, BUY, 10, 1000)
    exchange.place(4, SELL, 10, 1000)
    assert exchange.state.market(0).open_interest_lots == 0


def test_cap_when_the_mark_moves_then_follows_with_the_next_minute_or_jump() -> None:
    exchange = insured(80_000)
    exchange.end_minute()
    exchange.set_price(1005)
    assert cap(exchange) == 20
    exchange.end_minute()
    assert cap(exchange) == 20_000 * 10 // 10_050
    exchange.jump(500)
    assert cap(exchange) == 40


def test_budget_when_a_day_begins_then_what_the_fund_is_worth_then() -> None:
    exchange = insured(80_000)
    exchange.end_minute()
    exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=80_000)
    exchange.end_minute()
    assert cap(exchange) == 20
    exchange.wait(DAY_MS)
    exchange.end_minute()
    assert cap(exchange) == 40
    assert exchange.state.underlyings[0].budget_day == exchange.time_ms // DAY_MS


def test_budget_when_insurance_pays_then_less_is_insured() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, 3)
    exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=1_000 * ONE_DOLLAR)
    exchange.set_limits(0, gap_ppm=GAP_PPM, gap_budgets=100)
    exchange.end_minute()
    assert exchange.state.underlyings[0].budget_quanta == 250 * ONE_DOLLAR
    exchange.place(2, SELL, 19_000_000, 1000)
    exchange.place(3, BUY, 19_000_000, 1000)
    exchange.set_price(930)
    assert cap(exchange) == 25_000_000_000 // 930
    # The budget is gone: nobody opens here before tomorrow.
    exchange.take_over(3)
    assert exchange.state.underlyings[0].budget_quanta == 0
    assert cap(exchange) == 0
