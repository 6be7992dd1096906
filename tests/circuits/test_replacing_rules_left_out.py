"""A sequencer that leaves out a rule of replacing an order: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.accounts import Account
from novation.protocol.constants import RESUME_GAP_MS
from novation.protocol.orders import RestingOrder
from novation.protocol.parameters import Underlying
from novation.protocol.rules import replace_order
from novation.protocol.sealing import SealedBatch, seal_batch
from novation.protocol.state import State
from novation.protocol.transactions import ReplaceOrder
from tests.circuits.forgery import assert_left_out, assert_proven, ignored
from tests.support.builders import parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
LIFE_MS = 500


def quoting(min_order_usd: int = 0) -> Exchange:
    """Return an exchange with asks of 200 lots by 2, then by 3; account 4 trades."""
    terms = [underlying(symbol=symbol, min_order_usd=min_order_usd) for symbol in ("A", "B")]
    exchange = Exchange(replace(parameters(2), underlyings=tuple(terms)))
    exchange.fund(2, 3, 4)
    for account_id in (2, 3):
        exchange.place(account_id, SELL, 200, 1001, expiry_time_ms=exchange.time_ms + LIFE_MS)
    exchange.place(2, SELL, 200, 1002, market_id=1)
    exchange.seal()
    return exchange


def counted(lots: int) -> Callable[..., int]:
    """Return what says of each order that so much was filled of it."""
    return lambda *_: lots


def anybodys_order(state: State, _: Account, tx: ReplaceOrder) -> RestingOrder:
    """Return the order of a message, whoever owns it."""
    return state.order(tx.order_id)


def without_checks(patch: Patch, excess: int) -> None:
    if excess:
        patch.setattr(replace_order, "_check_replaced", ignored)
        patch.setattr(replace_order, "_check_shrinks", ignored)


def filled_lots_that_do_not_count(patch: Patch, excess: int) -> SealedBatch:
    """More than its owner signed would be filled."""
    exchange = quoting()
    exchange.place(4, BUY, 100, 1001)
    if excess:
        patch.setattr(replace_order, "_filled_lots", counted(100 - excess))
    exchange.replace_order(1, SELL, 150, 1003, seen_lots=200)
    return exchange.seal()


def filled_lots_that_do_not_count_in_place(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    exchange.place(4, BUY, 100, 1001)
    if excess:
        patch.setattr(replace_order, "_filled_lots", counted(100 - excess))
    exchange.shrink(1, 150, seen_lots=200)
    return exchange.seal()


def order_that_is_kept_though_all_was_filled(patch: Patch, excess: int) -> SealedBatch:
    """A lot would be placed that its owner does not want any more."""
    exchange = quoting()
    exchange.place(4, BUY, 100, 1001)
    if excess:
        patch.setattr(replace_order, "_filled_lots", counted(99))
    exchange.replace_order(1, SELL, 100, 1003, seen_lots=200)
    return exchange.seal()


def order_that_is_dropped_though_a_lot_is_left(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    exchange.place(4, BUY, 100, 1001)
    if excess:
        patch.setattr(replace_order, "_filled_lots", counted(101))
    exchange.replace_order(1, SELL, 100 + excess, 1003, seen_lots=200)
    return exchange.seal()


def order_of_another_account(patch: Patch, excess: int) -> SealedBatch:
    """The attack: take a stranger's quote off the book."""
    exchange = quoting()
    if excess:
        patch.setattr(replace_order, "named_order", anybodys_order)
    exchange.replace_order(1, SELL, 100, 1003, account_id=2 + excess)
    return exchange.seal()


def order_of_another_account_in_place(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    if excess:
        patch.setattr(replace_order, "named_order", anybodys_order)
    exchange.shrink(1, 100, account_id=2 + excess)
    return seal_batch(exchange.state)


def order_of_another_market(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    without_checks(patch, excess)
    exchange.replace_order(1, SELL, 100, 1003, market_id=excess)
    return exchange.seal()


def order_of_another_market_in_place(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    without_checks(patch, excess)
    exchange.shrink(1, 100, market_id=excess)
    return exchange.seal()


def order_that_has_expired(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    without_checks(patch, excess)
    exchange.time_ms = exchange.state.order(1).expiry_time_ms - 1 + excess
    exchange.replace_order(1, SELL, 100, 1003)
    return exchange.seal()


def order_that_has_expired_in_place(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    without_checks(patch, excess)
    exchange.time_ms = exchange.state.order(1).expiry_time_ms - 1 + excess
    exchange.shrink(1, 100)
    return exchange.seal()


def order_that_was_cancelled_with_all(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    without_checks(patch, excess)
    exchange.cancel_all(2 if excess else 3, 0)
    exchange.replace_order(1, SELL, 100, 1003)
    return exchange.seal()


def order_that_a_gap_killed(patch: Patch, excess: int) -> SealedBatch:
    terms = (underlying(symbol="A"),)
    exchange = Exchange(replace(parameters(1), underlyings=terms))
    exchange.fund(2)
    exchange.place(2, SELL, 200, 1001)
    exchange.seal()
    without_checks(patch, excess)
    exchange.time_ms += RESUME_GAP_MS - 1 + excess
    exchange.refresh_prices()
    exchange.shrink(1, 100)
    return exchange.seal()


def order_with_more_lots_than_seen(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    without_checks(patch, excess)
    exchange.replace_order(1, SELL, 100, 1003, seen_lots=200 - excess)
    return exchange.seal()


def place_kept_by(field: str, value: Callable[[Any], Any]) -> Callable[[Patch, int], SealedBatch]:
    """Return the case of an order that keeps its place though a field changes."""

    def case(patch: Patch, excess: int) -> SealedBatch:
        exchange = quoting()
        exchange.place(2, BUY, 200, 990)
        old = exchange.state.order(1)
        without_checks(patch, excess)
        fields: dict[str, Any] = {
            "side": old.side,
            "size_lots": 199,
            "price_ticks": old.price_ticks,
            "reduce_only": old.reduce_only,
            "expiry_time_ms": old.expiry_time_ms,
        }
        if excess:
            fields[field] = value(fields[field])
        order = (fields.pop(name) for name in ("side", "size_lots", "price_ticks"))
        exchange.replace_order(1, *order, in_place=True, **fields)
        return exchange.seal()

    case.__name__ = f"{field}_that_changes_in_place"
    return case


def dust_that_stays(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting(min_order_usd=1)
    if excess:
        patch.setattr(Underlying, "is_worth_an_order", lambda *_: True)
    exchange.replace_order(1, SELL, 100, 1000)
    exchange.shrink(exchange.state.globals.next_order_id - 1, 99)
    return exchange.seal()


def order_that_goes_though_it_is_worth_it(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting(min_order_usd=1)
    if excess:
        patch.setattr(Underlying, "is_worth_an_order", lambda *_: False)
    exchange.shrink(1, 100)
    return exchange.seal()


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    filled_lots_that_do_not_count,
    filled_lots_that_do_not_count_in_place,
    order_that_is_kept_though_all_was_filled,
    order_that_is_dropped_though_a_lot_is_left,
    order_of_another_account,
    order_of_another_account_in_place,
    order_of_another_market,
    order_of_another_market_in_place,
    order_that_has_expired,
    order_that_has_expired_in_place,
    order_that_was_cancelled_with_all,
    order_that_a_gap_killed,
    order_with_more_lots_than_seen,
    place_kept_by("side", lambda side: side.other),
    place_kept_by("price_ticks", lambda price: price + 1),
    place_kept_by("size_lots", lambda lots: lots + 1),
    place_kept_by("reduce_only", lambda flag: not flag),
    place_kept_by("expiry_time_ms", lambda time_ms: time_ms + 1),
    dust_that_stays,
    order_that_goes_though_it_is_worth_it,
]

# Nobody tells the program how much is left: it finds the right number, and proves another output.
COMPUTED = (filled_lots_that_do_not_count, filled_lots_that_do_not_count_in_place)


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
