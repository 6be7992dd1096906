"""A sequencer that leaves out a rule of placing, of oracle updates or of withdrawing: no proof.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from circuits.program_input import program_input
from novation.protocol.constants import (
    OPEN_INTEREST_BOUND,
    ORDER_SIZE_BOUND,
    POSITION_BOUND,
    REPORT_SPREAD_MS,
)
from novation.protocol.rules import leaving, oracle_update, place_order
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State, StateParts, TreeNodes
from novation.protocol.transition import open_batch, seal_batch
from tests.circuits.forgery import assert_left_out, assert_proven, ignored, run_dishonestly
from tests.circuits.tape import with_tape
from tests.support.builders import (
    N_ORACLES,
    ONE_DOLLAR,
    QUORUM,
    oracle_private_key,
    oracle_report,
    public_key,
)
from tests.support.builders import oracle_update as update_of
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
# A price so low that the largest orders need little margin: a lot of the first market is worth
# ten quanta.
ONE_TICK = 1


def funded(price_ticks: int = 1000) -> Exchange:
    """Return an exchange with a few rich accounts and an empty book."""
    exchange = Exchange(price_ticks=price_ticks)
    exchange.fund(2, 3, 4, amount_quanta=10**7 * ONE_DOLLAR)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def price_above_the_band(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_band", ignored)
    exchange = funded()
    exchange.place(2, BUY, 1, 1100 + excess)
    return exchange.seal()


def price_below_the_band(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_band", ignored)
    exchange = funded()
    exchange.place(2, SELL, 1, 900 - excess)
    return exchange.seal()


def order_that_has_expired(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(place_order, "check_terms", ignored)
    exchange = funded()
    exchange.place(2, BUY, 1, 1000, expiry_time_ms=exchange.time_ms + 1 - late_ms)
    return exchange.seal()


def fee_above_the_takers_limit(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_terms", ignored)
    exchange = funded()
    fee_ppm = exchange.state.parameters.underlyings[0].highest_fee_ppm
    exchange.place(2, BUY, 1, 1000, max_fee_ppm=fee_ppm - excess)
    return exchange.seal()


def position_that_could_reach_the_bound(patch: Patch, excess: int) -> SealedBatch:
    """Orders of the largest size; the last one has what is left to the bound, or a lot more."""
    patch.setattr(place_order, "check_position_limit", ignored)
    exchange = funded(ONE_TICK)
    largest = ORDER_SIZE_BOUND - 1
    for _ in range((POSITION_BOUND - 1) // largest):
        exchange.place(2, BUY, largest, ONE_TICK)
    exchange.place(2, BUY, (POSITION_BOUND - 1) % largest + excess, ONE_TICK)
    return exchange.seal()


def orders_that_could_reach_the_bound_once_a_short_is_closed(
    patch: Patch, excess: int
) -> SealedBatch:
    """The position does not make room for orders that would open the other side."""
    patch.setattr(place_order, "check_position_limit", ignored)
    exchange = funded(ONE_TICK)
    largest = ORDER_SIZE_BOUND - 1
    exchange.place(2, SELL, largest, ONE_TICK)
    exchange.place(3, BUY, largest, ONE_TICK)
    for _ in range((POSITION_BOUND - 1) // largest):
        exchange.place(2, BUY, largest, ONE_TICK)
    exchange.place(2, BUY, (POSITION_BOUND - 1) % largest + excess, ONE_TICK)
    return exchange.seal()


def open_interest_at_the_bound(patch: Patch, excess: int) -> SealedBatch:
    """A trade of one lot, where as many are open already as leave room for it, or one more."""
    patch.setattr(place_order, "_check_open_interest", ignored)
    exchange = funded()
    exchange.place(2, SELL, 1, 1000)
    exchange.seal()
    state = exchange.state
    with_many = state.market(0).with_open_interest(OPEN_INTEREST_BOUND - 2 + excess)
    parts = StateParts(
        state.parameters,
        state.underlyings,
        state.accounts,
        {slot: state.order(order_id) for order_id, slot in state.slot_of_order.items()},
        {**state.markets, 0: with_many},
        state.globals,
        TreeNodes(state.accounts_tree.nodes, state.orders_tree.nodes, state.markets_tree.nodes),
    )
    state.markets_tree.update({0: with_many.leaf()})
    exchange.state = State(state.config, parts)
    open_batch(exchange.state)
    exchange.place(3, BUY, 1, 1000)
    # Back within bounds before the seal: the word could not hold it.
    exchange.place(3, SELL, 1, 1000)
    exchange.place(2, BUY, 1, 1000)
    return seal_batch(exchange.state)


def reduce_only_order_that_opens(patch: Patch, excess: int) -> SealedBatch:
    """The owner of a position of one lot sells it, or buys another."""
    patch.setattr(place_order, "check_slot", ignored)
    exchange = funded()
    exchange.place(2, SELL, 5, 1000)
    exchange.place(3, BUY, 1, 1000)
    side, price = (BUY, 999) if excess else (SELL, 1001)
    exchange.place(3, side, 1, price, reduce_only=True)
    return exchange.seal()


def reduce_only_order_without_a_position(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "check_slot", ignored)
    exchange = funded()
    exchange.place(2, SELL, 5, 1000)
    exchange.place(3, BUY, 1, 1000)
    exchange.place(3 + excess, SELL, 1, 1001, reduce_only=True)
    return exchange.seal()


def reduce_only_order_that_is_not_capped(patch: Patch, excess: int) -> SealedBatch:
    """Two lots are signed, one is held: one rests, or both."""
    exchange = funded()
    exchange.place(2, SELL, 5, 1000)
    exchange.place(3, BUY, 1, 1000)
    if excess:
        patch.setattr(place_order, "min", lambda size_lots, _: size_lots, raising=False)
    exchange.place(3, SELL, 2, 1001, reduce_only=True)
    return exchange.seal()


def withdrawal_below_initial_margin(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(leaving, "_check_margin", ignored)
    exchange = Exchange()
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    # 1,000 lots of 10,000 quanta at 5 %.
    exchange.place(2, BUY, 1000, 1000)
    exchange.withdraw(2, 100 * ONE_DOLLAR - 1000 * 10_000 // 20 + excess)
    return exchange.seal()


def one_oracle_node_twice(patch: Patch, excess: int) -> SealedBatch:
    """Two reports of two nodes, or both of the first."""
    patch.setattr(oracle_update, "validate_oracle_update", ignored)
    exchange = funded()
    return _updated(exchange, [0, 1 - excess])


def oracle_nodes_in_another_order(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(oracle_update, "validate_oracle_update", ignored)
    exchange = funded()
    return _updated(exchange, [1, 0] if excess else [0, 1])


def _updated(exchange: Exchange, signers: list[int]) -> SealedBatch:
    exchange.time_ms += 1
    prices = (1000 << 16,) * 2
    reports = tuple(oracle_report(exchange.config, i, exchange.time_ms, prices) for i in signers)
    exchange.apply(update_of(reports))
    return exchange.seal()


def signer_that_is_no_node(patch: Patch, excess: int) -> SealedBatch:
    """The last node, or one behind it."""
    patch.setattr(oracle_update, "validate_oracle_update", ignored)
    patch.setattr(oracle_update, "check_oracle_update", ignored)
    return _updated(funded(), [1, N_ORACLES - 1 + excess])


def prices_of_no_later_time(patch: Patch, excess: int) -> SealedBatch:
    """An update of the next millisecond, or of the very time of the last one."""
    patch.setattr(oracle_update, "check_oracle_update", ignored)
    exchange = funded()
    exchange.time_ms += 1
    time_ms = exchange.state.globals.oracle_time_ms + 1 - excess
    reports = [oracle_report(exchange.config, i, time_ms, (1001 << 16,) * 2) for i in range(QUORUM)]
    exchange.apply(update_of(tuple(reports)))
    return exchange.seal()


def claimed_time_of_a_newer_report(patch: Patch, excess: int) -> SealedBatch:
    """The claimed time is that of the oldest report, or a millisecond later."""
    patch.setattr(oracle_update, "check_oracle_update", ignored)
    exchange = funded()
    exchange.time_ms += 10
    times = [exchange.time_ms - 1, exchange.time_ms]
    reports = [
        oracle_report(exchange.config, i, times[i], (1000 << 16,) * 2) for i in range(QUORUM)
    ]
    update = update_of(tuple(reports))
    exchange.apply(replace(update, oracle_time_ms=times[0] + excess))
    return exchange.seal()


def claimed_time_before_all_reports(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(oracle_update, "check_oracle_update", ignored)
    exchange = funded()
    exchange.time_ms += 10
    reports = [
        oracle_report(exchange.config, i, exchange.time_ms - i, (1000 << 16,) * 2)
        for i in range(QUORUM)
    ]
    update = update_of(tuple(reports))
    exchange.apply(replace(update, oracle_time_ms=update.oracle_time_ms - excess))
    return exchange.seal()


def reports_that_are_apart(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(oracle_update, "check_oracle_update", ignored)
    exchange = funded()
    exchange.time_ms += 2 * REPORT_SPREAD_MS
    times = exchange.time_ms, exchange.time_ms - REPORT_SPREAD_MS - excess
    reports = [
        oracle_report(exchange.config, i, times[i], (1000 << 16,) * 2) for i in range(QUORUM)
    ]
    exchange.apply(update_of(tuple(reports)))
    return exchange.seal()


def price_that_is_not_the_median(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(oracle_update, "check_oracle_update", ignored)
    exchange = funded()
    exchange.time_ms += 1
    reports = [
        oracle_report(exchange.config, i, exchange.time_ms, ((1000 + i) << 16, 1000 << 16))
        for i in range(QUORUM)
    ]
    update = update_of(tuple(reports))
    prices = (update.prices_x16[0] + excess, *update.prices_x16[1:])
    exchange.apply(replace(update, prices_x16=prices))
    return exchange.seal()


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    price_above_the_band,
    price_below_the_band,
    order_that_has_expired,
    fee_above_the_takers_limit,
    position_that_could_reach_the_bound,
    orders_that_could_reach_the_bound_once_a_short_is_closed,
    open_interest_at_the_bound,
    reduce_only_order_that_opens,
    reduce_only_order_without_a_position,
    reduce_only_order_that_is_not_capped,
    withdrawal_below_initial_margin,
    one_oracle_node_twice,
    oracle_nodes_in_another_order,
    signer_that_is_no_node,
    prices_of_no_later_time,
    claimed_time_of_a_newer_report,
    claimed_time_before_all_reports,
    reports_that_are_apart,
    price_that_is_not_the_median,
]
# Nobody tells the program the lots: it finds the right ones, and proves another output.
COMPUTED = (reduce_only_order_that_is_not_capped,)


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


def test_key_behind_those_of_the_nodes_is_nobodys(monkeypatch: Patch) -> None:
    """The prover writes a key behind the last that the state has; its signature is good."""
    sealed = signer_that_is_no_node(monkeypatch, 1)
    records = program_input(sealed.witness)
    keys = list(sealed.witness.old_parameters.oracle_keys)
    stranger = public_key(oracle_private_key(N_ORACLES))

    def lengthened(item: Any) -> Any:
        if item == keys:
            return [*keys, stranger]
        return [lengthened(inner) for inner in item] if isinstance(item, list) else item

    tape = lengthened(records.tape)
    assert tape != records.tape
    assert run_dishonestly(with_tape(records, tape)) is None
