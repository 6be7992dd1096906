"""A sequencer that leaves out a rule of ticks, samples or the mark: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from circuits.program_input import program_input
from novation.protocol import mark
from novation.protocol.constants import (
    MAX_MISSED_SAMPLES,
    MAX_ORDERS_PER_SAMPLE,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.markets import Globals, UnderlyingState
from novation.protocol.orders import Side
from novation.protocol.rules import list_market, minute_tick, oracle_update
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from novation.protocol.transactions import MinuteTick
from novation.protocol.transition import apply_transaction
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    run_dishonestly,
)
from tests.support.builders import parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]
# 10,000 USD at 1000 ticks: what a side needs.
ENOUGH_LOTS = 1_000_000
DUE = "novation.protocol.transition.is_tick_due"


def quoted(bid_lots: int = ENOUGH_LOTS) -> Exchange:
    """Return an exchange in which account 2 quotes enough at 1000 and 1004."""
    exchange = Exchange(parameters(1))
    exchange.fund(2, 3, 4)
    exchange.place(2, BUY, bid_lots, 1000)
    exchange.place(2, SELL, ENOUGH_LOTS, 1004)
    return exchange


def sampled(exchange: Exchange) -> SealedBatch:
    """Return a batch with the tick of a minute."""
    exchange.time_ms = exchange.state.globals.next_tick_ms - 2
    exchange.refresh_prices()
    exchange.seal()
    exchange.time_ms += 1
    exchange.tick()
    return exchange.seal()


# When ticks are taken: a batch that breaks this is not provable at all.


def order_while_a_tick_is_due(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = quoted()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 3
    exchange.refresh_prices()
    exchange.time_ms += 1 + late_ms
    patch.setattr(exchange, "tick", lambda: None)
    patch.setattr(DUE, lambda *_: False)
    exchange.place(3, BUY, 1, 990)
    return exchange.seal()


def deposit_while_a_tick_is_due(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = quoted()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 1 + late_ms
    patch.setattr(exchange, "tick", lambda: None)
    patch.setattr(DUE, lambda *_: False)
    exchange.fund(3)
    return exchange.seal()


def prices_between_two_ticks(patch: Patch, is_between: int) -> SealedBatch:
    """The second underlying would be sampled at other prices."""
    exchange = Exchange(parameters(2))
    exchange.time_ms = exchange.state.globals.next_tick_ms
    exchange.apply(MinuteTick())
    if is_between:
        patch.setattr(exchange, "tick", lambda: None)
        patch.setattr(DUE, lambda *_: False)
        exchange.refresh_prices()
    patch.setattr(DUE, lambda *_: True)
    exchange.apply(MinuteTick())
    return exchange.seal()


def tick_too_early(patch: Patch, early_ms: int) -> SealedBatch:
    exchange = quoted()
    exchange.time_ms = exchange.state.globals.next_tick_ms - early_ms
    patch.setattr(DUE, lambda *_: True)
    exchange.apply(MinuteTick())
    return exchange.seal()


# What a sample is: the program finds it itself, so that the batch leads to another state.


def no_sample(patch: Patch, is_broken: int) -> SealedBatch:
    if is_broken:
        patch.setattr(minute_tick, "_premium_sample_x16", lambda *_: None)
    return sampled(quoted())


def sample_of_half_a_side(patch: Patch, is_broken: int) -> SealedBatch:
    if is_broken:
        patch.setattr(minute_tick, "IMPACT_MARGIN_QUANTA", 499_999_500)
    return sampled(quoted(bid_lots=ENOUGH_LOTS - 1))


def orders_that_would_not_trade(kind: str) -> Case:
    """Return a case in which the best bid is one that nobody can trade with."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        exchange = quoted()
        soon_ms = exchange.time_ms + 5
        if kind == "reduce-only":
            exchange.place(4, BUY, ENOUGH_LOTS, 1003)
            exchange.place(3, SELL, ENOUGH_LOTS, 1003)
        exchange.place(
            3,
            BUY,
            ENOUGH_LOTS,
            1003,
            reduce_only=kind == "reduce-only",
            expiry_time_ms=soon_ms if kind == "expired" else soon_ms + 10**6,
            max_fee_ppm=500,
        )
        if kind == "cancelled":
            exchange.cancel_all(3)
        elif kind == "timed out":
            exchange.set_cancel_timer(3, soon_ms)
        elif kind == "dearer":
            terms = exchange.state.parameters.underlyings[0]
            exchange.set_underlying(0, replace(terms, maker_fee_ppm=501))
        if is_broken:
            patch.setattr(minute_tick, "_counts", counts_anything)
        return sampled(exchange)

    case.__name__ = kind
    return case


def counts_anything(state: State, order: Any, visits: Any) -> bool:
    """Look at an order and its account, and count it."""
    account = state.open_account(order.account_id)
    assert account is not None
    visits.n_slots += len(account.positions)
    return True


def behind_small_orders(change: int) -> Case:
    """Return a case in which enough is behind as many orders as may be looked at, or one less."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        exchange = quoted()
        for _ in range(MAX_ORDERS_PER_SAMPLE - (change < 0)):
            exchange.place(3, BUY, 1, 1001)
        if is_broken:
            limit = MAX_ORDERS_PER_SAMPLE + change
            patch.setattr(minute_tick, "MAX_ORDERS_PER_SAMPLE", limit)
        return sampled(exchange)

    case.__name__ = f"{change} orders"
    return case


def two_bids_for_a_middle(patch: Patch, is_broken: int) -> SealedBatch:
    honest = minute_tick._impact_price_ticks

    def always_bids(state: State, market_id: int, side: Side, visits: Any) -> int | None:
        honest(state, market_id, side, visits)
        return honest(state, market_id, BUY, visits)

    if is_broken:
        patch.setattr(minute_tick, "_impact_price_ticks", always_bids)
    return sampled(quoted())


def sample_at_stale_prices(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = quoted()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 2
    exchange.refresh_prices()
    exchange.seal()
    exchange.time_ms += PRICE_VALIDITY_MS + 1
    if is_broken:
        later = property(lambda counters: counters.oracle_time_ms + PRICE_VALIDITY_MS + 1)
        patch.setattr(Globals, "price_valid_until_ms", later)
    exchange.tick()
    return exchange.seal()


def sample_beyond_the_limit(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = Exchange(parameters(1))
    exchange.fund(2)
    exchange.place(2, BUY, ENOUGH_LOTS, 1015)
    exchange.place(2, SELL, ENOUGH_LOTS, 1016)
    if is_broken:
        patch.setattr(minute_tick, "premium_limit_x16", lambda *_: 2**47)
    return sampled(exchange)


def failures(missed_samples: int) -> Case:
    """Return a case in which one more sample fails, and the premium should stay or not."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        old = UnderlyingState(is_listed=True, missed_samples=missed_samples, premium_x16=5 << 16)
        exchange = exchange_with({}, parameters(1), underlyings=(old,))
        exchange.set_price(1000)
        if is_broken:
            change = 1 if missed_samples == MAX_MISSED_SAMPLES else -1
            limit = MAX_MISSED_SAMPLES + change
            patch.setattr(minute_tick, "MAX_MISSED_SAMPLES", limit)
        return sampled(exchange)

    case.__name__ = f"{missed_samples} failed before"
    return case


def premium_of_before_a_gap(patch: Patch, is_broken: int) -> SealedBatch:
    old = UnderlyingState(is_listed=True, premium_x16=5 << 16)
    exchange = exchange_with({}, parameters(1), underlyings=(old,))
    exchange.set_price(1000)
    exchange.time_ms += RESUME_GAP_MS + 1
    if is_broken:
        patch.setattr(State, "kill_orders", kill_orders_only)
    exchange.refresh_prices()
    return exchange.seal()


def kill_orders_only(state: State, underlying_id: int) -> None:
    dead_below = state.globals.next_order_id
    old = state.underlyings[underlying_id]
    state.set_underlying(underlying_id, replace(old, dead_below_order_id=dead_below))


def minute_that_is_left_out(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = quoted()
    if is_broken:
        patch.setattr(minute_tick, "next_minute_ms", lambda ms: (ms // 60_000 + 2) * 60_000)
    return sampled(exchange)


def first_minute_that_is_left_out(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = Exchange(parameters(1), price_ticks=0)
    if is_broken:
        patch.setattr(oracle_update, "next_minute_ms", lambda _: 2**48 - 1)
    exchange.set_price(1000)
    return exchange.seal()


def underlying_that_is_passed_over(_: Patch, is_broken: int) -> SealedBatch:
    exchange = Exchange(parameters(2))
    exchange.time_ms = exchange.state.globals.next_tick_ms
    exchange.tick()
    assert exchange.state.batch is not None
    if is_broken:
        # As if the first one had been all.
        exchange.state.underlyings = (
            exchange.state.underlyings[0],
            UnderlyingState(1000 << 16, is_listed=True),
        )
    return exchange.seal()


def market_that_is_never_sampled(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = Exchange(parameters(1))
    exchange.set_underlying(1, underlying(symbol="NEW", multiplier=100))
    exchange.set_price(1000)
    if is_broken:
        patch.setattr(list_market, "note_listed", lambda *_: None)
    exchange.list_market(1)
    return exchange.seal()


NOT_PROVABLE: list[Case] = [
    order_while_a_tick_is_due,
    deposit_while_a_tick_is_due,
    prices_between_two_ticks,
    tick_too_early,
]
OTHER_STATE: list[Case] = [
    no_sample,
    sample_of_half_a_side,
    *map(
        orders_that_would_not_trade,
        ("reduce-only", "expired", "cancelled", "timed out", "dearer"),
    ),
    behind_small_orders(-1),
    behind_small_orders(1),
    two_bids_for_a_middle,
    sample_at_stale_prices,
    sample_beyond_the_limit,
    failures(MAX_MISSED_SAMPLES - 1),
    failures(MAX_MISSED_SAMPLES),
    premium_of_before_a_gap,
    minute_that_is_left_out,
    first_minute_that_is_left_out,
    underlying_that_is_passed_over,
    market_that_is_never_sampled,
]


@pytest.mark.parametrize("case", [*NOT_PROVABLE, *OTHER_STATE])
def test_batch_when_it_keeps_the_rule_by_as_little_then_proven(
    case: Case, monkeypatch: Patch
) -> None:
    sealed = case(monkeypatch, 0)
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output


@pytest.mark.parametrize("case", NOT_PROVABLE)
def test_batch_when_a_tick_is_not_where_it_must_be_then_no_proof(
    case: Case, monkeypatch: Patch
) -> None:
    assert_no_lie_proves(case(monkeypatch, 1))


@pytest.mark.parametrize("case", OTHER_STATE)
def test_batch_when_a_sample_is_not_what_it_must_be_then_not_proven(
    case: Case, monkeypatch: Patch
) -> None:
    assert_no_lie_gives_output(case(monkeypatch, 1))


def order_at_the_edge_of_the_band(patch: Patch, excess_ticks: int) -> SealedBatch:
    """The premium is far beyond its limit, 15 ticks of 1000: a buy may be at 1116 ticks."""
    old = UnderlyingState(is_listed=True, premium_x16=500 << 16)
    exchange = exchange_with({}, parameters(1), underlyings=(old,))
    exchange.set_price(1000)
    exchange.fund(2)
    patch.setattr(mark, "premium_limit_x16", lambda *_: (15 + excess_ticks) << 16)
    exchange.place(2, BUY, 1, 1116 + excess_ticks)
    return exchange.seal()


def test_mark_when_beyond_its_limit_then_no_proof(monkeypatch: Patch) -> None:
    sealed = order_at_the_edge_of_the_band(monkeypatch, 0)
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output
    assert_no_lie_proves(order_at_the_edge_of_the_band(monkeypatch, 1))


def test_tick_when_repeated_then_no_proof(monkeypatch: Patch) -> None:
    exchange = quoted()
    exchange.time_ms = exchange.state.globals.next_tick_ms
    exchange.tick()
    monkeypatch.setattr(DUE, lambda *_: True)
    apply_transaction(exchange.state, MinuteTick(), exchange.time_ms)
    assert_no_lie_proves(exchange.seal())
