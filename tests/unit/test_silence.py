"""A market without a price of the last update: what waits, and what goes on."""

from novation.protocol.errors import ErrorCode
from novation.protocol.orders import TimeInForce
from novation.protocol.rules.triggers import due_markets
from novation.protocol.rules.unwind import wanted_markets
from novation.protocol.transactions import (
    Liquidate,
    ListMarket,
    SetAuction,
    TakeOver,
    TriggerOrder,
    Unwind,
)
from tests.circuits.test_liquidation_rules_left_out import REQUIRED_QUANTA, holding
from tests.circuits.test_rules_left_out import with_unlisted
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange
from tests.unit.test_unwind import LOTS, pooled

PRICE_X16 = 1000 << 16


def trading() -> Exchange:
    """Return an exchange in which accounts 2 and 3 hold market 0."""
    exchange = Exchange()
    exchange.fund(2, 3, 4, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.place(2, SELL, 20, 1000)
    exchange.place(3, BUY, 10, 1000)
    return exchange


def test_market_when_it_has_no_price_then_keeps_the_old_one_and_takes_no_order() -> None:
    exchange = trading()
    exchange.silence(0)
    silent, other = exchange.state.underlyings
    assert (silent.index_price_x16, silent.is_silent, other.is_silent) == (PRICE_X16, True, False)
    for time_in_force in TimeInForce:
        order = exchange.order(4, BUY, 1, 999, time_in_force=time_in_force)
        assert exchange.refuse(order) is ErrorCode.PRICE_ABSENT
    assert exchange.refuse(TriggerOrder(0)) is ErrorCode.PRICE_ABSENT
    exchange.place(4, BUY, 1, 1000, market_id=1)
    exchange.set_price(1001)
    assert not exchange.state.underlyings[0].is_silent
    exchange.place(4, BUY, 1, 1001)


def test_account_when_a_market_of_its_is_silent_then_no_new_risk_but_others_may() -> None:
    exchange = trading()
    exchange.place(2, SELL, 5, 1000, market_id=1)
    exchange.place(3, BUY, 5, 1000, market_id=1)
    exchange.silence(0)
    more = exchange.order(3, BUY, 1, 1000, market_id=1)
    assert exchange.refuse(more) is ErrorCode.PRICE_ABSENT
    quotes = exchange.quotes(3, (BUY, 200, 990), market_id=1)
    assert exchange.refuse(quotes) is ErrorCode.PRICE_ABSENT
    exchange.place(4, BUY, 3, 1000, market_id=1)
    # What reduces goes on, and so do orders that rested.
    exchange.place(3, SELL, 3, 1000, market_id=1)
    assert exchange.size(3, 1) == 2


def test_money_when_a_market_is_silent_then_stays_with_who_has_something_there() -> None:
    exchange = trading()
    exchange.silence(0)
    assert exchange.refuse(exchange.withdrawal(3, 1)) is ErrorCode.PRICE_ABSENT
    exchange.withdraw(4, 1)
    exchange.cancel_all(2)
    assert exchange.refuse(exchange.withdrawal(2, 1)) is ErrorCode.PRICE_ABSENT
    exchange.silence(1)
    exchange.withdraw(3, 1)


def failing_beside() -> Exchange:
    """Return an exchange whose account 2 fails by market 0 and has lots of market 1."""
    return holding(REQUIRED_QUANTA - 1, other_lots=100)


def test_account_when_it_fails_beside_a_silent_market_then_liquidated_and_not_taken_over() -> None:
    exchange = failing_beside()
    exchange.silence(1)
    assert exchange.refuse(Liquidate(2, 1)) is ErrorCode.PRICE_ABSENT
    assert exchange.refuse(SetAuction(2)) is ErrorCode.PRICE_ABSENT
    assert exchange.refuse(TakeOver(2)) is ErrorCode.PRICE_ABSENT
    exchange.place(4, BUY, 1_000, 970)
    exchange.liquidate(2)
    assert exchange.size(2, 0) < 180_000


def test_auction_when_a_market_becomes_silent_then_no_bid_until_it_has_a_price() -> None:
    exchange = failing_beside()
    exchange.set_auction(2)
    exchange.silence(1)
    offer = exchange.offer(4, 2, share_x16=2**13)
    assert exchange.refuse(offer) is ErrorCode.PRICE_ABSENT
    exchange.set_price(970, 1000)
    exchange.bid(4, 2, share_x16=2**13)


def test_underlying_when_silent_then_not_listed() -> None:
    exchange = with_unlisted()
    exchange.silence(2)
    assert exchange.refuse(ListMarket(2)) is ErrorCode.PRICE_ABSENT


def test_market_when_silent_at_the_end_of_a_minute_then_its_sample_fails() -> None:
    exchange = Exchange()
    exchange.fund(2, 3, amount_quanta=10**7 * ONE_DOLLAR)
    exchange.place(2, SELL, 1_100_000, 1002)
    exchange.place(3, BUY, 1_100_000, 999)
    exchange.time_ms = exchange.state.globals.next_tick_ms - 2
    exchange.silence(0)
    exchange.time_ms += 1
    exchange.tick()
    assert exchange.state.underlyings[0].missed_samples == 1


def test_market_when_its_price_comes_back_far_away_then_that_is_a_jump() -> None:
    exchange = trading()
    exchange.silence(0)
    exchange.jump(900)
    assert exchange.refuse(exchange.order(4, BUY, 1, 900)) is ErrorCode.RESOLVING


def test_stop_when_its_market_is_silent_then_not_due_until_there_is_a_price() -> None:
    exchange = trading()
    exchange.place_stop(3, SELL, 10, 999)
    exchange.set_price(998)
    assert due_markets(exchange.state, exchange.time_ms) == [0]
    exchange.silence(0)
    assert due_markets(exchange.state, exchange.time_ms) == []
    exchange.refresh_prices()
    assert due_markets(exchange.state, exchange.time_ms) == [0]


def test_pool_when_its_market_is_silent_then_not_unwound_until_there_is_a_price() -> None:
    exchange = pooled()
    exchange.place(4, BUY, LOTS, 903)
    assert wanted_markets(exchange.state, exchange.time_ms) == [0]
    exchange.silence(0)
    assert wanted_markets(exchange.state, exchange.time_ms) == []
    assert exchange.refuse(Unwind(0)) is ErrorCode.PRICE_ABSENT
    exchange.refresh_prices()
    assert wanted_markets(exchange.state, exchange.time_ms) == [0]
