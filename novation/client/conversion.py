"""API messages as models."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from novation.api.v1 import query_service_pb2, stream_service_pb2, types_pb2
from novation.client import models
from novation.client.auction_models import (
    Auction,
    AuctionedPosition,
    Auctions,
    AuctionUpdate,
    BidFill,
    BidUpdate,
    TakenLeg,
    TakenPosition,
    TakeOverUpdate,
)
from novation.client.ending import position_settled
from novation.client.errors import ReceiptError
from novation.client.exchange import Exchange
from novation.client.fee_conversion import fee_standing
from novation.client.units import EXACT, QUANTUM, Market, from_quanta
from novation.protocol.constants import (
    MARKET_ACTIVE,
    PPM_ONE,
    PRICE_X16_ONE,
    SHARE_X16_ONE,
    USD_ASSET_ID,
)
from novation.protocol.orders import (
    SelfTradeMode,
    SelfTradeScope,
    Side,
    TimeInForce,
    TriggerDirection,
)
from novation.receipts import Receipt

SIDES: Final = {Side.BUY: types_pb2.SIDE_BUY, Side.SELL: types_pb2.SIDE_SELL}
TIMES_IN_FORCE: Final = {
    TimeInForce.GTC: types_pb2.TIME_IN_FORCE_GTC,
    TimeInForce.IOC: types_pb2.TIME_IN_FORCE_IOC,
    TimeInForce.POST_ONLY: types_pb2.TIME_IN_FORCE_POST_ONLY,
    TimeInForce.FOK: types_pb2.TIME_IN_FORCE_FOK,
    TimeInForce.POST_ONLY_SLIDE: types_pb2.TIME_IN_FORCE_POST_ONLY_SLIDE,
}
SELF_TRADE_MODES: Final = {
    SelfTradeMode.CANCEL_RESTING: types_pb2.SELF_TRADE_MODE_CANCEL_RESTING,
    SelfTradeMode.CANCEL_TAKING: types_pb2.SELF_TRADE_MODE_CANCEL_TAKING,
    SelfTradeMode.CANCEL_BOTH: types_pb2.SELF_TRADE_MODE_CANCEL_BOTH,
    SelfTradeMode.DECREMENT: types_pb2.SELF_TRADE_MODE_DECREMENT,
}
SELF_TRADE_SCOPES: Final = {
    SelfTradeScope.ACCOUNT: types_pb2.SELF_TRADE_SCOPE_ACCOUNT,
    SelfTradeScope.OWNER: types_pb2.SELF_TRADE_SCOPE_OWNER,
}
TRIGGER_DIRECTIONS: Final = {
    TriggerDirection.FALL: types_pb2.TRIGGER_DIRECTION_FALL,
    TriggerDirection.RISE: types_pb2.TRIGGER_DIRECTION_RISE,
}
_DIRECTION_OF: Final = {value: way for way, value in TRIGGER_DIRECTIONS.items()}
SIDE_OF: Final = {value: side for side, value in SIDES.items()}
_TIME_IN_FORCE_OF: Final = {value: force for force, value in TIMES_IN_FORCE.items()}
_STATUS_OF: Final = {
    types_pb2.ORDER_STATUS_RESTING: models.OrderStatus.RESTING,
    types_pb2.ORDER_STATUS_FILLED: models.OrderStatus.FILLED,
    types_pb2.ORDER_STATUS_CANCELLED: models.OrderStatus.CANCELLED,
    types_pb2.ORDER_STATUS_KILLED: models.OrderStatus.KILLED,
    types_pb2.ORDER_STATUS_DORMANT: models.OrderStatus.DORMANT,
    types_pb2.ORDER_STATUS_TRIGGERED: models.OrderStatus.TRIGGERED,
}
_LIFECYCLE_OF: Final = {
    types_pb2.LIFECYCLE_RECEIVED: models.Lifecycle.RECEIVED,
    types_pb2.LIFECYCLE_MATCHED: models.Lifecycle.MATCHED,
    types_pb2.LIFECYCLE_BATCHED: models.Lifecycle.BATCHED,
    types_pb2.LIFECYCLE_PROVEN: models.Lifecycle.PROVEN,
    types_pb2.LIFECYCLE_FINAL: models.Lifecycle.FINAL,
}
_BATCH_STATE_OF: Final = {
    types_pb2.BATCH_STATE_SEALED: models.BatchState.SEALED,
    types_pb2.BATCH_STATE_PROVEN: models.BatchState.PROVEN,
    types_pb2.BATCH_STATE_FINAL: models.BatchState.FINAL,
}


def receipt(message: types_pb2.Receipt) -> Receipt:
    """Return a receipt."""
    return Receipt(
        sequence=message.sequence,
        message_hash=integer(message.message_hash),
        time_ms=message.time_ms,
        result_code=message.result_code,
        order_id=message.order_id,
        signature_r=integer(message.signature.r),
        signature_s=integer(message.signature.s),
    )


def list_ack(
    market_id: int, symbol: str, message: types_pb2.Receipt, exchange: Exchange
) -> models.ListAck:
    """Return the checked answer to the listing of a market."""
    signed = receipt(message)
    key = exchange.sequencer_public_key
    if not signed.is_signed_by(exchange.config.config_hash, key):
        raise ReceiptError(f"receipt {signed.sequence} is not signed by sequencer {key:#x}")
    return models.ListAck(market_id, symbol, signed)


def prices(
    message: types_pb2.Market | stream_service_pb2.StreamMarketResponse, market: Market
) -> models.MarketPrices:
    """Return index, mark and funding of a market."""
    return models.MarketPrices(
        symbol=market.symbol,
        index_price=market.price_x16(message.index_price_x16),
        mark_price=market.price_x16(message.mark_price_x16),
        premium=market.price_x16(message.premium_x16),
        funding_rate=from_ppb(message.funding_rate_ppb),
        next_funding_time_ms=message.next_funding_time_ms,
        funding_quanta_per_lot=message.funding_quanta_per_lot,
        reference_price=market.price_x16(message.ref_price_x16),
        resolving_until_ms=message.resolving_until_ms,
        is_settled=message.is_settled,
        short_quanta_per_lot=message.short_quanta_per_lot,
        pool_size=market.size(message.pool_lots),
        added_margin=Decimal(message.added_margin_ppm) / PPM_ONE,
        forecast_margin=Decimal(message.forecast_margin_ppm) / PPM_ONE,
        is_silent=message.is_silent,
        interest_cap=market.size(message.interest_cap_lots),
    )


def fill(message: types_pb2.Fill, market: Market) -> models.Fill:
    """Return a fill."""
    return models.Fill(
        order_id=message.order_id,
        symbol=market.symbol,
        side=SIDE_OF[message.side],
        price=market.price(message.price_ticks),
        size=market.size(message.size_lots),
        fee=from_quanta(message.fee_quanta),
        is_maker=message.is_maker,
        remaining=market.size(message.remaining_lots),
    )


def order(message: types_pb2.Order, exchange: Exchange) -> models.Order:
    """Return an order."""
    market = exchange.market(message.market_id)
    times = message.times
    is_trigger = message.trigger_price_ticks != 0
    return models.Order(
        order_id=message.order_id,
        account_id=message.account_id,
        symbol=market.symbol,
        side=SIDE_OF[message.side],
        time_in_force=_TIME_IN_FORCE_OF[message.time_in_force],
        reduce_only=message.reduce_only,
        price=market.price(message.price_ticks),
        size=market.size(message.size_lots),
        filled=market.size(message.filled_lots),
        remaining=market.size(message.remaining_lots),
        average_price=_average_price(message.filled_ticks_lots, message.filled_lots, market),
        status=_STATUS_OF[message.status],
        cancel_reason=cancel_reason(message.cancel_reason),
        lifecycle=_LIFECYCLE_OF[message.lifecycle],
        batch_number=message.batch_number or None,
        expiry_time_ms=message.expiry_time_ms,
        received_time_ms=times.received_time_ms,
        matched_time_ms=times.matched_time_ms,
        batched_time_ms=times.batched_time_ms or None,
        proven_time_ms=times.proven_time_ms or None,
        final_time_ms=times.final_time_ms or None,
        message_hash=integer(message.message_hash),
        sequence=message.sequence,
        label=message.label,
        decremented=market.size(message.decremented_lots),
        is_liquidation=message.is_liquidation,
        quote_index=message.quote_index,
        trigger_price=market.price(message.trigger_price_ticks) if is_trigger else None,
        trigger_direction=_DIRECTION_OF.get(message.trigger_direction),
        triggered_order_id=message.triggered_order_id or None,
        dormant_order_id=message.dormant_order_id or None,
        ends_others=message.ends_others,
    )


def _account_key(slot: int, message: types_pb2.AccountKey) -> models.AccountKey:
    return models.AccountKey(
        slot=slot,
        public_key=integer(message.public_key),
        permissions=message.permissions,
        expiry_time_ms=message.expiry_time_ms,
        last_nonce=message.last_nonce,
        nonce_window=message.nonce_window,
    )


def account(message: types_pb2.Account, exchange: Exchange) -> models.Account:
    """Return an account."""
    equity = unsettled = initial = opening = maintenance = None
    if message.has_margin:
        equity = equity_usd(int(message.equity_x16))
        unsettled = gain_usd(int(message.unsettled_gain_x16))
        initial = requirement_usd(int(message.initial_margin_x16_ppm))
        opening = requirement_usd(int(message.opening_margin_x16_ppm))
        maintenance = requirement_usd(int(message.maintenance_margin_x16_ppm))
    return models.Account(
        account_id=message.account_id,
        l1_address="0x" + message.l1_address.hex(),
        keys=tuple(_account_key(slot, key) for slot, key in enumerate(message.keys)),
        collateral=from_quanta(int(message.collateral_quanta)),
        positions=tuple(_position(position, exchange) for position in message.positions),
        n_open_orders=message.n_open_orders,
        equity=equity,
        unsettled_gain=unsettled,
        initial_margin=initial,
        opening_margin=opening,
        maintenance_margin=maintenance,
        cancel_all_at_ms=message.cancel_all_at_ms or None,
        balances=(
            models.Balance(USD_ASSET_ID, "USD", from_quanta(int(message.collateral_quanta))),
            *balances(message.balances, exchange),
        ),
        fees=fee_standing(message.fees),
    )


def balances(
    amounts: Iterable[types_pb2.AssetAmount], exchange: Exchange
) -> tuple[models.Balance, ...]:
    """Return amounts of assets; UnknownAssetError as `Exchange.asset_of_balance`."""
    named = ((exchange.asset_of_balance(item.asset_id), item.amount_quanta) for item in amounts)
    return tuple(
        models.Balance(asset.asset_id, asset.symbol, asset.amount(quanta))
        for asset, quanta in named
    )


def book(message: query_service_pb2.GetBookResponse, exchange: Exchange) -> models.Book:
    """Return a book."""
    market = exchange.market(message.market_id)
    return models.Book(
        symbol=market.symbol,
        sequence=message.sequence,
        bids=tuple(level(item, market) for item in message.bids),
        asks=tuple(level(item, market) for item in message.asks),
    )


def level(message: types_pb2.BookLevel, market: Market) -> models.BookLevel:
    """Return a price level."""
    return models.BookLevel(
        market.price(message.price_ticks), market.size(message.size_lots), message.n_orders
    )


def market_state(
    message: stream_service_pb2.StreamMarketResponse, market: Market
) -> models.MarketState:
    """Return the state of a market."""
    return models.MarketState(
        symbol=market.symbol,
        sequence=message.sequence,
        time_ms=message.time_ms,
        oracle_time_ms=message.oracle_time_ms,
        prices=prices(message, market),
        open_interest=market.size(message.open_interest_lots),
        is_active=message.status == MARKET_ACTIVE,
        best_bid=level(message.best_bid, market) if message.HasField("best_bid") else None,
        best_ask=level(message.best_ask, market) if message.HasField("best_ask") else None,
    )


def trade(message: types_pb2.Trade, exchange: Exchange) -> models.Trade:
    """Return a trade."""
    market = exchange.market(message.market_id)
    return models.Trade(
        symbol=market.symbol,
        sequence=message.sequence,
        time_ms=message.time_ms,
        price=market.price(message.price_ticks),
        size=market.size(message.size_lots),
        taker_side=SIDE_OF[message.taker_side],
        maker_order_id=message.maker_order_id,
        taker_order_id=message.taker_order_id,
        maker_account_id=message.maker_account_id,
        taker_account_id=message.taker_account_id,
    )


def account_fill(message: query_service_pb2.AccountFill, exchange: Exchange) -> models.AccountFill:
    """Return an item of a list of fills."""
    return models.AccountFill(
        sequence=message.sequence,
        trade_sequence=message.trade_sequence,
        time_ms=message.time_ms,
        fill=fill(message.fill, exchange.market(message.fill.market_id)),
    )


def transfer(message: query_service_pb2.Transfer, exchange: Exchange) -> models.Transfer:
    """Return an item of a list of transfers."""
    asset = exchange.asset_of_balance(message.change.asset_id)
    times = message.times
    return models.Transfer(
        sequence=message.sequence,
        kind=_kind_of(message.change),
        amount=asset.amount(message.change.amount_quanta),
        asset=asset.symbol,
        lifecycle=_LIFECYCLE_OF[message.lifecycle],
        batch_number=message.batch_number or None,
        matched_time_ms=times.matched_time_ms,
        batched_time_ms=times.batched_time_ms or None,
        proven_time_ms=times.proven_time_ms or None,
        final_time_ms=times.final_time_ms or None,
        other_account_id=_other_account(message.change),
    )


def batch(message: types_pb2.Batch) -> models.Batch:
    """Return a batch."""
    transaction_hash = message.l1_transaction_hash
    return models.Batch(
        batch_number=message.batch_number,
        state=_BATCH_STATE_OF[message.state],
        old_root=integer(message.old_root),
        new_root=integer(message.new_root),
        first_sequence=message.first_sequence,
        last_sequence=message.last_sequence,
        n_transactions=message.n_transactions,
        cost_steps=message.cost_steps,
        sealed_time_ms=message.sealed_time_ms,
        proven_time_ms=message.proven_time_ms or None,
        final_time_ms=message.final_time_ms or None,
        l1_transaction_hash="0x" + transaction_hash.hex() if transaction_hash else None,
    )


def account_update(
    message: stream_service_pb2.StreamAccountResponse, exchange: Exchange
) -> models.AccountUpdate:
    """Return one event of an account stream."""
    kind = message.WhichOneof("event")
    if kind == "snapshot":
        return models.AccountSnapshot(message.sequence, account(message.snapshot, exchange))
    if kind == "fill":
        market = exchange.market(message.fill.market_id)
        return models.FillUpdate(message.sequence, fill(message.fill, market))
    if kind == "order":
        return _order_update(message.sequence, message.order, exchange)
    if kind in ("liquidation", "auction", "bid", "take_over"):
        return _of_failing(kind, message, exchange)
    if kind == "settlement":
        return position_settled(message, exchange)
    asset = exchange.asset_of_balance(message.balance.asset_id)
    return models.BalanceUpdate(
        sequence=message.sequence,
        kind=_kind_of(message.balance),
        amount=asset.amount(message.balance.amount_quanta),
        asset=asset.symbol,
        other_account_id=_other_account(message.balance),
    )


def _of_failing(
    kind: str, message: stream_service_pb2.StreamAccountResponse, exchange: Exchange
) -> models.AccountUpdate:
    """Return what became of a failing account."""
    if kind == "liquidation":
        return liquidation(message, exchange)
    if kind == "take_over":
        return _take_over(message.sequence, message.take_over, exchange)
    return auction_update(message, exchange)


def liquidation(
    event: stream_service_pb2.StreamAccountResponse
    | stream_service_pb2.StreamLiquidationsResponse
    | query_service_pb2.MarketLiquidation,
    exchange: Exchange,
) -> models.LiquidationUpdate:
    """Return what the rules did to a failing account."""
    message = event.liquidation
    market = exchange.market(message.market_id)
    return models.LiquidationUpdate(
        sequence=event.sequence,
        time_ms=event.time_ms,
        account_id=message.account_id,
        symbol=market.symbol,
        order_id=message.order_id,
        equity=equity_usd(int(message.equity_x16)),
        required=requirement_usd(int(message.maintenance_x16_ppm)),
        mark_price=market.price_x16(message.mark_price_x16),
        zero_price=market.price(message.zero_price_ticks),
        size=market.size(message.size_lots),
        traded=market.size(message.traded_lots),
        average_price=_average_price(message.filled_ticks_lots, message.traded_lots, market),
        fee=from_quanta(message.fee_quanta),
    )


def auction_update(
    message: stream_service_pb2.StreamAccountResponse | stream_service_pb2.StreamAuctionsResponse,
    exchange: Exchange,
) -> AuctionUpdate | BidUpdate:
    """Return what happened in an auction."""
    if message.WhichOneof("event") == "bid":
        return BidUpdate(message.sequence, bid_fill(message.bid, exchange))
    return AuctionUpdate(
        sequence=message.sequence,
        account_id=message.auction.account_id,
        start_time_ms=message.auction.start_time_ms or None,
        equity=equity_usd(int(message.auction.equity_x16)),
        required=requirement_usd(int(message.auction.maintenance_x16_ppm)),
    )


def _take_over(sequence: int, message: types_pb2.TakeOver, exchange: Exchange) -> TakeOverUpdate:
    legs = []
    for leg in message.legs:
        market = exchange.market(leg.market_id)
        legs.append(
            TakenLeg(
                symbol=market.symbol,
                size=market.size(leg.size_lots),
                mark_price=market.price_x16(leg.mark_price_x16),
                reference_price=market.price_x16(leg.ref_price_x16),
                loss=from_quanta(leg.loss_quanta),
                insured=from_quanta(leg.insured_quanta),
                charged=from_quanta(leg.charged_quanta),
            )
        )
    return TakeOverUpdate(
        sequence=sequence,
        account_id=message.account_id,
        by_insurance=message.by_insurance,
        equity=equity_usd(int(message.equity_x16)),
        required=requirement_usd(int(message.maintenance_x16_ppm)),
        balance=from_quanta(message.balance_quanta),
        legs=tuple(legs),
    )


def bid_fill(message: types_pb2.BidFill, exchange: Exchange) -> BidFill:
    """Return what a bid took."""
    taken = []
    for part in message.taken:
        market = exchange.market(part.market_id)
        mark_price = market.price_x16(part.mark_price_x16)
        taken.append(TakenPosition(market.symbol, market.size(part.lots), mark_price))
    return BidFill(
        failing_account_id=message.failing_account_id,
        bidder_account_id=message.bidder_account_id,
        share=Decimal(message.share_x16) / SHARE_X16_ONE,
        equity=equity_usd(int(message.equity_x16)),
        required=requirement_usd(int(message.maintenance_x16_ppm)),
        price=from_quanta(message.price_quanta),
        discount=from_quanta(message.discount_quanta),
        fee=from_quanta(message.fee_quanta),
        taken=tuple(taken),
    )


def auctions(message: query_service_pb2.ListAuctionsResponse, exchange: Exchange) -> Auctions:
    """Return the accounts that are up for auction."""
    listed = tuple(_listed_auction(item, exchange) for item in message.auctions)
    return Auctions(listed, message.n_auctions, message.sequence, message.time_ms)


def _listed_auction(message: query_service_pb2.ListedAuction, exchange: Exchange) -> Auction:
    markets = {item.market_id: exchange.market(item.market_id) for item in message.positions}
    return Auction(
        account_id=message.account_id,
        start_time_ms=message.start_time_ms,
        end_time_ms=message.end_time_ms,
        discount=Decimal(message.discount_ppm) / PPM_ONE,
        enough_share=Decimal(message.enough_share_x16) / SHARE_X16_ONE or None,
        equity=equity_usd(int(message.equity_x16)),
        initial_margin=requirement_usd(int(message.initial_x16_ppm)),
        maintenance_margin=requirement_usd(int(message.maintenance_x16_ppm)),
        positions=tuple(
            AuctionedPosition(markets[item.market_id].symbol, markets[item.market_id].size(lots))
            for item in message.positions
            if (lots := item.size_lots)
        ),
    )


def status(message: query_service_pb2.GetStatusResponse, exchange: Exchange) -> models.Status:
    """Return the node's counters."""
    return models.Status(
        last_sequence=message.last_sequence,
        last_batch_number=message.last_batch_number,
        proven_batch_number=message.proven_batch_number,
        final_batch_number=message.final_batch_number,
        state_root=integer(message.state_root),
        l1_queue_position=message.l1_queue_position,
        open_batch_transactions=message.open_batch_transactions,
        open_batch_cost_steps=message.open_batch_cost_steps,
        pending_commands=message.pending_commands,
        n_orders_accepted=message.n_orders_accepted,
        n_fills=message.n_fills,
        settlement_error=message.settlement_error,
        settlement_halted=message.settlement_halted,
        settlement_advice=message.settlement_advice,
        proof_error=message.proof_error,
        proof_halted=message.proof_halted,
        l1_queue_error=message.l1_queue_error,
        oracle_time_ms=message.oracle_time_ms,
        post_only_until_ms=message.post_only_until_ms,
        custody=from_quanta(message.custody_quanta),
        other_custody=balances(message.custody, exchange),
        recorded_deficit=from_quanta(message.recorded_deficit_quanta),
    )


def cancel_reason(value: "types_pb2.CancelReason") -> str | None:
    """Return why an order was cancelled, None if it was not."""
    if value == types_pb2.CANCEL_REASON_UNSPECIFIED:
        return None
    return types_pb2.CancelReason.Name(value).removeprefix("CANCEL_REASON_").lower()


def integer(data: bytes) -> int:
    """Return a field element."""
    return int.from_bytes(data, "big")


def _kind_of(change: stream_service_pb2.BalanceChange) -> str:
    name = stream_service_pb2.BalanceChange.Kind.Name(change.kind)
    return name.removeprefix("KIND_").lower()


def _other_account(change: stream_service_pb2.BalanceChange) -> int | None:
    """Return the other account of a transfer; account 0 may be one."""
    return change.other_account_id if _kind_of(change).startswith("transfer_") else None


def _order_update(
    sequence: int, message: stream_service_pb2.OrderUpdate, exchange: Exchange
) -> models.OrderUpdate:
    market = exchange.market(message.market_id)
    return models.OrderUpdate(
        sequence=sequence,
        order_id=message.order_id,
        symbol=market.symbol,
        status=_STATUS_OF[message.status],
        cancel_reason=cancel_reason(message.cancel_reason),
        filled=market.size(message.filled_lots),
        remaining=market.size(message.remaining_lots),
        label=message.label,
        decremented=market.size(message.decremented_lots),
    )


def _position(message: types_pb2.Position, exchange: Exchange) -> models.Position:
    market = exchange.market(message.market_id)
    return models.Position(
        symbol=market.symbol,
        size=market.size(message.size_lots),
        open_buy=market.size(message.open_buy_lots),
        open_sell=market.size(message.open_sell_lots),
        guarded=market.size(message.guarded_lots) if message.guarded_lots else None,
    )


def _average_price(filled_ticks_lots: int, filled_lots: int, market: Market) -> Decimal | None:
    if filled_lots == 0:
        return None
    total = EXACT.multiply(Decimal(filled_ticks_lots), market.tick_size)
    return EXACT.divide(total, Decimal(filled_lots))


def gain_usd(gain_x16: int) -> Decimal:
    """Return a gain in USD of which all may have to be given back, rounded up to a quantum."""
    return _usd(gain_x16, PRICE_X16_ONE, ROUND_CEILING)


def equity_usd(equity_x16: int) -> Decimal:
    """Return equity in USD, rounded down to a quantum."""
    return _usd(equity_x16, PRICE_X16_ONE, ROUND_FLOOR)


def requirement_usd(requirement_x16_ppm: int) -> Decimal:
    """Return a margin requirement in USD, rounded up to a quantum."""
    return _usd(requirement_x16_ppm, PRICE_X16_ONE * PPM_ONE, ROUND_CEILING)


def _usd(value: int, scale: int, rounding: str) -> Decimal:
    """Return value / scale quanta in USD, rounded to a whole quantum."""
    quanta = EXACT.divide(Decimal(value), Decimal(scale)).to_integral_value(rounding, EXACT)
    return EXACT.multiply(quanta, QUANTUM)


def from_ppb(rate_ppb: int) -> Decimal:
    """Return a rate in parts per billion as a number."""
    return EXACT.scaleb(Decimal(rate_ppb), Decimal(-9))
