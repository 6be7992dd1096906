"""The preview of an order against the exchange: yes and no, code and margin, at every limit."""

import contextlib
import copy
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novation.protocol.constants import ORDER_SIZE_BOUND, POSITION_BOUND
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.margin import margin_of
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.preview import Outcome, Surroundings, largest_size_lots, preview
from novation.protocol.transactions import PlaceOrder
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

TRADER, DEALER, STRANGER = 2, 3, 4
RICH_QUANTA = 10**16


def random_exchange(rng: random.Random) -> Exchange:
    """Return an exchange in which a trader has positions, orders far away, and little left."""
    exchange = Exchange(sign=False)
    for underlying_id, prices in enumerate(exchange.state.underlyings):
        # What a lot has paid before anybody held one.
        long_prefix, short_prefix = (rng.choice((0, rng.randrange(-1000, 1001))) for _ in "ls")
        paid = replace(prices, long_prefix=long_prefix, short_prefix=short_prefix)
        exchange.state.set_underlying(underlying_id, paid)
    exchange.fund(DEALER, STRANGER, amount_quanta=RICH_QUANTA)
    exchange.fund(TRADER, amount_quanta=rng.choice((100, 1_000, 10_000)) * ONE_DOLLAR)
    for market_id in range(2):
        for _ in range(rng.randrange(3)):
            price = rng.randrange(980, 1021)
            side = rng.choice(tuple(Side))
            size = 10 ** rng.randrange(1, 6) + rng.randrange(9)
            _try(exchange, DEALER, side.other, size, price, market_id)
            _try(exchange, TRADER, side, size, price, market_id)
            for account_id in (TRADER, DEALER):
                for order in exchange.state.orders_of(account_id):
                    if rng.random() < 0.9 or 955 < order.price_ticks < 1045:
                        exchange.cancel(account_id, order.order_id)
        if rng.random() < 0.6:
            far = rng.choice(((BUY, 952), (SELL, 1048)))
            _try(exchange, TRADER, far[0], 10 ** rng.randrange(1, 5), far[1], market_id)
    exchange.set_price(rng.randrange(985, 1016), rng.randrange(960, 1041))
    return exchange


def _try(
    exchange: Exchange, account_id: int, side: Side, size: int, price: int, market_id: int
) -> None:
    order = exchange.order(account_id, side, size, price, market_id=market_id)
    with contextlib.suppress(InvalidTransaction):
        exchange.apply(order)


def surroundings(exchange: Exchange, market_id: int) -> Surroundings:
    state = exchange.state
    return Surroundings(
        state.parameters,
        state.underlyings,
        state.market(market_id),
        replace(state.globals, time_ms=exchange.time_ms),
    )


def really(exchange: Exchange, tx: PlaceOrder, *, fills: bool) -> Outcome:
    """Return what the exchange does, after somebody has offered all of it if it shall fill."""
    exchange = copy.deepcopy(exchange)
    if fills:
        exchange.place(
            STRANGER, tx.side.other, tx.size_lots, tx.price_ticks, market_id=tx.market_id
        )
    try:
        result = exchange.apply(tx)
    except InvalidTransaction as refusal:
        return Outcome(None, refusal, None)
    state = exchange.state
    margin = margin_of(state.account(tx.account_id), state.underlyings, state.parameters)
    return Outcome(result.result_code, None, margin)


def check(exchange: Exchange, tx: PlaceOrder) -> bool:
    """Compare both ends of a preview with the exchange; return whether it says yes."""
    account = exchange.state.account(TRADER)
    shown = preview(account, surroundings(exchange, tx.market_id), tx)
    for way, fills in ((shown.rests, False), (shown.fills, True)):
        if way is None:
            continue
        found = really(exchange, tx, fills=fills)
        if found.refusal is None:
            assert way == found
        else:
            assert way.refusal is not None, (tx, found)
            assert (way.refusal.code, way.refusal.broken.limit) == (
                found.refusal.code,
                found.refusal.broken.limit,
            )
            is_of_margin = found.refusal.code is ErrorCode.INSUFFICIENT_MARGIN
            assert (way.margin is not None) is is_of_margin
    return shown.is_accepted


def random_orders(rng: random.Random, exchange: Exchange) -> Iterator[PlaceOrder]:
    for _ in range(4):
        yield exchange.order(
            TRADER,
            rng.choice(tuple(Side)),
            10 ** rng.randrange(0, 7) + rng.randrange(9),
            rng.randrange(960, 1041),
            market_id=rng.randrange(2),
            reduce_only=rng.random() < 0.3,
            time_in_force=rng.choice(tuple(TimeInForce)),
        )


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_preview_when_compared_with_the_exchange_then_the_same_at_the_limit_and_beyond(
    seed: int,
) -> None:
    rng = random.Random(seed)
    exchange = random_exchange(rng)
    account = exchange.state.account(TRADER)
    for tx in random_orders(rng, exchange):
        check(exchange, tx)
        around = surroundings(exchange, tx.market_id)
        most = largest_size_lots(account, around, tx)
        if most:
            assert check(exchange, replace(tx, size_lots=most))
        held_lots = abs(account.position(tx.market_id).size_lots)
        beyond = held_lots if tx.reduce_only else most
        for size_lots in {beyond + 1, beyond + 2 + rng.randrange(1000)}:
            if 0 < size_lots < ORDER_SIZE_BOUND and not tx.reduce_only and most:
                assert not check(exchange, replace(tx, size_lots=size_lots)), (most, size_lots)


def exchange_of(amount_usd: int) -> Exchange:
    exchange = Exchange(sign=False)
    exchange.fund(DEALER, STRANGER, amount_quanta=RICH_QUANTA)
    exchange.fund(TRADER, amount_quanta=amount_usd * ONE_DOLLAR)
    return exchange


def test_largest_size_when_price_and_fee_cost_nothing_more_then_as_margin_allows() -> None:
    exchange = exchange_of(1_000)
    around = surroundings(exchange, 0)
    terms = around.parameters.underlyings[0]
    tx = exchange.order(TRADER, BUY, 1, 1000)
    most = largest_size_lots(exchange.state.account(TRADER), around, tx)
    lot_quanta = 1000 * terms.multiplier
    per_lot = lot_quanta * (terms.initial_margin_ppm + terms.taker_fee_ppm)
    # The fee is rounded up once.
    assert most in (
        1_000 * ONE_DOLLAR * 10**6 // per_lot,
        1_000 * ONE_DOLLAR * 10**6 // per_lot - 1,
    )
    shown = preview(exchange.state.account(TRADER), around, replace(tx, size_lots=most))
    assert shown.fills is not None
    assert shown.fills.margin is not None
    assert shown.fills.margin.meets_initial


@pytest.mark.parametrize("price_change", [-30, 30])
def test_account_below_initial_margin_when_it_only_reduces_then_its_whole_position(
    price_change: int,
) -> None:
    exchange = exchange_of(1_000)
    side = BUY if price_change < 0 else SELL
    tx = exchange.order(TRADER, side, 1, 1000)
    most = largest_size_lots(exchange.state.account(TRADER), surroundings(exchange, 0), tx)
    exchange.place(DEALER, side.other, most, 1000)
    exchange.place(TRADER, side, most, 1000)
    exchange.set_price(1000 + price_change)
    account, around = exchange.state.account(TRADER), surroundings(exchange, 0)
    assert not margin_of(
        account, exchange.state.underlyings, exchange.state.parameters
    ).meets_initial
    price = 1000 + price_change
    fok = TimeInForce.FOK
    more = exchange.order(TRADER, side, 1, price, time_in_force=fok)
    assert largest_size_lots(account, around, more) == 0
    less = exchange.order(TRADER, side.other, 1, price, reduce_only=True, time_in_force=fok)
    assert largest_size_lots(account, around, less) == most
    assert check(exchange, replace(less, size_lots=most))


def test_other_rules_when_they_are_the_limit_then_the_preview_names_them() -> None:
    exchange = exchange_of(10**9)
    account, around = exchange.state.account(TRADER), surroundings(exchange, 0)
    cases = {
        ErrorCode.PRICE_OUTSIDE_BAND: exchange.order(TRADER, BUY, 10**4, 2000),
        ErrorCode.REDUCE_ONLY_INCREASES: exchange.order(TRADER, BUY, 10, 1000, reduce_only=True),
        ErrorCode.FEE_ABOVE_LIMIT: exchange.order(TRADER, BUY, 10**4, 1000, max_fee_ppm=0),
        ErrorCode.ORDER_EXPIRED: exchange.order(TRADER, BUY, 10**4, 1000, expiry_time_ms=1),
    }
    for code, tx in cases.items():
        shown = preview(account, around, tx)
        for way in (shown.rests, shown.fills):
            assert way is not None
            assert way.refusal is not None
            assert (way.refusal.code, way.margin) == (code, None)
        assert largest_size_lots(account, around, tx) == 0
        assert not check(exchange, tx)
    assert ORDER_SIZE_BOUND < POSITION_BOUND
