"""A sequencer that leaves out a rule of ticks, samples or the mark: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from circuits.program_input import program_input
from novation.protocol import margin as margin_module
from novation.protocol import mark
from novation.protocol.constants import (
    HOUR_MS,
    MAX_MISSED_SAMPLES,
    MAX_ORDERS_PER_SAMPLE,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.liquidation import liquidation_fee_quanta
from novation.protocol.margin import Margin, margin_of
from novation.protocol.markets import Globals, Market, UnderlyingState
from novation.protocol.orders import Side
from novation.protocol.rules import (
    funding,
    liquidate,
    list_market,
    matching,
    minute_tick,
    oracle_update,
)
from novation.protocol.rules.funding import FundingHour, count_minute
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from novation.protocol.transactions import MinuteTick
from novation.protocol.transition import apply_transaction
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    assert_proven,
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


# Funding.


def hour_of(premium_ticks: int) -> Exchange:
    """Return an exchange with positions, a premium, and the last minute of an hour ahead."""
    prices = UnderlyingState(is_listed=True, premium_x16=premium_ticks << 16)
    exchange = exchange_with({}, parameters(1), underlyings=(prices,))
    exchange.set_price(1000)
    exchange.fund(2, 3)
    exchange.end_minute()
    exchange.place(2, BUY, 1_000, 1000)
    exchange.place(3, SELL, 1_000, 1000)
    exchange.seal()
    exchange.time_ms = (exchange.time_ms // HOUR_MS + 1) * HOUR_MS
    return exchange


def hour_that_is_not_paid(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = hour_of(500)
    if is_broken:
        patch.setattr(minute_tick, "count_minute", unpaid)
    exchange.tick()
    return exchange.seal()


def unpaid(*args: Any) -> FundingHour:
    return replace(count_minute(*args), quanta_per_lot=0, is_over=False)


def hour_that_is_paid_twice(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = hour_of(500)
    exchange.tick()
    exchange.seal()
    exchange.time_ms = exchange.state.globals.next_tick_ms
    if is_broken:
        patch.setattr(minute_tick, "count_minute", of_an_hour_before)
    exchange.tick()
    return exchange.seal()


def of_an_hour_before(market: Market, *args: Any) -> FundingHour:
    return count_minute(replace(market, funding_hour=market.funding_hour - 1), *args)


def minute_that_counts_for_nothing(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = hour_of(500)
    exchange.time_ms -= 30_000
    if is_broken:
        patch.setattr(minute_tick, "count_minute", without_the_premium)
    exchange.tick()
    return exchange.seal()


def without_the_premium(market: Market, prices: UnderlyingState, *args: Any) -> FundingHour:
    return count_minute(market, replace(prices, premium_x16=0), *args)


def constant_of_funding(name: str, value: int) -> Case:
    """Return a case in which a constant of the rate is another one."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        if is_broken:
            patch.setattr(funding, name, value)
        exchange = hour_of(500)
        exchange.tick()
        return exchange.seal()

    case.__name__ = name
    return case


def rate_beyond_its_limit(patch: Patch, is_broken: int) -> SealedBatch:
    """The interest alone is more than a maintenance margin of 1 ppm allows."""
    exchange = hour_of(0)
    terms = exchange.state.parameters.underlyings[0]
    exchange.time_ms -= 30_000
    exchange.set_underlying(0, replace(terms, maintenance_margin_ppm=1))
    exchange.seal()
    exchange.time_ms += 30_000
    if is_broken:
        patch.setattr(funding, "premium_limit_x16", lambda *_: 2**40)
    exchange.tick()
    return exchange.seal()


def part_of_a_quantum_that_is_forgotten(patch: Patch, is_broken: int) -> SealedBatch:
    exchange = hour_of(500)
    if is_broken:
        patch.setattr(minute_tick, "count_minute", without_carry)
    exchange.tick()
    return exchange.seal()


def without_carry(*args: Any) -> FundingHour:
    return replace(count_minute(*args), carry=0)


def trade_without_the_funding_of_before(patch: Patch, is_broken: int) -> SealedBatch:
    """A buyer would pay for what the lots had cost others."""
    prices = UnderlyingState(is_listed=True, long_prefix=7, short_prefix=7)
    exchange = exchange_with({}, parameters(1), underlyings=(prices,))
    exchange.set_price(1000)
    exchange.fund(2, 3)
    if is_broken:
        patch.setattr(matching, "_payment", price_only)
    exchange.place(2, BUY, 1_000, 1000)
    exchange.place(3, SELL, 1_000, 1000)
    return exchange.seal()


def liquidation_fee_on_what_was_got(patch: Patch, is_broken: int) -> SealedBatch:
    """The fund's share is of the price: what lots had got before is none of it."""
    prices = UnderlyingState(is_listed=True, long_prefix=-700, short_prefix=-700)
    exchange = exchange_with({}, parameters(1), underlyings=(prices,))
    exchange.set_price(1000)
    exchange.fund(2, amount_quanta=10**12)
    exchange.fund(3, amount_quanta=10**8)
    exchange.place(2, SELL, 180_000, 1000)
    exchange.place(3, BUY, 180_000, 1000)
    exchange.set_price(970)
    exchange.place(2, BUY, 180_000, 969)
    exchange.seal()
    if is_broken:
        patch.setattr(liquidate, "liquidation_fee_quanta", fee_of_too_little)
    exchange.liquidate(3, 0)
    return exchange.seal()


def fee_of_too_little(before: Margin, after: Margin, notional_quanta: int) -> int:
    return liquidation_fee_quanta(before, after, notional_quanta * 9 // 10)


def price_only(_state: Any, side: Side, _old: Any, _slot: Any, fill: Any) -> int:
    return -fill.notional_quanta if side is BUY else int(fill.notional_quanta)


def withdrawal_of_what_was_paid(patch: Patch, excess: int) -> SealedBatch:
    """The position has paid some quanta a lot, and all that need not stay is taken out."""
    exchange = hour_of(500)
    exchange.tick()
    exchange.refresh_prices()
    exchange.seal()
    state = exchange.state
    assert state.underlyings[0].long_prefix > 0
    margin = margin_of(state.account(2), state.underlyings, state.parameters)
    # A tenth stays: twice the initial margin of 5 %.
    free = (margin.equity_x16 * 10**6 - 2 * margin.initial_x16_ppm) // (10**6 << 16)
    if excess:
        lot_x16 = state.mark_price_x16(0) * 10
        patch.setattr(margin_module, "position_worth_x16", lambda lots, *_: lots * lot_x16)
    exchange.withdraw(2, free + excess)
    return exchange.seal()


NOT_PROVABLE: list[Case] = [
    order_while_a_tick_is_due,
    deposit_while_a_tick_is_due,
    prices_between_two_ticks,
    tick_too_early,
    withdrawal_of_what_was_paid,
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
    hour_that_is_not_paid,
    hour_that_is_paid_twice,
    minute_that_counts_for_nothing,
    constant_of_funding("SAMPLES_PER_HOUR", 59),
    constant_of_funding("DAMPING", 4),
    constant_of_funding("INTEREST_DIVISOR", 9_999),
    rate_beyond_its_limit,
    part_of_a_quantum_that_is_forgotten,
    trade_without_the_funding_of_before,
    liquidation_fee_on_what_was_got,
]


@pytest.mark.parametrize("case", [*NOT_PROVABLE, *OTHER_STATE])
def test_batch_when_it_keeps_the_rule_by_as_little_then_proven(
    case: Case, monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


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
