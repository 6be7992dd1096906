"""The markets of the devnet, and prices in human units and in those of the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from novation.protocol.constants import PRICE_X16_ONE
from novation.protocol.parameters import Underlying

QUANTA_PER_USD: Final = 10**6


@dataclass(frozen=True, slots=True)
class MarketSetup:
    """A market, the human size of its units and where its price starts; decimal strings."""

    config: Underlying
    tick_size: str
    lot_size: str
    start_price: str

    def __post_init__(self) -> None:
        """Refuse units that do not give the multiplier, with a ValueError."""
        quanta = Fraction(self.tick_size) * Fraction(self.lot_size) * QUANTA_PER_USD
        if quanta != self.config.multiplier:
            raise ValueError(
                f"{self.config.symbol}: tick {self.tick_size} x lot {self.lot_size} is {quanta} "
                f"quanta, the multiplier is {self.config.multiplier}"
            )

    def price_x16(self, price: str | Fraction) -> int:
        """Return a USD price in ticks with 16 fraction bits; the rest of a bit is cut off."""
        scaled = Fraction(price) / Fraction(self.tick_size) * PRICE_X16_ONE
        return scaled.numerator // scaled.denominator


def _perpetual(symbol: str, tick_size: str, lot_size: str, start_price: str) -> MarketSetup:
    multiplier = Fraction(tick_size) * Fraction(lot_size) * QUANTA_PER_USD
    config = Underlying(
        symbol=symbol,
        multiplier=multiplier.numerator,
        initial_margin_ppm=50_000,
        maintenance_margin_ppm=30_000,
        maker_fee_ppm=200,
        taker_fee_ppm=500,
        price_band_ppm=50_000,
        tick_decimals=len(tick_size.partition(".")[2]),
    )
    return MarketSetup(config, tick_size, lot_size, start_price)


MARKETS: Final = (
    _perpetual("BTC-USD", tick_size="0.1", lot_size="0.0001", start_price="95000"),
    _perpetual("ETH-USD", tick_size="0.01", lot_size="0.001", start_price="3400"),
)
