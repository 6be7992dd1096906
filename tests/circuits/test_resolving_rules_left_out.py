"""A sequencer that leaves out a rule of jumps or of reference marks: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.constants import KEEP_REFERENCE_MS, PPM_ONE, RESOLVE_MS, RESUME_GAP_MS
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import TimeInForce
from novation.protocol.parameters import Underlying
from novation.protocol.rules import (
    leaving,
    list_market,
    minute_tick,
    oracle_update,
    place_order,
    resolving,
)
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    assert_proven,
    ignored,
)
from tests.support.builders import START_MS, l1_address, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]
# Half the maintenance margin, 3 %, of 1000 ticks.
LEAST_JUMP = 15


def jumped() -> Exchange:
    """Return an exchange with positions in both markets, of which the second has just jumped."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3)
    for market_id in (0, 1):
        exchange.place(2, SELL, 2, 1000, market_id=market_id)
        exchange.place(3, BUY, 2, 1000, market_id=market_id)
    exchange.place(2, SELL, 1, 1000, market_id=1)
    exchange.seal()
    exchange.jump(1000, 1000 - LEAST_JUMP)
    return exchange


def before_it_is_settled(exchange: Exchange, early_ms: int) -> None:
    """Let the time come at which a jump is settled, or a bit less, with valid prices."""
    exchange.time_ms += RESOLVE_MS - 1 - early_ms
    exchange.refresh_prices()


# What waits: a batch in which it does not is not provable at all.


def order_that_may_trade(kind: TimeInForce) -> Case:
    """Return a case in which such an order comes too early."""

    def case(patch: Patch, early_ms: int) -> SealedBatch:
        patch.setattr(place_order, "check_may_trade", ignored)
        exchange = jumped()
        before_it_is_settled(exchange, early_ms)
        exchange.place(3, BUY, 1, 1000, market_id=1, time_in_force=kind)
        return exchange.seal()

    return case


def order_that_only_rests(patch: Patch, early_ms: int) -> SealedBatch:
    """It could trade, though nobody is there: it is not post-only."""
    patch.setattr(place_order, "check_may_trade", ignored)
    exchange = jumped()
    before_it_is_settled(exchange, early_ms)
    exchange.place(3, BUY, 1, 900, market_id=1)
    return exchange.seal()


def order_in_place_of_one(patch: Patch, early_ms: int) -> SealedBatch:
    patch.setattr(place_order, "check_may_trade", ignored)
    exchange = jumped()
    before_it_is_settled(exchange, early_ms)
    exchange.replace_order(exchange.state.globals.next_order_id - 1, SELL, 1, 1001)
    return exchange.seal()


def order_in_a_later_batch(patch: Patch, early_ms: int) -> SealedBatch:
    """The jump is known from the state alone."""
    patch.setattr(place_order, "check_may_trade", ignored)
    exchange = jumped()
    exchange.seal()
    before_it_is_settled(exchange, early_ms)
    exchange.place(3, BUY, 1, 1000, market_id=1)
    return exchange.seal()


def order_behind_other_rows(patch: Patch, early_ms: int) -> SealedBatch:
    """The table was written anew since the jump: by a minute's end and by new terms."""
    patch.setattr(place_order, "check_may_trade", ignored)
    exchange = jumped()
    exchange.settle()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 10
    exchange.jump(1000, 1000)
    exchange.end_minute()
    exchange.set_underlying(1, exchange.state.parameters.underlyings[1])
    exchange.time_ms = exchange.state.underlyings[1].resolve_until_ms - 1 - early_ms
    exchange.refresh_prices()
    exchange.place(3, BUY, 1, 1000, market_id=1)
    return exchange.seal()


def withdrawal_with_a_slot(patch: Patch, early_ms: int) -> SealedBatch:
    patch.setattr(leaving, "check_may_pay_out", ignored)
    exchange = jumped()
    before_it_is_settled(exchange, early_ms)
    exchange.withdraw(2, 1)
    return exchange.seal()


def transfer_with_a_slot(patch: Patch, early_ms: int) -> SealedBatch:
    """Another account of the owner could withdraw it."""
    patch.setattr(leaving, "check_may_pay_out", ignored)
    exchange = jumped()
    exchange.apply(replace(exchange.deposit(4, 1), l1_address=l1_address(2)))
    before_it_is_settled(exchange, early_ms)
    exchange.transfer(2, 4, 1)
    return exchange.seal()


# What the marks are: the program finds it itself, so that the batch leads to another state.


def charged(**changes: int) -> Exchange:
    """Return an exchange with prices, of whose traders something was charged already."""
    fields = {
        "is_listed": True,
        "ref_x16": 990 << 16,
        "window_x16": 995 << 16,
        "long_charged_quanta": 3,
        "short_charged_quanta": 4,
        **changes,
    }
    old = UnderlyingState(1000 << 16, **fields)
    return exchange_with({}, parameters(1), underlyings=(old,))


def is_nearly_a_jump(old_x16: int, new_x16: int, terms: Underlying) -> bool:
    limit = old_x16 * terms.maintenance_margin_ppm
    return abs(new_x16 - old_x16) * 2 * PPM_ONE > limit - 2 * PPM_ONE - 1


def is_more_than_a_jump(old_x16: int, new_x16: int, terms: Underlying) -> bool:
    limit = old_x16 * terms.maintenance_margin_ppm
    return abs(new_x16 - old_x16) * 2 * PPM_ONE > limit


def jump_that_is_not_seen(sign: int) -> Case:
    def case(patch: Patch, is_broken: int) -> SealedBatch:
        if is_broken:
            patch.setattr(resolving, "is_jump", is_more_than_a_jump)
        exchange = charged()
        exchange.jump(1000 + sign * LEAST_JUMP)
        return exchange.seal()

    return case


def jump_that_is_none(sign: int) -> Case:
    def case(patch: Patch, is_broken: int) -> SealedBatch:
        if is_broken:
            patch.setattr(resolving, "is_jump", is_nearly_a_jump)
        exchange = charged()
        exchange.set_price_x16((1000 << 16) + sign * ((LEAST_JUMP << 16) - 1))
        return exchange.seal()

    return case


def is_nearly_a_slide(window_x16: int, mark_x16: int, terms: Underlying) -> bool:
    limit = window_x16 * terms.maintenance_margin_ppm
    return abs(mark_x16 - window_x16) * PPM_ONE > limit - PPM_ONE - 1


def is_more_than_a_slide(window_x16: int, mark_x16: int, terms: Underlying) -> bool:
    return abs(mark_x16 - window_x16) * PPM_ONE > window_x16 * terms.maintenance_margin_ppm


def sliding(sign: int) -> Exchange:
    """Return an exchange whose mark is a step from as far as a slide goes."""
    exchange = charged(window_x16=1000 << 16)
    for step in (10, 20):
        exchange.jump(1000 + sign * step)
    return exchange


def slide_that_is_not_seen(sign: int) -> Case:
    """No update is a jump, but all together are."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        if is_broken:
            patch.setattr(resolving, "is_slide", is_more_than_a_slide)
        exchange = sliding(sign)
        exchange.jump(1000 + sign * 2 * LEAST_JUMP)
        return exchange.seal()

    return case


def slide_that_is_none(sign: int) -> Case:
    def case(patch: Patch, is_broken: int) -> SealedBatch:
        if is_broken:
            patch.setattr(resolving, "is_slide", is_nearly_a_slide)
        exchange = sliding(sign)
        exchange.set_price_x16((1000 << 16) + sign * ((2 * LEAST_JUMP << 16) - 1))
        return exchange.seal()

    return case


def jump_counted_from_the_nearer_mark(ticks: int) -> Case:
    """From the mark of before or from the window's: from the one that is farther."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        exchange = charged(window_x16=1010 << 16)
        if is_broken:
            patch.setattr(resolving, "max", min, raising=False)
        exchange.jump(ticks)
        return exchange.seal()

    return case


def order_behind_a_slide(patch: Patch, early_ms: int) -> SealedBatch:
    patch.setattr(place_order, "check_may_trade", ignored)
    exchange = sliding(1)
    exchange.fund(2)
    exchange.jump(1000 + 2 * LEAST_JUMP)
    before_it_is_settled(exchange, early_ms)
    exchange.place(2, BUY, 1, 1000)
    return exchange.seal()


def second_jump(patch: Patch, is_broken: int) -> SealedBatch:
    """Gains of the first, which is not settled yet, would be nobody's to share."""
    exchange = charged(jumped_ms=START_MS + 1 - KEEP_REFERENCE_MS + 1)
    if is_broken:
        patch.setattr(resolving, "is_kept", lambda *_: False)
    exchange.jump(800)
    return exchange.seal()


def jump_behind_a_settled_one(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = charged(jumped_ms=START_MS + 1 - KEEP_REFERENCE_MS)
    if is_broken:
        patch.setattr(resolving, "is_kept", lambda *_: True)
    exchange.jump(800)
    return exchange.seal()


def jump_counted_from_the_index(patch: Patch, is_broken: int) -> SealedBatch:
    """The mark of before has the premium in it."""
    exchange = charged(premium_x16=3 << 16)
    if is_broken:
        patch.setattr(resolving, "mark_price_x16", lambda prices, _: prices.index_price_x16)
    exchange.jump(900)
    return exchange.seal()


def jump_over_a_gap(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = charged()
    exchange.set_price(1000)
    exchange.time_ms += RESUME_GAP_MS + 1
    if is_broken:
        patch.setattr(oracle_update, "with_index", lambda _, after, *__: after)
    exchange.jump(900)
    return exchange.seal()


def what_was_charged_before(act: Callable[[Exchange], Any]) -> Case:
    """Return a case in which what was charged before the reference mark still counts."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        exchange = charged()
        exchange.set_price(1000)
        if is_broken:
            patch.setattr(resolving, "_counted_from", keeping_what_was_charged)
        act(exchange)
        return exchange.seal()

    return case


def keeping_what_was_charged(
    prices: UnderlyingState, ref_x16: int, window_x16: int
) -> UnderlyingState:
    return replace(prices, ref_x16=ref_x16, window_x16=window_x16)


def minute_that_moves_no_mark(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = charged()
    exchange.set_price(1000)
    if is_broken:
        patch.setattr(minute_tick, "with_minute", lambda prices, *_: prices)
    exchange.end_minute()
    return exchange.seal()


def minute_that_counts_from_its_end(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = charged()
    exchange.set_price(1000)
    if is_broken:
        patch.setattr(minute_tick, "with_minute", lambda *each: resolving.from_now_on(*each[:2]))
    exchange.end_minute()
    return exchange.seal()


def minute_while_a_jump_is_unsettled(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = charged()
    exchange.set_price(1000)
    exchange.time_ms = exchange.state.globals.next_tick_ms - RESOLVE_MS
    exchange.jump(900)
    if is_broken:
        patch.setattr(resolving, "is_kept", lambda *_: False)
    exchange.end_minute()
    return exchange.seal()


def minute_that_keeps_the_reference_for_too_long(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = charged()
    exchange.set_price(1000)
    exchange.jump(900)
    exchange.time_ms = exchange.state.underlyings[0].jumped_ms + KEEP_REFERENCE_MS - 1
    if is_broken:
        patch.setattr(resolving, "is_kept", lambda *_: True)
    # A tick is due, and comes first.
    exchange.refresh_prices()
    return exchange.seal()


def first_price_without_a_mark(patch: Patch, is_broken: int) -> SealedBatch:
    if is_broken:
        patch.setattr(oracle_update, "with_index", lambda _, after, *__: after)
    return Exchange(parameters(1)).seal()


def listing_with_marks_of_before(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = Exchange(parameters(1))
    exchange.set_underlying(1, underlying(symbol="NEW", multiplier=100))
    exchange.set_price(1000)
    exchange.set_price(1010)
    if is_broken:
        patch.setattr(list_market, "from_now_on", lambda prices, _: prices)
    exchange.list_market(1)
    return exchange.seal()


NOT_PROVABLE: list[Case] = [
    *map(order_that_may_trade, (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)),
    order_that_only_rests,
    order_in_place_of_one,
    order_in_a_later_batch,
    order_behind_other_rows,
    withdrawal_with_a_slot,
    transfer_with_a_slot,
    order_behind_a_slide,
]

OTHER_STATE: list[Case] = [
    *map(jump_that_is_not_seen, (-1, 1)),
    *map(jump_that_is_none, (-1, 1)),
    *map(slide_that_is_not_seen, (-1, 1)),
    *map(slide_that_is_none, (-1, 1)),
    *map(jump_counted_from_the_nearer_mark, (900, 1100)),
    second_jump,
    jump_behind_a_settled_one,
    jump_counted_from_the_index,
    jump_over_a_gap,
    what_was_charged_before(lambda exchange: exchange.jump(900)),
    what_was_charged_before(lambda exchange: exchange.end_minute()),
    minute_that_moves_no_mark,
    minute_that_counts_from_its_end,
    minute_while_a_jump_is_unsettled,
    minute_that_keeps_the_reference_for_too_long,
    first_price_without_a_mark,
    listing_with_marks_of_before,
]


@pytest.mark.parametrize("case", [*NOT_PROVABLE, *OTHER_STATE])
def test_batch_when_it_keeps_the_rule_by_as_little_then_proven(
    case: Case, monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", NOT_PROVABLE)
def test_batch_when_it_does_not_wait_for_a_jump_then_no_proof(
    case: Case, monkeypatch: Patch
) -> None:
    assert_no_lie_proves(case(monkeypatch, 1))


@pytest.mark.parametrize("case", OTHER_STATE)
def test_batch_when_a_mark_is_not_what_it_must_be_then_not_proven(
    case: Case, monkeypatch: Patch
) -> None:
    assert_no_lie_gives_output(case(monkeypatch, 1))
