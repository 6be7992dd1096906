"""Insured open interest: a market is not larger than what insurance can pay for a gap in it.

docs/spec/protocol.md, section 17. Who holds both sides of a market earns what a gap takes from his
losing half beyond its margin; with this no more than so many budgets of the insurance fund.
"""

from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE
from novation.protocol.markets import UnderlyingState
from novation.protocol.numeric import div_floor
from novation.protocol.parameters import Underlying


def interest_cap_lots(prices: UnderlyingState, terms: Underlying) -> int:
    """Return what the open interest may be at most: the terms' cap, or what is insured if less.

    A lot loses by a gap, beyond its maintenance margin, a part of what it was worth at the last
    minute's mark. The budget is what insurance may still pay for the market today.
    """
    limits = terms.limits
    excess_ppm = max(limits.gap_ppm - terms.maintenance_margin_ppm, 0)
    loss_per_lot = prices.window_x16 * terms.multiplier * excess_ppm
    if loss_per_lot == 0:
        return limits.interest_cap_lots
    payable_quanta = limits.gap_budgets * prices.budget_quanta
    insured_lots = div_floor(payable_quanta * PRICE_X16_ONE * PPM_ONE, loss_per_lot)
    return min(limits.interest_cap_lots, insured_lots)
