"""Messages about funding, and about what pools pass on, as the client's models."""

from typing import Final

from novation.api.v1 import query_service_pb2, stream_service_pb2, types_pb2
from novation.client.conversion import SIDE_OF, from_ppb
from novation.client.exchange import Exchange
from novation.client.funding_models import (
    FundingPayment,
    MarketFunding,
    PaymentKind,
    PoolShare,
    Unwinding,
)
from novation.client.units import from_quanta

_PAYMENT_KIND_OF: Final = {
    query_service_pb2.FundingPayment.KIND_FUNDING: PaymentKind.FUNDING,
    query_service_pb2.FundingPayment.KIND_POOL: PaymentKind.POOL,
}


def market_funding(message: types_pb2.MarketFunding, exchange: Exchange) -> MarketFunding:
    """Return what each lot of a market has paid for an hour."""
    market = exchange.market(message.market_id)
    return MarketFunding(
        symbol=market.symbol,
        sequence=message.sequence,
        time_ms=message.time_ms,
        quanta_per_lot=message.quanta_per_lot,
        funding_quanta_per_lot=message.funding_quanta_per_lot,
        index_price=market.price_x16(message.index_price_x16),
        rate=from_ppb(message.rate_ppb),
    )


def funding_event(
    message: stream_service_pb2.StreamFundingResponse, exchange: Exchange
) -> MarketFunding | PoolShare | Unwinding:
    """Return one event of a market's funding stream."""
    if message.HasField("pool_share"):
        return pool_share(message.pool_share, exchange)
    if message.HasField("unwinding"):
        return unwinding(message.unwinding, exchange)
    return market_funding(message.funding, exchange)


def pool_share(message: types_pb2.PoolShare, exchange: Exchange) -> PoolShare:
    """Return what a pool passed on to a side."""
    market = exchange.market(message.market_id)
    return PoolShare(
        symbol=market.symbol,
        sequence=message.sequence,
        time_ms=message.time_ms,
        side=SIDE_OF[message.side],
        quanta_per_lot=message.quanta_per_lot,
        size=market.size(message.size_lots),
        recorded=from_quanta(message.recorded_quanta),
    )


def unwinding(message: types_pb2.Unwinding, exchange: Exchange) -> Unwinding:
    """Return what was traded of the lots of a pool, or of the insurance fund."""
    market = exchange.market(message.market_id)
    return Unwinding(
        symbol=market.symbol,
        sequence=message.sequence,
        time_ms=message.time_ms,
        order_id=message.order_id,
        is_pool=message.is_pool,
        mark_price=market.price_x16(message.mark_price_x16),
        index_price=market.price_x16(message.index_price_x16),
        limit_price=market.price(message.limit_price_ticks),
        size=market.size(message.size_lots),
        traded=market.size(message.traded_lots),
        left=market.size(message.left_lots),
        income=from_quanta(message.income_quanta),
    )


def funding_payment(
    message: query_service_pb2.FundingPayment, exchange: Exchange
) -> FundingPayment:
    """Return an item of a list of funding payments."""
    market = exchange.market(message.market_id)
    return FundingPayment(
        symbol=market.symbol,
        sequence=message.sequence,
        time_ms=message.time_ms,
        kind=_PAYMENT_KIND_OF[message.kind],
        position=market.size(message.position_lots),
        quanta_per_lot=message.quanta_per_lot,
        amount=from_quanta(int(message.amount_quanta)),
    )
