"""A market that ends: in its last half hour the index is averaged, and lots are settled at that.

docs/spec/protocol.md, section 21. L1's owner says when, long before; whoever orders transactions
chooses neither the time nor the price: both are worked out by the ticks of minutes.
"""

from dataclasses import replace

from novation.protocol.constants import PRICE_X16_ONE, SETTLED_SAMPLES, SETTLEMENT_WINDOW_MS
from novation.protocol.events import MarketSettled
from novation.protocol.markets import Market
from novation.protocol.numeric import div_ceil
from novation.protocol.rules.resolving import behind_jump
from novation.protocol.state import State


def settlement_price_ticks(market: Market) -> int:
    """Return the average of the indices, rounded up to a tick: a lot is worth whole quanta."""
    return div_ceil(market.index_sum_x16, market.index_samples * PRICE_X16_ONE)


def count_index(state: State, market_id: int) -> None:
    """Add the index of a minute, however old it is, if the market ends within half an hour."""
    ends_ms, now_ms = state.underlying_of(market_id).ends_ms, state.globals.time_ms
    if ends_ms == 0 or now_ms <= ends_ms - SETTLEMENT_WINDOW_MS:
        return
    market = state.market(market_id)
    index_x16 = state.price_of(market_id).index_price_x16
    after = replace(
        market,
        index_sum_x16=market.index_sum_x16 + index_x16,
        index_samples=market.index_samples + 1,
    )
    state.set_market(market_id, after)


def settle_if_due(state: State, market_id: int) -> tuple[MarketSettled, ...]:
    """Settle a market whose time has come: its orders die, and its mark is the average for ever.

    It is a jump: who gained by it waits until it is known who cannot pay.
    """
    terms, now_ms = state.underlying_of(market_id), state.globals.time_ms
    if terms.ends_ms == 0 or now_ms < terms.ends_ms:
        return ()
    market, before = state.market(market_id), state.price_of(market_id)
    price_ticks = settlement_price_ticks(market)
    after = replace(
        before,
        index_price_x16=price_ticks * PRICE_X16_ONE,
        premium_x16=0,
        is_silent=False,
        missed_samples=SETTLED_SAMPLES,
        dead_below_order_id=state.globals.next_order_id,
    )
    state.set_underlying(market_id, behind_jump(before, after, terms, now_ms))
    return (MarketSettled(market_id, price_ticks, market.index_samples),)
