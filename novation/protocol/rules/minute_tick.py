"""MinuteTick: how far a perpetual trades above its index, sampled once a minute.

docs/spec/protocol.md, section 10. Whoever orders transactions cannot choose when a sample is taken,
or leave one out: from a full minute on nothing else may happen before the ticks of all underlyings.
"""

from dataclasses import dataclass, replace

from novation.protocol.batch import TransactionResult
from novation.protocol.constants import (
    IMPACT_MARGIN_QUANTA,
    MAX_MISSED_SAMPLES,
    MAX_ORDERS_PER_SAMPLE,
    MINUTE_MS,
    PPM_ONE,
    PRICE_X16_ONE,
    SAMPLE_WEIGHT_FIFTHS,
)
from novation.protocol.errors import ResultCode
from novation.protocol.events import Event, FundingPaid, MarkSampled, PoolShared
from novation.protocol.forecast_margin import Forecast, followed_forecast_ppm
from novation.protocol.interest_margin import followed_margin_ppm
from novation.protocol.mark import clamp, premium_limit_x16
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import RestingOrder, Side
from novation.protocol.rules.budgets import begin_day
from novation.protocol.rules.dead_orders import cause_of_death
from novation.protocol.rules.ending import count_index, settle_if_due
from novation.protocol.rules.funding import count_minute
from novation.protocol.rules.pools import opposite_side, pass_on
from novation.protocol.rules.resolving import with_minute
from novation.protocol.state import State


@dataclass(slots=True)
class _Visits:
    """What the walks of a tick looked at: orders, and position slots of their accounts."""

    n_orders: int = 0
    n_slots: int = 0


def next_minute_ms(time_ms: int) -> int:
    """Return the first full minute behind a time."""
    return (time_ms // MINUTE_MS + 1) * MINUTE_MS


def is_tick_due(state: State, time_ms: int) -> bool:
    """Return whether the next transaction at that time must be a tick."""
    return time_ms >= state.globals.next_tick_ms


def apply_minute_tick(state: State) -> TransactionResult:
    """Sample the underlying whose turn it is; after the last one the next minute is due."""
    counters = state.globals
    underlying_id = counters.tick_underlying
    visits = _Visits()
    events: tuple[Event, ...] = ()
    before = state.underlyings[underlying_id]
    if before.is_listed and not before.is_settled:
        visits.n_slots += begin_day(state, underlying_id)
        count_index(state, underlying_id)
        sampled = _sample(state, underlying_id, visits)
        _follow_forecast(state, underlying_id)
        paid = _pay_funding(state, underlying_id)
        settled = settle_if_due(state, underlying_id)
        events = (sampled, *paid, *settled, *_pass_on(state, underlying_id, paid))
    if underlying_id + 1 < len(state.underlyings):
        state.globals = replace(state.globals, tick_underlying=underlying_id + 1)
    else:
        next_tick_ms = next_minute_ms(counters.time_ms)
        state.globals = replace(state.globals, tick_underlying=0, next_tick_ms=next_tick_ms)
    return TransactionResult(
        ResultCode.DONE, events, n_slots=visits.n_slots, n_visits=visits.n_orders
    )


def _sample(state: State, market_id: int, visits: _Visits) -> MarkSampled:
    state.open_market(market_id)
    prices = state.price_of(market_id)
    sample_x16 = None
    if _is_price_valid(state, market_id):
        sample_x16 = _premium_sample_x16(state, market_id, visits)
    terms, market = state.underlying_of(market_id), state.market(market_id)
    sampled = replace(
        with_sample(prices, sample_x16),
        added_margin_ppm=followed_margin_ppm(prices, market.open_interest_lots, terms),
    )
    state.set_underlying(market_id, with_minute(sampled, terms, state.globals.time_ms))
    return MarkSampled(market_id, state.mark_price_x16(market_id), sample_x16 is not None)


def _follow_forecast(state: State, market_id: int) -> None:
    """Sample the index for the forecast of volatility, unless it is too old, and follow it."""
    market, prices = state.market(market_id), state.price_of(market_id)
    terms = state.underlying_of(market_id)
    forecast, forecast_ppm = Forecast.of(market), prices.forecast_margin_ppm
    if terms.margin_deviations == 0:
        forecast, forecast_ppm = Forecast(), 0
    elif _is_price_valid(state, market_id):
        forecast = forecast.after(prices.index_price_x16, state.globals.time_ms)
        forecast_ppm = followed_forecast_ppm(forecast_ppm, forecast.variance_ppm2, terms)
    after = replace(
        market,
        variance_ppm2=forecast.variance_ppm2,
        sampled_x16=forecast.sampled_x16,
        sampled_ms=forecast.sampled_ms,
    )
    state.set_market(market_id, after)
    state.set_underlying(market_id, replace(prices, forecast_margin_ppm=forecast_ppm))


def _is_price_valid(state: State, market_id: int) -> bool:
    is_fresh = state.globals.time_ms <= state.globals.price_valid_until_ms
    return is_fresh and not state.price_of(market_id).is_silent


def _pay_funding(state: State, market_id: int) -> tuple[FundingPaid, ...]:
    """Count the minute, and let lots pay if its hour is over."""
    market, prices = state.market(market_id), state.price_of(market_id)
    terms = state.underlying_of(market_id)
    left = count_minute(market, prices, terms, state.globals.time_ms)
    after = replace(
        market,
        funding_sum_x16=left.sum_x16,
        funding_carry=left.carry,
        funding_hour=left.hour,
    )
    state.set_market(market_id, after)
    if not left.is_over:
        return ()
    paid = prices.with_payment(left.quanta_per_lot)
    state.set_underlying(market_id, paid)
    index_price_x16 = prices.index_price_x16
    return (
        FundingPaid(
            market_id, left.quanta_per_lot, paid.long_prefix, left.rate_x16, index_price_x16
        ),
    )


def _pass_on(state: State, market_id: int, paid: tuple[FundingPaid, ...]) -> tuple[PoolShared, ...]:
    """Let the market's pool pass on what it is worth: the mark has moved, and it has paid, too."""
    pool_lots = state.price_of(market_id).pool_lots
    if pool_lots == 0:
        return ()
    side = opposite_side(pool_lots)
    paid_quanta = sum(payment.quanta_per_lot for payment in paid)
    return pass_on(state, market_id, side, -paid_quanta if side is Side.BUY else paid_quanta)


def with_sample(prices: UnderlyingState, sample_x16: int | None) -> UnderlyingState:
    """Return what an underlying has after a sample, None if it failed.

    The premium stays while few samples fail, and then goes back to 0: who makes them fail cannot
    keep a mark that no book supports.
    """
    missed = 0 if sample_x16 is not None else min(prices.missed_samples, MAX_MISSED_SAMPLES) + 1
    if sample_x16 is None and missed <= MAX_MISSED_SAMPLES:
        return replace(prices, missed_samples=missed)
    change = ((sample_x16 or 0) - prices.premium_x16) * SAMPLE_WEIGHT_FIFTHS // 5
    return replace(prices, missed_samples=missed, premium_x16=prices.premium_x16 + change)


def _premium_sample_x16(state: State, market_id: int, visits: _Visits) -> int | None:
    """Return how far the impact prices of both sides are above the index, None without both."""
    bid_ticks = _impact_price_ticks(state, market_id, Side.BUY, visits)
    if bid_ticks is None:
        return None
    ask_ticks = _impact_price_ticks(state, market_id, Side.SELL, visits)
    if ask_ticks is None:
        return None
    index_x16 = state.price_of(market_id).index_price_x16
    middle_x16 = (bid_ticks + ask_ticks) * PRICE_X16_ONE // 2
    limit_x16 = premium_limit_x16(index_x16, state.underlying_of(market_id))
    return clamp(middle_x16 - index_x16, limit_x16)


def _impact_price_ticks(state: State, market_id: int, side: Side, visits: _Visits) -> int | None:
    """Return the price of the order up to which a side is worth enough.

    None if it is not, or not within the first orders, the dead among them.
    """
    terms = state.underlying_of(market_id)
    missing = IMPACT_MARGIN_QUANTA * PPM_ONE
    order_id, _ = state.market(market_id).head(side)
    for _ in range(MAX_ORDERS_PER_SAMPLE):
        if order_id == 0:
            return None
        order = state.open_order(order_id)
        visits.n_orders += 1
        if _counts(state, order, visits):
            notional_quanta = order.remaining_lots * order.price_ticks * terms.multiplier
            missing -= notional_quanta * terms.initial_margin_ppm
            if missing <= 0:
                return order.price_ticks
        order_id = order.next_id
    return None


def _counts(state: State, order: RestingOrder, visits: _Visits) -> bool:
    """Return whether an order would be filled by whoever meets it now, as far as it says itself.

    Not if it is dead, as it is when the timer of its account has run out; if it may only reduce a
    position, since all such orders of an account together may trade no more than that; or if the
    fee is higher than its owner allows.
    """
    account = state.open_account(order.account_id)
    assert account is not None
    visits.n_slots += len(account.positions)
    return (
        account.cancel_all_at_ms > state.globals.time_ms
        and cause_of_death(state, order, account.position(order.market_id)) is None
        and not order.reduce_only
        and order.max_fee_ppm >= state.underlying_of(order.market_id).maker_fee_ppm
    )
