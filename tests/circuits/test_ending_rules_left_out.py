"""A sequencer that ends a market its own way: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps
it by as little.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from novation.protocol.constants import MINUTE_MS, MODE_REDUCE_ONLY
from novation.protocol.rules import ending, minute_tick, place_order, set_parameter
from novation.protocol.rules import settle_position as settling
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from tests.circuits.ending_batches import announced
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    assert_proven,
    ignored,
)
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]


def ended(*, is_settled: bool = True) -> Exchange:
    """Return an exchange whose first market has ended, in a new batch."""
    exchange = announced(minutes=0)
    exchange.end_minute()
    if is_settled:
        exchange.settle()
    exchange.seal()
    return exchange


def settled_at_another_price(patch: Patch, change_ticks: int) -> SealedBatch:
    honest = ending.settlement_price_ticks
    patch.setattr(ending, "settlement_price_ticks", lambda market: honest(market) + change_ticks)
    exchange = announced(minutes=1)
    exchange.seal()
    exchange.end_minute()
    exchange.end_minute()
    return exchange.seal()


def settled_at_another_time(patch: Patch, minutes: int) -> SealedBatch:
    """A minute earlier, by who takes the announced time for another one."""
    honest = ending.settle_if_due

    def early(state: State, market_id: int) -> object:
        known = state.parameters
        terms = known.underlyings[0]
        wrong = replace(terms, ends_ms=terms.ends_ms - minutes * MINUTE_MS)
        state.parameters = known.with_underlying(0, wrong)
        settled = honest(state, market_id)
        state.parameters = known
        return settled

    exchange = announced(minutes=1)
    exchange.seal()
    patch.setattr(minute_tick, "settle_if_due", early)
    exchange.end_minute()
    return exchange.seal()


def never_settled(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = announced(minutes=0)
    exchange.seal()
    if is_broken:
        patch.setattr(minute_tick, "settle_if_due", lambda *_: ())
    exchange.end_minute()
    return exchange.seal()


def minute_that_does_not_count(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = announced(minutes=2)
    exchange.seal()
    if is_broken:
        patch.setattr(minute_tick, "count_index", ignored)
    exchange.end_minute()
    return exchange.seal()


def order_behind_the_end(patch: Patch, is_broken: int) -> SealedBatch:
    patch.setattr(place_order, "check_modes", ignored)
    exchange = ended()
    if is_broken:
        exchange.place(3, SELL, 1, 1000, reduce_only=True)
    else:
        exchange.place(3, SELL, 1, 1000, market_id=1)
    return exchange.seal()


def order_that_opens_behind_the_announcement(patch: Patch, is_broken: int) -> SealedBatch:
    patch.setattr(place_order, "check_modes", ignored)
    exchange = announced(minutes=30)
    exchange.seal()
    exchange.refresh_prices()
    exchange.place(3, SELL, 1, 1010, reduce_only=not is_broken)
    return exchange.seal()


def end_without_reduce_only(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = Exchange(parameters(2))
    if is_broken:
        patch.setattr("novation.protocol.parameters._require", ignored)
        known = exchange.state.parameters
        other = known.with_underlying(0, replace(known.underlyings[0], ends_ms=10**13))
        patch.setattr(set_parameter, "changed_parameters", lambda *_: other)
        patch.setattr("circuits.program_input.changed_parameters", lambda *_: other)
    exchange.end_market(0, 10**13)
    return exchange.seal()


def terms_that_take_the_end_back(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = announced(minutes=30)
    exchange.seal()
    known = exchange.state.parameters
    terms = replace(known.underlyings[0], maker_fee_ppm=1)
    assert terms.modes == MODE_REDUCE_ONLY
    if is_broken:
        other = known.with_underlying(0, replace(terms, ends_ms=terms.ends_ms + MINUTE_MS))
        patch.setattr(set_parameter, "changed_parameters", lambda *_: other)
        patch.setattr("circuits.program_input.changed_parameters", lambda *_: other)
    exchange.set_underlying(0, terms)
    return exchange.seal()


def position_settled_before_the_end(patch: Patch, is_broken: int) -> SealedBatch:
    patch.setattr(settling, "check_settle_position", ignored)
    exchange = announced(minutes=is_broken)
    exchange.end_minute()
    exchange.settle()
    exchange.seal()
    exchange.settle_position(3)
    return exchange.seal()


def position_settled_while_the_jump_is_not(patch: Patch, early_ms: int) -> SealedBatch:
    patch.setattr(settling, "check_settle_position", ignored)
    exchange = ended(is_settled=False)
    exchange.time_ms = exchange.state.underlyings[0].resolve_until_ms - early_ms
    exchange.settle_position(3)
    return exchange.seal()


def position_of_nobody(patch: Patch, is_broken: int) -> SealedBatch:
    """Whose slot has orders alone, which are dead."""
    patch.setattr(settling, "check_settle_position", ignored)
    exchange = ended()
    exchange.settle_position(3)
    if is_broken:
        exchange.settle_position(3)
    return exchange.seal()


def position_of_a_debtor(patch: Patch, lost_quanta: int) -> SealedBatch:
    """Who is worth nothing, or a quantum less."""
    patch.setattr(settling, "check_settle_position", ignored)
    exchange = Exchange(parameters(2))
    exchange.fund(3, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, 100_000, 1000)
    exchange.place(2, BUY, 100_000, 1000)
    exchange.end_market(0, exchange.state.globals.next_tick_ms)
    # Its lots are worth what it owes at a whole price, but for the quanta that are lacking.
    price_ticks, rest = divmod(-exchange.state.account(2).collateral_quanta, 10**6)
    exchange.fund(2, amount_quanta=rest - lost_quanta)
    exchange.jump(price_ticks, 1000)
    exchange.end_minute()
    exchange.settle()
    exchange.seal()
    exchange.settle_position(2)
    return exchange.seal()


# Of what the circuit takes nothing from the prover: it works it out, whatever the sequencer did.
WORKED_OUT: list[Case] = [
    settled_at_another_price,
    settled_at_another_time,
    never_settled,
    minute_that_does_not_count,
]
CASES: list[Case] = [
    order_behind_the_end,
    order_that_opens_behind_the_announcement,
    end_without_reduce_only,
    terms_that_take_the_end_back,
    position_settled_before_the_end,
    position_settled_while_the_jump_is_not,
    position_of_nobody,
    position_of_a_debtor,
]


@pytest.mark.parametrize("case", [*WORKED_OUT, *CASES])
def test_batch_when_it_keeps_the_rule_by_as_little_then_proven(
    case: Case, monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_then_no_proof(case: Case, monkeypatch: Patch) -> None:
    assert_no_lie_proves(case(monkeypatch, 1))


@pytest.mark.parametrize("case", WORKED_OUT)
def test_end_when_it_is_another_than_the_rules_say_then_not_the_output(
    case: Case, monkeypatch: Patch
) -> None:
    assert_no_lie_gives_output(case(monkeypatch, 1))
