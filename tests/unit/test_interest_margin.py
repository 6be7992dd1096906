"""The initial margin rises with the open interest, a step a minute, and only for what is new."""

from dataclasses import replace

import pytest

from novation.protocol.constants import MARGIN_STEP_PPM, RATE_BOUND
from novation.protocol.errors import DecodeError, ErrorCode, ResultCode
from novation.protocol.events import OrderFilled
from novation.protocol.interest_margin import followed_margin_ppm, wanted_margin_ppm
from novation.protocol.margin import margin_of
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import TimeInForce
from novation.protocol.parameters import Underlying
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

# From 1,000 to 3,000 USD.
TERMS = underlying(interest_lower_kusd=1, interest_upper_kusd=3)
MARK_X16 = 1000 << 16
# A lot is worth a cent.
LOTS_OF_KUSD = 100_000
ALL_PPM = RATE_BOUND - 1 - TERMS.initial_margin_ppm


@pytest.mark.parametrize(
    ("lots", "wanted_ppm"),
    [
        (0, 0),
        (LOTS_OF_KUSD, 0),
        (LOTS_OF_KUSD + 1, ALL_PPM // (2 * LOTS_OF_KUSD)),
        (2 * LOTS_OF_KUSD, ALL_PPM // 2),
        (3 * LOTS_OF_KUSD - 1, ALL_PPM - ALL_PPM // (2 * LOTS_OF_KUSD) - 1),
        (3 * LOTS_OF_KUSD, ALL_PPM),
        (2**48 - 1, ALL_PPM),
    ],
)
def test_margin_when_open_interest_grows_then_rises_between_the_amounts(
    lots: int, wanted_ppm: int
) -> None:
    assert wanted_margin_ppm(lots, MARK_X16, TERMS) == wanted_ppm
    for amount in (0, 1, 2**24 - 1):
        flat = replace(TERMS, interest_lower_kusd=amount, interest_upper_kusd=amount)
        assert wanted_margin_ppm(lots, MARK_X16, flat) == 0


def test_margin_when_it_follows_then_a_step_at_a_time_up_and_down() -> None:
    prices, lots = UnderlyingState(MARK_X16), 2 * LOTS_OF_KUSD
    for minute in range(1, 4):
        prices = replace(prices, added_margin_ppm=followed_margin_ppm(prices, lots, TERMS))
        assert prices.added_margin_ppm == minute * MARGIN_STEP_PPM
    near = replace(prices, added_margin_ppm=ALL_PPM // 2 - 5)
    assert followed_margin_ppm(near, lots, TERMS) == ALL_PPM // 2
    for lots_after, after_ppm in ((0, 2 * MARGIN_STEP_PPM), (lots, 4 * MARGIN_STEP_PPM)):
        assert followed_margin_ppm(prices, lots_after, TERMS) == after_ppm
    low = replace(prices, added_margin_ppm=3)
    assert followed_margin_ppm(low, 0, TERMS) == 0


def crowded(n_minutes: int = 1) -> Exchange:
    """Return an exchange in which 2,000 USD are held in market 0, some minutes later."""
    exchange = Exchange(parameters(2).with_underlying(0, TERMS), sign=False)
    exchange.fund(2, 3, 4, amount_quanta=1_000 * ONE_DOLLAR)
    exchange.place(3, SELL, 2 * LOTS_OF_KUSD, 1000)
    exchange.place(2, BUY, 2 * LOTS_OF_KUSD, 1000)
    for _ in range(n_minutes):
        exchange.end_minute()
    exchange.refresh_prices()
    return exchange


def test_new_risk_when_much_is_held_then_needs_more_and_nobody_is_liquidated() -> None:
    exchange = crowded(2)
    state = exchange.state
    assert state.underlyings[0].added_margin_ppm == 2 * MARGIN_STEP_PPM
    assert state.underlyings[1].added_margin_ppm == 0
    margin = margin_of(state.account(2), state.underlyings, state.parameters)
    value_quanta = 2_000 * ONE_DOLLAR
    assert margin.initial_x16_ppm == value_quanta * 70_000 << 16
    assert margin.maintenance_x16_ppm == value_quanta * 30_000 << 16
    # 1,000 USD are worth 14,285 USD of new positions at 7 %, before 20,000 at 5 %.
    size = 1_450_000
    assert exchange.refuse(exchange.order(4, BUY, size, 999)) is ErrorCode.INSUFFICIENT_MARGIN
    placed = exchange.place(4, BUY, size, 999, market_id=1)
    assert placed.result_code is ResultCode.RESTING
    exchange.seal()


def test_account_when_the_margin_has_risen_above_its_equity_then_it_may_reduce() -> None:
    exchange = crowded()
    exchange.state.underlyings = (
        replace(exchange.state.underlyings[0], added_margin_ppm=900_000),
        exchange.state.underlyings[1],
    )
    state = exchange.state
    assert not margin_of(state.account(2), state.underlyings, state.parameters).meets_initial
    exchange.place(4, BUY, 10, 1000)
    sold = exchange.place(2, SELL, 10, 1000, time_in_force=TimeInForce.IOC, reduce_only=True)
    assert isinstance(sold.events[1], OrderFilled)
    assert exchange.refuse(exchange.order(2, BUY, 1, 1000)) is ErrorCode.INSUFFICIENT_MARGIN


def test_margin_when_terms_or_prices_change_then_stays_until_the_minute_ends() -> None:
    exchange = crowded()
    exchange.set_underlying(0, replace(TERMS, interest_lower_kusd=0, interest_upper_kusd=0))
    exchange.set_price(1010)
    assert exchange.state.underlyings[0].added_margin_ppm == MARGIN_STEP_PPM
    exchange.end_minute()
    assert exchange.state.underlyings[0].added_margin_ppm == 0
    exchange.seal()


def test_word_when_amounts_are_at_their_bounds_then_read_back_and_beyond_refused() -> None:
    for lower, upper in ((0, 0), (0, 2**24 - 1), (2**24 - 1, 2**24 - 1)):
        terms = replace(TERMS, interest_lower_kusd=lower, interest_upper_kusd=upper)
        assert Underlying.from_word(terms.word()) == terms
    for lower, upper in ((1, 0), (0, 2**24), (-1, 0)):
        with pytest.raises(ValueError, match="open interest"):
            replace(TERMS, interest_lower_kusd=lower, interest_upper_kusd=upper)
    word = replace(TERMS, interest_lower_kusd=0, interest_upper_kusd=0).word()
    with pytest.raises(DecodeError):
        Underlying.from_word(word | 1 << 196)
