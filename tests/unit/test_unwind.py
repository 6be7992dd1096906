"""Unwind: what a pool or the insurance fund took is traded at the mark or better."""

from dataclasses import replace

import pytest

from novation.protocol.constants import (
    INSURANCE_ACCOUNT_ID,
    PRICE_VALIDITY_MS,
    PRICE_X16_ONE,
    UNWIND_EVERY_MS,
    UNWIND_SHARE,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import OrderFilled, TakenOver, Unwound
from novation.protocol.rules.pools import pool_value_x16
from novation.protocol.transactions import Unwind
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange, Side

FUND = INSURANCE_ACCOUNT_ID
# At 1000 ticks of 10 quanta, with 100 USD: a little less than the initial margin allows.
LOTS = 190_000
PART = LOTS // UNWIND_SHARE


def pooled(side: Side = BUY, *, lots: int = LOTS, mark: int = 900) -> Exchange:
    """Return an exchange whose pool has the lots of account 2, and 3 stands against them."""
    exchange = Exchange(parameters(2))
    exchange.fund(3, 4, 5, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR * lots // LOTS + 1)
    exchange.place(3, side.other, lots, 1000)
    exchange.place(2, side, lots, 1000)
    exchange.jump(mark, 1000)
    exchange.take_over(2)
    exchange.settle()
    return exchange


def holding_fund(mark: int = 960) -> Exchange:
    """Return an exchange whose insurance fund took over what account 2 had."""
    exchange = Exchange(parameters(2))
    exchange.fund(3, 4, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.fund(FUND, amount_quanta=1_000 * ONE_DOLLAR)
    exchange.place(3, SELL, LOTS, 1000)
    exchange.place(2, BUY, LOTS, 1000)
    exchange.jump(mark, 1000)
    taken = exchange.take_over(2)
    assert any(isinstance(e, TakenOver) and e.by_insurance for e in taken.events)
    exchange.settle()
    return exchange


def refusal(exchange: Exchange) -> InvalidTransaction:
    with pytest.raises(InvalidTransaction) as caught:
        exchange.unwind()
    return caught.value


def pool_value(exchange: Exchange) -> int:
    return pool_value_x16(exchange.state.underlyings[0], exchange.state.parameters.underlyings[0])


def unwound(result: object) -> Unwound:
    (event,) = [e for e in result.events if isinstance(e, Unwound)]  # type: ignore[attr-defined]
    return event


@pytest.mark.parametrize(("side", "mark", "price"), [(BUY, 900, 903), (SELL, 1100, 1097)])
def test_pool_when_the_book_pays_more_than_the_mark_then_a_twentieth_goes_and_the_pool_gains(
    side: Side, mark: int, price: int
) -> None:
    exchange = pooled(side, mark=mark)
    sign = 1 if side is BUY else -1
    before = pool_value(exchange)
    order = exchange.place(4, side, LOTS, price)
    assert order.result_code is ResultCode.RESTING
    result = exchange.unwind()
    assert result.result_code is ResultCode.FILLED
    event = unwound(result)
    assert (event.is_pool, event.traded_lots, event.limit_price_ticks) == (True, PART, mark)
    assert exchange.state.underlyings[0].pool_lots == event.left_lots == sign * (LOTS - PART)
    # What the book bids better than the mark is the pool's, and so the other side's.
    assert pool_value(exchange) - before == 3 * PART * 10 * PRICE_X16_ONE
    (fill,) = [e for e in result.events if isinstance(e, OrderFilled)]
    assert (fill.taker_account_id, fill.taker_fee_quanta) == (FUND, 0)
    assert exchange.size(FUND) == 0
    assert exchange.size(4) == sign * PART
    exchange.seal()


def test_pool_when_the_book_bids_less_than_mark_or_index_then_it_keeps_its_lots() -> None:
    exchange = pooled()
    exchange.place(4, BUY, LOTS, 899)
    error = refusal(exchange)
    assert (error.code, error.broken) == (ErrorCode.NOTHING_TO_UNWIND, Broken("size_lots", 0, 1))
    # The mark is below the index: a bid between the two is not enough.
    state = exchange.state
    state.set_underlying(0, replace(state.underlyings[0], premium_x16=-2 * PRICE_X16_ONE))
    assert exchange.state.mark_price_x16(0) == 898 * PRICE_X16_ONE
    assert refusal(exchange).code is ErrorCode.NOTHING_TO_UNWIND
    exchange.place(4, BUY, 7, 900)
    assert unwound(exchange.unwind()).traded_lots == 7


def test_pool_when_its_last_lot_goes_then_what_it_has_is_the_funds() -> None:
    exchange = pooled(lots=21)
    exchange.place(4, BUY, 100, 905)
    assert unwound(exchange.unwind()).traded_lots == 2
    income = 0
    for left in range(18, -1, -1):
        exchange.wait(UNWIND_EVERY_MS)
        event = unwound(exchange.unwind())
        assert (event.traded_lots, event.left_lots) == (1, left)
        income += event.income_quanta
    prices = exchange.state.underlyings[0]
    assert (prices.pool_lots, prices.pool_cash_quanta) == (0, 0)
    assert income > 0
    exchange.wait(UNWIND_EVERY_MS)
    assert refusal(exchange).code is ErrorCode.NOTHING_TO_UNWIND
    exchange.seal()


def test_fund_when_it_holds_what_it_took_then_it_reduces_and_is_worth_no_less() -> None:
    exchange = holding_fund()
    held, before = exchange.size(FUND), exchange.margin(FUND)
    exchange.place(4, BUY, LOTS, 961)
    event = unwound(exchange.unwind())
    part = -(-held // UNWIND_SHARE)
    assert (event.is_pool, event.traded_lots, event.left_lots) == (False, part, held - part)
    after = exchange.margin(FUND)
    assert after.equity_x16 - before.equity_x16 == part * 10 * PRICE_X16_ONE
    assert after.maintenance_x16_ppm < before.maintenance_x16_ppm
    assert exchange.size(FUND) == held - part
    exchange.seal()


def test_fund_when_its_own_order_is_the_best_then_that_goes_and_the_next_is_met() -> None:
    exchange = holding_fund()
    exchange.place(FUND, BUY, 5, 962)
    exchange.place(4, BUY, 5, 961)
    event = unwound(exchange.unwind())
    assert event.traded_lots == 5
    slot = exchange.state.account(FUND).position(0)
    assert (slot.open_buy_lots, slot.n_orders) == (0, 0)
    exchange.seal()


def test_unwinding_when_less_than_a_second_has_passed_then_it_is_refused() -> None:
    exchange = pooled()
    exchange.place(4, BUY, LOTS, 900)
    exchange.unwind()
    exchange.wait(UNWIND_EVERY_MS - 1)
    error = refusal(exchange)
    assert error.code is ErrorCode.UNWOUND_LATELY
    assert error.broken.limit - error.broken.value == 1
    exchange.wait(1)
    exchange.unwind()
    exchange.seal()


def test_unwinding_when_nobody_may_take_then_it_is_refused() -> None:
    exchange = pooled()
    exchange.place(4, BUY, LOTS, 950)
    exchange.time_ms += PRICE_VALIDITY_MS + 1
    assert exchange.refuse(Unwind(0)) is ErrorCode.STALE_PRICE
    exchange.jump(800, 1000)
    assert exchange.refuse(Unwind(0)) is ErrorCode.RESOLVING
    exchange.settle()
    exchange.unwind()
    assert exchange.refuse(Unwind(1)) is ErrorCode.NOTHING_TO_UNWIND
    assert exchange.refuse(Unwind(2)) is ErrorCode.UNKNOWN_MARKET
