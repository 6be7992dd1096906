"""Human sizes of an underlying's units: exact decimals, for whoever shows or reads prices."""

from decimal import Context, Decimal
from typing import Final

from novation.protocol.parameters import Underlying

_EXACT: Final = Context(prec=80)
# A quantum is 10^-6 USD.
_USD_DECIMALS: Final = 6


def tick_size(underlying: Underlying) -> Decimal:
    """Return what a tick is in USD."""
    return _EXACT.scaleb(Decimal(1), -underlying.tick_decimals)


def lot_size(underlying: Underlying) -> Decimal:
    """Return how much of the underlying a lot is: a tick times a lot is `multiplier` quanta."""
    scaled = _EXACT.scaleb(Decimal(underlying.multiplier), underlying.tick_decimals - _USD_DECIMALS)
    return _EXACT.normalize(scaled)


def plain(value: Decimal) -> str:
    """Return a decimal as digits, without an exponent."""
    return f"{value:f}"
