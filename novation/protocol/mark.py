"""The mark price of a perpetual: the index and what the market has paid above it, within a limit.

docs/spec/protocol.md, section 10.
"""

from novation.protocol.constants import PPM_ONE
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
