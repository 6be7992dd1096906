"""Liquidate: whom it may touch, how much it closes, down to which price, and what it costs."""

import pytest

from novation.protocol.constants import (
    INSURANCE_ACCOUNT_ID,
    LIQUIDATION_FEE_PPM,
    POST_ONLY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.events import CancelReason, Liquidated, OrderCancelled, OrderFilled
from novation.protocol.liquidation import restoring_lots, zero_price_ticks
from novation.protocol.margin import Margin, margin_of
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.transactions import Liquidate
from tests.support.builders import ONE_DOLLAR, underlying
from tests.support.exchange import BUY, SELL, Exchange

LOTS = 180_000


def margin(exchange: Exchange, account_id: int) -> Margin:
    """Return equity and requirements of an account."""
    state = exchange.state
    return margin_of(state.account(account_id), state.underlyings, state.parameters)


def failing(side: Side = BUY, price_ticks: int = 970) -> Exchange:
    """Return an exchange whose account 2 holds 1,800 USD on 100, and has lost most of them."""
    exchange = Exchange(sign=False)
    exchange.fund(3, 4, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, side.other, LOTS, 1000)
    exchange.place(2, side, LOTS, 1000)
    exchange.set_price(price_ticks if side is BUY else 2000 - price_ticks)
    return exchange


def only(result: object, kind: type[Liquidated]) -> Liquidated:
    """Return the one event of a kind."""
    found = [event for event in getattr(result, "events", ()) if isinstance(event, kind)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_account_when_it_fails_then_reduced_until_it_has_initial_margin(side: Side) -> None:
    exchange = failing(side)
    mark = 970 if side is BUY else 1030
    before = margin(exchange, 2)
    assert not before.meets_maintenance
    assert before.equity_x16 > 0
    exchange.place(4, side, 10 * LOTS, mark)
    result = exchange.liquidate(2)
    assert result.result_code is ResultCode.FILLED
    event, after = only(result, Liquidated), margin(exchange, 2)
    assert 0 < event.traded_lots < LOTS
    assert abs(exchange.size(2)) == LOTS - event.traded_lots
    assert after.meets_maintenance
    # Only the fee keeps it from initial margin.
    lot_x16_ppm = mark * 10 * 50_000 * 2**16
    assert after.initial_x16_ppm - (after.equity_x16 + (event.fee_quanta << 16)) * 10**6 <= 0
    assert (
        before.initial_x16_ppm - (event.traded_lots - 1) * lot_x16_ppm > before.equity_x16 * 10**6
    )
    exchange.seal()


def test_fill_when_at_the_zero_price_then_health_is_the_same_and_below_it_none() -> None:
    exchange = failing()
    before = margin(exchange, 2)
    zero = zero_price_ticks(before, SELL, 970 << 16, underlying())
    exchange.place(4, BUY, LOTS, zero - 1)
    exchange.place(3, BUY, 1000, zero)
    result = exchange.liquidate(2)
    assert result.result_code is ResultCode.IOC_CANCELLED
    fills = [event for event in result.events if isinstance(event, OrderFilled)]
    assert [(fill.price_ticks, fill.size_lots) for fill in fills] == [(zero, 1000)]
    after = margin(exchange, 2)
    assert after.equity_x16 * before.maintenance_x16_ppm >= (
        before.equity_x16 * after.maintenance_x16_ppm
    )
    exchange.seal()


def test_orders_when_their_account_is_liquidated_then_all_are_dead() -> None:
    exchange = failing()
    exchange.set_price(990)
    exchange.place(2, SELL, LOTS, 1050, reduce_only=True)
    exchange.set_price(970)
    gone = [e for e in exchange.liquidate(2).events if isinstance(e, OrderCancelled)]
    assert [(e.price_ticks, e.reason) for e in gone[:1]] == [(1050, CancelReason.LIQUIDATION)]
    exchange.place(4, BUY, 5, 1050)
    assert exchange.size(2) == LOTS
    exchange.seal()


@pytest.mark.parametrize("better_ticks", [0, 1, 5, 12])
def test_insurance_when_the_price_is_better_then_gets_a_share_and_never_more_than_that(
    better_ticks: int,
) -> None:
    exchange = failing()
    before = margin(exchange, 2)
    zero = zero_price_ticks(before, SELL, 970 << 16, underlying())
    exchange.place(4, BUY, 10 * LOTS, zero + better_ticks)
    event = only(exchange.liquidate(2), Liquidated)
    notional = event.traded_lots * (zero + better_ticks) * 10
    assert event.fee_quanta <= notional * LIQUIDATION_FEE_PPM // 10**6
    assert exchange.state.account(INSURANCE_ACCOUNT_ID).collateral_quanta == event.fee_quanta
    after = margin(exchange, 2)
    assert after.equity_x16 * before.maintenance_x16_ppm >= (
        before.equity_x16 * after.maintenance_x16_ppm
    )
    exchange.seal()


@pytest.mark.parametrize(
    ("price_ticks", "code"),
    [(975, ErrorCode.NOT_FAILING), (944, ErrorCode.BANKRUPT)],
)
def test_account_when_healthy_or_bankrupt_then_left_alone(
    price_ticks: int, code: ErrorCode
) -> None:
    exchange = failing(price_ticks=price_ticks)
    assert exchange.refuse(Liquidate(2, 0)) is code


def test_liquidation_when_it_has_no_object_then_refused() -> None:
    exchange = failing()
    assert exchange.refuse(Liquidate(77, 0)) is ErrorCode.UNKNOWN_ACCOUNT
    assert exchange.refuse(Liquidate(2, 1)) is ErrorCode.NO_POSITION
    assert exchange.refuse(Liquidate(2, 9)) is ErrorCode.UNKNOWN_MARKET
    for field in ({"account_id": 2**32}, {"account_id": -1}, {"market_id": 2048}):
        tx = Liquidate(**({"account_id": 2, "market_id": 0} | field))
        assert exchange.refuse(tx) is ErrorCode.INVALID_FIELD


def test_liquidation_when_prices_are_old_or_just_back_then_refused() -> None:
    exchange = failing()
    exchange.time_ms += 3_001
    assert exchange.refuse(Liquidate(2, 0)) is ErrorCode.STALE_PRICE
    exchange.time_ms += RESUME_GAP_MS
    exchange.set_price(970)
    assert exchange.refuse(Liquidate(2, 0)) is ErrorCode.POST_ONLY_PERIOD
    exchange.wait(POST_ONLY_MS)
    exchange.place(4, BUY, LOTS, 970, time_in_force=TimeInForce.POST_ONLY)
    assert exchange.liquidate(2).result_code is ResultCode.FILLED


def test_lots_when_the_requirement_of_other_markets_is_larger_then_the_whole_position() -> None:
    terms = underlying()
    assert restoring_lots(Margin(0, 10**30, 10**30), -7, 1) == 7
    lot = (1000 << 16) * terms.multiplier * terms.initial_margin_ppm
    assert restoring_lots(Margin(0, 3 * lot, 10**30), 7, lot) == 3
    assert restoring_lots(Margin(0, 3 * lot + 1, 10**30), 7, lot) == 4


def test_zero_price_when_nothing_is_left_then_the_mark_rounded_for_the_account() -> None:
    terms = underlying()
    nothing = Margin(0, 10**20, 10**20)
    assert zero_price_ticks(nothing, SELL, (1000 << 16) + 1, terms) == 1001
    assert zero_price_ticks(nothing, BUY, (1000 << 16) + 1, terms) == 1000
    # Half of the requirement is left: half of three percent.
    half = Margin(10**14 // 2, 0, 10**20)
    assert zero_price_ticks(half, SELL, 1000 << 16, terms) == 985
    assert zero_price_ticks(half, BUY, 1000 << 16, terms) == 1015


def test_account_when_sold_in_parts_then_each_part_is_by_the_rules_of_its_moment() -> None:
    exchange = failing()
    for price in (966, 967, 968, 969):
        exchange.place(4, BUY, 20_000, price)
    while exchange.book(BUY):
        exchange.liquidate(2)
        assert margin(exchange, 2).equity_x16 >= 0
        if margin(exchange, 2).meets_maintenance:
            break
    assert margin(exchange, 2).meets_maintenance
    exchange.seal()


def test_worked_example_of_the_specification() -> None:
    exchange = failing()
    before = margin(exchange, 2)
    assert before == Margin(45_100_000 << 16, 87_300_000 * 10**6 << 16, 52_380_000 * 10**6 << 16)
    exchange.place(4, BUY, LOTS, 969)
    event = only(exchange.liquidate(2), Liquidated)
    assert (event.zero_price_ticks, event.size_lots, event.traded_lots) == (945, 87_011, 87_011)
    assert event.fee_quanta == 8_431_365
    after = margin(exchange, 2)
    assert after.equity_x16 == 35_798_525 << 16
    assert after.maintenance_x16_ppm == 27_059_799 * 10**6 << 16
