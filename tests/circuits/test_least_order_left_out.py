"""A sequencer that takes orders which are too small: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from circuits.program_input import ProgramInput, program_input
from novation.crypto import FIELD_PRIME
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, TimeInForce
from novation.protocol.parameters import Underlying
from novation.protocol.rules import place_order
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import (
    Path,
    assert_no_lie_proves,
    assert_proven,
    forged,
    run_dishonestly,
)
from tests.support.builders import ONE_DOLLAR, l1_address, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
LEAST = 100
IOC, SLIDE = TimeInForce.IOC, TimeInForce.POST_ONLY_SLIDE


def trading(patch: Patch) -> Exchange:
    """Return an exchange that does not look; account 3 has a position. 2 and 3 have one owner."""
    first = underlying(min_order_usd=1)
    exchange = Exchange(replace(parameters(1), underlyings=(first,)))
    for account_id in (2, 3, 4):
        deposit = exchange.deposit(account_id, 10_000 * ONE_DOLLAR)
        exchange.apply(replace(deposit, l1_address=l1_address(max(3, account_id))))
    exchange.place(4, SELL, LEAST, 1000)
    exchange.place(3, BUY, LEAST, 1000)
    exchange.place(4, SELL, 2 * LEAST, 1003)
    exchange.seal()
    patch.setattr(place_order, "check_least_notional", lambda *_: None)
    return exchange


def buy_that_is_too_small(patch: Patch, excess: int) -> SealedBatch:
    exchange = trading(patch)
    exchange.place(2, BUY, LEAST - excess, 1000)
    return exchange.seal()


def market_sale_that_is_too_small(patch: Patch, excess: int) -> SealedBatch:
    exchange = trading(patch)
    exchange.place(4, BUY, LEAST + 1, 1000)
    exchange.place(2, SELL, LEAST + 1 - excess, 991, time_in_force=IOC)
    return exchange.seal()


def price_that_is_too_low(patch: Patch, excess: int) -> SealedBatch:
    exchange = trading(patch)
    exchange.place(2, BUY, LEAST, 1000 - excess)
    return exchange.seal()


def slide_that_is_too_small(patch: Patch, excess: int) -> SealedBatch:
    exchange = trading(patch)
    exchange.place(4, SELL, 2 * LEAST, 1001 - excess)
    exchange.place(2, BUY, LEAST, 1002, time_in_force=SLIDE)
    return exchange.seal()


def reduction_that_rests(patch: Patch, excess: int) -> SealedBatch:
    """Of either kind that rests behind the first, and of the first."""
    exchange = trading(patch)
    for kind in (TimeInForce.POST_ONLY, SLIDE):
        exchange.place(3, SELL, LEAST, 1005, reduce_only=True, time_in_force=kind)
    exchange.place(3, SELL, LEAST - excess, 1000, reduce_only=True)
    return exchange.seal()


def reduction_that_posts(patch: Patch, excess: int) -> SealedBatch:
    exchange = trading(patch)
    fields = {"reduce_only": True, "time_in_force": TimeInForce.POST_ONLY}
    exchange.place(3, SELL, LEAST - excess, 1000, **fields)
    return exchange.seal()


def reduction_that_is_an_order(patch: Patch, excess: int) -> SealedBatch:
    """Only what closes may be small."""
    exchange = trading(patch)
    exchange.place(4, BUY, LEAST, 1000)
    exchange.place(3, SELL, 1, 1000, reduce_only=not excess, time_in_force=IOC)
    return exchange.seal()


def maker_that_becomes_dust(patch: Patch, excess: int) -> SealedBatch:
    exchange = trading(patch)
    exchange.place(3, SELL, 2 * LEAST - excess, 1000)
    if excess:
        patch.setattr(Underlying, "is_worth_an_order", lambda *_: True)
    scope = SelfTradeScope.OWNER
    mode = SelfTradeMode.DECREMENT
    exchange.place(2, BUY, LEAST, 1000, self_trade_mode=mode, self_trade_scope=scope)
    return exchange.seal()


def taker_that_becomes_dust(patch: Patch, excess: int) -> SealedBatch:
    exchange = trading(patch)
    exchange.place(2, SELL, LEAST, 1000)
    if excess:
        patch.setattr(Underlying, "is_worth_an_order", lambda *_: True)
    exchange.place(2, BUY, 2 * LEAST - excess, 1000, self_trade_mode=SelfTradeMode.DECREMENT)
    return exchange.seal()


def order_that_is_worth_it(patch: Patch, excess: int) -> SealedBatch:
    """It is taken away though what is left would do."""
    exchange = trading(patch)
    exchange.place(2, SELL, 2 * LEAST, 1000)
    if excess:
        patch.setattr(Underlying, "is_worth_an_order", lambda *_: False)
    exchange.place(2, BUY, LEAST, 1000, self_trade_mode=SelfTradeMode.DECREMENT)
    return exchange.seal()


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    buy_that_is_too_small,
    market_sale_that_is_too_small,
    price_that_is_too_low,
    slide_that_is_too_small,
    reduction_that_rests,
    reduction_that_posts,
    reduction_that_is_an_order,
    maker_that_becomes_dust,
    taker_that_becomes_dust,
    order_that_is_worth_it,
]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    """Whatever is said when the program asks which of two numbers is larger."""
    assert_no_lie_proves(case(monkeypatch, 1))


# Of the first underlying's terms on the tape: the fields that its word packs, and their places.
PARAMETERS, TERMS = 3, 7
SHIFTS = (0, 12, 32, 52, 72, 92, 112, 128)
MIN_ORDER, DISPLAY, MIN_ORDER_QUANTA = 6, 7, 20


def terms(field: int) -> Path:
    """Return where a field of the first underlying's terms is."""
    return ("tape", PARAMETERS, TERMS, field)


def first_input(patch: Patch) -> ProgramInput:
    """Return the input of a batch with one order of the least size."""
    return program_input(buy_that_is_too_small(patch, 0).witness)


@pytest.mark.parametrize("change_usd", [-1, 1, -2, 2**16])
def test_terms_when_read_with_another_limit_under_the_same_word_then_rejected(
    change_usd: int, monkeypatch: Patch
) -> None:
    """By a carry into the next field, or by one from the field below."""
    records = first_input(monkeypatch)
    quanta = (terms(MIN_ORDER_QUANTA), change_usd * ONE_DOLLAR)
    changes = [
        [(terms(MIN_ORDER), change_usd), quanta, (terms(lower), -(change_usd << 112 - shift))]
        for lower, shift in enumerate(SHIFTS[:MIN_ORDER])
    ]
    inverse = pow(2**16, -1, FIELD_PRIME)
    changes.append(
        [(terms(MIN_ORDER), change_usd), quanta, (terms(DISPLAY), -change_usd * inverse)]
    )
    for change in changes:
        assert run_dishonestly(forged(records, *change)) is None
    assert run_dishonestly(forged(records, quanta)) is None


@pytest.mark.parametrize("k", [1, 2, 31])
def test_terms_when_read_a_multiple_of_the_prime_higher_then_rejected(
    k: int, monkeypatch: Patch
) -> None:
    """The top field begins at bit 128: with the bound 2^128 the word would pass the prime."""
    records = first_input(monkeypatch)
    shift = SHIFTS[-1]
    step = (FIELD_PRIME - 1) >> shift
    assert (step << shift) + 1 == FIELD_PRIME
    # The lowest field grows by k, the top one by k steps: the word is the same modulo the prime.
    tampered = forged(records, (terms(0), k), (terms(DISPLAY), k * step))
    assert run_dishonestly(tampered) is None
