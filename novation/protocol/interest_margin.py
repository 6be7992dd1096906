"""The initial margin rises with the open interest of a market.

docs/spec/protocol.md, section 10. The more is held, the more has to be sold to somebody when it
fails. Maintenance margin does not rise: nobody is liquidated because others hold more.
"""

from novation.protocol.constants import (
    MARGIN_STEP_PPM,
    PRICE_X16_ONE,
    QUANTA_PER_KUSD,
    RATE_BOUND,
)
from novation.protocol.mark import clamp, mark_price_x16
from novation.protocol.markets import UnderlyingState
from novation.protocol.numeric import div_floor
from novation.protocol.parameters import Underlying


def wanted_margin_ppm(open_interest_lots: int, mark_x16: int, terms: Underlying) -> int:
    """Return how far above the terms' an open interest asks the initial margin to be.

    Not at all up to the lower amount, and all there is from the upper one on.
    """
    lower_kusd, upper_kusd = terms.interest_lower_kusd, terms.interest_upper_kusd
    if lower_kusd == upper_kusd:
        return 0
    kusd_x16 = QUANTA_PER_KUSD * PRICE_X16_ONE
    span_x16 = (upper_kusd - lower_kusd) * kusd_x16
    value_x16 = open_interest_lots * mark_x16 * terms.multiplier
    above_x16 = min(max(value_x16 - lower_kusd * kusd_x16, 0), span_x16)
    return div_floor(above_x16 * (RATE_BOUND - 1 - terms.initial_margin_ppm), span_x16)


def followed_margin_ppm(prices: UnderlyingState, open_interest_lots: int, terms: Underlying) -> int:
    """Return `added_margin_ppm` a minute later: one step nearer to what is wanted.

    Who opens and closes positions around a minute's end moves others' margin by one step at most.
    """
    wanted_ppm = wanted_margin_ppm(open_interest_lots, mark_price_x16(prices, terms), terms)
    return prices.added_margin_ppm + clamp(wanted_ppm - prices.added_margin_ppm, MARGIN_STEP_PPM)
