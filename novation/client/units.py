"""Human units at the edge: exact decimals outside, integers inside, nothing rounded silently."""

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, InvalidOperation
from typing import Final

from novation import display
from novation.client.errors import InvalidInputError, OffGridError
from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE, SHARE_X16_ONE
from novation.protocol.orders import Side
from novation.protocol.parameters import Underlying

# Anything that holds an exact decimal number. A float does not.
Number = Decimal | int | str

QUANTUM: Final = Decimal("0.000001")
# Exact for every product of values within the protocol's bounds (2^99 quanta has 30 digits).
EXACT: Final = Context(prec=80)
# Far beyond every bound of the protocol, and harmless in every computation.
MAX_EXPONENT: Final = 40


def to_decimal(name: str, value: Number) -> Decimal:
    """Return an exact decimal.

    Raises:
        InvalidInputError: if it is a float, not a number, not finite, or of an absurd size.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise InvalidInputError(
            f"{name}: {value!r} is a {type(value).__name__}; wanted is an exact number: "
            "a Decimal, an int or a string"
        )
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidInputError(f"{name}: {value!r} is not a decimal number") from None
    if not number.is_finite():
        raise InvalidInputError(f"{name}: {value!r} is not finite")
    if number and abs(number.adjusted()) > MAX_EXPONENT:
        raise InvalidInputError(
            f"{name}: {value!r} is not from 1e-{MAX_EXPONENT} to 1e{MAX_EXPONENT}"
        )
    return number


def to_units(name: str, value: Number, unit_name: str, unit: Decimal) -> int:
    """Return how many units a value has.

    Raises:
        OffGridError: if it is not a whole number of them; the error names the neighbours.
    """
    number = to_decimal(name, value)
    units = EXACT.divide(number, unit)
    whole = units.to_integral_value(rounding=ROUND_HALF_EVEN, context=EXACT)
    if EXACT.multiply(whole, unit) != number:
        below = EXACT.multiply(units.to_integral_value(ROUND_DOWN, EXACT), unit)
        above = EXACT.multiply(units.to_integral_value(ROUND_UP, EXACT), unit)
        raise OffGridError(
            f"{name} {number} is not a multiple of the {unit_name} {unit}; "
            f"the nearest are {below} and {above}"
        )
    return int(whole)


def to_quanta(name: str, amount: Number) -> int:
    """Return an amount in USD as quanta."""
    return to_units(name, amount, "quantum", QUANTUM)


def to_ppm(name: str, part: Number) -> int:
    """Return a part as parts per million."""
    return to_units(name, part, "millionth", QUANTUM)


def to_share_x16(share: Number) -> int:
    """Return a share in parts of 2^16, rounded down.

    Raises:
        InvalidInputError: if there is nothing of it, or more than all.
    """
    number = to_decimal("share", share)
    parts = int(EXACT.multiply(number, Decimal(SHARE_X16_ONE)).to_integral_value(ROUND_DOWN, EXACT))
    if not 0 < parts <= SHARE_X16_ONE:
        raise InvalidInputError(f"share: {number} is not from 2^-16 to 1")
    return parts


def from_quanta(amount_quanta: int) -> Decimal:
    """Return quanta as an amount in USD."""
    return EXACT.multiply(Decimal(amount_quanta), QUANTUM)


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset by its id on L1, and the conversion of its amounts; a quantum is 10^-decimals."""

    asset_id: int
    symbol: str
    decimals: int

    @property
    def quantum(self) -> Decimal:
        """The least amount."""
        return Decimal(1).scaleb(-self.decimals)

    def quanta(self, amount: Number) -> int:
        """Return an amount in quanta; OffGridError if it lies between two of them."""
        return to_units("amount", amount, "quantum", self.quantum)

    def amount(self, quanta: int) -> Decimal:
        """Return quanta as an amount."""
        return EXACT.multiply(Decimal(quanta), self.quantum)


@dataclass(frozen=True, slots=True)
class Market:
    """A market's terms and the conversion between human units and the protocol's."""

    market_id: int
    terms: Underlying
    tick_size: Decimal = field(init=False)
    lot_size: Decimal = field(init=False)

    def __post_init__(self) -> None:
        """Derive the sizes."""
        object.__setattr__(self, "tick_size", display.tick_size(self.terms))
        object.__setattr__(self, "lot_size", display.lot_size(self.terms))

    @property
    def symbol(self) -> str:
        """The market's name, for instance BTC-USD."""
        return self.terms.symbol

    def ticks(self, price: Number) -> int:
        """Return a price in ticks; OffGridError if it lies between two of them."""
        return to_units("price", price, "tick", self.tick_size)

    def lots(self, size: Number) -> int:
        """Return a size in lots; OffGridError if it lies between two of them."""
        return to_units("size", size, "lot", self.lot_size)

    def price(self, ticks: int) -> Decimal:
        """Return a price in USD."""
        return EXACT.multiply(Decimal(ticks), self.tick_size)

    def price_x16(self, ticks_x16: int) -> Decimal:
        """Return an index or mark price in USD, exactly."""
        return EXACT.divide(EXACT.multiply(Decimal(ticks_x16), self.tick_size), PRICE_X16_ONE)

    def size(self, lots: int) -> Decimal:
        """Return a size in the base asset."""
        return EXACT.multiply(Decimal(lots), self.lot_size)

    def quantize_price(self, price: Number, rounding: str = ROUND_HALF_EVEN) -> Decimal:
        """Return the price on the grid that `rounding` (of the decimal module) leads to."""
        ticks = EXACT.divide(to_decimal("price", price), self.tick_size)
        return EXACT.multiply(ticks.to_integral_value(rounding, EXACT), self.tick_size)

    def worst_price(self, side: Side, price: Number, slippage_ppm: int) -> Decimal:
        """Return the price on the grid that is worse than `price` by `slippage_ppm` at most."""
        change = -slippage_ppm if side is Side.SELL else slippage_ppm
        number = EXACT.multiply(to_decimal("price", price), Decimal(PPM_ONE + change))
        rounding = ROUND_UP if side is Side.SELL else ROUND_DOWN
        return self.quantize_price(EXACT.divide(number, Decimal(PPM_ONE)), rounding)

    def quantize_size(self, size: Number) -> Decimal:
        """Return the largest size on the grid that is not greater."""
        lots = EXACT.divide(to_decimal("size", size), self.lot_size)
        return EXACT.multiply(lots.to_integral_value(ROUND_DOWN, EXACT), self.lot_size)
