"""What positions pay and get: funding, and what pools of failed accounts pass on."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from novation.protocol.orders import Side


@dataclass(frozen=True, slots=True)
class MarketFunding:
    """An hour is over: each lot held long has paid `quanta_per_lot` (10^-6 USD) to those short.

    `rate` is the part of the index that the hour costs, and `funding_quanta_per_lot` what a lot
    held long has paid in all. `sequence` is 0 if none has ever paid.
    """

    symbol: str
    sequence: int
    time_ms: int
    quanta_per_lot: int
    funding_quanta_per_lot: int
    index_price: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class PoolShare:
    """A pool passed on what it is worth: each lot of a side got so much (10^-6 USD), or paid it.

    A pool has the positions of accounts that failed. What could not be charged to anybody is
    `recorded`, in USD, as missing.
    """

    symbol: str
    sequence: int
    time_ms: int
    side: Side
    quanta_per_lot: int
    size: Decimal
    recorded: Decimal


@dataclass(frozen=True, slots=True)
class Unwinding:
    """A part of what a market's pool has, or the insurance fund there, was traded with the book.

    No fill was worse than `limit_price`: the mark or the index, whichever is better for who traded.
    `left` is what is left, negative when short; `income`, in USD, what a pool that has no lots any
    more left to the fund.
    """

    symbol: str
    sequence: int
    time_ms: int
    order_id: int
    is_pool: bool
    mark_price: Decimal
    index_price: Decimal
    limit_price: Decimal
    size: Decimal
    traded: Decimal
    left: Decimal
    income: Decimal


class PaymentKind(Enum):
    """What a position has paid or got something for."""

    FUNDING = "funding"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """What a position has got, in USD: negative if it has paid. For an hour, or from a pool."""

    symbol: str
    sequence: int
    time_ms: int
    kind: PaymentKind
    position: Decimal
    quanta_per_lot: int
    amount: Decimal
