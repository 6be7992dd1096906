"""How much of a failing account's position is closed, down to which price, and what that costs.

docs/spec/protocol.md, section 10. At the *zero price* a fill leaves equity over maintenance
requirement as it was: below it the account would be worse off, and whoever backs it too. With
equity E, requirement Q, mark m and maintenance rate r it is `m * (1 - r E / Q)` for a long
position and `m * (1 + r E / Q)` for a short one.
"""

from novation.protocol.constants import LIQUIDATION_FEE_PPM, PPM_ONE, PRICE_X16_ONE
from novation.protocol.margin import Margin
from novation.protocol.numeric import div_ceil, div_floor
from novation.protocol.orders import Side
from novation.protocol.parameters import Underlying


def zero_price_ticks(margin: Margin, side: Side, mark_price_x16: int, terms: Underlying) -> int:
    """Return the worst price at which a failing account may trade, rounded in its favour.

    Args:
        margin: with `0 <= equity`, and a maintenance requirement above it.
        side: of the order that reduces the position.
        mark_price_x16: of the market.
        terms: of its underlying.
    """
    requirement = margin.maintenance_x16_ppm
    share = margin.equity_x16 * terms.maintenance_margin_ppm
    if side is Side.SELL:
        return div_ceil(mark_price_x16 * (requirement - share), requirement * PRICE_X16_ONE)
    return div_floor(mark_price_x16 * (requirement + share), requirement * PRICE_X16_ONE)


def restoring_lots(margin: Margin, size_lots: int, lot_initial_x16_ppm: int) -> int:
    """Return the least lots that, sold or bought at the mark, would bring back initial margin.

    At most the whole position; `margin` is that of the account without orders, and the last number
    what a lot requires.
    """
    lacking_x16_ppm = margin.initial_x16_ppm - margin.equity_x16 * PPM_ONE
    return min(div_ceil(lacking_x16_ppm, lot_initial_x16_ppm), abs(size_lots))


def liquidation_fee_quanta(before: Margin, after: Margin, notional_quanta: int) -> int:
    """Return what the insurance fund gets: a share of the notional, and no more than was gained.

    What is gained is how far equity is above what the zero price would have left.
    """
    requirement = before.maintenance_x16_ppm
    gained = after.equity_x16 * requirement - before.equity_x16 * after.maintenance_x16_ppm
    most_quanta = div_floor(notional_quanta * LIQUIDATION_FEE_PPM, PPM_ONE)
    return min(most_quanta, div_floor(gained, requirement * PRICE_X16_ONE))
