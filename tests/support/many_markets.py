"""An exchange with more markets than a configuration may have now.

An account may have `MAX_POSITIONS` position slots, which no exchange of `MAX_MARKETS` markets can
fill. Here there is one market more than slots.
"""

from dataclasses import replace
from typing import Final

import pytest

from novation.protocol import config
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MAX_POSITIONS
from novation.protocol.transactions import place_order
from tests.support.builders import exchange_config, market_config

N_MARKETS: Final = MAX_POSITIONS + 1


def allow_many_markets(patch: pytest.MonkeyPatch) -> None:
    """Let Python accept so many markets."""
    patch.setattr(config, "MAX_MARKETS", N_MARKETS)
    patch.setattr(place_order, "MAX_MARKETS", N_MARKETS)


def many_markets_config() -> ExchangeConfig:
    """Return a configuration of so many markets; `allow_many_markets` comes first."""
    markets = tuple(market_config(symbol=f"M{i}", multiplier=10 + i) for i in range(N_MARKETS))
    return replace(exchange_config(1), markets=markets)
