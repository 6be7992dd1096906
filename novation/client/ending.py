"""Markets that have ended: what becomes of positions there."""

from dataclasses import dataclass
from decimal import Decimal

from novation.api.v1 import stream_service_pb2
from novation.client.exchange import Exchange


@dataclass(frozen=True, slots=True)
class PositionSettled:
    """A position in a market that has ended became money, at `price` and without a fee."""

    sequence: int
    time_ms: int
    account_id: int
    symbol: str
    size: Decimal
    price: Decimal


def position_settled(
    message: stream_service_pb2.StreamAccountResponse, exchange: Exchange
) -> PositionSettled:
    """Return what became of a position in a market that has ended."""
    settled = message.settlement
    market = exchange.market(settled.market_id)
    return PositionSettled(
        sequence=message.sequence,
        time_ms=message.time_ms,
        account_id=settled.account_id,
        symbol=market.symbol,
        size=market.size(settled.size_lots),
        price=market.price(settled.price_ticks),
    )
