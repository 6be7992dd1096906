"""A sequencer that lets gains be used before they are settled: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from novation.protocol import margin
from novation.protocol.mark import unsettled_gain_x16
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import Side
from novation.protocol.parameters import Underlying
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    assert_proven,
)
from tests.support.builders import ONE_DOLLAR, l1_address, parameters
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]
WINNER, LOSER, FRIEND = 2, 3, 4
LOTS = 100_000


def no_gain(*_: object) -> int:
    return 0


def risen(amount_quanta: int = 200 * ONE_DOLLAR) -> Exchange:
    """Return an exchange whose account 2 has gained since the reference mark; it jumped nothing."""
    exchange = Exchange(parameters(2))
    exchange.fund(LOSER, FRIEND)
    exchange.fund(WINNER, amount_quanta=amount_quanta)
    exchange.place(LOSER, SELL, LOTS, 1000)
    exchange.place(WINNER, BUY, LOTS, 1000)
    exchange.seal()
    exchange.set_price(1010, 1000)
    return exchange


def withdrawable(exchange: Exchange, account_id: int = WINNER) -> int:
    """Return what may leave: a tenth of what the positions are worth stays."""
    kept = exchange.state.account(account_id).position(0).size_lots * 1010
    return exchange.margin(account_id).settled_x16 // 2**16 - kept


def withdrawal(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = risen()
    amount = withdrawable(exchange)
    if is_broken:
        patch.setattr(margin, "unsettled_gain_x16", no_gain)
    exchange.withdraw(WINNER, amount + is_broken)
    return exchange.seal()


def transfer(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = risen()
    exchange.apply(replace(exchange.deposit(5, 1), l1_address=l1_address(WINNER)))
    amount = withdrawable(exchange)
    if is_broken:
        patch.setattr(margin, "unsettled_gain_x16", no_gain)
    exchange.transfer(WINNER, 5, amount + is_broken)
    return exchange.seal()


def taker_in_another_market(patch: Patch, is_broken: int) -> SealedBatch:
    """Risk there is what is gained here, and lost to whoever stands against it."""
    # 5 % of 1,010,000 USD, and of 1,100,000 with a fee of 0.05 % of what is bought, to the quantum.
    needed = 50_500_000 + 55_000_000 + 550_000 + 500_000
    exchange = risen(needed - is_broken)
    exchange.place(FRIEND, SELL, LOTS, 1000, market_id=1)
    if is_broken:
        patch.setattr(margin, "unsettled_gain_x16", no_gain)
    exchange.place(WINNER, BUY, LOTS, 1000, market_id=1)
    return exchange.seal()


def quotes_in_another_market(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = risen(50_500_000 + 55_000_000 + 500_000 - is_broken)
    if is_broken:
        patch.setattr(margin, "unsettled_gain_x16", no_gain)
    exchange.quote(WINNER, (BUY, LOTS, 1000), market_id=1)
    return exchange.seal()


def buyer_of_what_has_gained(patch: Patch, is_broken: int) -> SealedBatch:
    """Whoever takes such lots may be charged for them; he has gained nothing himself."""
    exchange = risen()
    exchange.place(LOSER, SELL, 10_000, 1010)
    # 5 % of 101 USD, 10 ticks each, and the fee.
    exchange.fund(5, amount_quanta=50_500_000 // 10 + 1_000_000 + 50_500 - is_broken)
    if is_broken:
        patch.setattr(margin, "unsettled_gain_x16", no_gain)
    exchange.place(5, BUY, 10_000, 1010)
    return exchange.seal()


NOT_PROVABLE: list[Case] = [
    withdrawal,
    transfer,
    taker_in_another_market,
    quotes_in_another_market,
    buyer_of_what_has_gained,
]


def maker_in_another_market(patch: Patch, is_broken: int) -> SealedBatch:
    """His order rests since before he gained; now he could not place it, and it leaves the book."""
    exchange = risen(160 * ONE_DOLLAR)
    exchange.place(WINNER, BUY, LOTS, 1000, market_id=1)
    exchange.set_price(1018, 945)
    if is_broken:
        patch.setattr(margin, "unsettled_gain_x16", no_gain)
    exchange.place(FRIEND, SELL, LOTS, 960, market_id=1)
    return exchange.seal()


def reduction_that_gives_gains_away(patch: Patch, is_broken: int) -> SealedBatch:
    """Below initial margin a position is sold below the mark: a friend has what is not settled."""
    exchange = Exchange(parameters(2))
    exchange.fund(LOSER, FRIEND)
    exchange.fund(WINNER, amount_quanta=80 * ONE_DOLLAR)
    exchange.place(LOSER, SELL, 20_000, 1000)
    exchange.place(WINNER, BUY, 20_000, 1000)
    exchange.place(LOSER, SELL, 120_000, 1000, market_id=1)
    exchange.place(WINNER, BUY, 120_000, 1000, market_id=1)
    exchange.jump(1200, 950)
    exchange.settle()
    exchange.place(FRIEND, BUY, 120_000, 930, market_id=1)
    if is_broken:
        patch.setattr(margin, "unsettled_gain_x16", no_gain)
        exchange.place(WINNER, SELL, 120_000, 930, market_id=1, reduce_only=True)
    else:
        assert exchange.refuse(
            exchange.order(WINNER, SELL, 120_000, 930, market_id=1, reduce_only=True)
        )
        exchange.place(WINNER, SELL, 30_000, 930, market_id=1, reduce_only=True)
    return exchange.seal()


def given_before(side: Side) -> Case:
    """Return a case of a buyer or seller of lots that were given 40 quanta since the mark."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        given = {"long_charged_quanta": -40} if side is BUY else {"short_charged_quanta": -40}
        marks = {"ref_x16": 1000 << 16, "window_x16": 1000 << 16}
        old = UnderlyingState(1000 << 16, is_listed=True, **marks, **given)
        exchange = exchange_with({}, parameters(1), underlyings=(old,))
        exchange.set_price(1000)
        exchange.fund(LOSER)
        exchange.place(LOSER, side.other, LOTS, 1000)
        exchange.fund(WINNER, amount_quanta=50 * ONE_DOLLAR + 500_000 + 40 * LOTS - is_broken)
        if is_broken:
            patch.setattr(margin, "unsettled_gain_x16", gain_without_what_was_given)
        exchange.place(WINNER, side, LOTS, 1000)
        return exchange.seal()

    return case


def gain_without_what_was_given(size_lots: int, prices: UnderlyingState, terms: Underlying) -> int:
    forgotten = replace(prices, long_charged_quanta=0, short_charged_quanta=0)
    return unsettled_gain_x16(size_lots, forgotten, terms)


NOT_PROVABLE += [reduction_that_gives_gains_away, *map(given_before, (BUY, SELL))]
OTHER_STATE: list[Case] = [maker_in_another_market]


@pytest.mark.parametrize("case", [*NOT_PROVABLE, *OTHER_STATE])
def test_batch_when_it_keeps_the_rule_by_as_little_then_proven(
    case: Case, monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", NOT_PROVABLE)
def test_batch_when_it_uses_gains_that_are_not_settled_then_no_proof(
    case: Case, monkeypatch: Patch
) -> None:
    assert_no_lie_proves(case(monkeypatch, 1))


@pytest.mark.parametrize("case", OTHER_STATE)
def test_batch_when_a_maker_is_filled_on_gains_then_not_proven(
    case: Case, monkeypatch: Patch
) -> None:
    assert_no_lie_gives_output(case(monkeypatch, 1))
