"""An exchange with more underlyings, and so more markets, than there may be now.

An account may have `MAX_POSITIONS` position slots, which `MAX_UNDERLYINGS` perpetuals cannot fill.
Here there is one market more than slots.
"""

from dataclasses import replace
from typing import Final

import pytest

from novation.protocol import markets, parameters
from novation.protocol.constants import MAX_POSITIONS
from novation.protocol.parameters import Parameters
from tests.support.builders import parameters as few
from tests.support.builders import underlying

N_MARKETS: Final = MAX_POSITIONS + 1


def allow_many_markets(patch: pytest.MonkeyPatch) -> None:
    """Let Python accept so many underlyings; an id takes the bits of an expiry slot, too."""
    patch.setattr(parameters, "MAX_UNDERLYINGS", N_MARKETS)
    wide = markets.UNDERLYING_ID_BITS + markets.EXPIRY_SLOT_BITS
    patch.setattr(markets, "UNDERLYING_ID_BITS", wide)
    patch.setattr(markets, "EXPIRY_SLOT_BITS", 0)


def many_underlyings() -> Parameters:
    """Return parameters with so many underlyings; `allow_many_markets` comes first."""
    underlyings = tuple(underlying(symbol=f"M{i}", multiplier=10 + i) for i in range(N_MARKETS))
    return replace(few(1), underlyings=underlyings)
