"""Limits of a market: protocol.md, section 17."""

from dataclasses import replace

import pytest

from novation.protocol.constants import (
    GAP_BUDGETS_BOUND,
    LEAST_LOT_BOUND,
    MODE_HALTED,
    OPEN_INTEREST_BOUND,
    POSITION_BOUND,
    RATE_BOUND,
)
from novation.protocol.errors import Broken, DecodeError, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import ParameterSet
from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.orders import TimeInForce
from novation.protocol.output import decode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.state import State
from novation.protocol.transactions import ParameterKind
from tests.support.builders import exchange_config, genesis, parameters
from tests.support.exchange import BUY, SELL, Exchange

IOC = TimeInForce.IOC


def trading(**limits: int) -> Exchange:
    """Return an exchange in which 2 is short and 3 long 10 lots, with limits from now on."""
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(2, 3, 4, 5)
    exchange.place(2, SELL, 10, 1000)
    exchange.place(3, BUY, 10, 1000)
    exchange.set_limits(0, **limits)
    return exchange


def interest(exchange: Exchange) -> int:
    """Return the open interest of the first market."""
    return exchange.state.market(0).open_interest_lots


def test_limits_when_set_then_in_force_and_the_other_terms_stay() -> None:
    exchange = trading()
    terms = exchange.state.parameters.underlyings[1]
    limits = Limits(7, 5)
    result = exchange.set_limits(1, interest_cap_lots=7, position_limit_lots=5)
    assert result.events == (ParameterSet(ParameterKind.LIMITS, 1, limits.word()),)
    assert exchange.state.parameters.underlyings[1] == replace(terms, limits=limits)
    # Other terms leave the limits alone.
    exchange.set_underlying(1, replace(terms, modes=MODE_HALTED, limits=NO_LIMITS))
    changed = replace(terms, modes=MODE_HALTED, limits=limits)
    assert exchange.state.parameters.underlyings[1] == changed
    state = State.genesis(exchange_config(), genesis(parameters(2)))
    apply_output(state, decode_output(exchange.seal().output))
    assert state.parameters == exchange.state.parameters


def test_limits_when_out_of_range_then_refused() -> None:
    for limits in (
        {"interest_cap_lots": -1},
        {"interest_cap_lots": OPEN_INTEREST_BOUND},
        {"position_limit_lots": -1},
        {"position_limit_lots": POSITION_BOUND},
        {"least_lot_quanta": -1},
        {"least_lot_quanta": LEAST_LOT_BOUND},
        {"gap_ppm": -1},
        {"gap_ppm": RATE_BOUND},
        {"gap_budgets": -1},
        {"gap_budgets": GAP_BUDGETS_BOUND},
    ):
        with pytest.raises(ValueError, match="parameters out of range"):
            Limits(**limits)
    for limits_word in (0, NO_LIMITS.word(), 2**132 - 1):
        assert Limits.from_word(limits_word).word() == limits_word
    with pytest.raises(DecodeError):
        Limits.from_word(2**132)
    with pytest.raises(AssertionError, match="LIMITS 2, at most 1"):
        trading().set_limits(2)


def test_open_interest_when_it_would_pass_the_cap_then_refused_with_value_and_limit() -> None:
    exchange = trading(interest_cap_lots=15)
    exchange.place(4, SELL, 20, 1000)
    with pytest.raises(InvalidTransaction, match="would be 16 lots, limit 15") as refused:
        exchange.apply(exchange.order(5, BUY, 6, 1000, time_in_force=IOC))
    assert refused.value.code is ErrorCode.OPEN_INTEREST_LIMIT
    assert refused.value.broken == Broken("open_interest_lots", 16, 15)
    assert exchange.place(5, BUY, 5, 1000).result_code is ResultCode.FILLED
    assert interest(exchange) == 15
    # What rests opens nothing yet.
    assert exchange.place(5, BUY, 5, 990).result_code is ResultCode.RESTING


def test_open_interest_when_above_a_lowered_cap_then_never_in_the_way_of_who_reduces() -> None:
    exchange = trading(interest_cap_lots=4)
    # A long closes to one who opens, then a short: the open interest stays.
    exchange.place(4, BUY, 3, 1000)
    assert exchange.place(3, SELL, 3, 1000, time_in_force=IOC).result_code is ResultCode.FILLED
    exchange.place(5, SELL, 3, 1000)
    assert exchange.place(2, BUY, 3, 1000, time_in_force=IOC).result_code is ResultCode.FILLED
    assert interest(exchange) == 10
    # Both sides open: refused, however little it is. Both close: it falls.
    exchange.place(5, SELL, 1, 1000)
    refused = exchange.order(4, BUY, 1, 1000, time_in_force=IOC)
    with pytest.raises(InvalidTransaction, match="would be 11 lots, limit 10"):
        exchange.apply(refused)
    exchange.cancel_all(5)
    exchange.place(2, BUY, 2, 1000)
    exchange.place(3, SELL, 2, 1000)
    assert interest(exchange) == 8


def test_order_when_it_turns_a_position_around_at_the_cap_then_only_as_far_as_it_reduces() -> None:
    exchange = trading(interest_cap_lots=10)
    exchange.place(4, BUY, 30, 1000)
    turning = exchange.order(3, SELL, 11, 1000, time_in_force=IOC)
    assert exchange.refuse(turning) is ErrorCode.OPEN_INTEREST_LIMIT
    order = exchange.place(3, SELL, 11, 1000, time_in_force=IOC, reduce_only=True)
    assert order.result_code is ResultCode.FILLED
    assert exchange.size(3) == 0


def test_position_when_it_could_pass_its_share_then_refused_with_what_is_left() -> None:
    exchange = trading(position_limit_lots=12)
    with pytest.raises(InvalidTransaction, match="could reach 13 lots, limit 12") as refused:
        exchange.apply(exchange.order(3, BUY, 3, 990))
    assert refused.value.code is ErrorCode.POSITION_LIMIT
    assert refused.value.broken == Broken("size_lots", 3, 2)
    exchange.place(3, BUY, 2, 990)
    assert exchange.refuse(exchange.order(3, BUY, 1, 990)) is ErrorCode.POSITION_LIMIT
    # The other side may be as large, and a new account's too.
    exchange.place(3, SELL, 12, 1010)
    assert exchange.refuse(exchange.order(4, BUY, 13, 990)) is ErrorCode.POSITION_LIMIT


def test_position_when_above_a_lowered_share_then_only_reduces() -> None:
    exchange = trading(position_limit_lots=5)
    for size_lots in (1, 5):
        assert exchange.refuse(exchange.order(3, BUY, size_lots, 990)) is ErrorCode.POSITION_LIMIT
    order = exchange.order(3, BUY, 1, 990)
    with pytest.raises(InvalidTransaction) as refused:
        exchange.apply(order)
    assert refused.value.broken == Broken("size_lots", 1, 0)
    exchange.place(3, SELL, 5, 1010)
    exchange.place(3, SELL, 10, 1010, reduce_only=True)
    exchange.place(4, BUY, 5, 1010)
    assert exchange.size(3) == 5


def test_quotes_when_one_side_is_full_then_the_other_is_free() -> None:
    exchange = trading(position_limit_lots=12)
    exchange.quote(3, (BUY, 1, 990), (SELL, 12, 1010), (BUY, 1, 989))
    quotes = exchange.quotes(3, (SELL, 12, 1010), (BUY, 3, 990), cancels_first=True)
    with pytest.raises(InvalidTransaction) as refused:
        exchange.apply(quotes)
    assert refused.value.broken == Broken("quotes[1].size_lots", 3, 2)
    # Above the limit on one side, offers on the other one go on.
    exchange.set_limits(0, position_limit_lots=6)
    exchange.quote(3, (SELL, 6, 1010), cancels_first=True)
    assert exchange.refuse(exchange.quotes(3, (BUY, 1, 990))) is ErrorCode.POSITION_LIMIT


def test_market_when_a_lot_is_worth_too_little_then_reduce_only_until_it_is_worth_enough() -> None:
    exchange = trading(least_lot_quanta=10_000)
    # A lot of ten quanta a tick is worth 10,000 at the mark of 1000.
    exchange.place(4, BUY, 1, 999)
    exchange.set_price(999)
    with pytest.raises(
        InvalidTransaction, match="less than 10000: it takes reduce-only"
    ) as refused:
        exchange.apply(exchange.order(4, BUY, 1, 999))
    assert refused.value.code is ErrorCode.LOT_TOO_SMALL
    assert refused.value.broken == Broken("mark_price_x16", 999 << 16, 1000 << 16)
    assert exchange.refuse(exchange.quotes(4, (BUY, 1, 990))) is ErrorCode.LOT_TOO_SMALL
    exchange.place(3, SELL, 1, 999, reduce_only=True)
    assert exchange.size(3) == 9
    exchange.set_price(1000)
    exchange.place(4, BUY, 1, 999)
