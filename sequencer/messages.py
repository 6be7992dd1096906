"""Values of the protocol as messages of the API. The API's messages are also the record format."""

from collections.abc import Iterable, Sequence
from typing import Final

from novation import display
from novation.api.v1 import order_service_pb2, stream_service_pb2, types_pb2
from novation.protocol.accounts import Account
from novation.protocol.constants import FUNDING_PERIOD_HOURS, LAST_TIME_MS, MAX_FEE_TIERS
from novation.protocol.events import (
    AuctionEnded,
    AuctionStarted,
    BidFilled,
    CancelReason,
    Event,
    FundingPaid,
    LegTaken,
    Liquidated,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderPlaced,
    PoolShared,
    TakenOver,
    TriggerPlaced,
    Unwound,
)
from novation.protocol.fee_tiers import (
    UNUSED_TIER,
    FeeSchedule,
    FeeTier,
    day_of,
    returned_quanta,
)
from novation.protocol.margin import Margin
from novation.protocol.markets import Market, UnderlyingState
from novation.protocol.numeric import div_floor
from novation.protocol.orders import Side, TimeInForce, TriggerDirection
from novation.protocol.parameters import Underlying
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    MassQuote,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    RemoveKey,
    ReplaceOrder,
    SetCancelTimer,
    Transaction,
    Transfer,
    Withdraw,
)
from novation.receipts import Receipt
from sequencer.book_view import NEVER_RESTED, LevelChange
from sequencer.l1 import L1Asset

FELT_BYTES: Final = 32
ADDRESS_BYTES: Final = 20
PPB_ONE: Final = 10**9

SIDES: Final = {Side.BUY: types_pb2.SIDE_BUY, Side.SELL: types_pb2.SIDE_SELL}
TIMES_IN_FORCE: Final = {
    TimeInForce.GTC: types_pb2.TIME_IN_FORCE_GTC,
    TimeInForce.IOC: types_pb2.TIME_IN_FORCE_IOC,
    TimeInForce.POST_ONLY: types_pb2.TIME_IN_FORCE_POST_ONLY,
    TimeInForce.FOK: types_pb2.TIME_IN_FORCE_FOK,
    TimeInForce.POST_ONLY_SLIDE: types_pb2.TIME_IN_FORCE_POST_ONLY_SLIDE,
}
TRIGGER_DIRECTIONS: Final = {
    TriggerDirection.FALL: types_pb2.TRIGGER_DIRECTION_FALL,
    TriggerDirection.RISE: types_pb2.TRIGGER_DIRECTION_RISE,
}
CANCEL_REASONS: Final = {
    CancelReason.USER: types_pb2.CANCEL_REASON_USER,
    CancelReason.EXPIRED: types_pb2.CANCEL_REASON_EXPIRED,
    CancelReason.SELF_TRADE: types_pb2.CANCEL_REASON_SELF_TRADE,
    CancelReason.SELF_TRADE_TAKING: types_pb2.CANCEL_REASON_SELF_TRADE,
    CancelReason.REDUCE_ONLY: types_pb2.CANCEL_REASON_REDUCE_ONLY,
    CancelReason.MARGIN: types_pb2.CANCEL_REASON_MARGIN,
    CancelReason.IMMEDIATE_OR_CANCEL: types_pb2.CANCEL_REASON_IOC,
    CancelReason.MAKER_LIMIT: types_pb2.CANCEL_REASON_MAKER_LIMIT,
    CancelReason.KILLED: types_pb2.CANCEL_REASON_KILLED,
    CancelReason.FEE: types_pb2.CANCEL_REASON_FEE,
    CancelReason.CANCEL_ALL: types_pb2.CANCEL_REASON_CANCEL_ALL,
    CancelReason.TIMER: types_pb2.CANCEL_REASON_TIMER,
    CancelReason.LIQUIDATION: types_pb2.CANCEL_REASON_LIQUIDATION,
    CancelReason.REPLACED: types_pb2.CANCEL_REASON_REPLACED,
    CancelReason.GUARD: types_pb2.CANCEL_REASON_GUARD,
    CancelReason.POSITION_CLOSED: types_pb2.CANCEL_REASON_POSITION_CLOSED,
}


def felt_bytes(felt: int) -> bytes:
    """Return a field element as the API carries it."""
    return felt.to_bytes(FELT_BYTES, "big")


def address_bytes(address: int) -> bytes:
    """Return an L1 address as the API carries it."""
    return address.to_bytes(ADDRESS_BYTES, "big")


def market_message(
    market_id: int, market: Market, terms: Underlying, mark_price_x16: int
) -> types_pb2.Market:
    """Return a listed market with its terms."""
    return types_pb2.Market(
        market_id=market_id,
        underlying_id=market.underlying_id,
        listed_time_ms=market.listed_ms,
        symbol=terms.symbol,
        tick_size=display.plain(display.tick_size(terms)),
        lot_size=display.plain(display.lot_size(terms)),
        multiplier=terms.multiplier,
        initial_margin_ppm=terms.initial_margin_ppm,
        maintenance_margin_ppm=terms.maintenance_margin_ppm,
        maker_fee_ppm=terms.maker_fee_ppm,
        taker_fee_ppm=terms.taker_fee_ppm,
        price_band_ppm=terms.price_band_ppm,
        min_order_usd=terms.min_order_usd,
        mark_price_x16=mark_price_x16,
        status=market.status or terms.modes,
        open_interest_lots=market.open_interest_lots,
        ends_time_ms=terms.ends_ms,
    )


def underlying_message(
    underlying_id: int, terms: Underlying, prices: UnderlyingState
) -> types_pb2.Underlying:
    """Return an underlying with its terms."""
    return types_pb2.Underlying(
        underlying_id=underlying_id,
        symbol=terms.symbol,
        tick_decimals=terms.tick_decimals,
        multiplier=terms.multiplier,
        initial_margin_ppm=terms.initial_margin_ppm,
        maintenance_margin_ppm=terms.maintenance_margin_ppm,
        maker_fee_ppm=terms.maker_fee_ppm,
        taker_fee_ppm=terms.taker_fee_ppm,
        price_band_ppm=terms.price_band_ppm,
        min_order_usd=terms.min_order_usd,
        interest_lower_kusd=terms.interest_lower_kusd,
        interest_upper_kusd=terms.interest_upper_kusd,
        margin_deviations=terms.margin_deviations,
        modes=terms.modes,
        interest_cap_lots=terms.limits.interest_cap_lots,
        position_limit_lots=terms.limits.position_limit_lots,
        least_lot_quanta=terms.limits.least_lot_quanta,
        gap_ppm=terms.limits.gap_ppm,
        gap_budgets=terms.limits.gap_budgets,
        ends_time_ms=terms.ends_ms,
        index_price_x16=prices.index_price_x16,
    )


def receipt_message(receipt: Receipt) -> types_pb2.Receipt:
    """Return a receipt as a message."""
    return types_pb2.Receipt(
        sequence=receipt.sequence,
        message_hash=felt_bytes(receipt.message_hash),
        time_ms=receipt.time_ms,
        result_code=receipt.result_code,
        order_id=receipt.order_id,
        signature=types_pb2.Signature(
            r=felt_bytes(receipt.signature_r), s=felt_bytes(receipt.signature_s)
        ),
    )


def acknowledgement(
    tx: Transaction, receipt: Receipt, events: Sequence[Event]
) -> order_service_pb2.StreamOrdersResponse:
    """Return the answer to a user's message; other transactions get an empty one."""
    signed = receipt_message(receipt)
    if isinstance(tx, PlaceOrder | MassQuote):
        return _placed(tx, signed, events)
    if isinstance(tx, CancelOrder | CancelAll):
        return _cancellation(tx, receipt, events)
    if isinstance(tx, Bid):
        fill = next(event for event in events if isinstance(event, BidFilled))
        answer = order_service_pb2.BidResponse(receipt=signed, fill=bid_message(fill))
        return order_service_pb2.StreamOrdersResponse(bid=answer)
    return _bare_answer(tx, signed)


def _placed(
    tx: PlaceOrder | MassQuote, signed: types_pb2.Receipt, events: Sequence[Event]
) -> order_service_pb2.StreamOrdersResponse:
    """Return the answer to who places orders."""
    if isinstance(tx, MassQuote):
        return order_service_pb2.StreamOrdersResponse(quoted=_quotes(signed, events))
    if isinstance(tx, ReplaceOrder):
        return order_service_pb2.StreamOrdersResponse(replaced=_replacement(signed, events))
    if isinstance(tx, PlaceTrigger):
        dormant = order_service_pb2.PlaceTriggerResponse(receipt=signed)
        return order_service_pb2.StreamOrdersResponse(trigger_placed=dormant)
    response = _order(signed, events)
    if isinstance(tx, PlaceBracket):
        exits = [event.order_id for event in events if isinstance(event, TriggerPlaced)] or [0, 0]
        bracket = order_service_pb2.PlaceBracketResponse(
            order=response, stop_order_id=exits[0], profit_order_id=exits[1]
        )
        return order_service_pb2.StreamOrdersResponse(bracket_placed=bracket)
    return order_service_pb2.StreamOrdersResponse(placed=response)


def _order(
    signed: types_pb2.Receipt, events: Sequence[Event]
) -> order_service_pb2.PlaceOrderResponse:
    """Return the answer to who places an order: what was filled of it, and what rests."""
    placed = next(event for event in events if isinstance(event, OrderPlaced))
    return order_service_pb2.PlaceOrderResponse(
        receipt=signed,
        fills=taker_fills(events),
        resting_lots=placed.resting_lots,
        price_ticks=placed.price_ticks,
        decremented_lots=placed.decremented_lots,
    )


def _replacement(
    signed: types_pb2.Receipt, events: Sequence[Event]
) -> order_service_pb2.ReplaceOrderResponse:
    """Return the answer to who replaces an order: what became of the new one, or of the old."""
    response = order_service_pb2.ReplaceOrderResponse(receipt=signed)
    for event in events:
        if isinstance(event, OrderCancelled) and event.reason is CancelReason.REPLACED:
            response.cancelled_order_id = event.order_id
            response.cancelled_lots = event.remaining_lots
        elif isinstance(event, OrderAmended):
            response.resting_lots = event.remaining_lots
            response.price_ticks = event.price_ticks
        elif isinstance(event, OrderPlaced):
            response.fills.extend(taker_fills(events))
            response.resting_lots = event.resting_lots
            response.price_ticks = event.price_ticks
            response.decremented_lots = event.decremented_lots
    return response


def _quotes(
    signed: types_pb2.Receipt, events: Sequence[Event]
) -> order_service_pb2.MassQuoteResponse:
    """Return the answer to who quotes: where each order rests, and how many have gone for them."""
    return order_service_pb2.MassQuoteResponse(
        receipt=signed,
        quotes=[
            order_service_pb2.PlacedQuote(order_id=event.order_id, price_ticks=event.price_ticks)
            for event in events
            if isinstance(event, OrderPlaced)
        ],
        n_cancelled_orders=_n_cancelled(events),
    )


def _bare_answer(
    tx: Transaction, signed: types_pb2.Receipt
) -> order_service_pb2.StreamOrdersResponse:
    """Return the answer to a message about which there is nothing to tell but its receipt."""
    api = order_service_pb2
    if isinstance(tx, SetCancelTimer):
        timer = api.SetCancelTimerResponse(receipt=signed)
        return api.StreamOrdersResponse(cancel_timer_set=timer)
    if isinstance(tx, Withdraw):
        return api.StreamOrdersResponse(withdrawn=api.WithdrawResponse(receipt=signed))
    if isinstance(tx, Transfer):
        return api.StreamOrdersResponse(transferred=api.TransferResponse(receipt=signed))
    if isinstance(tx, AddKey):
        return api.StreamOrdersResponse(key_added=api.AddKeyResponse(receipt=signed))
    if isinstance(tx, RemoveKey):
        return api.StreamOrdersResponse(key_removed=api.RemoveKeyResponse(receipt=signed))
    return api.StreamOrdersResponse()


def _cancellation(
    tx: CancelOrder | CancelAll, receipt: Receipt, events: Sequence[Event]
) -> order_service_pb2.StreamOrdersResponse:
    """Return the answer to who cancels one order or all; a timer may have been quicker."""
    signed = receipt_message(receipt)
    gone = [event for event in events if isinstance(event, OrderCancelled)]
    if isinstance(tx, CancelAll):
        all_cancelled = order_service_pb2.CancelAllResponse(
            receipt=signed, n_cancelled_orders=_n_cancelled(gone)
        )
        return order_service_pb2.StreamOrdersResponse(all_cancelled=all_cancelled)
    lots = sum(event.remaining_lots for event in gone if event.order_id == receipt.order_id)
    cancelled = order_service_pb2.CancelOrderResponse(receipt=signed, cancelled_lots=lots)
    return order_service_pb2.StreamOrdersResponse(cancelled=cancelled)


def _n_cancelled(events: Sequence[Event]) -> int:
    """Return how many orders an account has cancelled all at once; its timer had others."""
    return sum(
        isinstance(event, OrderCancelled) and event.reason is CancelReason.CANCEL_ALL
        for event in events
    )


def effective_size_lots(events: Iterable[Event], order_id: int) -> int:
    """Return the size that an incoming order had for others, by the events of its message.

    Reduce-only may have cut the signed one, and what met orders of the same trader is not counted.
    """
    size_lots = 0
    for event in events:
        if isinstance(event, OrderFilled):
            size_lots += event.size_lots if event.taker_order_id == order_id else 0
        elif isinstance(event, OrderPlaced | OrderCancelled) and event.order_id == order_id:
            if isinstance(event, OrderPlaced):
                size_lots += event.resting_lots
            elif event.reason in NEVER_RESTED:
                size_lots += event.remaining_lots
    return size_lots


def taker_fills(events: Sequence[Event]) -> list[types_pb2.Fill]:
    """Return the fills of an incoming order, with what was left of it after each."""
    taken = [event for event in events if isinstance(event, OrderFilled)]
    size_lots = effective_size_lots(events, taken[0].taker_order_id) if taken else 0
    fills = []
    for event in taken:
        size_lots -= event.size_lots
        fills.append(taker_fill(event, size_lots))
    return fills


def liquidation_message(event: Liquidated, fills: Iterable[OrderFilled]) -> types_pb2.Liquidation:
    """Return what the rules did to a failing account, with its fills."""
    return types_pb2.Liquidation(
        account_id=event.account_id,
        market_id=event.market_id,
        order_id=event.order_id,
        equity_x16=str(event.equity_x16),
        maintenance_x16_ppm=str(event.maintenance_x16_ppm),
        mark_price_x16=event.mark_price_x16,
        zero_price_ticks=event.zero_price_ticks,
        size_lots=event.size_lots,
        traded_lots=event.traded_lots,
        fee_quanta=event.fee_quanta,
        filled_ticks_lots=sum(fill.price_ticks * fill.size_lots for fill in fills),
    )


def funding_message(event: FundingPaid, number: int, time_ms: int) -> types_pb2.MarketFunding:
    """Return what each lot of a market has paid for an hour."""
    return types_pb2.MarketFunding(
        sequence=number,
        time_ms=time_ms,
        market_id=event.market_id,
        quanta_per_lot=event.quanta_per_lot,
        funding_quanta_per_lot=event.long_prefix,
        index_price_x16=event.index_price_x16,
        rate_ppb=hourly_rate_ppb(event.rate_x16, event.index_price_x16),
    )


def pool_share_message(event: PoolShared, number: int, time_ms: int) -> types_pb2.PoolShare:
    """Return what a pool passed on to each lot of a side."""
    return types_pb2.PoolShare(
        sequence=number,
        time_ms=time_ms,
        market_id=event.market_id,
        side=SIDES[event.side],
        quanta_per_lot=event.quanta_per_lot,
        size_lots=event.size_lots,
        recorded_quanta=event.recorded_quanta,
    )


def unwinding_message(event: Unwound, number: int, time_ms: int) -> types_pb2.Unwinding:
    """Return what was traded of the lots of a pool, or of the insurance fund."""
    return types_pb2.Unwinding(
        sequence=number,
        time_ms=time_ms,
        market_id=event.market_id,
        order_id=event.order_id,
        is_pool=event.is_pool,
        mark_price_x16=event.mark_price_x16,
        index_price_x16=event.index_price_x16,
        limit_price_ticks=event.limit_price_ticks,
        size_lots=event.size_lots,
        traded_lots=event.traded_lots,
        left_lots=event.left_lots,
        income_quanta=event.income_quanta,
    )


def hourly_rate_ppb(rate_x16: int, index_price_x16: int) -> int:
    """Return the part of the index that is paid in an hour, given what 8 hours would cost."""
    return div_floor(div_floor(rate_x16 * PPB_ONE, FUNDING_PERIOD_HOURS), index_price_x16)


def auction_message(event: AuctionStarted | AuctionEnded) -> types_pb2.Auction:
    """Return the start or the end of an auction, with what the account is worth then."""
    start_ms = event.auction_start_ms if isinstance(event, AuctionStarted) else 0
    return types_pb2.Auction(
        account_id=event.account_id,
        start_time_ms=start_ms,
        equity_x16=str(event.equity_x16),
        maintenance_x16_ppm=str(event.maintenance_x16_ppm),
    )


def take_over_message(event: TakenOver, legs: Iterable[LegTaken]) -> types_pb2.TakeOver:
    """Return who took the positions of a hopeless account, and who bears its debt."""
    return types_pb2.TakeOver(
        account_id=event.account_id,
        by_insurance=event.by_insurance,
        equity_x16=str(event.equity_x16),
        maintenance_x16_ppm=str(event.maintenance_x16_ppm),
        balance_quanta=event.balance_quanta,
        legs=[
            types_pb2.TakenLeg(
                market_id=leg.market_id,
                size_lots=leg.size_lots,
                mark_price_x16=leg.mark_price_x16,
                ref_price_x16=leg.ref_x16,
                loss_quanta=leg.loss_quanta,
                insured_quanta=leg.insured_quanta,
                charged_quanta=leg.charged_quanta,
            )
            for leg in legs
        ],
    )


def bid_message(event: BidFilled) -> types_pb2.BidFill:
    """Return what a bidder took of a failing account."""
    return types_pb2.BidFill(
        failing_account_id=event.failing_account_id,
        bidder_account_id=event.bidder_account_id,
        share_x16=event.share_x16,
        equity_x16=str(event.equity_x16),
        maintenance_x16_ppm=str(event.maintenance_x16_ppm),
        price_quanta=event.price_quanta,
        discount_quanta=event.discount_quanta,
        fee_quanta=event.fee_quanta,
        taken=[
            types_pb2.TakenLots(
                market_id=part.market_id, lots=part.lots, mark_price_x16=part.mark_price_x16
            )
            for part in event.taken
        ],
    )


def taker_fill(event: OrderFilled, remaining_lots: int) -> types_pb2.Fill:
    """Return a match as the taker sees it."""
    return types_pb2.Fill(
        order_id=event.taker_order_id,
        market_id=event.market_id,
        side=SIDES[event.taker_side],
        price_ticks=event.price_ticks,
        size_lots=event.size_lots,
        fee_quanta=event.taker_fee_quanta,
        is_maker=False,
        remaining_lots=remaining_lots,
    )


def maker_fill(event: OrderFilled) -> types_pb2.Fill:
    """Return a match as the maker sees it."""
    return types_pb2.Fill(
        order_id=event.maker_order_id,
        market_id=event.market_id,
        side=SIDES[event.taker_side.other],
        price_ticks=event.price_ticks,
        size_lots=event.size_lots,
        fee_quanta=event.maker_fee_quanta,
        is_maker=True,
        remaining_lots=event.maker_remaining_lots,
    )


def level_message(level: LevelChange) -> types_pb2.BookLevel:
    """Return a price level as a message."""
    return types_pb2.BookLevel(
        price_ticks=level.price_ticks, size_lots=level.size_lots, n_orders=level.n_orders
    )


def order_update(order: types_pb2.Order) -> stream_service_pb2.OrderUpdate:
    """Return the changing part of an order record."""
    return stream_service_pb2.OrderUpdate(
        order_id=order.order_id,
        market_id=order.market_id,
        status=order.status,
        cancel_reason=order.cancel_reason,
        filled_lots=order.filled_lots,
        remaining_lots=order.remaining_lots,
        label=order.label,
        decremented_lots=order.decremented_lots,
        triggered_order_id=order.triggered_order_id,
    )


def asset_message(asset: L1Asset) -> types_pb2.Asset:
    """Return an asset with its name."""
    return types_pb2.Asset(
        asset_id=asset.asset_id,
        symbol=asset.symbol,
        decimals=asset.decimals,
        token=address_bytes(asset.token),
        min_deposit_quanta=asset.min_deposit_quanta,
    )


def amount_messages(amounts_quanta: Sequence[int]) -> list[types_pb2.AssetAmount]:
    """Return the amounts of the assets besides USD that are not zero."""
    return [
        types_pb2.AssetAmount(asset_id=asset_id, amount_quanta=amount_quanta)
        for asset_id, amount_quanta in enumerate(amounts_quanta, 1)
        if amount_quanta
    ]


def position_messages(account: Account) -> list[types_pb2.Position]:
    """Return the positions of an account."""
    return [
        types_pb2.Position(
            market_id=position.market_id,
            size_lots=position.size_lots,
            open_buy_lots=position.open_buy_lots,
            open_sell_lots=position.open_sell_lots,
            n_orders=position.n_orders,
            guarded_lots=position.guarded_lots,
        )
        for position in account.positions
    ]


def fee_standing_message(
    account: Account, time_ms: int, schedule: FeeSchedule
) -> types_pb2.FeeStanding:
    """Return what an account has paid of fees as a message; the time is that of the last batch."""
    day = day_of(time_ms)
    counted_quanta = account.fees_paid.on(day).quanta
    number = schedule.tier_of(counted_quanta)
    batch_quanta = account.batch_fees_quanta
    message = types_pb2.FeeStanding(
        tier=number,
        returned_permille=schedule.tier(number).returned_permille,
        counted_quanta=str(counted_quanta),
        batch_quanta=str(batch_quanta),
        batch_returned_quanta=str(returned_quanta(account.fees_paid, batch_quanta, day, schedule)),
    )
    if number < MAX_FEE_TIERS and schedule.tiers[number] != UNUSED_TIER:
        missing_quanta = schedule.tiers[number].threshold_quanta - counted_quanta
        message.next_tier_quanta = str(missing_quanta)
    return message


def fee_tier_message(tier: FeeTier) -> types_pb2.FeeTier:
    """Return a tier of fees as a message."""
    return types_pb2.FeeTier(
        threshold_usd=tier.threshold_usd, returned_permille=tier.returned_permille
    )


def account_message(
    account_id: int, account: Account, margin: Margin | None, n_open_orders: int
) -> types_pb2.Account:
    """Return an account as a message; `margin` is None while a price is missing."""
    has_timer = account.cancel_all_at_ms != LAST_TIME_MS
    message = types_pb2.Account(
        account_id=account_id,
        l1_address=address_bytes(account.l1_address),
        keys=[
            types_pb2.AccountKey(
                public_key=felt_bytes(key.public_key),
                permissions=key.permissions,
                expiry_time_ms=key.expiry_ms,
                last_nonce=window.high,
                nonce_window=window.skipped,
            )
            for key, window in zip(account.keys, account.windows, strict=True)
        ],
        collateral_quanta=str(account.collateral_quanta),
        n_open_orders=n_open_orders,
        cancel_all_at_ms=account.cancel_all_at_ms if has_timer else 0,
        balances=amount_messages(account.holdings_quanta),
        positions=position_messages(account),
    )
    if margin is not None:
        message.has_margin = True
        message.equity_x16 = str(margin.equity_x16)
        message.unsettled_gain_x16 = str(margin.unsettled_x16)
        message.initial_margin_x16_ppm = str(margin.initial_x16_ppm)
        message.opening_margin_x16_ppm = str(margin.opening_x16_ppm)
        message.maintenance_margin_x16_ppm = str(margin.maintenance_x16_ppm)
    return message
