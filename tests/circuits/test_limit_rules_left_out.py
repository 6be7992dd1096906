"""A sequencer that leaves out a limit of a market, or sets it its own way: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from novation.protocol.constants import DAY_MS, INSURANCE_ACCOUNT_ID
from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.orders import TimeInForce
from novation.protocol.rules import budgets, mass_quote, minute_tick, place_order, set_parameter
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from novation.protocol.transactions import ParameterKind, SetParameter
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    assert_proven,
    ignored,
)
from tests.support.builders import parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]


def limited(**limits: int) -> Exchange:
    """Return an exchange in which 2 is short and 3 long 10 lots, with limits from now on."""
    exchange = Exchange(parameters(1))
    exchange.fund(2, 3, 4, 5)
    exchange.place(2, SELL, 10, 1000)
    exchange.place(3, BUY, 10, 1000)
    exchange.set_limits(0, **limits)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def interest_above_the_cap(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "_check_open_interest", ignored)
    exchange = limited(interest_cap_lots=15)
    exchange.place(4, SELL, 5 + excess, 1000)
    exchange.place(5, BUY, 5 + excess, 1000)
    return exchange.seal()


def interest_further_above_a_lowered_cap(patch: Patch, excess: int) -> SealedBatch:
    """Two trade, of whom one reduces, or turns around and opens a lot."""
    patch.setattr(place_order, "_check_open_interest", ignored)
    exchange = limited(interest_cap_lots=3)
    exchange.place(4, BUY, 11, 1000)
    exchange.place(3, SELL, 10 + excess, 1000, time_in_force=TimeInForce.IOC)
    return exchange.seal()


def position_above_its_share(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_position_limit", ignored)
    exchange = limited(position_limit_lots=12)
    exchange.place(3, BUY, 2 + excess, 990)
    return exchange.seal()


def short_above_its_share_while_long(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_position_limit", ignored)
    exchange = limited(position_limit_lots=12)
    exchange.place(3, SELL, 12 + excess, 1010)
    return exchange.seal()


def bids_above_the_share(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(mass_quote, "check_position_limit", ignored)
    exchange = limited(position_limit_lots=12)
    exchange.quote(3, (BUY, 1, 990), (BUY, 1 + excess, 989), (SELL, 1, 1010))
    return exchange.seal()


def offers_above_the_share(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(mass_quote, "check_position_limit", ignored)
    exchange = limited(position_limit_lots=12)
    exchange.place(2, SELL, 1, 1020)
    exchange.quote(2, (SELL, 1 + excess, 1010))
    return exchange.seal()


def order_while_a_lot_is_dust(patch: Patch, is_broken: int) -> SealedBatch:
    patch.setattr("novation.protocol.rules.market_modes._check_lot_is_worth_enough", ignored)
    exchange = limited(least_lot_quanta=10_000)
    exchange.set_price(1000 - is_broken)
    exchange.place(4, BUY, 1, 990)
    return exchange.seal()


def quote_while_a_lot_is_dust(patch: Patch, is_broken: int) -> SealedBatch:
    patch.setattr("novation.protocol.rules.market_modes._check_lot_is_worth_enough", ignored)
    exchange = limited()
    exchange.set_limits(0, least_lot_quanta=10_000 + is_broken)
    exchange.quote(4, (BUY, 1, 990))
    return exchange.seal()


def insured() -> Exchange:
    """Return an exchange in which the open interest may be 20 lots, as insurance has so much."""
    exchange = Exchange(parameters(1))
    exchange.fund(2, 3)
    exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=80_000)
    exchange.set_limits(0, gap_ppm=130_000, gap_budgets=1)
    exchange.seal()
    return exchange


def interest_above_what_is_insured(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "_check_open_interest", ignored)
    exchange = insured()
    exchange.end_minute()
    exchange.place(2, SELL, 20 + excess, 1000)
    exchange.place(3, BUY, 20 + excess, 1000)
    return exchange.seal()


def budget_above_the_share_of_the_fund(patch: Patch, excess: int) -> SealedBatch:
    budget = property(lambda fund: fund.worth_quanta // 4 + excess)
    patch.setattr(budgets.Insurance, "budget_quanta", budget)
    exchange = insured()
    exchange.end_minute()
    return exchange.seal()


def budget_twice_on_a_day(patch: Patch, is_broken: int) -> SealedBatch:
    """The fund is worth more a minute later, and the market gets a new budget of it, or not."""
    exchange = insured()
    exchange.end_minute()
    exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=80_000)
    if is_broken:
        given, forgotten = budgets.begin_day, {"budget_day": 0}

        def begin_day_again(state: State, market_id: int) -> int:
            state.set_underlying(market_id, replace(state.price_of(market_id), **forgotten))
            return given(state, market_id)

        patch.setattr(minute_tick, "begin_day", begin_day_again)
    exchange.end_minute()
    return exchange.seal()


def day_without_a_budget(patch: Patch, is_broken: int) -> SealedBatch:
    """The market keeps the budget of the day before, or not."""
    exchange = insured()
    exchange.end_minute()
    exchange.seal()
    if is_broken:
        patch.setattr(minute_tick, "begin_day", lambda *_: 0)
    exchange.wait(DAY_MS)
    exchange.end_minute()
    return exchange.seal()


def limits_of_no_underlying(patch: Patch, is_broken: int) -> SealedBatch:
    """A row that is written behind the last one would be a market that L1 does not know."""
    exchange = limited()
    if is_broken:
        added = parameters(1).with_underlying(1, underlying(symbol="NEW", limits=Limits(5)))
        patch.setattr(set_parameter, "changed_parameters", lambda *_: added)
        patch.setattr("circuits.program_input.changed_parameters", lambda *_: added)
    exchange.apply(SetParameter(ParameterKind.LIMITS, is_broken, Limits(5).word()))
    return exchange.seal()


CASES: list[Case] = [
    interest_above_the_cap,
    interest_further_above_a_lowered_cap,
    position_above_its_share,
    short_above_its_share_while_long,
    bids_above_the_share,
    offers_above_the_share,
    interest_above_what_is_insured,
    order_while_a_lot_is_dust,
    quote_while_a_lot_is_dust,
]


# The circuit works these out by itself: what it proves is not what was said.
WORKED_OUT: list[Case] = [
    budget_above_the_share_of_the_fund,
    budget_twice_on_a_day,
    day_without_a_budget,
]


@pytest.mark.parametrize("case", WORKED_OUT)
def test_budget_when_it_is_not_the_funds_of_the_day_then_no_such_output(
    case: Case, monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))
    assert_no_lie_gives_output(case(monkeypatch, 1))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_as_little_then_proven(
    case: Case, monkeypatch: Patch
) -> None:
    sealed = case(monkeypatch, 0)
    assert_proven(sealed)


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_then_no_proof(case: Case, monkeypatch: Patch) -> None:
    assert_no_lie_proves(case(monkeypatch, 1))


def test_limits_when_of_no_underlying_then_no_proof(monkeypatch: Patch) -> None:
    assert_no_lie_proves(limits_of_no_underlying(monkeypatch, 1))


@pytest.mark.parametrize("changes", [{"maker_fee_ppm": 1}, {"limits": Limits(6)}, {}])
def test_limits_when_other_terms_come_with_them_then_no_proof(
    changes: dict[str, int], monkeypatch: Patch
) -> None:
    exchange = limited(interest_cap_lots=7)
    other = exchange.state.parameters.with_underlying(0, underlying(limits=Limits(5)))
    if changes:
        other = other.with_underlying(0, replace(other.underlyings[0], **changes))
    monkeypatch.setattr(set_parameter, "changed_parameters", lambda *_: other)
    monkeypatch.setattr("circuits.program_input.changed_parameters", lambda *_: other)
    exchange.set_limits(0, interest_cap_lots=5)
    sealed = exchange.seal()
    if changes:
        assert_no_lie_proves(sealed)
    else:
        assert_proven(sealed)


@pytest.mark.parametrize("index", [0, 1])
def test_limits_when_terms_change_them_then_no_proof(index: int, monkeypatch: Patch) -> None:
    """Other terms leave limits as they are; a new underlying has none."""
    exchange = limited(interest_cap_lots=7)
    terms = underlying(symbol="NEW") if index else exchange.state.parameters.underlyings[0]
    other = exchange.state.parameters.with_underlying(
        index, replace(terms, limits=Limits(8) if index else NO_LIMITS)
    )
    monkeypatch.setattr(set_parameter, "changed_parameters", lambda *_: other)
    monkeypatch.setattr("circuits.program_input.changed_parameters", lambda *_: other)
    exchange.set_underlying(index, terms)
    assert_no_lie_gives_output(exchange.seal())
