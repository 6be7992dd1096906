"""A sequencer that leaves one rule out: Python's check is off, and no proof of the batch exists.

Each case breaks exactly one rule of novation/protocol/rules/price_validity.py or of custody; the
batch is proven with the honest rule in the control test, so that nothing else is wrong with it.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from circuits.program_input import program_input
from novation.protocol import sealing
from novation.protocol.constants import POST_ONLY_MS, PRICE_VALIDITY_MS, RESUME_GAP_MS
from novation.protocol.orders import TimeInForce
from novation.protocol.rules import deposit, matching, oracle_update, place_order, withdraw
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import header_checked_by_l1, run_dishonestly
from tests.support import builders
from tests.support.builders import ONE_DOLLAR, QUORUM, oracle_report
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch


def nothing(*_: object, **__: object) -> tuple[()]:
    """Stand for a rule that is left out."""
    return ()


def trading() -> Exchange:
    """Return an exchange whose open batch has positions and an ask at 1001."""
    exchange = Exchange()
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 1, 1000)
    exchange.place(3, BUY, 1, 1000)
    exchange.place(2, SELL, 5, 1001)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def order_at_an_old_price(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(place_order, "check_prices_are_valid", nothing)
    exchange = trading()
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    exchange.place(4, BUY, 1, 1001)
    return exchange.seal()


def withdrawal_at_an_old_price(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(withdraw, "check_prices_are_valid", nothing)
    exchange = trading()
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    exchange.withdraw(2, 1)
    return exchange.seal()


def price_from_ahead(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(oracle_update, "PRICE_VALIDITY_MS", 10**9)
    exchange = trading()
    time_ms, prices = exchange.time_ms + PRICE_VALIDITY_MS + late_ms, (1000 << 16,) * 2
    reports = [oracle_report(exchange.config, i, time_ms, prices) for i in range(QUORUM)]
    exchange.apply(builders.oracle_update(tuple(reports)))
    return exchange.seal()


def order_in_the_minute_after_a_gap(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(place_order, "check_not_resuming", nothing)
    exchange = trading()
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    exchange.wait(POST_ONLY_MS - late_ms)
    exchange.place(4, BUY, 1, 990)
    return exchange.seal()


def fill_of_a_dead_order(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = trading()
    exchange.time_ms += RESUME_GAP_MS - 1 + late_ms
    exchange.refresh_prices()
    exchange.wait(POST_ONLY_MS)
    if late_ms:
        patch.setattr(matching, "_reason_to_skip", nothing_to_skip)
    exchange.place(4, BUY, 1, 1001)
    return exchange.seal()


def nothing_to_skip(*_: object) -> None:
    """Say that a maker is alive."""


def kill_without_a_gap(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = trading()
    if late_ms:
        patch.setattr(matching, "_reason_to_skip", lambda *_: matching.VisitOutcome.KILLED)
    exchange.place(4, BUY, 1, 1001)
    return exchange.seal()


def post_only_order_that_trades(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(place_order, "_check_post_only", nothing)
    exchange = trading()
    exchange.place(4, BUY, 2, 1000 + late_ms, time_in_force=TimeInForce.POST_ONLY)
    return exchange.seal()


def withdrawal_above_custody(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(withdraw, "_check_custody", nothing)
    exchange = Exchange()
    exchange.fund(2, 3)
    exchange.place(3, SELL, 10_000_000, 1000)
    exchange.place(2, BUY, 10_000_000, 1000)
    exchange.set_price(1250)
    exchange.withdraw(2, 20_000 * ONE_DOLLAR + late_ms)
    if late_ms:
        # Back within bounds before the seal: the money was gone in between.
        exchange.fund(4, amount_quanta=late_ms)
    return exchange.seal()


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    order_at_an_old_price,
    withdrawal_at_an_old_price,
    price_from_ahead,
    order_in_the_minute_after_a_gap,
    fill_of_a_dead_order,
    kill_without_a_gap,
    post_only_order_that_trades,
    withdrawal_above_custody,
]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    sealed = case(monkeypatch, 0)
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_by_one_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    sealed = case(monkeypatch, 1)
    assert run_dishonestly(program_input(sealed.witness)) is None


def test_gap_that_is_kept_quiet_leads_to_another_state(monkeypatch: Patch) -> None:
    """The program kills what rests whatever the sequencer says: nothing of it is a guess."""
    monkeypatch.setattr(oracle_update, "resume_after_gap", nothing)
    exchange = trading()
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    sealed = exchange.seal()
    output = run_dishonestly(program_input(sealed.witness))
    assert output is not None
    assert header_checked_by_l1(output) == header_checked_by_l1(sealed.output)
    assert output[3] != sealed.output[3]
    monkeypatch.undo()
    honest = trading()
    honest.time_ms += RESUME_GAP_MS
    honest.refresh_prices()
    assert honest.seal().output == output


def test_custody_of_a_deposit_is_not_the_sequencers_word(monkeypatch: Patch) -> None:
    """Without the credit the proven state says otherwise, and L1 sees its own number."""

    def uncounted(counters: object, **changes: int) -> object:
        changes.pop("custody_quanta", None)
        return replace(counters, **changes)  # type: ignore[type-var]

    exchange = trading()
    monkeypatch.setattr(deposit, "replace", uncounted)
    exchange.fund(2, amount_quanta=5)
    custody_quanta = exchange.custody_quanta
    sealed = sealing.seal_batch(exchange.state)
    output = run_dishonestly(program_input(sealed.witness))
    assert output is not None
    assert output[-1] % 2**63 == custody_quanta + 5
