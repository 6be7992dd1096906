"""A sequencer that leaves out a mode of a market: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.constants import MODE_HALTED, MODE_POST_ONLY, MODE_REDUCE_ONLY
from novation.protocol.orders import TimeInForce
from novation.protocol.rules import liquidate, place_order
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import assert_no_lie_proves, assert_proven, ignored
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]


def trading(**changes: int) -> Exchange:
    """Return an exchange in which 3 is long and 2 short 2 lots, with other terms from now on."""
    exchange = Exchange(parameters(1))
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 2, 1000)
    exchange.place(3, BUY, 2, 1000)
    exchange.place(2, SELL, 1, 1001)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, **changes))
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def order_in_mode(mode: int, **order: Any) -> Case:
    """Return a case in which a market has a mode, and takes an order that it must not take."""

    def case(patch: Patch, is_broken: int) -> SealedBatch:
        patch.setattr(place_order, "check_modes", ignored)
        exchange = trading(modes=mode if is_broken else 0)
        exchange.place(3, SELL, 1, 1000, **order)
        return exchange.seal()

    return case


def quote_in_mode(mode: int) -> Case:
    def case(patch: Patch, is_broken: int) -> SealedBatch:
        patch.setattr(place_order, "check_modes", ignored)
        exchange = trading(modes=mode if is_broken else 0)
        exchange.quote(3, (SELL, 1, 1010))
        return exchange.seal()

    return case


def order_behind_the_operation(patch: Patch, is_broken: int) -> SealedBatch:
    """The mode holds from the operation on, in the midst of a batch, without new prices."""
    patch.setattr(place_order, "check_modes", ignored)
    exchange = trading()
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, modes=MODE_POST_ONLY if is_broken else 0))
    exchange.place(3, SELL, 1, 1000)
    return exchange.seal()


def liquidation_while_halted(patch: Patch, is_broken: int) -> SealedBatch:
    patch.setattr(liquidate, "check_not_halted", ignored)
    exchange = trading()
    exchange.fund(5, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(4, SELL, 165_000, 1000)
    exchange.place(5, BUY, 165_000, 1000)
    exchange.place(4, BUY, 100, 967)
    exchange.set_price(968)
    halted = replace(exchange.state.parameters.underlyings[0], modes=MODE_HALTED * is_broken)
    exchange.set_underlying(0, halted)
    exchange.liquidate(5)
    return exchange.seal()


CASES: list[Case] = [
    order_in_mode(MODE_POST_ONLY),
    order_in_mode(MODE_POST_ONLY, time_in_force=TimeInForce.IOC),
    order_in_mode(MODE_REDUCE_ONLY),
    order_in_mode(MODE_HALTED),
    order_in_mode(MODE_HALTED, reduce_only=True),
    order_in_mode(MODE_HALTED, time_in_force=TimeInForce.POST_ONLY),
    quote_in_mode(MODE_REDUCE_ONLY),
    quote_in_mode(MODE_HALTED),
    order_behind_the_operation,
    liquidation_while_halted,
]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_as_little_then_proven(
    case: Case, monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_then_no_proof(case: Case, monkeypatch: Patch) -> None:
    assert_no_lie_proves(case(monkeypatch, 1))
