"""Pools: what the positions of failed accounts are worth, to the side that stands against them.

docs/spec/protocol.md, section 14. Longs equal shorts: where an account went, a pool stands in its
place. It has no money of its own, so whatever it gains or loses belongs to the other side, by one
number a side: each of its lots gets or pays the same. Nobody is chosen, no size changes.
"""

from dataclasses import dataclass, replace

from novation.protocol.constants import INSURANCE_ACCOUNT_ID, PRICE_X16_ONE
from novation.protocol.events import PoolShared
from novation.protocol.mark import mark_price_x16
from novation.protocol.markets import UnderlyingState
from novation.protocol.numeric import div_ceil, div_floor
from novation.protocol.orders import Side
from novation.protocol.parameters import Underlying
from novation.protocol.state import State


def lots_held(state: State, market_id: int, side: Side) -> int:
    """Return the lots that accounts hold long or short; those of the pool are not among them."""
    longs = state.market(market_id).open_interest_lots
    return longs if side is Side.BUY else longs + state.price_of(market_id).pool_lots


def opposite_side(lots: int) -> Side:
    """Return the side that stands against so many lots."""
    return Side.SELL if lots > 0 else Side.BUY


@dataclass(frozen=True, slots=True)
class Shared:
    """What an underlying has after its pool passed on what it is worth.

    Each lot of a side got `each_quanta`, or was charged if that is negative; `missing_quanta` could
    not be charged to anybody.
    """

    prices: UnderlyingState
    each_quanta: int
    missing_quanta: int


def share(
    prices: UnderlyingState, terms: Underlying, side: Side, lots: int, received_quanta: int = 0
) -> Shared:
    """Give a side what a pool is worth, or charge it: each lot the same, a whole number of quanta.

    What is left is less than a quantum a lot, and never a debt. No lot is charged more, all in all
    since the reference mark, than it has gained since: what exceeds that is missing.

    Args:
        prices: with the pool.
        terms: of the underlying.
        side: that stands against the pool's lots, or against those that it has just taken.
        lots: of the accounts on that side.
        received_quanta: of funding, by each lot of the side, paid by the pool among others.
    """
    value_x16 = pool_value_x16(prices, terms)
    room_quanta = max(0, gain_quanta(prices, terms, side) + received_quanta)
    each_quanta = max(div_floor(value_x16, lots * PRICE_X16_ONE), -room_quanta) if lots else 0
    left_x16 = value_x16 - each_quanta * lots * PRICE_X16_ONE
    missing_quanta = max(0, div_ceil(-left_x16, PRICE_X16_ONE))
    cash_quanta = prices.pool_cash_quanta - each_quanta * lots + missing_quanta
    after = replace(prices, pool_cash_quanta=cash_quanta)
    if each_quanta or received_quanta:
        # From now on nothing was charged: the next mark from which gains are counted.
        after = replace(after, window_x16=mark_price_x16(prices, terms))
    return Shared(
        _with_gain(after, side, each_quanta, received_quanta), each_quanta, missing_quanta
    )


def pool_value_x16(prices: UnderlyingState, terms: Underlying) -> int:
    """Return what a pool is worth at the mark."""
    lot_value_x16 = mark_price_x16(prices, terms) * terms.multiplier
    return prices.pool_cash_quanta * PRICE_X16_ONE + prices.pool_lots * lot_value_x16


def gain_quanta(prices: UnderlyingState, terms: Underlying, side: Side) -> int:
    """Return what a lot has gained since the reference mark, less what it was charged since."""
    rise_x16 = (mark_price_x16(prices, terms) - prices.ref_x16) * terms.multiplier
    if side is Side.BUY:
        return div_floor(rise_x16, PRICE_X16_ONE) - prices.long_charged_quanta
    return div_floor(-rise_x16, PRICE_X16_ONE) - prices.short_charged_quanta


def _with_gain(
    prices: UnderlyingState, side: Side, each_quanta: int, received_quanta: int
) -> UnderlyingState:
    """Return an underlying after each lot of a side got so much from the pool, or was charged."""
    charged_quanta = -each_quanta - received_quanta
    if side is Side.BUY:
        return replace(
            prices,
            long_prefix=prices.long_prefix - each_quanta,
            long_charged_quanta=prices.long_charged_quanta + charged_quanta,
        )
    return replace(
        prices,
        short_prefix=prices.short_prefix + each_quanta,
        short_charged_quanta=prices.short_charged_quanta + charged_quanta,
    )


def pass_on(
    state: State, market_id: int, side: Side, received_quanta: int = 0
) -> tuple[PoolShared, ...]:
    """Let a market's pool pass on what it is worth; what nobody can be charged is recorded."""
    state.open_market(market_id)
    lots, terms = lots_held(state, market_id, side), state.underlying_of(market_id)
    shared = share(state.price_of(market_id), terms, side, lots, received_quanta)
    state.set_underlying(market_id, shared.prices)
    record_deficit(state, shared.missing_quanta)
    if shared.each_quanta == shared.missing_quanta == 0:
        return ()
    return (PoolShared(market_id, side, shared.each_quanta, lots, shared.missing_quanta),)


def pass_on_all(state: State) -> tuple[PoolShared, ...]:
    """Let all pools pass on what they are worth at new marks."""
    shared: tuple[PoolShared, ...] = ()
    for market_id, prices in enumerate(state.underlyings):
        if prices.pool_lots:
            shared += pass_on(state, market_id, opposite_side(prices.pool_lots))
    return shared


def end_pool(state: State, market_id: int) -> int:
    """Empty a pool that has no lots any more; return what it leaves, to be given to insurance."""
    prices = state.price_of(market_id)
    if prices.pool_lots:
        return 0
    # It has just passed on what it was worth, and its worth is what it has.
    assert prices.pool_cash_quanta >= 0
    state.set_underlying(market_id, replace(prices, pool_cash_quanta=0))
    return prices.pool_cash_quanta


def record_deficit(state: State, missing_quanta: int) -> None:
    """Note that balances and pools add up to so much more than is in custody."""
    recorded = state.globals.recorded_deficit_quanta + missing_quanta
    state.globals = replace(state.globals, recorded_deficit_quanta=recorded)


def credit_insurance(state: State, income_quanta: int) -> None:
    """Give the insurance fund what it earns: it makes up what is missing first."""
    repaid = min(income_quanta, state.globals.recorded_deficit_quanta)
    record_deficit(state, -repaid)
    insurance = state.account(INSURANCE_ACCOUNT_ID)
    balance = insurance.collateral_quanta + income_quanta - repaid
    state.set_account(INSURANCE_ACCOUNT_ID, insurance.with_balance(balance))
