"""The mark price of a perpetual, and what a position is worth at it.

docs/spec/protocol.md, sections 7, 10 and 12.
"""

from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE
from novation.protocol.markets import UnderlyingState
from novation.protocol.parameters import Underlying


def clamp(value: int, limit: int) -> int:
    """Return the value of `-limit..limit` that is nearest."""
    return max(-limit, min(value, limit))


def premium_limit_x16(index_price_x16: int, terms: Underlying) -> int:
    """Return how far the mark may be from the index: half the maintenance margin, rounded down."""
    return index_price_x16 * terms.maintenance_margin_ppm // (2 * PPM_ONE)


def mark_price_x16(prices: UnderlyingState, terms: Underlying) -> int:
    """Return the mark price of an underlying's perpetual, 0 before the first index price."""
    limit_x16 = premium_limit_x16(prices.index_price_x16, terms)
    return prices.index_price_x16 + clamp(prices.premium_x16, limit_x16)


def position_worth_x16(size_lots: int, prices: UnderlyingState, terms: Underlying) -> int:
    """Return what a position adds to equity: its value at the mark, less what it has paid.

    What a lot had paid before somebody bought it was in its price: see `matching`.
    """
    value_x16 = size_lots * mark_price_x16(prices, terms) * terms.multiplier
    return value_x16 - prices.paid_quanta(size_lots) * PRICE_X16_ONE


def unsettled_gain_x16(size_lots: int, prices: UnderlyingState, terms: Underlying) -> int:
    """Return what a position may still be charged of what it gained since the reference mark.

    Less what it was charged since, and not below 0: see `rules/pools`, which charges no more.
    """
    rise_x16 = (mark_price_x16(prices, terms) - prices.ref_x16) * terms.multiplier
    if size_lots > 0:
        gain_x16 = rise_x16 - prices.long_charged_quanta * PRICE_X16_ONE
    else:
        gain_x16 = -rise_x16 - prices.short_charged_quanta * PRICE_X16_ONE
    return abs(size_lots) * max(0, gain_x16)


def initial_margin_ppm(prices: UnderlyingState, terms: Underlying) -> int:
    """Return the initial margin of now: the terms', and what the open interest adds."""
    return terms.initial_margin_ppm + prices.added_margin_ppm


def opening_margin_ppm(prices: UnderlyingState, terms: Underlying) -> int:
    """Return the initial margin of new risk: with what forecast volatility adds."""
    return initial_margin_ppm(prices, terms) + prices.forecast_margin_ppm
