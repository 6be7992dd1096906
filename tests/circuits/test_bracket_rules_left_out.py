"""A sequencer that leaves out a rule of orders with exits: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from circuits.program_input import program_input
from novation.protocol.constants import MAX_ORDERS_PER_SLOT
from novation.protocol.orders import RestingOrder, TimeInForce
from novation.protocol.rules import place_bracket, place_order
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import PlaceBracket
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    ignored,
    run_dishonestly,
)
from tests.support.builders import parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
IOC = TimeInForce.IOC
TRADER, MAKER = 2, 4


def quoted(**terms: Any) -> Exchange:
    """Return an exchange in which account 4 quotes 200 lots on both sides of 1000 ticks."""
    exchange = Exchange(replace(parameters(1), underlyings=(underlying(**terms),)))
    exchange.fund(TRADER, MAKER)
    exchange.place(MAKER, SELL, 200, 1001)
    exchange.place(MAKER, BUY, 200, 999)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def exit_that_is_due(patch: Patch, excess: int, *, which: str, side: Any) -> SealedBatch:
    patch.setattr(place_bracket, "_check_exit", ignored)
    exchange = quoted()
    below = (which == "stop") == (side is BUY)
    ticks = 999 + excess if below else 1001 - excess
    exchange.place_bracket(TRADER, side, 10, 1000, **{f"{which}_trigger_ticks": ticks})
    return exchange.seal()


def exit_that_has_expired(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_bracket, "_check_exit", ignored)
    exchange = quoted()
    exchange.place_bracket(
        TRADER, BUY, 10, 1000, exits_expiry_time_ms=exchange.time_ms + 1 - excess
    )
    return exchange.seal()


def exit_that_is_dust(patch: Patch, excess: int, *, which: str) -> SealedBatch:
    """100 lots at 1000 ticks are a dollar."""
    patch.setattr(place_bracket, "_check_exit", ignored)
    exchange = quoted(min_order_usd=1)
    ticks = {"stop_price_ticks": 1000, "profit_price_ticks": 1000}
    ticks[f"{which}_price_ticks"] -= excess
    exchange.place_bracket(TRADER, BUY, 100, 1000, **ticks)
    return exchange.seal()


def order_that_reduces(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_bracket, "validate_place_bracket", ignored)
    exchange = quoted()
    exchange.place(TRADER, BUY, 10, 1001)
    exchange.place_bracket(TRADER, SELL, 5, 1005, reduce_only=bool(excess))
    return exchange.seal()


def too_many_orders(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_order, "MAX_ORDERS_PER_SLOT", MAX_ORDERS_PER_SLOT + 1)
    exchange = quoted()
    for _ in range(MAX_ORDERS_PER_SLOT - 3 + excess):
        exchange.place_stop(TRADER, SELL, 1, 900)
    exchange.place_bracket(TRADER, BUY, 10, 1000)
    return exchange.seal()


def exits_without_a_use(patch: Patch, excess: int) -> SealedBatch:
    """Nothing comes of an order that never rests, and its exits are placed all the same."""
    exchange = quoted()
    if excess:
        patch.setattr(place_bracket, "reduces", lambda *_: True)
    exchange.place_bracket(TRADER, BUY, 10, 1000 if excess else 1001, time_in_force=IOC)
    return exchange.seal()


def exits_that_are_not_placed(patch: Patch, excess: int, *, force: TimeInForce) -> SealedBatch:
    """The order without its stop: the trader is left without protection."""
    exchange = quoted()
    if excess:
        patch.setattr(place_bracket, "reduces", lambda *_: False)
        patch.setattr(place_bracket, "TimeInForce", Everything)
    exchange.place_bracket(TRADER, BUY, 10, 1001, time_in_force=force)
    return exchange.seal()


class Everything:
    """Stands for kinds of orders of which all never rest."""

    IOC = FOK = Any


Everything.IOC = TimeInForce.GTC
Everything.FOK = TimeInForce.IOC


def exit_of_its_own(patch: Patch, excess: int, *, changes: dict[str, Any]) -> SealedBatch:
    """The stop is another one than was signed."""
    exchange = quoted()
    plain = place_bracket._exits

    def altered(tx: PlaceBracket, order_id: int) -> tuple[RestingOrder, ...]:
        stop, profit = plain(tx, order_id)
        return replace(stop, **changes), profit

    if excess:
        patch.setattr(place_bracket, "_exits", altered)
    exchange.place_bracket(TRADER, BUY, 10, 1001)
    return exchange.seal()


def named(case: Callable[..., SealedBatch], name: str, **fields: Any) -> Any:
    """Return a case with some of its arguments, under a name that tells them."""
    made = partial(case, **fields)
    made.__name__ = f"{case.__name__}_{name}"  # type: ignore[attr-defined]
    return made


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    *(
        named(exit_that_is_due, f"{which}_of_{side.name.lower()}", which=which, side=side)
        for which in ("stop", "profit")
        for side in (BUY, SELL)
    ),
    exit_that_has_expired,
    named(exit_that_is_dust, "stop", which="stop"),
    named(exit_that_is_dust, "profit", which="profit"),
    order_that_reduces,
    too_many_orders,
    exits_without_a_use,
    named(exits_that_are_not_placed, "gtc", force=TimeInForce.GTC),
    named(exits_that_are_not_placed, "ioc", force=IOC),
    named(exit_of_its_own, "price", changes={"price_ticks": 5}),
    named(exit_of_its_own, "size", changes={"remaining_lots": 5}),
    named(exit_of_its_own, "end", changes={"expiry_time_ms": 2**47}),
    named(exit_of_its_own, "fee", changes={"max_fee_ppm": 2000}),
    named(exit_of_its_own, "name", changes={"quote_index": 3}),
]

# Nobody tells the program the answer: it finds it, and proves another output.
COMPUTED = ("exits_", "exit_of_its_own")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    sealed = case(monkeypatch, 0)
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    """Whatever is said when the program asks which of two numbers is larger."""
    sealed = case(monkeypatch, 1)
    if case.__name__.startswith(COMPUTED):
        assert_no_lie_gives_output(sealed)
    else:
        assert_no_lie_proves(sealed)
