"""Accounts with as many position slots as there may be."""

import pytest

from novation.protocol import accounts
from novation.protocol.constants import MAX_POSITIONS
from novation.protocol.rules import place_order
from prover._native import CairoRunError
from tests.circuits.many_markets_program import run_with_many_markets
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange
from tests.support.many_markets import allow_many_markets, many_underlyings


def full(monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """Return an exchange where accounts 2 and 3 have a position in all markets but the last."""
    allow_many_markets(monkeypatch)
    exchange = Exchange(many_underlyings())
    exchange.fund(2, 3, amount_quanta=10**6 * ONE_DOLLAR)
    for step in range(MAX_POSITIONS):
        # Not by ascending market: 5 and 32 have no common divisor.
        market_id = step * 5 % MAX_POSITIONS
        exchange.place(2, SELL, 3 + market_id, 1000, market_id=market_id)
        exchange.place(3, BUY, 3 + market_id, 1000, market_id=market_id)
    assert len(exchange.state.account(2).positions) == MAX_POSITIONS
    return exchange


def assert_runs(exchange: Exchange) -> None:
    sealed = exchange.seal()
    assert tuple(run_with_many_markets(sealed.witness).output) == sealed.output


def test_slots_when_all_are_used_then_closed_flipped_and_reused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange = full(monkeypatch)
    assert_runs(exchange)
    # Close the first, one in the middle and the last; flip two others.
    for market_id, size in ((0, 3), (16, 19), (31, 34), (7, 99), (30, 99)):
        exchange.place(2, BUY, size, 1000, market_id=market_id)
        exchange.place(3, SELL, size, 1000, market_id=market_id)
    exchange.set_price(1010)
    exchange.place(3, BUY, 1, 1010, market_id=MAX_POSITIONS)
    assert_runs(exchange)


@pytest.mark.parametrize("is_quote", [False, True])
def test_slot_too_many_when_the_sequencer_lets_it_pass_then_no_proof(
    monkeypatch: pytest.MonkeyPatch, *, is_quote: bool
) -> None:
    exchange = full(monkeypatch)
    for module in (place_order, accounts):
        monkeypatch.setattr(module, "MAX_POSITIONS", MAX_POSITIONS + 1)
    if is_quote:
        exchange.quote(2, (BUY, 1, 990), market_id=MAX_POSITIONS)
    else:
        exchange.place(2, BUY, 1, 990, market_id=MAX_POSITIONS)
    sealed = exchange.seal()
    # The output is Python's own, which does not know the limit's other half.
    monkeypatch.setattr("novation.protocol.output.MAX_POSITIONS", MAX_POSITIONS + 1)
    with pytest.raises(CairoRunError):
        run_with_many_markets(sealed.witness)
