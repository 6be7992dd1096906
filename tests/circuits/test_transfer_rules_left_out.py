"""A sequencer that leaves a rule of transfers out: no proof exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
That nobody sends more of an asset than he holds is the rule of withdrawals, and in
`test_asset_rules_left_out.py`.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from novation.protocol.constants import PRICE_VALIDITY_MS
from novation.protocol.rules import leaving, transfer
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import assert_no_lie_proves, assert_proven, ignored
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
OWN, SISTER, STRANGER = 2, 3, 4
ETH = 1
LOTS = 1_000
# A tenth of 10 USD, and what the trade cost.
FREE_QUANTA = 100 * ONE_DOLLAR - ONE_DOLLAR - 5_000


def holding(*, size_lots: int = LOTS) -> Exchange:
    """Return an exchange in which one of two accounts of an owner has a position."""
    exchange = Exchange()
    exchange.fund(OWN, STRANGER, amount_quanta=100 * ONE_DOLLAR)
    exchange.apply(replace(exchange.deposit(SISTER, 1), l1_address=l1_address(OWN)))
    exchange.apply(exchange.deposit(OWN, 50, ETH))
    exchange.place(STRANGER, SELL, size_lots, 1000)
    exchange.place(OWN, BUY, size_lots, 1000)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def transfer_to_itself(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(transfer, "_check_receiver", ignored)
    exchange = holding()
    exchange.transfer(OWN, OWN if excess else SISTER, 1)
    return exchange.seal()


def transfer_to_a_stranger(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(transfer, "_check_receiver", ignored)
    exchange = holding()
    exchange.transfer(OWN, STRANGER if excess else SISTER, 1)
    return exchange.seal()


def transfer_of_an_asset_to_a_stranger(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(transfer, "_check_receiver", ignored)
    exchange = holding()
    exchange.transfer(OWN, STRANGER if excess else SISTER, 1, ETH)
    return exchange.seal()


def transfer_that_leaves_less_than_a_tenth(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(leaving, "_check_margin", ignored)
    exchange = holding()
    exchange.transfer(OWN, SISTER, FREE_QUANTA + excess)
    return exchange.seal()


def withdrawal_that_leaves_less_than_a_tenth(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(leaving, "_check_margin", ignored)
    exchange = holding()
    exchange.withdraw(OWN, FREE_QUANTA + excess)
    return exchange.seal()


def withdrawal_of_a_short_that_leaves_less_than_a_tenth(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(leaving, "_check_margin", ignored)
    exchange = holding()
    # The maker's fee is 0.02 %.
    exchange.withdraw(STRANGER, 100 * ONE_DOLLAR - ONE_DOLLAR - 2_000 + excess)
    return exchange.seal()


def transfer_below_initial_margin(patch: Patch, excess: int) -> SealedBatch:
    """Orders that could lead to three times the position need more than a tenth of it."""
    patch.setattr(leaving, "_check_margin", ignored)
    exchange = holding()
    exchange.place(OWN, BUY, 2 * LOTS, 990)
    exchange.transfer(OWN, SISTER, FREE_QUANTA - ONE_DOLLAR // 2 + excess)
    return exchange.seal()


def transfer_at_an_old_price(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(leaving, "check_prices_are_valid", ignored)
    exchange = holding()
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    exchange.transfer(OWN, SISTER, 1)
    return exchange.seal()


def timer_that_is_not_applied(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = holding()
    exchange.set_cancel_timer(OWN, exchange.time_ms + 10)
    exchange.time_ms += 9 + late_ms
    patch.setattr(transfer, "apply_timer", lambda *_: ())
    exchange.transfer(OWN, SISTER, 1)
    return exchange.seal()


CASES = (
    transfer_to_itself,
    transfer_to_a_stranger,
    transfer_of_an_asset_to_a_stranger,
    transfer_that_leaves_less_than_a_tenth,
    withdrawal_that_leaves_less_than_a_tenth,
    withdrawal_of_a_short_that_leaves_less_than_a_tenth,
    transfer_below_initial_margin,
    transfer_at_an_old_price,
    timer_that_is_not_applied,
)


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    """Whatever is said when the program asks which of two numbers is larger."""
    assert_no_lie_proves(case(monkeypatch, 1))
