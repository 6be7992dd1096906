"""Markets that end: protocol.md, section 21."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from novation.protocol.constants import (
    INSURANCE_ACCOUNT_ID,
    MINUTE_MS,
    PRICE_VALIDITY_MS,
    PRICE_X16_ONE,
    RESOLVE_MS,
    SETTLED_SAMPLES,
    SETTLEMENT_WINDOW_MS,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.events import MarketSettled, ParameterSet, PositionSettled
from novation.protocol.markets import Market
from novation.protocol.output import decode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.rules.ending import settlement_price_ticks
from novation.protocol.state import State
from novation.protocol.transactions import MinuteTick, ParameterKind
from tests.support.builders import ONE_DOLLAR, exchange_config, genesis, parameters
from tests.support.exchange import BUY, SELL, Exchange

FUND = INSURANCE_ACCOUNT_ID
Act = Callable[[], object]


def ending(*, minutes: int = 3) -> Exchange:
    """Return an exchange whose first market ends in so many minutes; 3 is long 7 lots, 2 short."""
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 7, 1000)
    exchange.place(3, BUY, 7, 1000)
    exchange.end_market(0, exchange.state.globals.next_tick_ms + (minutes - 1) * MINUTE_MS)
    return exchange


def ended(*price_ticks: int) -> Exchange:
    """Return one after it has ended, at the average of these indices, its jump settled."""
    exchange = ending(minutes=len(price_ticks))
    for price in price_ticks:
        exchange.jump(price, 1000)
        exchange.end_minute()
    exchange.settle()
    return exchange


def refusal(exchange: Exchange, account_id: int) -> InvalidTransaction:
    with pytest.raises(InvalidTransaction) as caught:
        exchange.settle_position(account_id)
    return caught.value


def test_end_when_announced_then_reduce_only_and_other_terms_stay() -> None:
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(2, 3)
    before = exchange.state.parameters.underlyings[0]
    ends_ms = exchange.time_ms + 90 * MINUTE_MS
    result = exchange.end_market(0, ends_ms)
    assert result.events == (ParameterSet(ParameterKind.END, 0, ends_ms),)
    terms = exchange.state.parameters.underlyings[0]
    assert terms == replace(before, modes=terms.modes, ends_ms=ends_ms)
    assert terms.is_reduce_only
    with pytest.raises(InvalidTransaction, match="MARKET_REDUCE_ONLY"):
        exchange.place(2, SELL, 1, 1000)
    # Limits and other terms leave the end alone; the end is for good.
    exchange.set_limits(0, interest_cap_lots=5)
    exchange.set_underlying(0, replace(terms, maker_fee_ppm=0, ends_ms=0))
    assert exchange.state.parameters.underlyings[0].ends_ms == ends_ms
    broken_rules: tuple[Act, ...] = (
        lambda: exchange.end_market(0, ends_ms + MINUTE_MS),
        lambda: exchange.end_market(2, ends_ms),
        lambda: exchange.set_underlying(0, replace(terms, modes=0, ends_ms=0)),
    )
    for broken in broken_rules:
        with pytest.raises(AssertionError):
            broken()


def test_market_when_its_time_comes_then_settled_at_the_average_rounded_up() -> None:
    exchange = ending()
    for price in (1001, 1003):
        exchange.jump(price, 1000)
        exchange.end_minute()
    prices = exchange.state.underlyings[0]
    market = exchange.state.market(0)
    assert (market.index_sum_x16, market.index_samples) == (2004 * PRICE_X16_ONE, 2)
    assert not prices.is_settled
    exchange.jump(1004, 1000)
    exchange.time_ms = exchange.state.globals.next_tick_ms - 2
    exchange.refresh_prices()
    exchange.time_ms += 1
    result = exchange.apply(MinuteTick())
    # 3008 / 3 is a little less.
    assert MarketSettled(0, 1003, 3) in result.events
    prices = exchange.state.underlyings[0]
    assert (prices.index_price_x16, prices.premium_x16) == (1003 * PRICE_X16_ONE, 0)
    assert prices.missed_samples == SETTLED_SAMPLES
    assert prices.dead_below_order_id == exchange.state.globals.next_order_id
    assert prices.jumped_ms == exchange.time_ms
    # Nothing moves it any more.
    exchange.tick()
    exchange.jump(500, 1000)
    exchange.end_minute()
    after = exchange.state.underlyings[0]
    assert after == prices


def test_sum_when_the_market_ends_later_then_does_not_begin_before_half_an_hour() -> None:
    exchange = Exchange(parameters(1), sign=False)
    first_ms = exchange.state.globals.next_tick_ms
    exchange.end_market(0, first_ms + SETTLEMENT_WINDOW_MS)
    exchange.time_ms = first_ms
    exchange.tick()
    assert exchange.state.market(0).index_samples == 0
    exchange.end_minute()
    assert exchange.state.market(0).index_samples == 1


def test_price_when_the_average_is_between_ticks_then_rounded_up() -> None:
    for sum_ticks, samples, expected in ((3008, 3, 1003), (3009, 3, 1003), (3010, 3, 1004)):
        market = Market(0, index_sum_x16=sum_ticks << 16, index_samples=samples)
        assert settlement_price_ticks(market) == expected
    assert settlement_price_ticks(Market(0, index_sum_x16=1, index_samples=31)) == 1


def test_market_when_no_prices_come_then_settled_at_the_last() -> None:
    exchange = ending()
    exchange.jump(1010, 1000)
    exchange.time_ms += 45 * MINUTE_MS
    exchange.tick()
    assert exchange.state.underlyings[0].index_price_x16 == 1010 * PRICE_X16_ONE
    assert exchange.state.market(0).index_samples == 1


def test_market_when_settled_then_no_order_is_taken_and_none_lives() -> None:
    exchange = ending()
    exchange.place(3, BUY, 1, 900, market_id=1)
    exchange.place(3, SELL, 2, 1050, reduce_only=True)
    order_id = exchange.state.globals.next_order_id - 1
    for _ in range(3):
        exchange.end_minute()
    exchange.settle()
    orders: tuple[Act, ...] = (
        lambda: exchange.place(3, SELL, 1, 1000, reduce_only=True),
        lambda: exchange.quote(2, (BUY, 1, 990)),
        lambda: exchange.place_stop(3, SELL, 1, 950),
    )
    for place in orders:
        with pytest.raises(InvalidTransaction) as caught:
            place()
        assert caught.value.code is ErrorCode.MARKET_SETTLED
        ends_ms = exchange.state.parameters.underlyings[0].ends_ms
        assert caught.value.broken == Broken("time_ms", exchange.time_ms, ends_ms - 1)
    exchange.prune(order_id)
    with pytest.raises(InvalidTransaction, match="MARKET_LISTED"):
        exchange.list_market(0)


def test_positions_when_settled_then_worth_the_price_without_a_fee_and_to_the_quantum() -> None:
    exchange = ended(1001, 1003, 1004)
    multiplier = exchange.state.parameters.underlyings[0].multiplier
    before = {i: exchange.state.account(i).collateral_quanta for i in (2, 3)}
    prices = exchange.state.underlyings[0]
    paid = {3: prices.paid_quanta(7), 2: prices.paid_quanta(-7)}
    result = exchange.settle_position(3)
    assert result.events == (PositionSettled(3, 0, 7, 1003),)
    assert exchange.state.underlyings[0].pool_lots == 7
    assert exchange.state.market(0).open_interest_lots == 0
    exchange.seal()
    exchange.settle_position(2)
    for account_id, size in ((3, 7), (2, -7)):
        gained = exchange.state.account(account_id).collateral_quanta - before[account_id]
        assert gained == size * 1003 * multiplier - paid[account_id]
        assert not exchange.state.account(account_id).positions
    assert exchange.state.underlyings[0].pool_lots == 0
    assert exchange.state.underlyings[0].pool_cash_quanta == 0
    assert refusal(exchange, 2).code is ErrorCode.NO_POSITION
    exchange.seal()


def test_position_when_it_may_not_be_settled_then_refused_with_value_and_limit() -> None:
    exchange = ending()
    assert refusal(exchange, 3).code is ErrorCode.NOT_SETTLED
    assert refusal(exchange, 99).code is ErrorCode.UNKNOWN_ACCOUNT
    with pytest.raises(InvalidTransaction, match="UNKNOWN_MARKET"):
        exchange.settle_position(3, 7)
    for _ in range(3):
        exchange.end_minute()
    resolving = refusal(exchange, 3)
    assert resolving.code is ErrorCode.RESOLVING
    until_ms = exchange.state.underlyings[0].jumped_ms + RESOLVE_MS
    assert resolving.broken == Broken("time_ms", exchange.time_ms, until_ms)
    assert refusal(exchange, 4).code is ErrorCode.RESOLVING
    exchange.settle()
    assert refusal(exchange, 4).code is ErrorCode.NO_POSITION
    exchange.settle_position(3)


def test_holder_when_the_oracles_are_silent_then_settled_and_withdraws() -> None:
    exchange = ended(1000)
    exchange.time_ms += PRICE_VALIDITY_MS + MINUTE_MS
    with pytest.raises(InvalidTransaction, match="STALE_PRICE"):
        exchange.withdraw(3, ONE_DOLLAR)
    exchange.settle_position(3)
    exchange.withdraw(3, ONE_DOLLAR)


def test_account_when_it_owes_then_taken_over_before_and_the_pool_bears_it() -> None:
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(3, 4, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, 190_000, 1000)
    exchange.place(2, BUY, 190_000, 1000)
    exchange.end_market(0, exchange.state.globals.next_tick_ms)
    exchange.jump(900, 1000)
    exchange.end_minute()
    exchange.settle()
    assert refusal(exchange, 2).code is ErrorCode.BANKRUPT
    exchange.take_over(2)
    assert exchange.state.underlyings[0].pool_lots == 190_000
    exchange.settle_position(3)
    prices = exchange.state.underlyings[0]
    assert (prices.pool_lots, prices.pool_cash_quanta) == (0, 0)
    # Less than a quantum a lot is left, and insurance has it.
    left = exchange.state.account(FUND).collateral_quanta
    assert 0 <= left < 190_000
    exchange.seal()


def test_state_when_rebuilt_from_outputs_then_the_same() -> None:
    exchange = ending()
    copy = State.genesis(exchange_config(), genesis(parameters(2)))
    apply_output(copy, decode_output(exchange.seal().output))
    exchange.end_minute()
    apply_output(copy, decode_output(exchange.seal().output))
    assert copy.market(0).index_samples == 1
    assert copy.parameters == exchange.state.parameters
    for _ in range(2):
        exchange.end_minute()
    exchange.settle()
    exchange.settle_position(3)
    apply_output(copy, decode_output(exchange.seal().output))
    assert copy.root == exchange.state.root
    assert copy.underlyings == exchange.state.underlyings
