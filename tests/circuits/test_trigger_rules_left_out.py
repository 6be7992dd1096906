"""A sequencer that leaves out a rule of dormant orders: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from novation.protocol.book_index import BookIndex
from novation.protocol.constants import (
    MAX_ORDERS_PER_SLOT,
    MODE_HALTED,
    MODE_POST_ONLY,
    POST_ONLY_MS,
    PRICE_VALIDITY_MS,
    RESUME_GAP_MS,
)
from novation.protocol.orders import (
    OrderList,
    RestingOrder,
    Side,
    TimeInForce,
    TriggerDirection,
    VisitOutcome,
)
from novation.protocol.parameters import Underlying
from novation.protocol.rules import (
    liquidate,
    place_order,
    place_trigger,
    prune_order,
    replace_order,
    trigger_order,
)
from novation.protocol.sealing import SealedBatch, seal_batch
from novation.protocol.state import State
from tests.circuits.forgery import (
    assert_no_lie_gives_output,
    assert_no_lie_proves,
    assert_proven,
    ignored,
)
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
GTC = TimeInForce.GTC
FALL, RISE = TriggerDirection.FALL, TriggerDirection.RISE
LONG, SHORT, MAKER = 2, 3, 4


def holding(n_markets: int = 1, **terms: Any) -> Exchange:
    """Return an exchange in which account 2 holds 100 lots long and account 3 short."""
    first = parameters(n_markets)
    exchange = Exchange(replace(first, underlyings=(underlying(**terms), *first.underlyings[1:])))
    exchange.fund(LONG, SHORT, MAKER)
    exchange.place(SHORT, SELL, 100, 1000)
    exchange.place(LONG, BUY, 100, 1000)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def first_of_falls(state: State, market_id: int, _: int) -> RestingOrder:
    return state.order(state.market(market_id).fall_head_id)


def first_of_rises(state: State, market_id: int, _: int) -> RestingOrder:
    return state.order(state.market(market_id).rise_head_id)


def trigger_that_is_not_reached(
    patch: Patch, excess: int, *, direction: TriggerDirection
) -> SealedBatch:
    exchange = holding()
    ticks = 1000 - excess if direction is FALL else 1000 + excess
    exchange.place_stop(LONG, SELL, 10, ticks, trigger_direction=direction)
    head = first_of_falls if direction is FALL else first_of_rises
    patch.setattr(trigger_order, "due_order", head)
    exchange.trigger()
    return exchange.seal()


def one_that_rises_before_one_that_falls(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 999 + excess)
    exchange.place_stop(SHORT, BUY, 10, 1000)
    patch.setattr(trigger_order, "due_order", first_of_rises)
    exchange.trigger()
    return exchange.seal()


def one_behind_the_first(patch: Patch, excess: int) -> SealedBatch:
    """Two are due; who orders transactions takes the other one."""
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 1001)
    exchange.place_stop(LONG, SELL, 10, 1000)

    def behind(state: State, market_id: int, time_ms: int) -> RestingOrder:
        first = first_of_falls(state, market_id, time_ms)
        return state.order(first.next_id) if excess else first

    patch.setattr(trigger_order, "due_order", behind)
    exchange.trigger()
    return exchange.seal()


def trade_before_an_order_that_is_due(
    patch: Patch, excess: int, *, side: Side, place: Callable[[Exchange], Any]
) -> SealedBatch:
    exchange = holding()
    exchange.place(MAKER, BUY, 5, 990)
    exchange.place(MAKER, SELL, 5, 1010)
    ticks = 999 + excess if side is SELL else 1001 - excess
    exchange.place_stop(LONG if side is SELL else SHORT, side, 10, ticks)
    patch.setattr(place_order, "check_none_due", ignored)
    place(exchange)
    return exchange.seal()


def replacing_trade(exchange: Exchange) -> None:
    exchange.place(SHORT, SELL, 3, 1011)
    exchange.replace_order(exchange.state.globals.next_order_id - 1, SELL, 3, 990)


def liquidation_before_an_order_that_is_due(patch: Patch, excess: int) -> SealedBatch:
    exchange = Exchange()
    exchange.fund(SHORT, MAKER, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(LONG, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(SHORT, SELL, 180_000, 1000)
    exchange.place(LONG, BUY, 180_000, 1000)
    exchange.place(MAKER, BUY, 180_000, 969)
    exchange.set_price(970)
    exchange.place_stop(SHORT, BUY, 10, 971 - excess)
    patch.setattr(liquidate, "check_none_due", ignored)
    exchange.liquidate(LONG)
    return exchange.seal()


def triggering_at_old_prices(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(trigger_order, "check_prices_are_valid", ignored)
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 1000)
    exchange.time_ms = exchange.state.globals.oracle_time_ms + PRICE_VALIDITY_MS + excess
    exchange.trigger()
    return exchange.seal()


def triggering_within_the_minute_after_a_gap(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(trigger_order, "check_not_resuming", ignored)
    exchange = holding()
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    exchange.place_stop(LONG, SELL, 10, 1000)
    exchange.time_ms += POST_ONLY_MS - 3
    exchange.refresh_prices()
    exchange.time_ms = exchange.state.globals.post_only_until_ms - excess
    exchange.trigger()
    return exchange.seal()


def triggering_before_a_jump_is_settled(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(trigger_order, "check_may_trade", ignored)
    patch.setattr(trigger_order, "due_order", first_of_falls)
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 990)
    exchange.jump(980)
    exchange.time_ms = exchange.state.price_of(0).resolve_until_ms - 2
    exchange.refresh_prices()
    exchange.time_ms = exchange.state.price_of(0).resolve_until_ms - excess
    exchange.trigger()
    return exchange.seal()


def triggering_where_nobody_takes(patch: Patch, excess: int, *, mode: int) -> SealedBatch:
    for check in ("check_not_halted", "check_not_post_only"):
        patch.setattr(trigger_order, check, ignored)
    patch.setattr(trigger_order, "due_order", first_of_falls)
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 1000)
    set_modes(exchange, mode * excess)
    exchange.trigger()
    return exchange.seal()


def placing_in_a_halted_market(patch: Patch, excess: int) -> SealedBatch:
    patch.setattr(place_trigger, "check_not_halted", ignored)
    exchange = holding()
    set_modes(exchange, MODE_HALTED if excess else MODE_POST_ONLY)
    exchange.place_stop(LONG, SELL, 10, 990)
    return exchange.seal()


def set_modes(exchange: Exchange, modes: int) -> None:
    exchange.set_underlying(0, replace(exchange.state.parameters.underlyings[0], modes=modes))


def order_let_go_without_a_reason(
    patch: Patch, excess: int, *, outcome: VisitOutcome
) -> SealedBatch:
    """Nobody who proves may let a living order go."""
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 1000)
    exchange.place(MAKER, BUY, 5, 990)
    if excess:
        patch.setattr(trigger_order, "_reason_to_go", lambda *_: outcome)
    exchange.trigger()
    return exchange.seal()


def order_taken_back_without_a_reason(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding()
    exchange.place_stop(LONG, SELL, 10, 1000)
    exchange.place(MAKER, BUY, 5, 990)
    if excess:
        patch.setattr(trigger_order, "_fees_quanta", lambda *_: None)
    exchange.trigger()
    return exchange.seal()


def order_that_its_account_cannot_afford(patch: Patch, excess: int) -> SealedBatch:
    exchange = Exchange()
    exchange.fund(SHORT, MAKER)
    exchange.fund(LONG, amount_quanta=1_100 * ONE_DOLLAR)
    for market_id, lots in ((0, 1_000_000), (1, 900_000)):
        exchange.place(SHORT, SELL, lots, 1000, market_id=market_id)
        exchange.place(LONG, BUY, lots, 1000, market_id=market_id)
    exchange.place(MAKER, BUY, 800_000, 920 if excess else 999)
    exchange.place_stop(LONG, SELL, 1_000_000, 1000, price_ticks=1)
    patch.setattr(trigger_order, "_fees_quanta", lambda *args: args[-1].taker_fees_quanta)
    exchange.trigger()
    return exchange.seal()


def order_that_is_dead(
    patch: Patch, excess: int, *, kill: Callable[[Exchange, int], None]
) -> SealedBatch:
    exchange = holding()
    exchange.place(MAKER, BUY, 5, 990)
    expiry_ms = exchange.time_ms + 200
    exchange.place_stop(LONG, SELL, 10, 1000, expiry_time_ms=expiry_ms)
    kill(exchange, excess)
    patch.setattr(trigger_order, "_reason_to_go", lambda *_: None)
    exchange.trigger()
    return seal_batch(exchange.state)


def by_expiry(exchange: Exchange, excess: int) -> None:
    exchange.time_ms = next(
        order.expiry_time_ms for order in exchange.state.orders.values() if order.trigger
    )
    exchange.time_ms -= 1 - excess


def by_cancelling_all(exchange: Exchange, excess: int) -> None:
    if excess:
        exchange.cancel_all(LONG)


def by_a_fee(exchange: Exchange, excess: int) -> None:
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, taker_fee_ppm=1000 + excess))


def by_a_timer(exchange: Exchange, excess: int) -> None:
    exchange.set_cancel_timer(LONG, exchange.time_ms + 1 + excess)
    exchange.time_ms += 1 + excess if excess else 0


def lots_that_are_not_held(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding()
    exchange.place_stop(LONG, SELL, 100 + excess, 1000)
    exchange.place(MAKER, BUY, 200, 990)
    plain = trigger_order._order_of

    def of(state: State, dormant: RestingOrder, *rest: Any) -> RestingOrder:
        return replace(plain(state, dormant, *rest), remaining_lots=dormant.remaining_lots)

    patch.setattr(trigger_order, "_order_of", of)
    exchange.trigger()
    return exchange.seal()


def price_of_its_own(patch: Patch, excess: int, *, side: Side, change: int) -> SealedBatch:
    exchange = holding()
    owner = LONG if side is SELL else SHORT
    exchange.place_stop(
        owner, side, 10, 1000, price_ticks=1 if side is SELL else 5000, time_in_force=GTC
    )
    limit = (900 if side is SELL else 1100) + change * excess
    patch.setattr(trigger_order, "_price_within_band", lambda *_: limit)
    exchange.trigger()
    return exchange.seal()


def rest_that_is_immediate_or_cancel(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding()
    force = TimeInForce.IOC if excess else GTC
    exchange.place_stop(LONG, SELL, 10, 1000, price_ticks=1001, time_in_force=force)
    patch.setattr(trigger_order, "_result_code", lambda *_: trigger_order.ResultCode.RESTING)
    exchange.trigger()
    return exchange.seal()


def dust_that_rests(patch: Patch, excess: int) -> SealedBatch:
    """A position of 99 lots is worth less than an order must be."""
    exchange = holding(min_order_usd=1)
    if excess:
        exchange.place(MAKER, BUY, 100, 1000)
        exchange.place(LONG, SELL, 1, 1000, time_in_force=TimeInForce.IOC, reduce_only=True)
        exchange.cancel(MAKER, exchange.book(BUY)[0][0])
    exchange.place_stop(LONG, SELL, 100, 1000, price_ticks=1000, time_in_force=GTC)
    patch.setattr(Underlying, "is_worth_an_order", lambda *_: True)
    exchange.trigger()
    return exchange.seal()


def others_that_live_on(patch: Patch, excess: int, *, held: int) -> SealedBatch:
    """Nobody who proves lets live what an order ends, nor ends what it does not."""
    exchange = holding()
    exchange.place(LONG, BUY, 5, 940)
    exchange.place(MAKER, BUY, 100, 990)
    exchange.place_stop(LONG, SELL, 100 if held else 99, 1000, ends_others=True)
    if excess:
        patch.setattr(trigger_order, "is_idle", lambda *_: not held)
        patch.setattr(trigger_order, "_reason_to_go", lambda *_: None)
    exchange.trigger()
    return exchange.seal()


def others_that_live_on_without_a_position(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding()
    exchange.place(MAKER, BUY, 5, 950)
    exchange.place_stop(MAKER, SELL, 5, 1000, ends_others=True)
    if excess:
        patch.setattr(trigger_order, "_end_others", lambda *_: ())
    exchange.trigger()
    return exchange.seal()


def placing(
    patch: Patch, excess: int, *, check: str, changes: Callable[[Exchange, int], dict[str, Any]]
) -> SealedBatch:
    exchange = holding(min_order_usd=1)
    patch.setattr(place_trigger, check, ignored)
    fields = {"size_lots": 100, "trigger_price_ticks": 990, "price_ticks": 1000}
    fields |= changes(exchange, excess)
    exchange.place_stop(LONG, SELL, **fields)
    return exchange.seal()


def order_that_is_not_reduce_only(patch: Patch, excess: int) -> SealedBatch:
    """The record says that it is: there is none that says otherwise."""
    patch.setattr(place_trigger, "validate_place_trigger", ignored)
    exchange = holding()
    give_id = place_order.give_id
    patch.setattr(place_trigger, "give_id", lambda *a: replace(give_id(*a), reduce_only=True))
    exchange.place_stop(LONG, SELL, 10, 990, reduce_only=not excess)
    return exchange.seal()


def too_many_orders(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding()
    patch.setattr(place_order, "MAX_ORDERS_PER_SLOT", MAX_ORDERS_PER_SLOT + 1)
    for _ in range(MAX_ORDERS_PER_SLOT + excess):
        exchange.place_stop(LONG, SELL, 1, 900)
    return exchange.seal()


def place_before_one_that_is_nearer(
    patch: Patch, excess: int, *, direction: TriggerDirection
) -> SealedBatch:
    """The head of a list would not say any more which order comes first."""
    exchange = holding()
    nearer, farther = (900, 899) if direction is FALL else (1100, 1101)
    exchange.place_stop(LONG, SELL, 1, nearer, trigger_direction=direction)
    if excess:
        patch.setattr(BookIndex, "predecessor_id", lambda *_: 0)
    exchange.place_stop(LONG, SELL, 1, farther, trigger_direction=direction)
    return seal_batch(exchange.state)


def pruning_a_dormant_order_without_a_position(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding()
    exchange.place_stop(MAKER, SELL, 10, 900, expiry_time_ms=exchange.time_ms + 5)
    if excess:
        patch.setattr(prune_order, "cause_of_death", lambda *_: VisitOutcome.REDUCE_ONLY)
    else:
        exchange.time_ms += 5
    exchange.prune(exchange.dormant(OrderList.FALLS)[0][0])
    return exchange.seal()


def replacing_a_dormant_order(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding()
    if excess:
        exchange.place_stop(LONG, SELL, 10, 900)
    else:
        exchange.place(LONG, SELL, 10, 1005)
    patch.setattr(replace_order, "_check_replaced", ignored)
    exchange.replace_order(exchange.state.globals.next_order_id - 1, SELL, 10, 1006)
    return exchange.seal()


def named(case: Callable[..., SealedBatch], name: str, **fields: Any) -> Any:
    """Return a case with some of its arguments, under a name that tells them."""
    made = partial(case, **fields)
    made.__name__ = f"{case.__name__}_{name}"  # type: ignore[attr-defined]
    return made


def ioc(exchange: Exchange) -> None:
    exchange.place(SHORT, SELL, 1, 990, time_in_force=TimeInForce.IOC)


def fok(exchange: Exchange) -> None:
    exchange.place(SHORT, SELL, 1, 990, time_in_force=TimeInForce.FOK)


def gtc(exchange: Exchange) -> None:
    exchange.place(SHORT, BUY, 1, 1010)


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    named(trigger_that_is_not_reached, "falling", direction=FALL),
    named(trigger_that_is_not_reached, "rising", direction=RISE),
    one_that_rises_before_one_that_falls,
    one_behind_the_first,
    named(trade_before_an_order_that_is_due, "ioc", side=SELL, place=ioc),
    named(trade_before_an_order_that_is_due, "fok", side=SELL, place=fok),
    named(trade_before_an_order_that_is_due, "gtc", side=BUY, place=gtc),
    named(trade_before_an_order_that_is_due, "replacing", side=BUY, place=replacing_trade),
    liquidation_before_an_order_that_is_due,
    triggering_at_old_prices,
    triggering_within_the_minute_after_a_gap,
    triggering_before_a_jump_is_settled,
    named(triggering_where_nobody_takes, "halted", mode=MODE_HALTED),
    named(triggering_where_nobody_takes, "post_only", mode=MODE_POST_ONLY),
    placing_in_a_halted_market,
    *(
        named(order_let_go_without_a_reason, outcome.name.lower(), outcome=outcome)
        for outcome in (VisitOutcome.EXPIRED, VisitOutcome.FEE, VisitOutcome.REDUCE_ONLY)
    ),
    order_taken_back_without_a_reason,
    order_that_its_account_cannot_afford,
    *(
        named(order_that_is_dead, kill.__name__, kill=kill)
        for kill in (by_expiry, by_cancelling_all, by_a_fee)
    ),
    lots_that_are_not_held,
    named(price_of_its_own, "lower", side=SELL, change=-1),
    named(price_of_its_own, "less_low", side=SELL, change=1),
    named(price_of_its_own, "higher", side=BUY, change=1),
    named(price_of_its_own, "less_high", side=BUY, change=-1),
    named(others_that_live_on, "behind_a_closed_position", held=1),
    named(others_that_live_on, "never", held=0),
    others_that_live_on_without_a_position,
    rest_that_is_immediate_or_cancel,
    dust_that_rests,
    named(
        placing,
        "what_has_expired",
        check="check_terms",
        changes=lambda exchange, excess: {"expiry_time_ms": exchange.time_ms + 1 - excess},
    ),
    named(
        placing,
        "what_allows_less_than_the_fee",
        check="check_terms",
        changes=lambda _, excess: {"max_fee_ppm": 500 - excess},
    ),
    named(
        placing,
        "dust",
        check="check_worth",
        changes=lambda _, excess: {"size_lots": 100 - excess},
    ),
    order_that_is_not_reduce_only,
    named(
        placing,
        "what_is_post_only",
        check="validate_place_trigger",
        changes=lambda _, excess: {"time_in_force": TimeInForce(1 + excess)},
    ),
    named(
        placing,
        "what_has_no_trigger",
        check="validate_place_trigger",
        changes=lambda _, excess: {"trigger_price_ticks": 1 - excess},
    ),
    too_many_orders,
    named(place_before_one_that_is_nearer, "falling", direction=FALL),
    named(place_before_one_that_is_nearer, "rising", direction=RISE),
    pruning_a_dormant_order_without_a_position,
    replacing_a_dormant_order,
]

# Nobody tells the program the answer: it finds it, and proves another output.
COMPUTED = (
    "order_let_go_without_a_reason",
    "order_taken_back_without_a_reason",
    "order_that_its_account_cannot_afford",
    "order_that_is_dead",
    "lots_that_are_not_held",
    "others_that_live_on",
    "price_of_its_own",
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


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
