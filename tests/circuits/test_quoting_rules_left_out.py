"""A sequencer that leaves out a rule of mass quotes: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from circuits.program_input import ProgramInput
from novation.protocol.constants import (
    MAX_ORDERS_PER_SLOT,
    MAX_QUOTES,
    ORDER_SIZE_BOUND,
    POSITION_BOUND,
    PRICE_VALIDITY_MS,
)
from novation.protocol.rules import mass_quote, place_order
from novation.protocol.sealing import SealedBatch, seal_batch
from novation.protocol.transactions import QuoteCancel
from tests.circuits.forgery import assert_left_out, assert_proven, forged, ignored, run_dishonestly
from tests.circuits.forging_batches import forging_inputs
from tests.circuits.tape import QUOTE_FIELDS, with_tape
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
FEE_PPM = 500
# 100 lots are worth a dollar at 1000 ticks, and need 5 cents of margin.
BID_LOTS = 10_000


def quoting(min_order_usd: int = 0, amount_quanta: int = 10_000 * ONE_DOLLAR) -> Exchange:
    """Return an exchange with a bid of account 3 at 999 (1), and quotes of account 2 (2, 3)."""
    terms = (underlying(symbol="A", min_order_usd=min_order_usd),)
    exchange = Exchange(replace(parameters(1), underlyings=terms))
    exchange.fund(3, 4)
    exchange.fund(2, amount_quanta=amount_quanta)
    exchange.place(3, BUY, 200, 999)
    exchange.quote(2, (BUY, 200, 990), (SELL, 200, 1010))
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def quote_that_crosses(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "_check_post_only", ignored)
    exchange.quote(2, (BUY, 200, 998), (SELL, 200, 1000 - excess))
    return exchange.seal()


def quote_that_crosses_one_of_its_own(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "_check_post_only", ignored)
    exchange.quote(2, (SELL, 200, 1005), (BUY, 200, 1004 + excess))
    return exchange.seal()


def quote_that_slides_to_another_price(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(place_order, "_slid_price", lambda *_: 1000 + excess)
    exchange.quote(2, (SELL, 200, 999), slides=True)
    return exchange.seal()


def quote_that_rests_where_it_crosses(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(place_order, "_slid_price", lambda *_: 1000 - excess)
    exchange.quote(2, (SELL, 200, 999), slides=True)
    return exchange.seal()


def quote_that_slides_without_a_reason(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(place_order, "_slid_price", lambda *_: 1000 + excess)
    exchange.quote(2, (SELL, 200, 1000), slides=True)
    return exchange.seal()


def quote_that_slides_though_it_may_not(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "_check_post_only", ignored)
    patch.setattr(place_order, "_slid_price", lambda *_: 1000)
    exchange.quote(2, (SELL, 200, 1000 - excess))
    return exchange.seal()


def quote_that_slides_below_a_tick(patch: Patch, excess: int) -> SealedBatch:
    price_ticks = 2 - excess
    exchange = Exchange(price_ticks=price_ticks)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 200, price_ticks)
    patch.setattr(place_order, "_slid_price", lambda *_: price_ticks - 1)
    exchange.quote(2, (BUY, 200, price_ticks), slides=True)
    return exchange.seal()


def bid_above_the_band(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "check_band", ignored)
    exchange.quote(2, (BUY, 200, 1100 + excess), cancels_first=True)
    return exchange.seal()


def ask_below_the_band(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "check_band", ignored)
    exchange.cancel(3, 1)
    exchange.quote(2, (SELL, 200, 900 - excess), cancels_first=True)
    return exchange.seal()


def quotes_that_have_expired(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "check_terms", ignored)
    exchange.quote(2, (BUY, 200, 990), expiry_time_ms=exchange.time_ms + 1 - late_ms)
    return exchange.seal()


def fee_above_the_limit(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "check_terms", ignored)
    exchange.quote(2, (BUY, 200, 990), max_fee_ppm=FEE_PPM - excess)
    return exchange.seal()


def quotes_at_stale_prices(patch: Patch, excess_ms: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "check_prices_are_valid", ignored)
    exchange.time_ms += PRICE_VALIDITY_MS + excess_ms
    exchange.quote(2, (BUY, 200, 990))
    return exchange.seal()


def quotes_without_a_price(patch: Patch, excess: int) -> SealedBatch:
    exchange = Exchange(price_ticks=0 if excess else 1000)
    exchange.fund(2)
    exchange.seal()
    for name in ("check_market", "check_prices_are_valid", "check_band"):
        patch.setattr(mass_quote, name, ignored)
    exchange.quote(2, (SELL, 200, 1000))
    return exchange.seal()


def quote_too_small(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting(min_order_usd=1)
    patch.setattr(mass_quote, "check_least_notional", ignored)
    exchange.quote(2, (SELL, 200, 1010), (SELL, 100 - excess, 1000))
    return exchange.seal()


def quote_too_small_where_it_slides(patch: Patch, excess: int) -> SealedBatch:
    """101 lots at 1000 ticks are worth a dollar, at 990 they are not."""
    exchange = quoting(min_order_usd=1)
    patch.setattr(mass_quote, "check_least_notional", ignored)
    exchange.place(3, SELL, 200, 1000 - 9 * excess)
    exchange.quote(2, (BUY, 101, 1000), slides=True, cancels_first=True)
    return exchange.seal()


def quotes_that_could_reach_the_bound(side: Any) -> Callable[[Patch, int], SealedBatch]:
    """Return the case of quotes of the largest size: the last one is a lot too large."""

    def case(patch: Patch, excess: int) -> SealedBatch:
        exchange = Exchange(price_ticks=2)
        exchange.fund(2, amount_quanta=10**7 * ONE_DOLLAR)
        patch.setattr(mass_quote, "check_position_limit", ignored)
        largest, price = ORDER_SIZE_BOUND - 1, 1 if side is BUY else 3
        exchange.quote(2, (side, largest, price))
        full = ((side, largest, price) for _ in range((POSITION_BOUND - 1) // largest - 1))
        last = (side, (POSITION_BOUND - 1) % largest + excess, price)
        exchange.quote(2, *full, last)
        return seal_batch(exchange.state)

    case.__name__ = f"{side.name.lower()}_quotes_that_could_reach_the_bound"
    return case


def one_order_too_many(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "check_room", ignored)
    for _ in range((MAX_ORDERS_PER_SLOT - 2) // MAX_QUOTES):
        exchange.quote(2, *([(BUY, 1, 990)] * MAX_QUOTES))
    n_left = (MAX_ORDERS_PER_SLOT - 2) % MAX_QUOTES
    exchange.quote(2, *([(BUY, 1, 990)] * (n_left + excess)))
    return exchange.seal()


def quotes_without_margin(patch: Patch, excess: int) -> SealedBatch:
    """A dollar is the margin of 2,000 lots, with those that are there."""
    exchange = quoting(amount_quanta=ONE_DOLLAR)
    patch.setattr(mass_quote, "_check_margin", unchecked)
    exchange.quote(2, (BUY, 900, 990), (BUY, 900 + excess, 991))
    return exchange.seal()


def quotes_of_an_account_that_owes(patch: Patch, excess: int) -> SealedBatch:
    """Long 20,000 lots since 1000, and nothing else: at 900 all is lost, a tick lower more."""
    exchange = Exchange(replace(parameters(1), underlyings=(underlying(taker_fee_ppm=500),)))
    exchange.fund(3)
    exchange.fund(2, amount_quanta=20 * ONE_DOLLAR)
    exchange.place(3, SELL, 20_000, 1000)
    exchange.place(2, BUY, 20_000, 1000)
    exchange.quote(2, (BUY, 100, 990), (SELL, 100, 1010))
    paid_quanta = 20 * ONE_DOLLAR - exchange.balance(2) - 200 * ONE_DOLLAR
    exchange.apply(exchange.deposit(2, paid_quanta))
    exchange.set_price(900 - excess)
    patch.setattr(mass_quote, "_check_margin", unchecked)
    exchange.quote(2, (BUY, 100, 890), (SELL, 100, 1010), cancels_first=True)
    return exchange.seal()


def unchecked(state: Any, orders: Any, _: Any, slots: Any) -> None:
    """Stand for the check of margin, which also writes the slot."""
    account = state.account(orders[0].account_id)
    state.set_account(orders[0].account_id, account.with_position(slots[-1]))


def taking_along(order_id: int) -> Callable[..., Any]:
    """Return what takes this order along, whoever it is of and whether it lives."""

    def clear(state: Any, *_: Any) -> Any:
        hints = mass_quote.remove_order(state, state.order(order_id))
        return (mass_quote.CancelOrderHints(order_id, hints),)

    return clear


def living_order_that_goes(patch: Patch, excess: int) -> SealedBatch:
    exchange = quoting()
    patch.setattr(mass_quote, "_clear_dead", taking_along(2))
    exchange.quote(2, (BUY, 200, 991), cancels_first=not excess)
    return seal_batch(exchange.state)


def order_of_another_account_that_goes(patch: Patch, excess: int) -> SealedBatch:
    """The attack: take a competitor's quote off the book."""
    exchange = quoting()
    exchange.cancel_all(3)
    patch.setattr(mass_quote, "_clear_dead", taking_along(2 - excess))
    exchange.quote(2, (BUY, 200, 991), cancels_first=True)
    return seal_batch(exchange.state)


def order_of_another_market_that_goes(patch: Patch, excess: int) -> SealedBatch:
    exchange = Exchange(parameters(2))
    exchange.fund(2)
    for market_id in (0, 1):
        exchange.quote(2, (BUY, 200, 990), market_id=market_id)
    exchange.seal()
    exchange.cancel_all(2)
    patch.setattr(mass_quote, "_clear_dead", taking_along(1 + excess))
    exchange.quote(2, (BUY, 200, 991))
    return seal_batch(exchange.state)


def order_that_is_said_to_be_gone(named: QuoteCancel) -> Callable[[Patch, int], SealedBatch]:
    """Return the case of the attack: keep an old quote that its owner takes back, to trade with."""

    def case(patch: Patch, excess: int) -> SealedBatch:
        exchange = quoting()
        if excess:
            patch.setattr(mass_quote, "_order_at", ignored)
        else:
            exchange.cancel(2, named.order_id)
        exchange.quote(2, (BUY, 200, 980), cancels=[named])
        return seal_batch(exchange.state)

    case.__name__ = f"order_{named.order_id}_that_is_said_to_be_gone"
    return case


def order_said_to_be_gone_between_others(patch: Patch, excess: int) -> SealedBatch:
    """The order before its place is one too far away."""
    exchange = quoting()
    exchange.quote(2, (BUY, 200, 989))
    patch.setattr(mass_quote, "_look", lambda *_: 2 - excess)
    if excess:
        exchange.state.open_order(1)
    exchange.quote(2, (BUY, 200, 980), cancels=[QuoteCancel(BUY, 990, 4)])
    return seal_batch(exchange.state)


def named_order_of_another_account(patch: Patch, excess: int) -> SealedBatch:
    """The attack: cancel a competitor's quote by its name."""
    exchange = quoting()
    patch.setattr(mass_quote, "_check_owner", ignored)
    named = QuoteCancel(BUY, 999, 1) if excess else QuoteCancel(BUY, 990, 2)
    exchange.quote(2, (BUY, 200, 980), cancels=[named])
    return seal_batch(exchange.state)


def named_order_of_another_market(patch: Patch, excess: int) -> SealedBatch:
    exchange = Exchange(parameters(2))
    exchange.fund(2)
    for market_id in (0, 1):
        exchange.quote(2, (BUY, 200, 990), market_id=market_id)
    exchange.seal()
    patch.setattr(mass_quote, "_order_at", lambda state, _, named: state.order(named.order_id))
    exchange.quote(2, (BUY, 200, 991), cancels=[QuoteCancel(BUY, 990, 1 + excess)])
    return seal_batch(exchange.state)


def named_order_with_another_price(patch: Patch, excess: int) -> SealedBatch:
    """Its owner has named a place where it is not: then it stays."""
    exchange = quoting()
    patch.setattr(mass_quote, "_order_at", lambda state, _, named: state.order(named.order_id))
    exchange.quote(2, (BUY, 200, 980), cancels=[QuoteCancel(BUY, 990 + excess, 2)])
    return seal_batch(exchange.state)


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    quote_that_crosses,
    quote_that_crosses_one_of_its_own,
    quote_that_slides_to_another_price,
    quote_that_rests_where_it_crosses,
    quote_that_slides_without_a_reason,
    quote_that_slides_though_it_may_not,
    quote_that_slides_below_a_tick,
    bid_above_the_band,
    ask_below_the_band,
    quotes_that_have_expired,
    fee_above_the_limit,
    quotes_at_stale_prices,
    quotes_without_a_price,
    quote_too_small,
    quote_too_small_where_it_slides,
    quotes_that_could_reach_the_bound(BUY),
    quotes_that_could_reach_the_bound(SELL),
    one_order_too_many,
    quotes_without_margin,
    quotes_of_an_account_that_owes,
    living_order_that_goes,
    order_of_another_account_that_goes,
    order_of_another_market_that_goes,
    order_that_is_said_to_be_gone(QuoteCancel(BUY, 990, 2)),
    order_that_is_said_to_be_gone(QuoteCancel(SELL, 1010, 3)),
    order_said_to_be_gone_between_others,
    named_order_of_another_account,
    named_order_of_another_market,
    named_order_with_another_price,
]


# Nobody tells the program the price: it finds the right one, and proves another output.
COMPUTED = (
    quote_that_slides_to_another_price,
    quote_that_rests_where_it_crosses,
    quote_that_slides_without_a_reason,
)


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


# Of the message as the prover gives it.
MESSAGE_FIELDS, N_QUOTES, N_CANCELS = 14, 11, 12
NAME_FIELDS = 4
MESSAGE_WORDS = ((0, 1, 32), (1, 2, 8), (2, 4, 61), (4, 3, 16), (5, 6, 48), (6, 11, 20))
MESSAGE_WORDS += ((11, 7, 5), (7, 8, 1), (8, 9, 1), (9, 10, 64), (10, 12, 36))
QUOTE_WORD = ((1, 2, 32), (2, 0, 32))


def first_message() -> tuple[ProgramInput, int, list[Any]]:
    """Return an input, where its first message with quotes is, and the quotes behind it."""
    records = forging_inputs()["mass quotes 1"]
    fields = [0 if isinstance(item, int) else len(item) for item in records.tape]
    message = fields.index(MESSAGE_FIELDS)
    quotes = records.tape[message + 1 : message + 6]
    assert {len(quote) for quote in quotes} == {QUOTE_FIELDS}  # type: ignore[arg-type]
    return records, message, list(quotes)


def test_quotes_when_left_out_added_or_in_another_order_then_not_signed() -> None:
    records, message, quotes = first_message()
    others = (quotes[:-1], quotes[1:], [*quotes, quotes[-1]], [*quotes[1:], quotes[0]], [])
    for changed in (quotes, *others):
        tape: list[Any] = list(records.tape)
        tape[message] = [*tape[message]]
        tape[message][N_QUOTES] = len(changed)
        tape[message + 1 : message + 1 + len(quotes)] = changed
        output = run_dishonestly(with_tape(records, tape))
        assert (output is None) == (changed is not quotes), len(changed)


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_a_word_when_claimed_then_rejected(carry: int) -> None:
    """Move a carry between two fields: word, hash and signature stay, only range checks object."""
    records, message, _ = first_message()
    places = ((message, MESSAGE_WORDS), (message + 1, QUOTE_WORD), (message + 2, QUOTE_WORD))
    for place, words in places:
        for low, high, width in words:
            low_cell, high_cell = ("tape", place, low), ("tape", place, high)
            tampered = forged(records, (low_cell, carry << width), (high_cell, -carry))
            assert run_dishonestly(tampered) is None, (place, low)


def test_named_orders_when_left_out_added_or_in_another_order_then_not_signed() -> None:
    records = forging_inputs()["named cancels 2"]
    items = [0 if isinstance(item, int) else len(item) for item in records.tape]
    message = items.index(MESSAGE_FIELDS)
    names = list(records.tape[message + 1 : message + 10])
    assert {len(name) for name in names} == {NAME_FIELDS}  # type: ignore[arg-type]
    # Names of orders that are not there, so that nothing else changes.
    gone = names[3:]
    for changed in (gone, gone[1:], gone[:-1], [*gone, gone[-1]], [*gone[1:], gone[0]]):
        tape: list[Any] = list(records.tape)
        tape[message] = [*tape[message]]
        tape[message][N_CANCELS] = 3 + len(changed)
        tape[message + 4 : message + 4 + len(gone)] = changed
        output = run_dishonestly(with_tape(records, tape))
        assert (output is None) == (changed is not gone), len(changed)


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_a_name_when_claimed_then_rejected(carry: int) -> None:
    records = forging_inputs()["named cancels 2"]
    items = [0 if isinstance(item, int) else len(item) for item in records.tape]
    name = items.index(MESSAGE_FIELDS) + 4
    for low, high, width in ((3, 0, 32), (0, 2, 48)):
        low_cell, high_cell = ("tape", name, low), ("tape", name, high)
        tampered = forged(records, (low_cell, carry << width), (high_cell, -carry))
        assert run_dishonestly(tampered) is None, low
