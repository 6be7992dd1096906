"""A sequencer that leaves out a rule of unwinding, or computes a number its own way: no proof.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from novation.protocol.constants import (
    INSURANCE_ACCOUNT_ID,
    PRICE_VALIDITY_MS,
    PRICE_X16_ONE,
    UNWIND_EVERY_MS,
)
from novation.protocol.orders import Side
from novation.protocol.rules import unwind
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import assert_left_out, assert_proven, ignored
from tests.circuits.unwind_batches import LOTS, with_fund, with_pool
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]
FUND = INSURANCE_ACCOUNT_ID
MARK = 900
FUND_MARK = 962


def unwound(exchange: Exchange) -> SealedBatch:
    """Unwind in market 1 and seal."""
    exchange.unwind(1)
    return exchange.seal()


def bid_for(exchange: Exchange, side: Side = BUY, price: int = MARK) -> Exchange:
    """Let account 4 want more than there is; return the exchange behind that."""
    exchange.place(4, side, LOTS, price, market_id=1)
    exchange.seal()
    return exchange


def price_that_is_worse(
    patch: Patch, excess: int, *, side: Side, premium_ticks: int, by_fund: bool
) -> SealedBatch:
    """The limit is the mark, or the index if that is better for who trades."""
    mark = 900 if side is BUY else 1100
    if by_fund:
        mark = FUND_MARK if side is BUY else 1038
    sign = 1 if side is BUY else -1
    exchange = with_fund(side, mark) if by_fund else with_pool(side, mark=mark)
    exchange.state.set_underlying(
        1,
        replace(exchange.state.underlyings[1], premium_x16=premium_ticks * PRICE_X16_ONE),
    )
    exchange.seal()
    limit = mark + max(0, sign * premium_ticks) * sign - sign * excess
    exchange.place(4, side, LOTS, limit, market_id=1)
    if excess:
        honest = unwind.unwinding_price_ticks
        patch.setattr(unwind, "unwinding_price_ticks", lambda *args: honest(*args) - sign)
    return unwound(exchange)


def second_that_has_not_passed(patch: Patch, early_ms: int) -> SealedBatch:
    exchange = bid_for(with_pool())
    exchange.unwind(1)
    exchange.seal()
    exchange.wait(UNWIND_EVERY_MS - early_ms)
    patch.setattr(unwind, "UNWIND_EVERY_MS", UNWIND_EVERY_MS - early_ms)
    return unwound(exchange)


def time_that_is_not_noted(patch: Patch, excess: int) -> SealedBatch:
    """So that the next one may come at once: the market keeps the time of before."""
    exchange = bid_for(with_pool())
    if excess:
        patch.setattr(
            unwind,
            "replace",
            lambda old, **new: old if "unwound_ms" in new else replace(old, **new),
        )
    return unwound(exchange)


def part_that_is_larger(patch: Patch, excess: int, *, by_fund: bool) -> SealedBatch:
    exchange = bid_for(with_fund(mark=FUND_MARK)) if by_fund else bid_for(with_pool())
    exchange.place(4, BUY, LOTS, FUND_MARK, market_id=1)
    if excess:
        honest = unwind.div_ceil
        patch.setattr(unwind, "div_ceil", lambda a, b: honest(a, b) + (excess if b == 20 else 0))
    return unwound(exchange)


def prices_that_are_old(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = bid_for(with_pool())
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    patch.setattr(unwind, "check_prices_are_valid", ignored)
    return unwound(exchange)


def jump_that_is_not_settled(patch: Patch, early_ms: int) -> SealedBatch:
    exchange = with_pool()
    exchange.place(4, BUY, LOTS, 930, market_id=1)
    exchange.jump(1000, 920, 1000)
    exchange.seal()
    until_ms = exchange.state.underlyings[1].resolve_until_ms
    exchange.wait(until_ms - exchange.time_ms - early_ms)
    patch.setattr(unwind, "check_may_trade", ignored)
    return unwound(exchange)


def pool_that_keeps_what_it_got(patch: Patch, excess: int) -> SealedBatch:
    """Without lots it is nobody's."""
    exchange = bid_for(with_pool(lots=1), price=MARK + 1)
    if excess:
        patch.setattr(unwind, "end_pool", lambda *_: 0)
    return unwound(exchange)


def timer_of_the_fund_that_is_not_applied(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = with_fund(mark=FUND_MARK)
    exchange.set_cancel_timer(FUND, exchange.time_ms + 10)
    exchange.place(4, BUY, LOTS, FUND_MARK, market_id=1)
    exchange.seal()
    exchange.time_ms += 9 + late_ms
    patch.setattr(unwind, "apply_timer", lambda *_: ())
    return unwound(exchange)


CASES: dict[str, Case] = {
    **{
        f"a price worse than {name}, {who}, {side.name}": partial(
            price_that_is_worse,
            side=side,
            premium_ticks=(sign if name == "the mark" else -sign) * 2,
            by_fund=who == "fund",
        )
        for side, sign in ((BUY, 1), (SELL, -1))
        for name in ("the mark", "the index")
        for who in ("pool", "fund")
    },
    "a second that has not passed": second_that_has_not_passed,
    "a time that is not noted": time_that_is_not_noted,
    "a part of the pool that is larger": partial(part_that_is_larger, by_fund=False),
    "a part of the fund that is larger": partial(part_that_is_larger, by_fund=True),
    "prices that are old": prices_that_are_old,
    "a jump that is not settled": jump_that_is_not_settled,
    "a pool that keeps what it got": pool_that_keeps_what_it_got,
    "a timer of the fund that is not applied": timer_of_the_fund_that_is_not_applied,
}

# What the circuit computes itself, so that its output is another one.
COMPUTED = {
    "a time that is not noted",
    "a part of the pool that is larger",
    "a part of the fund that is larger",
    "a pool that keeps what it got",
}


@pytest.mark.parametrize("name", CASES)
def test_rule_when_it_is_kept_then_proven(monkeypatch: Patch, name: str) -> None:
    assert_proven(CASES[name](monkeypatch, 0))


@pytest.mark.parametrize("name", CASES)
def test_rule_when_it_is_left_out_then_no_proof(monkeypatch: Patch, name: str) -> None:
    sealed = CASES[name](monkeypatch, 1)
    monkeypatch.undo()
    assert_left_out(sealed, is_computed=name in COMPUTED)
