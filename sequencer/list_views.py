"""Pages of what an account and what a market has seen, newest first."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from novation.api.v1 import query_service_pb2, stream_service_pb2, types_pb2
from sequencer import keyspace
from sequencer.engine import Engine
from sequencer.feed import FeedMessage, entry_of, first_event_number
from sequencer.holdings import Payment
from sequencer.paging import NUMBER_BOUND, Page
from sequencer.views import BatchFinder, add_lifecycle, check_market, not_found, shown

if TYPE_CHECKING:
    from sequencer.record_lists import Item


def orders(
    engine: Engine, request: query_service_pb2.ListOrdersRequest, page: Page
) -> query_service_pb2.ListOrdersResponse:
    """Return orders of an account; NOT_FOUND if there is no such account or market."""
    history, account_id = engine.history, request.account_id
    market_ids = _markets(engine, request)
    newest: Iterator[Item]
    if request.open_only:
        market_id = request.market_id if request.HasField("market_id") else None
        open_ids = history.open_order_ids(account_id, market_id, page.before)
        newest = ((order_id, None) for order_id in open_ids)
    else:
        kind = keyspace.LISTED_ORDER
        newest = history.lists.newest_of_markets(kind, account_id, market_ids, page.before)
    items, token = page.take(newest)
    find, found = BatchFinder(engine), []
    for order_id, _ in items:
        record = history.order(order_id)
        assert record is not None, f"no record of order {order_id}"
        found.append(shown(engine, record, find.batch_of(record.sequence)))
    return query_service_pb2.ListOrdersResponse(orders=found, next_page_token=token)


def fills(
    engine: Engine, request: query_service_pb2.ListFillsRequest, page: Page
) -> query_service_pb2.ListFillsResponse:
    """Return matches of an account; NOT_FOUND if there is no such account or market."""
    lists, market_ids = engine.history.lists, _markets(engine, request)
    kind = keyspace.LISTED_FILL
    newest = lists.newest_of_markets(kind, request.account_id, market_ids, page.before)
    items, token = page.take(newest)
    return query_service_pb2.ListFillsResponse(
        fills=[_account_fill(number, event) for number, event in items],
        next_page_token=token,
        first_sequence=first_event_number(lists.oldest_trades),
    )


def trades(
    engine: Engine, request: query_service_pb2.ListTradesRequest, page: Page
) -> query_service_pb2.ListTradesResponse:
    """Return matches of a market; NOT_FOUND if there is no such market."""
    check_market(engine, request.market_id)
    lists = engine.history.lists
    prefix = keyspace.list_prefix(keyspace.LISTED_TRADE, request.market_id)
    items, token = page.take(lists.newest(prefix, page.before))
    return query_service_pb2.ListTradesResponse(
        trades=[_trade(event) for _, event in items],
        next_page_token=token,
        first_sequence=first_event_number(lists.oldest_trades),
    )


def transfers(
    engine: Engine, request: query_service_pb2.ListTransfersRequest, page: Page
) -> query_service_pb2.ListTransfersResponse:
    """Return deposits and withdrawals of an account; NOT_FOUND if there is no such account."""
    _check_account(engine, request.account_id)
    prefix = keyspace.list_prefix(keyspace.LISTED_TRANSFER, request.account_id)
    items, token = page.take(engine.history.lists.newest(prefix, page.before))
    find, found = BatchFinder(engine), []
    for number, event in items:
        transfer = _transfer(event)
        add_lifecycle(transfer, find.batch_of(entry_of(number)))
        found.append(transfer)
    return query_service_pb2.ListTransfersResponse(transfers=found, next_page_token=token)


def funding(
    engine: Engine, request: query_service_pb2.ListFundingRequest, page: Page
) -> query_service_pb2.ListFundingResponse:
    """Return what an account has paid and got; NOT_FOUND if there is no such account or market."""
    holdings, market_ids = engine.history.holdings, _markets(engine, request)
    newest = holdings.newest_payments(request.account_id, market_ids, page.before)
    items, token = page.take(newest)
    payments = [_payment(payment) for _, payment in items]
    return query_service_pb2.ListFundingResponse(payments=payments, next_page_token=token)


def market_funding(
    engine: Engine, request: query_service_pb2.ListMarketFundingRequest, page: Page
) -> query_service_pb2.ListMarketFundingResponse:
    """Return what each lot of a market has paid; NOT_FOUND if there is no such market."""
    check_market(engine, request.market_id)
    prefix = keyspace.list_prefix(keyspace.LISTED_FUNDING, request.market_id)
    items, token = page.take(engine.history.lists.newest(prefix, page.before))
    hours = [_paid(event).funding for _, event in items]
    return query_service_pb2.ListMarketFundingResponse(hours=hours, next_page_token=token)


def pool_shares(
    engine: Engine, request: query_service_pb2.ListPoolSharesRequest, page: Page
) -> query_service_pb2.ListPoolSharesResponse:
    """Return what pools passed on to a side; NOT_FOUND if there is no such market."""
    check_market(engine, request.market_id)
    prefix = keyspace.list_prefix(keyspace.LISTED_POOL_SHARE, request.market_id, request.side)
    items, token = page.take(engine.history.lists.newest(prefix, page.before))
    shares = [_paid(event).pool_share for _, event in items]
    return query_service_pb2.ListPoolSharesResponse(shares=shares, next_page_token=token)


def liquidations(
    engine: Engine, request: query_service_pb2.ListLiquidationsRequest, page: Page
) -> query_service_pb2.ListLiquidationsResponse:
    """Return the liquidations in a market; NOT_FOUND if there is no such market."""
    check_market(engine, request.market_id)
    prefix = keyspace.list_prefix(keyspace.LISTED_LIQUIDATION, request.market_id)
    items, token = page.take(engine.history.lists.newest(prefix, page.before))
    return query_service_pb2.ListLiquidationsResponse(
        liquidations=[_liquidation(event) for _, event in items], next_page_token=token
    )


def last_funding(engine: Engine, market_id: int) -> types_pb2.MarketFunding:
    """Return the last time that the lots of a market paid; one of number 0 if they never have."""
    prefix = keyspace.list_prefix(keyspace.LISTED_FUNDING, market_id)
    for _, event in engine.history.lists.newest(prefix, NUMBER_BOUND - 1):
        return _paid(event).funding
    return types_pb2.MarketFunding(market_id=market_id)


def _payment(payment: Payment) -> query_service_pb2.FundingPayment:
    kinds = query_service_pb2.FundingPayment
    if payment.paid.HasField("pool_share"):
        share, kind = payment.paid.pool_share, kinds.KIND_POOL
        # What a lot held long gets lowers what it has paid; it is the other way round with shorts.
        sign = -1 if share.side == types_pb2.SIDE_BUY else 1
        sequence, time_ms, each_quanta = share.sequence, share.time_ms, sign * share.quanta_per_lot
        market_id = share.market_id
    else:
        paid, kind = payment.paid.funding, kinds.KIND_FUNDING
        sequence, time_ms, each_quanta = paid.sequence, paid.time_ms, paid.quanta_per_lot
        market_id = paid.market_id
    return query_service_pb2.FundingPayment(
        sequence=sequence,
        time_ms=time_ms,
        market_id=market_id,
        position_lots=payment.size_lots,
        quanta_per_lot=each_quanta,
        amount_quanta=str(-payment.size_lots * each_quanta),
        kind=kind,
    )


def _paid(event: FeedMessage | None) -> stream_service_pb2.StreamFundingResponse:
    assert isinstance(event, stream_service_pb2.StreamFundingResponse)
    return event


def _liquidation(event: FeedMessage | None) -> query_service_pb2.MarketLiquidation:
    assert isinstance(event, stream_service_pb2.StreamLiquidationsResponse)
    return query_service_pb2.MarketLiquidation(
        sequence=event.sequence, time_ms=event.time_ms, liquidation=event.liquidation
    )


def _account_fill(trade_number: int, event: FeedMessage | None) -> query_service_pb2.AccountFill:
    assert isinstance(event, stream_service_pb2.StreamAccountResponse)
    return query_service_pb2.AccountFill(
        sequence=event.sequence,
        trade_sequence=trade_number,
        time_ms=event.time_ms,
        fill=event.fill,
    )


def _trade(event: FeedMessage | None) -> types_pb2.Trade:
    assert isinstance(event, stream_service_pb2.StreamTradesResponse)
    return event.trade


def _transfer(event: FeedMessage | None) -> query_service_pb2.Transfer:
    assert isinstance(event, stream_service_pb2.StreamAccountResponse)
    times = types_pb2.LifecycleTimes(matched_time_ms=event.time_ms)
    return query_service_pb2.Transfer(sequence=event.sequence, change=event.balance, times=times)


def _markets(
    engine: Engine,
    request: query_service_pb2.ListOrdersRequest
    | query_service_pb2.ListFillsRequest
    | query_service_pb2.ListFundingRequest,
) -> Iterable[int]:
    """Return the markets that an account's list is asked for: a few, as many as are listed."""
    _check_account(engine, request.account_id)
    if not request.HasField("market_id"):
        return engine.state.markets
    check_market(engine, request.market_id)
    return (request.market_id,)


def _check_account(engine: Engine, account_id: int) -> None:
    if engine.state.get_account(account_id) is None:
        raise not_found("account_id", account_id, len(engine.state.accounts) - 1)
