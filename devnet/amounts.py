"""Amounts as people write them: USD with at most six decimals."""

from decimal import Decimal

from devnet.errors import UserError
from novation.client.errors import InvalidInputError
from novation.client.units import Asset, from_quanta, to_quanta
from novation.protocol.constants import AMOUNT_BOUND


def quanta_from_usd(amount: str | Decimal) -> int:
    """Return an amount in quanta.

    Raises:
        UserError: if it is no number, not a multiple of a quantum, or out of range.
    """
    try:
        quanta = to_quanta("amount", amount)
    except InvalidInputError as error:
        raise UserError(str(error)) from error
    if not 0 < quanta < AMOUNT_BOUND:
        limit = usd_from_quanta(AMOUNT_BOUND)
        raise UserError(f"amount: {amount} USD is not between 0 and {limit} USD (exclusive)")
    return quanta


def quanta_of(asset: Asset, amount: str) -> int:
    """Return an amount of an asset in quanta; UserError as `quanta_from_usd`."""
    try:
        quanta = asset.quanta(amount)
    except InvalidInputError as error:
        raise UserError(str(error)) from error
    if not 0 < quanta < AMOUNT_BOUND:
        limit = f"{asset.amount(AMOUNT_BOUND)} {asset.symbol}"
        raise UserError(f"amount: {amount} {asset.symbol} is not between 0 and {limit} (exclusive)")
    return quanta


def usd_from_quanta(quanta: int) -> Decimal:
    """Return an amount in USD, exactly."""
    return from_quanta(quanta)
