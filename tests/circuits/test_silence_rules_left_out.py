"""A sequencer that uses a price which the last update did not have, or leaves one out: no proof.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little:
there another market has no price.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.margin import Margin
from novation.protocol.rules import (
    bid,
    leaving,
    liquidate,
    list_market,
    minute_tick,
    oracle_update,
    place_order,
    set_auction,
    take_over,
    trigger_order,
    unwind,
)
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import assert_left_out, assert_proven, ignored
from tests.circuits.test_auction_rules_left_out import failing
from tests.circuits.test_bid_rules_left_out import auctioned, sold
from tests.circuits.test_rules_left_out import with_unlisted
from tests.circuits.test_take_over_rules_left_out import bankrupt
from tests.circuits.test_unwind_rules_left_out import bid_for, unwound
from tests.circuits.unwind_batches import with_pool
from tests.support.builders import ONE_DOLLAR, oracle_report
from tests.support.builders import oracle_update as update_of
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
PRICE_X16 = 1000 << 16
# Two percent of it: as far as a report may be that speaks for it.
REACH_X16 = PRICE_X16 // 50
# Enough for an impact price.
DEEP_LOTS = 1_100_000


def trading() -> Exchange:
    """Return an exchange with an order and a position in the first market."""
    exchange = Exchange()
    exchange.fund(2, 3, 4, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.place(2, SELL, 20, 1000)
    exchange.place(3, BUY, 10, 1000)
    exchange.seal()
    return exchange


def silence(exchange: Exchange, excess: int, market_id: int = 0) -> None:
    """Let the market have no price, or another one."""
    exchange.silence(market_id if excess else 1)


def see_prices(patch: Patch) -> None:
    """Let new risk be taken whatever has no price."""
    opening = Margin.meets_opening.fget  # type: ignore[attr-defined]
    seen = property(lambda margin: opening(replace(margin, is_unpriced=False)))
    patch.setattr(Margin, "meets_opening", seen)


def order_in_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_not_silent", ignored)
    see_prices(patch)
    exchange = trading()
    silence(exchange, excess)
    exchange.place(4, BUY, 1, 1000)
    return exchange.seal()


def order_in_a_market_that_was_silent_before(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_not_silent", ignored)
    see_prices(patch)
    exchange = trading()
    silence(exchange, excess)
    exchange.seal()
    exchange.place(4, BUY, 1, 1000)
    return exchange.seal()


def quotes_in_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_not_silent", ignored)
    see_prices(patch)
    exchange = trading()
    silence(exchange, excess)
    exchange.quote(4, (BUY, 200, 990))
    return exchange.seal()


def stop_in_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_not_silent", ignored)
    exchange = trading()
    silence(exchange, excess)
    exchange.place_stop(3, SELL, 10, 990)
    return exchange.seal()


def trigger_in_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(trigger_order, "check_not_silent", ignored)
    patch.setattr(
        trigger_order,
        "due_order",
        lambda state, market_id, _: state.order(state.market(market_id).fall_head_id),
    )
    exchange = trading()
    exchange.place_stop(3, SELL, 10, 1000)
    silence(exchange, excess)
    exchange.trigger()
    return exchange.seal()


def risk_beside_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    """With a position of which nobody knows what it is worth."""
    see_prices(patch)
    exchange = trading()
    if excess:
        exchange.silence(0)
    else:
        exchange.refresh_prices()
    exchange.place(3, BUY, 1, 1000, market_id=1)
    return exchange.seal()


def withdrawal_with_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(leaving, "check_all_priced", ignored)
    exchange = trading()
    silence(exchange, excess)
    exchange.withdraw(3, 1)
    return exchange.seal()


def liquidation_in_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(liquidate, "check_not_silent", ignored)
    exchange = failing()
    silence(exchange, excess)
    exchange.liquidate(2)
    return exchange.seal()


def auction_of_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(set_auction, "check_can_be_taken", ignored)
    exchange = failing()
    silence(exchange, excess)
    exchange.set_auction(2)
    return exchange.seal()


def takeover_of_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(take_over, "check_can_be_taken", ignored)
    exchange = bankrupt()
    silence(exchange, excess)
    exchange.take_over(2)
    return exchange.seal()


def bid_for_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(bid, "check_can_be_taken", ignored)
    see_prices(patch)
    exchange = auctioned()
    silence(exchange, excess)
    return sold(exchange)


def unwinding_in_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(unwind, "check_not_silent", ignored)
    exchange = bid_for(with_pool())
    exchange.silence(1 if excess else 0)
    return unwound(exchange)


def listing_of_a_silent_underlying(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(list_market, "check_not_silent", ignored)
    exchange = with_unlisted()
    silence(exchange, excess, market_id=2)
    exchange.list_market(2)
    return exchange.seal()


def sample_of_a_silent_market(patch: Patch, excess: int) -> SealedBatch:
    """Its book is deep enough on both sides."""
    exchange = Exchange()
    exchange.fund(2, 3, amount_quanta=10**7 * ONE_DOLLAR)
    exchange.place(2, SELL, DEEP_LOTS, 1002)
    exchange.place(3, BUY, DEEP_LOTS, 999)
    exchange.seal()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 2
    exchange.silence(0)
    if excess:
        patch.setattr(minute_tick, "_is_price_valid", lambda *_: True)
    exchange.time_ms += 1
    exchange.tick()
    return exchange.seal()


def silence_that_is_kept_quiet(_: Patch, excess: int) -> SealedBatch:
    exchange = trading()
    exchange.silence(0)
    first, second = exchange.state.underlyings
    exchange.state.underlyings = (replace(first, is_silent=not excess), second)
    return exchange.seal()


def claiming(patch: Patch, claimed_x16: int, *reported_x16: int) -> SealedBatch:
    """Return a batch with an update that claims a price of the first market."""
    patch.setattr(oracle_update, "check_oracle_update", ignored)
    exchange = trading()
    exchange.time_ms += 1
    reports = [
        oracle_report(exchange.config, index, exchange.time_ms, (price_x16, PRICE_X16))
        for index, price_x16 in enumerate(reported_x16)
    ]
    update = update_of(tuple(reports))
    exchange.apply(replace(update, prices_x16=(claimed_x16, PRICE_X16)))
    return exchange.seal()


def price_without_a_quorum(patch: Patch, excess: int) -> SealedBatch:
    """The higher one of two reports is as far from the lower as one may be, or a little more."""
    return claiming(patch, PRICE_X16, PRICE_X16, PRICE_X16 + REACH_X16 + excess)


def price_with_too_low_a_report(patch: Patch, excess: int) -> SealedBatch:
    """Of three, the highest is far from the median, and the lowest is or is not."""
    return claiming(patch, PRICE_X16, PRICE_X16 - REACH_X16 - excess, PRICE_X16, 2 * PRICE_X16)


def price_that_is_left_out(patch: Patch, excess: int) -> SealedBatch:
    """A quorum is close to it, or one report is too far by a little."""
    return claiming(patch, 0, PRICE_X16, PRICE_X16 + REACH_X16 + 1 - excess)


def price_of_too_few(patch: Patch, excess: int) -> SealedBatch:
    """One report of two has no price."""
    return claiming(patch, PRICE_X16, PRICE_X16, 0 if excess else PRICE_X16)


def price_among_absent_ones(patch: Patch, excess: int) -> SealedBatch:
    """The lower one of the two that are there, or the other one."""
    return claiming(patch, PRICE_X16 + excess, 0, PRICE_X16 + 1, PRICE_X16)


def price_out_of_nothing(patch: Patch, excess: int) -> SealedBatch:
    return claiming(patch, excess, 0, 0)


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    order_in_a_silent_market,
    order_in_a_market_that_was_silent_before,
    quotes_in_a_silent_market,
    stop_in_a_silent_market,
    trigger_in_a_silent_market,
    risk_beside_a_silent_market,
    withdrawal_with_a_silent_market,
    liquidation_in_a_silent_market,
    auction_of_a_silent_market,
    takeover_of_a_silent_market,
    bid_for_a_silent_market,
    unwinding_in_a_silent_market,
    listing_of_a_silent_underlying,
    sample_of_a_silent_market,
    silence_that_is_kept_quiet,
    price_without_a_quorum,
    price_with_too_low_a_report,
    price_that_is_left_out,
    price_of_too_few,
    price_among_absent_ones,
    price_out_of_nothing,
]
# Nobody tells the program what follows: it finds it itself, and proves another output.
COMPUTED: tuple[Any, ...] = (sample_of_a_silent_market, silence_that_is_kept_quiet)


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
