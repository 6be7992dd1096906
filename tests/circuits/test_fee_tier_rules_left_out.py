"""A sequencer that counts fees otherwise, or gives back another share: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it. The program
is told only what goes back in all; it finds out to whom, and proves another output.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from circuits.program_input import program_input
from novation.crypto import FIELD_PRIME
from novation.protocol import sealing
from novation.protocol.accounts import Account
from novation.protocol.fee_tiers import FeeSchedule, FeesPaid, FeeTier, day_of
from novation.protocol.nonces import WINDOW_BITS
from novation.protocol.orders import TimeInForce
from novation.protocol.rules import place_order, trigger_order
from novation.protocol.rules.walk import Walk
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from tests.circuits.fee_tier_batches import (
    PRICE_TICKS,
    REBATES,
    funded,
    next_day,
    poor_taker,
    set_schedule,
    trade,
)
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    forged,
    run_dishonestly,
    run_with_hints,
)
from tests.circuits.forging_batches import forging_batches, forging_inputs
from tests.circuits.test_guards_left_out import DIVISION
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
# Of an account's identity.
FEES_WORD = 8


def paid() -> Exchange:
    """Return an exchange with tiers in which 2, 3 and 4 have paid fees, on a later day."""
    exchange = funded()
    trade(exchange, 2, 3)
    trade(exchange, 4, 3)
    next_day(exchange)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def fees_that_count_a_quantum_more(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    honest = Account.with_batch_fees
    patch.setattr(Account, "with_batch_fees", lambda self, quanta: honest(self, quanta + excess))
    trade(exchange, 2, 3)
    return exchange.seal()


def fees_that_fade_less(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    honest = FeesPaid.on
    patch.setattr(FeesPaid, "on", lambda self, day: honest(self, day).with_fees(excess))
    trade(exchange, 2, 3)
    return exchange.seal()


def fees_of_new_accounts_that_count_before(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    honest = FeesPaid.on
    patch.setattr(FeesPaid, "on", lambda self, day: honest(self, day).with_fees(excess))
    trade(exchange, 5, 2)
    return exchange.seal()


def tier_that_was_not_reached(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    honest = FeeSchedule.tier_of
    patch.setattr(FeeSchedule, "tier_of", lambda self, quanta: honest(self, quanta) + excess)
    trade(exchange, 2, 4)
    return exchange.seal()


def tier_that_is_passed_over(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    honest = FeeSchedule.tier_of
    patch.setattr(
        FeeSchedule, "tier_of", lambda self, quanta: max(honest(self, quanta) - 3 * excess, 0)
    )
    trade(exchange, 2, 3)
    return exchange.seal()


def day_that_has_not_begun(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    trade(exchange, 2, 3)
    exchange.seal()
    next_day(exchange)
    exchange.seal()
    exchange.refresh_prices()
    patch.setattr(sealing, "day_of", lambda time_ms: day_of(time_ms) - excess)
    trade(exchange, 2, 3)
    return exchange.seal()


def day_that_is_not_over(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    patch.setattr(sealing, "day_of", lambda time_ms: day_of(time_ms) + excess)
    trade(exchange, 2, 3)
    return exchange.seal()


def return_of_a_quantum_more(patch: Patch, excess: int) -> SealedBatch:
    """The attack: the fee account pays for what an account gets."""
    exchange = paid()
    honest = sealing.returned_quanta
    patch.setattr(sealing, "returned_quanta", lambda *args: honest(*args) + excess)
    trade(exchange, 2, 3)
    return exchange.seal()


def return_that_is_kept(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    honest = sealing.returned_quanta
    patch.setattr(sealing, "returned_quanta", lambda *args: honest(*args) * (1 - excess))
    trade(exchange, 2, 3)
    return exchange.seal()


def insurance_that_gets_another_share(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    honest = FeeSchedule.insurance_quanta
    patch.setattr(
        FeeSchedule, "insurance_quanta", lambda self, quanta: honest(self, quanta) - excess
    )
    trade(exchange, 2, 3)
    return exchange.seal()


def schedule_that_holds_at_once(patch: Patch, excess: int) -> SealedBatch:
    exchange = paid()
    set_schedule(exchange, FeeSchedule.of(FeeTier(0, 400)))
    if excess:
        batch: Any = exchange.state.batch
        honest = sealing._settle_fees
        new = exchange.state.parameters

        def settle(state: Any, opened: Any, account_id: int) -> int:
            old, opened.old_parameters = opened.old_parameters, new
            returned = honest(state, opened, account_id)
            opened.old_parameters = old
            return returned

        assert batch.old_parameters != new
        patch.setattr(sealing, "_settle_fees", settle)
    trade(exchange, 2, 4)
    return exchange.seal()


def rebate_that_does_not_count(patch: Patch, excess: int) -> SealedBatch:
    exchange = funded(REBATES)
    if excess:
        patch.setattr(place_order, "count_for_makers", lambda *_: None)
    trade(exchange, 2, 3)
    return exchange.seal()


def rebate_that_is_not_given(patch: Patch, excess: int) -> SealedBatch:
    """The attack: makers count what takers pay though the exchange gives no rebates."""
    exchange = funded()
    honest = place_order.count_for_makers

    def count(state: State, walk: Walk) -> None:
        parameters = state.parameters
        schedule = replace(parameters.fee_schedule, rebates=bool(excess))
        state.parameters = replace(parameters, fee_schedule=schedule)
        honest(state, walk)
        state.parameters = parameters

    patch.setattr(place_order, "count_for_makers", count)
    trade(exchange, 2, 3)
    return exchange.seal()


def rebate_of_a_fee_that_was_not_paid(patch: Patch, excess: int) -> SealedBatch:
    """The attack: who cannot pay his fee brings a rebate to another account of his."""
    exchange = poor_taker()
    if excess:
        honest = place_order.lower_taker_fees

        def lower(state: State, taker_id: int, walk: Walk, fees_quanta: int) -> None:
            place_order.count_for_makers(state, walk)
            honest(state, taker_id, walk, fees_quanta)

        patch.setattr(place_order, "lower_taker_fees", lower)
    exchange.place(6, SELL, 90_000, 945, time_in_force=TimeInForce.IOC)
    return exchange.seal()


def stop_that_brings_a_rebate(patch: Patch, excess: int) -> SealedBatch:
    exchange = funded(REBATES)
    exchange.place(3, BUY, 9, PRICE_TICKS)
    exchange.place(2, SELL, 9, PRICE_TICKS)
    exchange.place_stop(3, SELL, 9, 995)
    exchange.place(4, BUY, 9, 990)
    if excess:
        honest = trigger_order.lower_taker_fees

        def lower(state: State, taker_id: int, walk: Walk, fees_quanta: int) -> None:
            place_order.count_for_makers(state, walk)
            honest(state, taker_id, walk, fees_quanta)

        patch.setattr(trigger_order, "lower_taker_fees", lower)
    exchange.set_price(994)
    exchange.trigger()
    return exchange.seal()


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    fees_that_count_a_quantum_more,
    fees_that_fade_less,
    fees_of_new_accounts_that_count_before,
    tier_that_was_not_reached,
    tier_that_is_passed_over,
    day_that_has_not_begun,
    day_that_is_not_over,
    return_of_a_quantum_more,
    return_that_is_kept,
    insurance_that_gets_another_share,
    schedule_that_holds_at_once,
    rebate_that_does_not_count,
    rebate_that_is_not_given,
    rebate_of_a_fee_that_was_not_paid,
    stop_that_brings_a_rebate,
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
    records: Any = forging_inputs()["fees 2"]
    output = forging_batches()["fees 2"].output

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


@pytest.mark.parametrize("carry", [1, -1])
def test_word_of_window_and_fees_when_read_another_way_then_no_proof(carry: int) -> None:
    """What is taken from the fees would give back a nonce, or the other way round."""
    for name in ("fees 2", "fees 3"):
        records: Any = forging_inputs()[name]
        for account_id in records.accounts:
            window, fees = ("accounts", account_id, 1), ("accounts", account_id, 0, FEES_WORD)
            moved = forged(records, (window, carry << WINDOW_BITS), (fees, -carry))
            assert run_dishonestly(moved) is None, (name, account_id)
            part = pow(2**WINDOW_BITS, -1, FIELD_PRIME)
            split = forged(records, (window, -carry), (fees, carry * part))
            assert run_dishonestly(split) is None, (name, account_id)
