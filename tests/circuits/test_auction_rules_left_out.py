"""A sequencer that leaves out a rule of auctions, or computes a number its own way: no proof.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from functools import partial

import pytest

from novation.protocol.accounts import Account
from novation.protocol.constants import AUCTION_LIFE_MS, PRICE_VALIDITY_MS
from novation.protocol.margin import Margin
from novation.protocol.orders import TimeInForce
from novation.protocol.rules import failing as failing_rules
from novation.protocol.rules import set_auction
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import assert_left_out, assert_proven, ignored
from tests.circuits.test_liquidation_rules_left_out import (
    LOTS,
    MARK,
    REQUIRED_QUANTA,
    failing,
    holding,
)
from tests.support.builders import private_key, public_key
from tests.support.exchange import BUY, SELL, exchange_with

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]


def follow(patch: Patch, rule: Callable[[Account, Margin, int], Account]) -> None:
    """Let the state transition decide about auctions by another rule."""
    for module in (failing_rules, set_auction):
        patch.setattr(module, "followed_auction", rule)


def begun(account: Account, _: Margin, time_ms: int) -> Account:
    """An auction begins now, whatever the account has."""
    return account.with_auction(time_ms)


def ended(account: Account, *_: object) -> Account:
    """There is none any more, whatever the account is worth."""
    return account.with_auction(0)


def start_for_an_account_that_does_not_fail(patch: Patch, excess: int) -> SealedBatch:
    if excess:
        follow(patch, begun)
    exchange = holding(REQUIRED_QUANTA - 1 + excess)
    exchange.set_auction(2)
    return exchange.seal()


def start_while_one_runs(patch: Patch, early_ms: int) -> SealedBatch:
    exchange = failing()
    exchange.set_auction(2)
    exchange.seal()
    follow(patch, begun)
    exchange.wait(AUCTION_LIFE_MS - early_ms)
    exchange.set_auction(2)
    return exchange.seal()


def start_without_a_position(patch: Patch, excess: int) -> SealedBatch:
    """An account with nothing but a debt; then one with a position, too."""
    if excess:
        patch.setattr(set_auction, "check_set_auction", lambda *_: Margin(-1, 0, 0))
        key = public_key(private_key(2))
        debtor, rich = Account.new(2, key).with_balance(-5), Account.new(3, key).with_balance(9)
        exchange = exchange_with({2: debtor, 3: rich})
        exchange.set_price(1000)
    else:
        exchange = failing()
    exchange.set_auction(2)
    return exchange.seal()


def end_for_an_account_that_fails(patch: Patch, excess: int) -> SealedBatch:
    """It has what it needs, less `excess` quanta."""
    exchange = holding(REQUIRED_QUANTA - excess)
    exchange.set_price(MARK - 1, 1000)
    exchange.set_auction(2)
    exchange.seal()
    exchange.set_price(MARK, 1000)
    if excess:
        follow(patch, ended)
    exchange.set_auction(2)
    return exchange.seal()


def change_without_one(patch: Patch, excess: int) -> SealedBatch:
    """Nothing begins and nothing ends."""
    exchange = failing()
    exchange.set_auction(2)
    if excess:
        patch.setattr(set_auction, "check_set_auction", lambda *_: exchange.margin(2))
        exchange.set_auction(2)
    return exchange.seal()


def prices_that_are_old(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(set_auction, "check_prices_are_valid", ignored)
    exchange = failing()
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    exchange.set_auction(2)
    return exchange.seal()


def timer_that_is_not_applied(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = failing()
    exchange.set_cancel_timer(2, exchange.time_ms + 10)
    exchange.time_ms += 9 + late_ms
    patch.setattr(set_auction, "apply_timer", lambda *_: ())
    exchange.set_auction(2)
    return exchange.seal()


def orders_that_live_on(patch: Patch, excess: int) -> SealedBatch:
    exchange = failing()
    exchange.place(2, SELL, 1000, 1020, reduce_only=True, time_in_force=TimeInForce.POST_ONLY)
    if excess:
        patch.setattr(Account, "with_all_cancelled", lambda account, _: account)
    exchange.set_auction(2)
    patch.undo()
    return exchange.seal()


def start_of_another_time(patch: Patch, excess: int, *, liquidation: bool) -> SealedBatch:
    """As if it had begun a millisecond earlier: bids would get more at once."""
    if excess:
        follow(patch, lambda account, _, time_ms: account.with_auction(time_ms - excess))
    exchange = failing()
    if liquidation:
        exchange.liquidate(2)
    else:
        exchange.set_auction(2)
    return exchange.seal()


def auction_that_a_liquidation_keeps(patch: Patch, excess: int) -> SealedBatch:
    """Its liquidation restores the account, and the auction stays."""
    exchange = failing()
    exchange.set_auction(2)
    if excess:
        follow(patch, lambda account, *_: account)
    exchange.place(4, BUY, LOTS, MARK)
    exchange.liquidate(2)
    return exchange.seal()


def auction_that_a_liquidation_renews(patch: Patch, excess: int) -> SealedBatch:
    exchange = failing()
    exchange.set_auction(2)
    exchange.time_ms += 100
    if excess:
        follow(patch, begun)
    exchange.liquidate(2)
    return exchange.seal()


REFUSED: list[Case] = [
    start_without_a_position,
    change_without_one,
    prices_that_are_old,
    timer_that_is_not_applied,
]
# Nobody tells the program these: it finds the right ones, and proves another output, or none.
COMPUTED: list[Case] = [
    start_for_an_account_that_does_not_fail,
    start_while_one_runs,
    end_for_an_account_that_fails,
    *(partial(start_of_another_time, liquidation=liquidation) for liquidation in (False, True)),
    orders_that_live_on,
    auction_that_a_liquidation_keeps,
    auction_that_a_liquidation_renews,
]
CASES = [*REFUSED, *COMPUTED]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(case: Case, monkeypatch: Patch) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Case, monkeypatch: Patch
) -> None:
    assert_left_out(case(monkeypatch, 1), is_computed=case in COMPUTED)
