"""Limits of markets for random batches."""

import random

from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.state import State
from novation.protocol.transactions import ParameterKind, SetParameter


def new_limits(rng: random.Random, state: State) -> SetParameter:
    """Return other limits of an underlying, near what is held, or none."""
    index = rng.randrange(len(state.parameters.underlyings))
    held_lots = state.markets[index].open_interest_lots if index in state.markets else 0
    limits = Limits(
        interest_cap_lots=rng.choice((NO_LIMITS.interest_cap_lots, held_lots // 2, held_lots + 9)),
        position_limit_lots=rng.choice((NO_LIMITS.position_limit_lots, 20, 0)),
        gap_ppm=rng.choice((0, 0, 30_000, 400_000)),
        gap_budgets=rng.choice((0, 1, 255)),
    )
    return SetParameter(ParameterKind.LIMITS, index, limits.word())
