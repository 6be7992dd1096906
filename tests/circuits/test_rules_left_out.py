"""A sequencer that leaves one rule out: Python's check is off, and no proof of the batch exists.

Each case breaks exactly one rule: of prices' validity, of custody, of listing, or one that a
parameter sets. The batch is proven with the honest rule in the control test, so that nothing else
is wrong with it.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from circuits.program_input import program_input
from novation.protocol import sealing
from novation.protocol.constants import (
    MIN_LOT_VALUE_QUANTA,
    MINUTE_MS,
    POST_ONLY_MS,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.markets import Globals
from novation.protocol.orders import TimeInForce
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.rules import (
    leaving,
    list_market,
    matching,
    oracle_update,
    place_order,
    withdraw,
)
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import ParameterKind, SetParameter
from novation.protocol.transactions.oracle_update import index_of
from tests.circuits.forgery import (
    assert_no_lie_proves,
    assert_proven,
    header_checked_by_l1,
    run_dishonestly,
)
from tests.support import builders
from tests.support.builders import (
    ONE_DOLLAR,
    QUORUM,
    oracle_private_key,
    oracle_report,
    public_key,
    underlying,
)
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
    patch.setattr(leaving, "check_prices_are_valid", nothing)
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
        patch.setattr(matching, "cause_of_death", nothing_to_skip)
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
    # Gains back a withdrawal once nobody can be charged for them any more.
    for _ in range(3):
        exchange.time_ms += MINUTE_MS
        exchange.set_price(1250)
    exchange.withdraw(2, 20_000 * ONE_DOLLAR + late_ms)
    if late_ms:
        # Back within bounds before the seal: the money was gone in between.
        exchange.fund(4, amount_quanta=late_ms)
    return exchange.seal()


def with_unlisted(market_x16: int = 1000 << 16) -> Exchange:
    """Return an exchange with a third underlying, whose market is not listed yet."""
    exchange = Exchange()
    exchange.set_underlying(2, underlying(symbol="SOL-USD", multiplier=100))
    exchange.set_price_x16(1000 << 16, 1000 << 16, market_x16)
    return exchange


def listing_at_an_old_price(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(list_market, "check_prices_are_valid", nothing)
    exchange = with_unlisted()
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    exchange.list_market(2)
    return exchange.seal()


def listing_of_a_small_lot(patch: Patch, less_x16: int) -> SealedBatch:
    patch.setattr(list_market, "MIN_LOT_VALUE_QUANTA", 0)
    exchange = with_unlisted((MIN_LOT_VALUE_QUANTA // 100 << 16) - less_x16)
    exchange.list_market(2)
    return exchange.seal()


def listing_without_an_underlying(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(list_market, "check_list_market", nothing)
    if excess:
        patch.setattr(list_market, "note_listed", nothing)
    exchange = with_unlisted()
    exchange.list_market(2 + excess)
    # A market without an underlying has no pool that longs and shorts could be compared with.
    return sealing.seal_batch(exchange.state)


def fill_at_a_raised_maker_fee(patch: Patch, raise_ppm: int) -> SealedBatch:
    patch.setattr(matching, "_reason_to_skip", nothing_to_skip)
    exchange = trading()
    known = exchange.state.parameters.underlyings[0]
    # Its owner allows 1000 ppm.
    exchange.set_underlying(0, replace(known, maker_fee_ppm=1000 + raise_ppm))
    exchange.place(4, BUY, 1, 1001, max_fee_ppm=2000)
    return exchange.seal()


def order_with_a_margin_of_before(patch: Patch, raise_ppm: int) -> SealedBatch:
    """The sum that the first order cached is one of the old terms."""
    patch.setattr(place_order, "check_margin", lambda *args: args[-1])
    exchange = Exchange()
    exchange.fund(2, amount_quanta=3 * ONE_DOLLAR)
    exchange.place(2, BUY, 1000, 990)
    known = exchange.state.parameters.underlyings[0]
    # 2,000 lots of 10,000 quanta.
    exchange.set_underlying(0, replace(known, initial_margin_ppm=150_000 + raise_ppm))
    exchange.place(2, BUY, 1000, 990)
    return exchange.seal()


def update_below_a_new_quorum(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(oracle_update, "validate_oracle_update", nothing)
    patch.setattr(oracle_update, "index_of", lambda column, _: index_of(column, QUORUM))
    exchange = Exchange()
    rule = oracle_rule_word(QUORUM + excess, 60_000)
    exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, rule))
    exchange.refresh_prices()
    return exchange.seal()


def update_older_than_a_new_age(patch: Patch, late_ms: int) -> SealedBatch:
    patch.setattr(oracle_update, "check_report_time", nothing)
    exchange = Exchange()
    exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(QUORUM, 100)))
    exchange.time_ms += 500
    time_ms, prices = exchange.time_ms - 100 - late_ms, (1000 << 16,) * 2
    reports = [oracle_report(exchange.config, i, time_ms, prices) for i in range(QUORUM)]
    exchange.apply(builders.oracle_update(tuple(reports)))
    return exchange.seal()


def update_with_a_replaced_key(patch: Patch, is_old: int) -> SealedBatch:
    patch.setattr(oracle_update, "check_signature", nothing)
    exchange, secret = Exchange(), oracle_private_key(77)
    exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, 1, public_key(secret)))
    exchange.time_ms += 1
    secrets = (oracle_private_key(0), oracle_private_key(1) if is_old else secret)
    reports = [
        oracle_report(exchange.config, i, exchange.time_ms, (1000 << 16,) * 2, secrets[i])
        for i in range(QUORUM)
    ]
    exchange.apply(builders.oracle_update(tuple(reports)))
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
    listing_at_an_old_price,
    listing_of_a_small_lot,
    listing_without_an_underlying,
    fill_at_a_raised_maker_fee,
    order_with_a_margin_of_before,
    update_below_a_new_quorum,
    update_older_than_a_new_age,
    update_with_a_replaced_key,
]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_by_one_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    sealed = case(monkeypatch, 1)
    assert run_dishonestly(program_input(sealed.witness)) is None


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    """Whatever is said when the program asks which of two numbers is larger."""
    assert_no_lie_proves(case(monkeypatch, 1))


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

    exchange = trading()
    monkeypatch.setattr(Globals, "with_custody_change", lambda counters, *_: counters)
    exchange.fund(2, amount_quanta=5)
    custody_quanta = exchange.custody_quanta
    sealed = sealing.seal_batch(exchange.state)
    output = run_dishonestly(program_input(sealed.witness))
    assert output is not None
    assert output[-4] % 2**63 == custody_quanta + 5
