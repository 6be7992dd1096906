"""The markets of the devnet, and prices in human units and in those of the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from novation import display
from novation.protocol.constants import PRICE_X16_ONE
from novation.protocol.parameters import Underlying


@dataclass(frozen=True, slots=True)
class MarketSetup:
    """The underlying of a perpetual that exists from the start, and where its price starts."""

    terms: Underlying
    start_price: str

    @property
    def symbol(self) -> str:
        """The market's name."""
        return self.terms.symbol

    @property
    def tick_size(self) -> str:
        """A tick in USD, a decimal string."""
        return display.plain(display.tick_size(self.terms))

    @property
    def lot_size(self) -> str:
        """A lot in the base asset, a decimal string."""
        return display.plain(display.lot_size(self.terms))

    def price_x16(self, price: str | Fraction) -> int:
        """Return a USD price in the protocol's unit."""
        return price_x16(self.terms, price)


def price_x16(terms: Underlying, price: str | Fraction) -> int:
    """Return a USD price in ticks with 16 fraction bits; the rest of a bit is cut off."""
    scaled = Fraction(price) / Fraction(display.tick_size(terms)) * PRICE_X16_ONE
    return scaled.numerator // scaled.denominator


def perpetual_terms(symbol: str, multiplier: int, tick_decimals: int) -> Underlying:
    """Return the terms that markets of the devnet have."""
    return Underlying(
        symbol=symbol,
        multiplier=multiplier,
        initial_margin_ppm=50_000,
        maintenance_margin_ppm=30_000,
        maker_fee_ppm=200,
        taker_fee_ppm=500,
        price_band_ppm=50_000,
        min_order_usd=100,
        tick_decimals=tick_decimals,
    )


# What the demo adds while it runs, in lots of 0.001 SOL.
LISTED_LATER: Final = MarketSetup(perpetual_terms("SOL-USD", multiplier=10, tick_decimals=2), "180")
# Lots of 0.0001 BTC and 0.001 ETH.
MARKETS: Final = (
    MarketSetup(perpetual_terms("BTC-USD", multiplier=10, tick_decimals=1), "95000"),
    MarketSetup(perpetual_terms("ETH-USD", multiplier=10, tick_decimals=2), "3400"),
)
