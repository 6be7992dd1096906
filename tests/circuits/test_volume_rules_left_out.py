"""A sequencer that counts what accounts have traded otherwise: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it. Nobody tells
the program what an account has traded, or its tier: it finds out, and proves another output.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from circuits.program_input import program_input
from novation.protocol.rules import matching
from novation.protocol.sealing import SealedBatch
from novation.protocol.volumes import FeeSchedule, FeeTier, Volume, day_of
from tests.circuits.forgery import assert_no_lie_gives_output, run_dishonestly, run_with_hints
from tests.circuits.forging_batches import forging_batches, forging_inputs
from tests.circuits.test_guards_left_out import DIVISION
from tests.circuits.volume_batches import KUSD_LOTS, funded, next_day, set_tiers, trade
from tests.support.exchange import Exchange

Patch = pytest.MonkeyPatch


def traded() -> Exchange:
    """Return an exchange in which 2, 3 and 4 have traded, on a later day, with tiers."""
    exchange = funded()
    set_tiers(exchange)
    trade(exchange, 2, 3, 3 * KUSD_LOTS)
    trade(exchange, 4, 3)
    next_day(exchange)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def trade_that_counts_a_quantum_more(patch: Patch, excess: int) -> SealedBatch:
    exchange = traded()
    honest = Volume.with_trade
    patch.setattr(Volume, "with_trade", lambda self, quanta: honest(self, quanta + excess))
    trade(exchange, 2, 3)
    return exchange.seal()


def trade_of_one_owner_that_counts(patch: Patch, excess: int) -> SealedBatch:
    """The attack: trade with oneself for a better tier."""
    exchange = traded()
    honest = matching._size_fill

    def size(*args: Any) -> matching.Fill:
        fill = honest(*args)
        return replace(fill, counted_quanta=fill.notional_quanta) if excess else fill

    patch.setattr(matching, "_size_fill", size)
    trade(exchange, 4, 5)
    return exchange.seal()


def trade_of_two_owners_that_does_not_count(patch: Patch, excess: int) -> SealedBatch:
    exchange = traded()
    honest = matching._size_fill

    def size(*args: Any) -> matching.Fill:
        fill = honest(*args)
        return replace(fill, counted_quanta=0) if excess else fill

    patch.setattr(matching, "_size_fill", size)
    trade(exchange, 2, 3)
    return exchange.seal()


def volume_that_fades_less(patch: Patch, excess: int) -> SealedBatch:
    exchange = traded()
    honest = Volume.on

    def on(self: Volume, day: int, schedule: FeeSchedule) -> Volume:
        after = honest(self, day, schedule)
        return replace(after, past_quanta=after.past_quanta + excess)

    patch.setattr(Volume, "on", on)
    trade(exchange, 2, 3)
    return exchange.seal()


def tier_that_was_not_reached(patch: Patch, excess: int) -> SealedBatch:
    exchange = traded()
    honest = FeeSchedule.tier_of
    patch.setattr(FeeSchedule, "tier_of", lambda self, quanta: honest(self, quanta) + excess)
    trade(exchange, 4, 2, KUSD_LOTS)
    return exchange.seal()


def tier_that_is_passed_over(patch: Patch, excess: int) -> SealedBatch:
    exchange = traded()
    honest = FeeSchedule.tier_of
    patch.setattr(
        FeeSchedule, "tier_of", lambda self, quanta: max(honest(self, quanta) - excess, 0)
    )
    trade(exchange, 2, 3)
    return exchange.seal()


def day_that_has_not_begun(patch: Patch, excess: int) -> SealedBatch:
    """The attack: leave an account its tier of yesterday."""
    exchange = traded()
    patch.setattr(matching, "day_of", lambda time_ms: day_of(time_ms) - excess)
    trade(exchange, 2, 3)
    return exchange.seal()


def fee_of_another_tier(patch: Patch, excess: int) -> SealedBatch:
    exchange = traded()
    honest = matching.fee_tier

    def tier(*args: Any) -> FeeTier:
        found = honest(*args)
        return replace(found, maker_permille=found.maker_permille + excess)

    patch.setattr(matching, "fee_tier", tier)
    trade(exchange, 2, 3, KUSD_LOTS)
    return exchange.seal()


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    trade_that_counts_a_quantum_more,
    trade_of_one_owner_that_counts,
    trade_of_two_owners_that_does_not_count,
    volume_that_fades_less,
    tier_that_was_not_reached,
    tier_that_is_passed_over,
    day_that_has_not_begun,
    fee_of_another_tier,
]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    sealed = case(monkeypatch, 0)
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_not_its_output(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_no_lie_gives_output(case(monkeypatch, 1))


@pytest.mark.parametrize("more", [1, -1])
def test_word_when_split_another_way_then_no_proof(more: int) -> None:
    records: Any = forging_inputs()["volumes 2"]
    output = forging_batches()["volumes 2"].output

    class OtherSplit:
        """Splits one number another way, the n-th that is divided; counts them."""

        def __init__(self, target: int) -> None:
            self.target, self.count = target, 0

        def divide(self, hint: Any) -> None:
            quotient, remainder = divmod(hint.operand("value"), hint.operand("divisor"))
            wrong = more if self.count == self.target else 0
            self.count += 1
            hint.store(hint.address("quotient"), quotient + wrong)
            hint.store(hint.address("remainder"), remainder - wrong * hint.operand("divisor"))

    honest = OtherSplit(-1)
    assert run_with_hints(records, {DIVISION: honest.divide}) == output
    for target in range(honest.count):
        assert run_with_hints(records, {DIVISION: OtherSplit(target).divide}) is None, target
