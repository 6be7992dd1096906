"""Operations of L1 that set parameters: what changes, from when on, and what must not."""

from dataclasses import replace

import pytest

from novation.protocol.constants import MAX_UNDERLYINGS
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.events import CancelReason, OrderCancelled, ParameterSet
from novation.protocol.margin import margin_of
from novation.protocol.markets import UnderlyingState
from novation.protocol.output import decode_output
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.rebuild import apply_output
from novation.protocol.state import State
from novation.protocol.transactions import ParameterKind, SetParameter
from tests.support.builders import (
    exchange_config,
    genesis,
    oracle_private_key,
    oracle_report,
    oracle_update,
    parameters,
    public_key,
    underlying,
)
from tests.support.exchange import BUY, SELL, Exchange

BTC = parameters().underlyings[0]
ADDED = underlying(symbol="SOL-USD", multiplier=100)


def trading() -> Exchange:
    """Return an exchange where account 2 offers in both markets."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(2, SELL, 5, 1000)
    exchange.place(2, SELL, 5, 1000, market_id=1)
    return exchange


def test_underlying_when_set_then_it_holds_at_once() -> None:
    exchange = trading()
    exchange.place(3, BUY, 2, 1000)
    account = exchange.state.account(3)
    position = exchange.state.globals.l1_queue_position
    terms = replace(BTC, initial_margin_ppm=500_000, taker_fee_ppm=1001, price_band_ppm=10)
    result = exchange.set_underlying(0, terms)
    assert result.events == (ParameterSet(ParameterKind.UNDERLYING, 0, terms.word()),)
    assert result.result_code is ResultCode.DONE
    assert exchange.state.globals.l1_queue_position == position + 1
    state = exchange.state
    margin = margin_of(account, state.underlyings, state.parameters)
    assert margin.initial_x16_ppm == 2 * (1000 << 16) * BTC.multiplier * 500_000
    assert exchange.refuse(exchange.order(3, BUY, 1, 1000)) is ErrorCode.FEE_ABOVE_LIMIT
    dear = exchange.order(3, BUY, 1, 1001, max_fee_ppm=2000)
    assert exchange.refuse(dear) is ErrorCode.PRICE_OUTSIDE_BAND


def test_maker_fee_when_raised_then_who_has_signed_less_is_not_filled() -> None:
    exchange = Exchange()
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 5, 1000, max_fee_ppm=BTC.taker_fee_ppm)
    exchange.place(4, SELL, 5, 1000, max_fee_ppm=BTC.taker_fee_ppm + 1)
    terms = replace(BTC, maker_fee_ppm=BTC.taker_fee_ppm + 1)
    assert len(exchange.set_underlying(0, terms).events) == 1
    result = exchange.place(3, BUY, 5, 1000)
    assert result.result_code is ResultCode.FILLED
    assert result.events[1] == OrderCancelled(1, 2, 0, SELL, 1000, 5, CancelReason.FEE)
    assert (exchange.size(2), exchange.size(4)) == (0, -5)


@pytest.mark.parametrize("change_ppm", [0, -1, 1])
def test_maker_fee_when_within_what_was_signed_then_filled(change_ppm: int) -> None:
    exchange = trading()
    terms = replace(BTC, maker_fee_ppm=BTC.maker_fee_ppm + change_ppm, taker_fee_ppm=900)
    assert len(exchange.set_underlying(0, terms).events) == 1
    assert exchange.place(3, BUY, 5, 1000).result_code is ResultCode.FILLED


def test_underlying_when_appended_then_it_waits_for_a_price_and_a_listing() -> None:
    exchange = trading()
    exchange.set_underlying(2, ADDED)
    assert exchange.state.parameters.underlyings[2] == ADDED
    assert exchange.state.underlyings[2] == UnderlyingState()
    order = exchange.order(3, BUY, 1, 1000, market_id=2)
    assert exchange.refuse(order) is ErrorCode.UNKNOWN_MARKET
    old = [oracle_report(exchange.config, i, exchange.time_ms, (1 << 16, 1 << 16)) for i in (0, 1)]
    assert exchange.refuse(oracle_update(tuple(old))) is ErrorCode.INVALID_FIELD
    exchange.set_price(1000)
    assert exchange.state.underlyings[2].index_price_x16 == 1000 << 16
    exchange.list_market(2)
    assert exchange.place(2, SELL, 1, 1000, market_id=2).result_code is ResultCode.RESTING
    assert exchange.place(3, BUY, 1, 1000, market_id=2).result_code is ResultCode.FILLED


def test_oracle_key_when_replaced_then_only_the_new_one_signs() -> None:
    exchange, secret = Exchange(), oracle_private_key(77)
    exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, 1, public_key(secret)))
    exchange.time_ms += 1
    prices = (1000 << 16, 1000 << 16)
    first = oracle_report(exchange.config, 0, exchange.time_ms, prices)
    old = oracle_report(exchange.config, 1, exchange.time_ms, prices)
    assert exchange.refuse(oracle_update((first, old))) is ErrorCode.INVALID_SIGNATURE
    new = oracle_report(exchange.config, 1, exchange.time_ms, prices, secret)
    exchange.apply(oracle_update((first, new)))


def test_oracle_when_appended_and_quorum_set_then_they_hold() -> None:
    exchange, secret = Exchange(), oracle_private_key(3)
    exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, 3, public_key(secret)))
    exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(4, 1)))
    exchange.time_ms += 1
    prices = (1000 << 16, 1000 << 16)
    reports = [oracle_report(exchange.config, i, exchange.time_ms, prices) for i in range(4)]
    too_few = oracle_update(tuple(reports[1:]))
    assert exchange.refuse(too_few) is ErrorCode.QUORUM_NOT_REACHED
    exchange.time_ms += 2
    late = oracle_update(tuple(reports))
    assert exchange.refuse(late) is ErrorCode.REPORT_TIME_OUTSIDE_WINDOW
    exchange.time_ms -= 1
    exchange.apply(late)


@pytest.mark.parametrize(
    "tx",
    [
        SetParameter(ParameterKind.UNDERLYING, 3, ADDED.word()),
        SetParameter(ParameterKind.UNDERLYING, MAX_UNDERLYINGS, ADDED.word()),
        SetParameter(ParameterKind.UNDERLYING, 0, replace(BTC, multiplier=11).word()),
        SetParameter(ParameterKind.UNDERLYING, 0, replace(BTC, symbol="BTC").word()),
        SetParameter(ParameterKind.UNDERLYING, 0, replace(BTC, tick_decimals=2).word()),
        SetParameter(ParameterKind.UNDERLYING, 0, BTC.word() + (1 << 180)),
        SetParameter(ParameterKind.UNDERLYING, 0, 0),
        SetParameter(ParameterKind.ORACLE_KEY, 4, 5),
        SetParameter(ParameterKind.ORACLE_KEY, 0, 0),
        SetParameter(ParameterKind.ORACLE_RULE, 1, oracle_rule_word(1, 1)),
        SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(0, 1)),
        SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(4, 1)),
        SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(1, 0)),
        SetParameter(ParameterKind.ORACLE_RULE, 0, 1 << 40),
    ],
)
def test_operation_when_l1_would_not_have_taken_it_then_our_fault(tx: SetParameter) -> None:
    with pytest.raises(AssertionError):
        Exchange(sign=False).apply(tx)


def test_parameters_when_set_then_a_rebuilt_state_has_them() -> None:
    exchange = Exchange()
    exchange.set_underlying(0, replace(BTC, maker_fee_ppm=400))
    exchange.set_underlying(2, ADDED)
    exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, 3, public_key(5)))
    exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(1, 7_000)))
    exchange.set_price(1000)
    exchange.list_market(2)
    sealed = exchange.seal()
    rebuilt = State.genesis(exchange_config(), genesis())
    apply_output(rebuilt, decode_output(sealed.output))
    assert rebuilt.parameters == exchange.state.parameters
    assert rebuilt.underlyings == exchange.state.underlyings
    assert rebuilt.markets == exchange.state.markets
    assert rebuilt.root == sealed.new_root
