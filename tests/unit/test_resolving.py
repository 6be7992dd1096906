"""Reference marks, and what waits after a jump of an index: protocol.md, section 13."""

from dataclasses import replace

import pytest

from novation.protocol.constants import (
    KEEP_REFERENCE_MS,
    POST_ONLY_MS,
    RESOLVE_MS,
    RESUME_GAP_MS,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.mark import mark_price_x16
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import TimeInForce
from novation.protocol.rules.resolving import (
    is_jump,
    is_resolving,
    is_slide,
    with_index,
    with_minute,
)
from tests.support.builders import ONE_DOLLAR, l1_address, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

# Maintenance margin is 3 %: a jump is 1.5 %.
INDEX_X16 = 1000 << 16
NOW_MS = 10**12
TERMS = underlying()
CHARGED = {"long_charged_quanta": 3, "short_charged_quanta": 4}
POST_ONLY = TimeInForce.POST_ONLY


def had(**changes: int) -> UnderlyingState:
    """Return an underlying at 1000 with other reference marks, of which something was charged."""
    fields = {
        "ref_x16": 995 << 16,
        "window_x16": 998 << 16,
        "jumped_ms": NOW_MS - KEEP_REFERENCE_MS,
        **CHARGED,
    }
    return UnderlyingState(INDEX_X16, **fields | changes)


def moved(before: UnderlyingState, index_x16: int, time_ms: int = NOW_MS) -> UnderlyingState:
    """Return it with another index."""
    return with_index(before, replace(before, index_price_x16=index_x16), TERMS, time_ms)


@pytest.mark.parametrize("sign", [-1, 1])
def test_index_when_it_moves_by_half_the_maintenance_margin_then_a_jump(sign: int) -> None:
    least_x16 = 15 << 16
    assert is_jump(INDEX_X16, INDEX_X16 + sign * least_x16, TERMS)
    assert not is_jump(INDEX_X16, INDEX_X16 + sign * (least_x16 - 1), TERMS)
    before = had()
    assert moved(before, INDEX_X16 + sign * (least_x16 - 1)).ref_x16 == before.ref_x16


@pytest.mark.parametrize(("index_ticks", "ref_ticks"), [(900, 1003), (1100, 998)])
def test_jump_when_there_was_none_then_gains_are_counted_from_the_farthest_mark(
    index_ticks: int, ref_ticks: int
) -> None:
    before = had(premium_x16=3 << 16)
    after = moved(before, index_ticks << 16)
    assert (after.ref_x16, after.window_x16) == (ref_ticks << 16, (index_ticks + 3) << 16)
    assert (after.long_charged_quanta, after.short_charged_quanta) == (0, 0)
    assert after.resolve_until_ms == NOW_MS + RESOLVE_MS
    assert is_resolving(after, NOW_MS + RESOLVE_MS - 1)
    assert not is_resolving(after, NOW_MS + RESOLVE_MS)


def test_jump_when_there_was_one_in_the_last_minute_then_counted_from_before_that() -> None:
    before = had(jumped_ms=NOW_MS - KEEP_REFERENCE_MS + 1)
    after = moved(before, 900 << 16)
    changed = {"index_price_x16": 900 << 16, "window_x16": 900 << 16, "jumped_ms": NOW_MS}
    assert after == replace(before, **changed)


@pytest.mark.parametrize("sign", [-1, 1])
def test_mark_when_it_slides_by_the_maintenance_margin_then_as_a_jump(sign: int) -> None:
    """Whatever the updates were: since the window's mark, or since the last jump."""
    window = 1000 << 16
    slid = window + sign * (30 << 16)
    assert is_slide(window, slid, TERMS)
    assert not is_slide(window, slid - sign, TERMS)
    prices = had(window_x16=window)
    for step in (10, 20, 29):
        prices = moved(prices, window + sign * (step << 16))
        assert (prices.jumped_ms, prices.window_x16) == (NOW_MS - KEEP_REFERENCE_MS, window)
    prices = moved(prices, slid)
    assert (prices.ref_x16, prices.window_x16, prices.jumped_ms) == (window, slid, NOW_MS)
    later_ms = NOW_MS + RESOLVE_MS
    assert not is_resolving(moved(prices, window + sign * (40 << 16), later_ms), later_ms)


def test_mark_when_a_premium_carries_it_then_the_index_need_not_have_moved() -> None:
    """What slid is the mark."""
    before = replace(had(window_x16=1000 << 16), index_price_x16=1016 << 16)
    assert moved(before, 1016 << 16) == before
    assert moved(replace(before, premium_x16=15 << 16), 1016 << 16).jumped_ms == NOW_MS


def test_first_price_when_it_comes_then_no_jump() -> None:
    first = moved(UnderlyingState(), INDEX_X16)
    assert first == UnderlyingState(INDEX_X16, ref_x16=INDEX_X16, window_x16=INDEX_X16)


def test_minute_when_it_ends_then_gains_are_counted_from_its_start() -> None:
    prices = had()
    after = with_minute(prices, TERMS, NOW_MS)
    assert (after.ref_x16, after.window_x16) == (998 << 16, mark_price_x16(prices, TERMS))
    assert (after.long_charged_quanta, after.short_charged_quanta) == (0, 0)
    kept = had(jumped_ms=NOW_MS - KEEP_REFERENCE_MS + 1)
    assert with_minute(kept, TERMS, NOW_MS) == kept


def test_minutes_when_they_end_then_reference_is_one_to_two_minutes_old() -> None:
    exchange = Exchange(parameters(1), sign=False)
    for price in (1001, 1002, 1003):
        exchange.set_price(price)
        exchange.end_minute()
    prices = exchange.state.underlyings[0]
    assert (prices.ref_x16, prices.window_x16) == (1002 << 16, 1003 << 16)


def test_listing_when_it_comes_late_then_nobody_has_gained_before() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.set_underlying(1, underlying(symbol="NEW", multiplier=100))
    exchange.set_price(1000, 1000)
    exchange.set_price(1000, 1010)
    exchange.list_market(1)
    listed = exchange.state.underlyings[1]
    assert (listed.ref_x16, listed.window_x16) == (1010 << 16, 1010 << 16)


def trading() -> Exchange:
    """Return an exchange with positions in market 0, an ask and a bid, that has just jumped."""
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 10, 1000)
    exchange.place(3, BUY, 10, 1000)
    exchange.place(2, SELL, 1, 1010)
    exchange.place(3, BUY, 1, 960)
    exchange.jump(980, 1000)
    return exchange


@pytest.mark.parametrize("kind", [TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK])
def test_order_that_may_trade_when_a_jump_is_unsettled_then_refused(kind: TimeInForce) -> None:
    exchange = trading()
    until_ms = exchange.time_ms + RESOLVE_MS
    order = exchange.order(4, BUY, 1, 970, time_in_force=kind)
    with pytest.raises(InvalidTransaction, match="jumped at") as refused:
        exchange.apply(order)
    assert refused.value.code is ErrorCode.RESOLVING
    assert refused.value.broken == Broken("time_ms", exchange.time_ms, until_ms)
    assert exchange.place(4, BUY, 1, 1000, market_id=1).result_code is ResultCode.RESTING
    exchange.settle()
    assert exchange.time_ms == until_ms
    exchange.place(4, BUY, 1, 1010, time_in_force=kind)
    assert exchange.size(4) == 1


def test_what_goes_on_while_a_jump_is_unsettled() -> None:
    exchange = trading()
    exchange.cancel(2, 3)
    exchange.place(2, SELL, 1, 990, time_in_force=POST_ONLY)
    exchange.place(4, BUY, 1, 992, time_in_force=TimeInForce.POST_ONLY_SLIDE)
    exchange.replace_order(5, SELL, 1, 995, time_in_force=POST_ONLY)
    exchange.fund(4)
    exchange.cancel_all(3)
    with pytest.raises(InvalidTransaction) as refused:
        exchange.replace_order(7, SELL, 1, 994)
    assert refused.value.code is ErrorCode.RESOLVING
    assert [price for _, price, _ in exchange.book(SELL)] == [995]


def test_withdrawal_when_a_jump_is_unsettled_then_only_without_a_slot_there() -> None:
    exchange = trading()
    exchange.place(4, BUY, 1, 1000, market_id=1)
    exchange.withdraw(4, ONE_DOLLAR)
    exchange.apply(replace(exchange.deposit(5, 1), l1_address=l1_address(2)))
    assert exchange.refuse(exchange.transferral(2, 5, 1)) is ErrorCode.RESOLVING
    for account_id in (2, 3):
        tx = exchange.withdrawal(account_id, 1)
        assert exchange.refuse(tx) is ErrorCode.RESOLVING
    exchange.settle()
    exchange.withdraw(2, 1)


def test_withdrawal_of_another_asset_when_a_jump_is_unsettled_then_accepted() -> None:
    exchange = trading()
    exchange.apply(exchange.deposit(2, 5, 1))
    exchange.withdraw(2, 5, 1)


def test_jump_when_it_ends_a_gap_then_counted_over_it() -> None:
    exchange = trading()
    exchange.settle()
    exchange.time_ms += RESUME_GAP_MS + 1
    exchange.jump(900, 1000)
    prices, counters = exchange.state.underlyings[0], exchange.state.globals
    assert prices.ref_x16 == 980 << 16
    assert counters.post_only_until_ms == exchange.time_ms + POST_ONLY_MS
    assert exchange.refuse(exchange.withdrawal(2, 1)) is ErrorCode.RESOLVING
    exchange.settle()
    exchange.withdraw(2, 1)
    refused = exchange.order(4, BUY, 1, 900)
    assert exchange.refuse(refused) is ErrorCode.POST_ONLY_PERIOD


def test_liquidation_when_a_jump_is_unsettled_then_goes_on() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(3)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, 165_000, 1000)
    exchange.place(2, BUY, 165_000, 1000)
    exchange.jump(968)
    exchange.place(3, BUY, 100, 967, time_in_force=POST_ONLY)
    exchange.liquidate(2)
    assert exchange.size(2) == 165_000 - 100


def test_minute_when_it_ends_less_than_another_after_a_jump_then_reference_stays() -> None:
    exchange = trading()
    exchange.settle()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 5
    exchange.jump(960, 1000)
    exchange.end_minute()
    first, second = exchange.state.underlyings
    assert (first.ref_x16, second.window_x16) == (1000 << 16, 1000 << 16)
    exchange.settle()
    exchange.end_minute()
    assert exchange.state.underlyings[0].ref_x16 == 960 << 16
