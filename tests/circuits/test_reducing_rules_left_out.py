"""A sequencer that leaves out the rule of accounts that only reduce, or has its own fees: no proof.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from novation.protocol.margin import charged_fee_quanta
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.rules import matching, place_order
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import assert_left_out, assert_proven
from tests.support.exchange import BUY, SELL, Exchange
from tests.support.poor_accounts import LOTS, POOR, STRANGER, holding, mark_of

Patch = pytest.MonkeyPatch
IOC = TimeInForce.IOC


def reduce_as_taker(exchange: Exchange, side: Side, price_ticks: int) -> SealedBatch:
    exchange.place(STRANGER, side, LOTS, price_ticks)
    exchange.place(POOR, side.other, LOTS // 10, price_ticks, time_in_force=IOC)
    return exchange.seal()


def reduce_as_maker(exchange: Exchange, side: Side, price_ticks: int) -> SealedBatch:
    exchange.place(POOR, side.other, LOTS // 10, price_ticks, reduce_only=True)
    exchange.place(STRANGER, side, LOTS, price_ticks, time_in_force=IOC)
    return exchange.seal()


def name_of(rule: Any) -> str:
    """Return how the rule is called for takers, and for makers."""
    return "charged_fee_quanta" if rule is place_order else "maker_fee_quanta"


def fee_of_its_own(patch: Patch, excess: int, *, side: Side, change: int, rule: Any) -> SealedBatch:
    """Of what the poor account can pay, a tenth of the fee, a quantum less or more."""

    def changed(*args: Any) -> int | None:
        fee = charged_fee_quanta(*args)
        is_poor = args[0].position(0).size_lots in (LOTS, -LOTS)
        return fee + change * excess if fee is not None and is_poor else fee

    patch.setattr(rule, name_of(rule), changed)
    act = reduce_as_taker if rule is place_order else reduce_as_maker
    return act(holding(480, side), side, mark_of(side))


def price_below_the_bound(patch: Patch, excess: int, *, side: Side, rule: Any) -> SealedBatch:
    """A tick below the mark costs what each lot has of the equity, or a quantum more of all."""
    exchange = holding(10 * LOTS - excess, side)
    if excess:
        patch.setattr(rule, name_of(rule), lambda *_: 0)
    act = reduce_as_taker if rule is place_order else reduce_as_maker
    return act(exchange, side, mark_of(side) + (-1 if side is BUY else 1))


def order_of_who_owes(patch: Patch, excess: int, *, side: Side, rule: Any) -> SealedBatch:
    """At a better price than the mark, for nothing left, or for a quantum less."""
    act = reduce_as_taker if rule is place_order else reduce_as_maker
    better = mark_of(side) + (1 if side is BUY else -1)
    exchange = holding(0, side)
    if rule is matching:
        # It rests there already when it comes to owe something.
        exchange.place(POOR, side.other, LOTS // 10, better, reduce_only=True)
    if excess:
        honest = charged_fee_quanta
        patch.setattr(rule, name_of(rule), lambda *args: _never_none(honest(*args)))
        mark_x16 = mark_of(side) << 16
        exchange.set_price_x16(mark_x16 + (-1 if side is BUY else 1), 1000 << 16)
    if rule is matching:
        exchange.place(STRANGER, side, LOTS, better, time_in_force=IOC)
        return exchange.seal()
    return act(exchange, side, better)


def _never_none(fee: int | None) -> int:
    return 0 if fee is None else fee


SIDES = (BUY, SELL)
REFUSED: list[Callable[[Patch, int], SealedBatch]] = [
    *(
        partial(case, side=side, rule=place_order)
        for case in (price_below_the_bound, order_of_who_owes)
        for side in SIDES
    ),
]
# The program finds the fee, and who must leave the book, and proves another output.
COMPUTED: list[Callable[[Patch, int], SealedBatch]] = [
    *(
        partial(fee_of_its_own, side=side, change=change, rule=rule)
        for side in SIDES
        for change in (-1, 1)
        for rule in (place_order, matching)
    ),
    *(
        partial(case, side=side, rule=matching)
        for case in (price_below_the_bound, order_of_who_owes)
        for side in SIDES
    ),
]
CASES = [*REFUSED, *COMPUTED]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_left_out(case(monkeypatch, 1), is_computed=case in COMPUTED)
