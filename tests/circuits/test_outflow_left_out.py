"""A sequencer that lets more leave than may, or counts its own way: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks the rule by one; the control keeps it by as little.
"""

from dataclasses import replace

import pytest

from novation.protocol import sealing
from novation.protocol.markets import Globals
from novation.protocol.outflow import follow_outflows
from novation.protocol.rules import withdraw
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    assert_proven,
    ignored,
)
from tests.support.exchange import Exchange

Patch = pytest.MonkeyPatch
HELD = 10**9
SHARE_PPM = 100_000
MOST = HELD // 10
ASSETS = (0, 1, 5, 7)


def guarded(asset_id: int) -> Exchange:
    """Return an exchange of which a tenth may leave in an hour, half of it gone already."""
    exchange = Exchange()
    exchange.apply(exchange.deposit(2, HELD, 0))
    if asset_id:
        exchange.apply(exchange.deposit(2, HELD, asset_id))
    exchange.set_outflow_share(SHARE_PPM)
    exchange.seal()
    exchange.withdraw(2, MOST // 2, asset_id)
    exchange.seal()
    return exchange


def more_than_may_leave(patch: Patch, asset_id: int, excess: int) -> SealedBatch:
    patch.setattr(withdraw, "check_outflow", ignored)
    exchange = guarded(asset_id)
    # A tenth of what is left, less what has left, and what is forgotten in a second.
    exchange.time_ms += 1_000
    share = exchange.state.globals.custody(asset_id) * SHARE_PPM
    forgotten = -(-share * 1_000 // (3_600_000 * 10**6))
    most = -(-share // 10**6) - MOST // 2 + forgotten
    exchange.withdraw(2, most + excess, asset_id)
    return exchange.seal()


def in_many_withdrawals(patch: Patch, asset_id: int, excess: int) -> SealedBatch:
    patch.setattr(withdraw, "check_outflow", ignored)
    exchange = guarded(asset_id)
    most = exchange.state.globals.custody(asset_id) // 10 - MOST // 2
    exchange.withdraw(2, most - 1, asset_id)
    exchange.withdraw(2, 1 + excess, asset_id)
    return exchange.seal()


def behind_a_lower_share(patch: Patch, asset_id: int, excess: int) -> SealedBatch:
    """The share is that of before the batch: no operation of the batch changes what may leave."""
    patch.setattr(withdraw, "check_outflow", ignored)
    exchange = guarded(asset_id)
    most = exchange.state.globals.custody(asset_id) // 10 - MOST // 2
    exchange.set_outflow_share(10**6)
    exchange.withdraw(2, most + excess, asset_id)
    return exchange.seal()


CASES = (more_than_may_leave, in_many_withdrawals, behind_a_lower_share)


@pytest.mark.parametrize("asset_id", ASSETS)
@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_as_little_then_proven(
    case: object, asset_id: int, monkeypatch: Patch
) -> None:
    assert callable(case)
    assert_proven(case(monkeypatch, asset_id, 0))


@pytest.mark.parametrize("asset_id", ASSETS)
@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_then_no_proof(
    case: object, asset_id: int, monkeypatch: Patch
) -> None:
    assert callable(case)
    assert_no_lie_proves(case(monkeypatch, asset_id, 1))


@pytest.mark.parametrize("asset_id", ASSETS)
@pytest.mark.parametrize("change", [1, -1])
def test_outflow_when_counted_otherwise_then_no_proof(
    asset_id: int, change: int, monkeypatch: Patch
) -> None:
    def own_mind(before: Globals, after: Globals, share_ppm: int) -> Globals:
        followed = follow_outflows(before, after, share_ppm)
        words = list(followed.outflow_words())
        words[(asset_id + 2) // 3] += change * 2 ** (63 * ((asset_id + 2) % 3 if asset_id else 0))
        return followed.with_outflow_words(words)

    exchange = guarded(asset_id)
    exchange.time_ms += 1_000
    exchange.withdraw(2, 5, asset_id)
    monkeypatch.setattr(sealing, "follow_outflows", own_mind)
    assert_no_lie_gives_output(exchange.seal())


def test_outflow_when_the_share_is_more_than_all_then_no_proof(monkeypatch: Patch) -> None:
    exchange = guarded(0)
    monkeypatch.setattr("novation.protocol.parameters._require", ignored)
    exchange.set_outflow_share(10**6 + 1)
    assert_no_lie_proves(exchange.seal())
    exchange = guarded(0)
    exchange.set_outflow_share(10**6)
    assert_proven(exchange.seal())
    assert replace(exchange.state.parameters).outflow_share_ppm == 10**6
