"""A sequencer that leaves out a rule of guards: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
Nobody tells the program what a guard does: it finds out, and proves no other output.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from novation.protocol.accounts import Position
from novation.protocol.orders import RestingOrder, VisitOutcome
from novation.protocol.rules import matching
from novation.protocol.rules.mass_quote import MOST_CLEARED
from novation.protocol.sealing import SealedBatch, seal_batch
from novation.protocol.state import State
from prover._native import HintView
from tests.circuits.forgery import assert_no_lie_gives_output, assert_proven, run_with_hints
from tests.circuits.forging_batches import forging_batches, forging_inputs
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
GUARD_LOTS = 7


def guarded() -> Exchange:
    """Return an exchange in which 2 has three asks of 5 lots, and a guard of 7."""
    exchange = Exchange()
    exchange.fund(2, 3, 4)
    asks = ((SELL, 5, 1001), (SELL, 5, 1002), (SELL, 5, 1003))
    exchange.quote(2, *asks, guard_lots=GUARD_LOTS)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def with_one_dead_below() -> Exchange:
    """Return an exchange in which 2 has an ask with a guard, and a dead one not cleared."""
    exchange = Exchange()
    exchange.fund(2, 3)
    for n_quotes in (12, MOST_CLEARED + 1 - 12):
        exchange.quote(2, *([(SELL, 1, 1001)] * n_quotes))
    exchange.quote(2, (SELL, 5, 1002), cancels_first=True, guard_lots=GUARD_LOTS)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def spending(change: Callable[[Position, int], Position]) -> Callable[..., tuple[()]]:
    """Return what counts the lots of a fill otherwise."""

    def spend(state: State, maker: RestingOrder, lots: int, _: int) -> tuple[()]:
        account = state.account(maker.account_id)
        slot = change(account.position(maker.market_id), lots)
        state.set_account(maker.account_id, account.with_position(slot))
        return ()

    return spend


def guard_that_counts_a_lot_less(patch: Patch, excess: int) -> SealedBatch:
    exchange = guarded()
    counted = spending(
        lambda slot, lots: replace(slot, guarded_lots=slot.guarded_lots - lots + excess)
    )
    patch.setattr(matching, "spend_guard", counted)
    exchange.place(3, BUY, 3, 1001)
    return exchange.seal()


def guard_that_is_spent_and_kills_nothing(patch: Patch, excess: int) -> SealedBatch:
    """The attack: fill a market maker's quotes that he has not looked at."""
    exchange = guarded()
    if excess:
        patch.setattr(
            matching, "spend_guard", spending(lambda slot, _: replace(slot, guarded_lots=0))
        )
    exchange.place(3, BUY, 15, 1003)
    return exchange.seal()


def guard_that_kills_a_lot_early(patch: Patch, excess: int) -> SealedBatch:
    """The attack: clear a competitor's quotes out of the book."""
    exchange = guarded()
    if excess:
        next_id = exchange.state.globals.next_order_id
        killed = spending(lambda slot, _: slot.all_cancelled(next_id))
        patch.setattr(matching, "spend_guard", killed)
    exchange.place(3, BUY, GUARD_LOTS - 1, 1003)
    return exchange.seal()


def guard_that_kills_with_another_id(patch: Patch, excess: int) -> SealedBatch:
    """Orders that are placed later would be dead, too."""
    exchange = guarded()
    if excess:
        next_id = exchange.state.globals.next_order_id + 1
        killed = spending(
            lambda slot, lots: (
                replace(slot.all_cancelled(next_id), guarded_lots=0)
                if slot.guarded_lots <= lots
                else replace(slot, guarded_lots=slot.guarded_lots - lots)
            )
        )
        patch.setattr(matching, "spend_guard", killed)
    exchange.place(3, BUY, GUARD_LOTS, 1003)
    return seal_batch(exchange.state)


def guard_that_is_forgotten(patch: Patch, excess: int) -> SealedBatch:
    exchange = guarded()
    if excess:
        patch.setattr(
            matching, "spend_guard", spending(lambda slot, _: replace(slot, guarded_lots=0))
        )
    exchange.place(3, BUY, GUARD_LOTS - 1, 1003)
    return exchange.seal()


def living_order_with_a_guard_that_passes_for_dead(patch: Patch, excess: int) -> SealedBatch:
    """What stands above the least id must not make every order a cancelled one."""
    exchange = guarded()
    if excess:
        patch.setattr(matching, "cause_of_death", lambda *_: VisitOutcome.CANCELLED)
    exchange.place(3, BUY, 5, 1001)
    return seal_batch(exchange.state)


def dead_order_with_a_guard_that_passes_for_living(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_one_dead_below()
    if excess:
        patch.setattr(matching, "cause_of_death", lambda *_: None)
    exchange.place(3, BUY, 1, 1002)
    return seal_batch(exchange.state)


def sum_that_a_dead_order_with_a_guard_gives_back(patch: Patch, excess: int) -> SealedBatch:
    """Lots that were given back when it died."""
    exchange = with_one_dead_below()
    dead = min(order.order_id for order in exchange.state.orders_of(2))
    if excess:
        patch.setattr(Position, "without_order", counted_without)
    exchange.cancel(2, dead)
    return seal_batch(exchange.state)


def counted_without(slot: Position, order: RestingOrder) -> Position:
    """Return a slot without an order whose lots it is taken to have."""
    return slot.with_open_change(order.side, -order.reserved_lots, -1)


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    guard_that_counts_a_lot_less,
    guard_that_is_spent_and_kills_nothing,
    guard_that_kills_a_lot_early,
    guard_that_kills_with_another_id,
    guard_that_is_forgotten,
    living_order_with_a_guard_that_passes_for_dead,
    dead_order_with_a_guard_that_passes_for_living,
    sum_that_a_dead_order_with_a_guard_gives_back,
]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_not_its_output(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_no_lie_gives_output(case(monkeypatch, 1))


DIVISION = "ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor)"
ID_BITS = 48


@dataclass
class OtherSplit:
    """Splits what a slot has of its least id another way, at the n-th place; counts them."""

    target: int
    more: int
    count: int = 0

    def hints(self) -> dict[str, Callable[[HintView], None]]:
        return {DIVISION: self._divide}

    def _divide(self, hint: HintView) -> None:
        divisor = hint.operand("divisor")
        if divisor != 1 << ID_BITS:
            hint.run()
            return
        self.count += 1
        quotient, remainder = divmod(hint.operand("value"), divisor)
        more = self.more if self.count - 1 == self.target else 0
        hint.store(hint.address("quotient"), quotient + more)
        hint.store(hint.address("remainder"), remainder - more * divisor)


@pytest.mark.parametrize("name", ["guards 2", "mass quotes 2"])
def test_least_id_when_split_another_way_then_no_proof(name: str) -> None:
    records: Any = forging_inputs()[name]
    honest = OtherSplit(-1, 0)
    assert run_with_hints(records, honest.hints()) == forging_batches()[name].output
    assert honest.count >= 3
    for target in range(honest.count):
        for more in (1, -1):
            assert run_with_hints(records, OtherSplit(target, more).hints()) is None, target
