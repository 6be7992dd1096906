"""An account that owes nothing can always get out, and no trade makes a debt."""

import contextlib
import copy
import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novation.protocol.accounts import Account, Position
from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.events import OrderFilled
from novation.protocol.margin import Margin, charged_fee_quanta, gain_on_health, margin_of
from novation.protocol.mark import mark_price_x16
from novation.protocol.markets import UnderlyingState
from novation.protocol.numeric import div_ceil, div_floor
from novation.protocol.orders import TimeInForce
from novation.protocol.parameters import Parameters
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

N_MARKETS = 5
# Ten times that of the markets, so that it is often more than what is left.
TAKER_FEE_PPM = 5_000
# Who has no position.
OUTSIDER = 99
Prices = tuple[UnderlyingState, ...]


def poor_account(
    rng: random.Random, prices: Prices, first: Parameters, *, least_percent: int
) -> Account:
    """Return an account whose equity is somewhere around its requirement, down to a share of it."""
    market_ids = sorted(rng.sample(range(N_MARKETS), rng.randrange(1, 5)))
    slots = tuple(Position(i, rng.randrange(-5000, 5001) or 1) for i in market_ids)
    account = Account.new(1, 2)
    for slot in slots:
        account = account.with_position(slot)
    margin = margin_of(account, prices, first)
    wanted = margin.maintenance_x16_ppm * rng.randrange(least_percent, 220) // (100 * PPM_ONE)
    spread = rng.choice((0, 0, rng.randrange(-3, 4)))
    return account.with_balance(div_ceil(wanted - margin.equity_x16, PRICE_X16_ONE) + spread)


def random_prices(rng: random.Random) -> Prices:
    """Return prices of which some have moved a bit since the reference mark."""
    return tuple(
        UnderlyingState(
            index_x16,
            long_prefix=rng.randrange(-1000, 1001),
            short_prefix=rng.randrange(-1000, 1001),
            ref_x16=index_x16 * rng.choice((100, rng.randrange(97, 104))) // 100,
            long_charged_quanta=rng.randrange(-10, 11),
            short_charged_quanta=rng.randrange(-10, 11),
        )
        for index_x16 in (rng.randrange(2000 << 16) + (1 << 16) for _ in range(N_MARKETS))
    )


def filled(
    account: Account, slot: Position, lots: int, price_ticks: int, prices: Prices, first: Parameters
) -> tuple[Account, int]:
    """Return the account after a reducing fill, whole fee paid, and that fee."""
    terms = first.underlyings[slot.market_id]
    side = SELL if slot.size_lots > 0 else BUY
    notional = terms.notional_quanta(lots, price_ticks)
    fee = div_ceil(notional * TAKER_FEE_PPM, PPM_ONE)
    left, of_market = slot.traded(side, lots), prices[slot.market_id]
    settled = of_market.paid_quanta(left.size_lots) - of_market.paid_quanta(slot.size_lots)
    payment = (notional if side is SELL else -notional) + settled
    return account.with_position(left, payment - fee), fee


def judged(before: Account, after: Account, fee: int, prices: Prices, first: Parameters) -> Margin:
    """Assert what holds of each accepted fill; return the margin after it."""
    reduced = margin_of(before, prices, first)
    margin = margin_of(after, prices, first)
    paid = charged_fee_quanta(before, after, _changed(before, after), prices, first, fee)
    if paid is None:
        return margin
    assert 0 <= paid <= fee
    margin = replace(margin, equity_x16=margin.equity_x16 + (fee - paid) * PRICE_X16_ONE)
    assert margin.equity_x16 >= min(reduced.equity_x16, 0)
    if not margin.meets_initial:
        assert reduced.equity_x16 >= 0
        assert gain_on_health(reduced, margin) >= 0
        assert margin.settled_x16 >= min(reduced.settled_x16, 0)
    if paid < fee and reduced.maintenance_x16_ppm:
        # A quantum more would be too much.
        dearer = replace(margin, equity_x16=margin.equity_x16 - PRICE_X16_ONE)
        is_too_much = dearer.settled_x16 < min(reduced.settled_x16, 0)
        assert gain_on_health(reduced, dearer) < 0 or is_too_much
    return margin


def _changed(before: Account, after: Account) -> int:
    (market_id,) = (
        slot.market_id for slot in before.positions if after.position(slot.market_id) != slot
    )
    return market_id


def test_accounts_when_they_reduce_at_the_mark_then_never_refused_and_never_worse() -> None:
    """Twenty thousand accounts, from twice their requirement in debt to twice of it."""
    rng, first = random.Random(11), parameters(N_MARKETS)
    n_accepted = n_capped = 0
    for _ in range(20_000):
        prices = random_prices(rng)
        account = poor_account(rng, prices, first, least_percent=-200)
        slot = rng.choice(account.positions)
        lots = rng.choice((1, rng.randrange(1, abs(slot.size_lots) + 1), abs(slot.size_lots)))
        mark_x16 = mark_price_x16(prices[slot.market_id], first.underlyings[slot.market_id])
        round_fairly = div_ceil if slot.size_lots > 0 else div_floor
        price_ticks = round_fairly(mark_x16, PRICE_X16_ONE)
        after, fee = filled(account, slot, lots, price_ticks, prices, first)
        paid = charged_fee_quanta(account, after, slot.market_id, prices, first, fee)
        owes = margin_of(account, prices, first).equity_x16 < 0
        if owes:
            assert paid is None or margin_of(after, prices, first).meets_initial
        else:
            assert paid is not None
            n_accepted += 1
            n_capped += paid < fee
        judged(account, after, fee, prices, first)
    assert n_accepted > 8_000
    assert n_capped > 100


def test_fills_when_at_any_price_then_insurance_can_expect_no_less() -> None:
    """Prices around the one that the rule still accepts."""
    rng, first = random.Random(12), parameters(N_MARKETS)
    n_refused = 0
    for _ in range(10_000):
        prices = random_prices(rng)
        account = poor_account(rng, prices, first, least_percent=-20)
        slot = rng.choice(account.positions)
        lots = rng.randrange(1, abs(slot.size_lots) + 1)
        mark_ticks = (
            mark_price_x16(prices[slot.market_id], first.underlyings[slot.market_id])
            // PRICE_X16_ONE
        )
        price_ticks = max(1, mark_ticks * rng.randrange(930, 1071) // 1000 + rng.randrange(-2, 3))
        after, fee = filled(account, slot, lots, price_ticks, prices, first)
        judged(account, after, fee, prices, first)
        n_refused += charged_fee_quanta(account, after, slot.market_id, prices, first, fee) is None
    assert 1_000 < n_refused < 9_000


def traded(rng: random.Random) -> Exchange:
    """Return an exchange in which a few have traded, and prices have gone where they may."""
    exchange, prices = Exchange(parameters(3), sign=False), [1000, 1000, 1000]
    traders = range(2, 6)
    for account_id in traders:
        exchange.fund(account_id, amount_quanta=rng.choice((1, 30, 1_000)) * ONE_DOLLAR)
    for _ in range(60):
        market_id, account_id = rng.randrange(3), rng.choice(traders)
        if rng.random() < 0.1:
            prices[market_id] = prices[market_id] * rng.randrange(960, 1041) // 1000
            # Between two ticks.
            exchange.set_price_x16(*((price << 16) + rng.randrange(1 << 16) for price in prices))
        order = exchange.order(
            account_id,
            rng.choice((BUY, SELL)),
            10 ** rng.randrange(1, 5) + rng.randrange(9),
            prices[market_id] + rng.randrange(-2, 3),
            market_id=market_id,
            reduce_only=rng.random() < 0.2,
        )
        with contextlib.suppress(InvalidTransaction):
            exchange.apply(order)
        if rng.random() < 0.1:
            with contextlib.suppress(InvalidTransaction):
                exchange.liquidate(account_id, market_id)
    exchange.seal()
    return exchange


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_accounts_when_reached_by_trading_then_can_reduce_at_the_mark(seed: int) -> None:
    exchange = traded(random.Random(seed))
    exchange.fund(OUTSIDER, amount_quanta=10**6 * ONE_DOLLAR)
    for account_id in range(2, 6):
        exchange.cancel_all(account_id)
    exchange.settle()
    for account_id in range(2, 6):
        for slot in exchange.state.account(account_id).positions:
            if slot.size_lots:
                check_can_get_out(exchange, account_id, slot)


def check_can_get_out(exchange: Exchange, account_id: int, slot: Position) -> None:
    """Assert that an account may close a slot at the mark if it owes nothing, and only then."""
    exchange = copy.deepcopy(exchange)
    state, market_id = exchange.state, slot.market_id
    mark_x16 = state.mark_price_x16(market_id)
    side = SELL if slot.size_lots > 0 else BUY
    round_fairly = div_ceil if side is SELL else div_floor
    price_ticks = round_fairly(mark_x16, PRICE_X16_ONE)
    before = margin_of(state.account(account_id), state.underlyings, state.parameters)
    where = {"market_id": market_id}
    exchange.place(OUTSIDER, side.other, abs(slot.size_lots), price_ticks, **where)
    fees_before = state.fees_quanta
    order = exchange.order(
        account_id,
        side,
        abs(slot.size_lots),
        price_ticks,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        **where,
    )
    if before.equity_x16 < 0:
        assert exchange.refuse(order) is ErrorCode.BANKRUPT
        return
    result = exchange.apply(order)
    after = margin_of(state.account(account_id), state.underlyings, state.parameters)
    assert after.equity_x16 >= 0
    assert any(isinstance(event, OrderFilled) for event in result.events)
    # Of the fees that the batch adds up, all are in the events.
    charged = sum(
        event.maker_fee_quanta + event.taker_fee_quanta
        for event in result.events
        if isinstance(event, OrderFilled)
    )
    assert state.fees_quanta == fees_before + charged
    exchange.seal()
