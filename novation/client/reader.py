"""What anybody may ask: accounts, orders, books, batches, and streams of them."""

from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from novation.api.v1 import query_service_pb2
from novation.client import checks, conversion, funding_conversion, models
from novation.client.accounts import Wanted, found_ids, own_account_id
from novation.client.auction_models import Auctions, AuctionUpdate, BidUpdate
from novation.client.errors import InvalidInputError, UnknownAssetError, UnknownMarketError
from novation.client.exchange import Exchange
from novation.client.funding_models import FundingPayment, MarketFunding, PoolShare, Unwinding
from novation.client.margin import MarginView
from novation.client.paged_list import Page, PagedList
from novation.client.streams import (
    ResumingStream,
    account_stream,
    auction_stream,
    batch_stream,
    book_stream,
    funding_stream,
    liquidation_stream,
    market_stream,
    portfolio_stream,
    trade_stream,
)
from novation.client.transport import Transport
from novation.client.units import Market
from novation.crypto import FIELD_PRIME
from novation.protocol.orders import Side

T = TypeVar("T")

FELT_BYTES = 32


class Reader:
    """Queries and streams; those of an account are by default about the client's own."""

    def __init__(self, transport: Transport, account_id: int | None) -> None:
        """Ask through `transport` once it is connected."""
        self._transport = transport
        self._account_id = account_id
        self._exchange: Exchange | None = None

    @property
    def exchange(self) -> Exchange:
        """The exchange's configuration, and its parameters and markets as of the last look."""
        if self._exchange is None:
            raise InvalidInputError("the client is not connected; use `async with` or `connect`")
        return self._exchange

    @property
    def account_id(self) -> int:
        """The account that the client trades for."""
        if self._account_id is None:
            raise InvalidInputError("the client has no account; pass account_id or signer")
        return self._account_id

    async def markets(self) -> tuple[Market, ...]:
        """Return the listed markets with the terms of now: they may have changed."""
        await self.exchange.refresh(self._transport)
        return self.exchange.markets

    async def account(self, account_id: int | None = None) -> models.Account:
        """Return an account, by default the client's own."""
        request = query_service_pb2.GetAccountRequest(account_id=self._chosen(account_id))
        message = await self._transport.call(self._transport.queries.GetAccount, request)
        return await self._converted(lambda: conversion.account(message.account, self.exchange))

    async def margin(self, account_id: int | None = None) -> MarginView:
        """Return an account's margin as it is now, to ask what orders would do to it.

        The account is by default the client's own.
        """
        request = query_service_pb2.GetAccountRequest(account_id=self._chosen(account_id))
        queries = self._transport.queries
        status = await self._transport.call(queries.GetStatus, query_service_pb2.GetStatusRequest())
        prices = await self.exchange.refresh(self._transport)
        answer = await self._transport.call(queries.GetAccount, request)
        return MarginView(self.exchange, answer.account, prices, status.post_only_until_ms)

    async def find_accounts(
        self,
        public_key: int | None = None,
        *,
        l1_address: str | None = None,
        is_first_key: bool = False,
    ) -> tuple[int, ...]:
        """Return the ids of the accounts that a key may sign for, of an L1 address, or of both.

        Anybody may add anybody's key to his account; `is_first_key` leaves those that a deposit
        opened for it. To the accounts of an L1 address only its own deposits add one.
        """
        wanted = Wanted(public_key, l1_address, is_first_key)
        return tuple([account_id async for account_id in found_ids(self._transport, wanted)])

    async def order(self, order_id: int) -> models.Order:
        """Return an order, open or closed; NotFoundError if there was never one."""
        request = query_service_pb2.GetOrderRequest(order_id=checks.order_id(order_id))
        message = await self._transport.call(self._transport.queries.GetOrder, request)
        return await self._converted(lambda: conversion.order(message.order, self.exchange))

    async def order_by_message(self, message_hash: int) -> models.Order:
        """Return the order that a signed message placed; NotFoundError if it never arrived."""
        request = query_service_pb2.GetOrderRequest(
            message_hash=checks.integer("message_hash", message_hash, 0, FIELD_PRIME).to_bytes(
                FELT_BYTES, "big"
            )
        )
        message = await self._transport.call(self._transport.queries.GetOrder, request)
        return await self._converted(lambda: conversion.order(message.order, self.exchange))

    async def open_orders(self, account_id: int | None = None) -> tuple[models.Order, ...]:
        """Return the resting orders of an account, oldest first."""
        request = query_service_pb2.ListOpenOrdersRequest(account_id=self._chosen(account_id))
        message = await self._transport.call(self._transport.queries.ListOpenOrders, request)
        return await self._converted(
            lambda: tuple(conversion.order(order, self.exchange) for order in message.orders)
        )

    def orders(
        self,
        account_id: int | None = None,
        *,
        market: str | int | None = None,
        open_only: bool = False,
        page_size: int = 0,
    ) -> PagedList[models.Order]:
        """Return the orders of an account, open or closed, newest first.

        Args:
            account_id: by default the client's own.
            market: only those of a market, by symbol or id.
            open_only: only those that rest.
            page_size: how many to ask for at a time; 0 for as many as the server gives.
        """
        request = query_service_pb2.ListOrdersRequest(
            account_id=self._chosen(account_id),
            open_only=checks.flag("open_only", open_only),
            page_size=_page_size(page_size),
        )

        async def ask(token: bytes) -> Page[models.Order]:
            await self._set_market(request, market)
            request.page_token = token
            answer = await self._transport.call(self._transport.queries.ListOrders, request)
            items = await self._converted(
                lambda: [conversion.order(order, self.exchange) for order in answer.orders]
            )
            return Page(items, answer.next_page_token)

        return PagedList(ask)

    def fills(
        self,
        account_id: int | None = None,
        *,
        market: str | int | None = None,
        page_size: int = 0,
    ) -> PagedList[models.AccountFill]:
        """Return the matches of an account, newest first; see `orders`.

        Old ones are no longer kept: `first_sequence` of the list tells.
        """
        request = query_service_pb2.ListFillsRequest(
            account_id=self._chosen(account_id), page_size=_page_size(page_size)
        )

        async def ask(token: bytes) -> Page[models.AccountFill]:
            await self._set_market(request, market)
            request.page_token = token
            answer = await self._transport.call(self._transport.queries.ListFills, request)
            items = await self._converted(
                lambda: [conversion.account_fill(item, self.exchange) for item in answer.fills]
            )
            return Page(items, answer.next_page_token, answer.first_sequence)

        return PagedList(ask)

    def trades(self, market: str | int, *, page_size: int = 0) -> PagedList[models.Trade]:
        """Return the public trades of a market, newest first; see `fills`."""
        request = query_service_pb2.ListTradesRequest(page_size=_page_size(page_size))

        async def ask(token: bytes) -> Page[models.Trade]:
            found = await self.exchange.find_market(self._transport, market)
            request.market_id, request.page_token = found.market_id, token
            answer = await self._transport.call(self._transport.queries.ListTrades, request)
            items = [conversion.trade(trade, self.exchange) for trade in answer.trades]
            return Page(items, answer.next_page_token, answer.first_sequence)

        return PagedList(ask)

    def transfers(
        self, account_id: int | None = None, *, page_size: int = 0
    ) -> PagedList[models.Transfer]:
        """Return the deposits and withdrawals of an account, newest first; see `orders`."""
        request = query_service_pb2.ListTransfersRequest(
            account_id=self._chosen(account_id), page_size=_page_size(page_size)
        )

        async def ask(token: bytes) -> Page[models.Transfer]:
            request.page_token = token
            answer = await self._transport.call(self._transport.queries.ListTransfers, request)
            items = await self._converted(
                lambda: [conversion.transfer(item, self.exchange) for item in answer.transfers]
            )
            return Page(items, answer.next_page_token)

        return PagedList(ask)

    def funding(
        self,
        account_id: int | None = None,
        *,
        market: str | int | None = None,
        page_size: int = 0,
    ) -> PagedList[FundingPayment]:
        """Return what an account has paid and got for its positions, newest first; see `orders`."""
        request = query_service_pb2.ListFundingRequest(
            account_id=self._chosen(account_id), page_size=_page_size(page_size)
        )

        async def ask(token: bytes) -> Page[FundingPayment]:
            await self._set_market(request, market)
            request.page_token = token
            answer = await self._transport.call(self._transport.queries.ListFunding, request)
            items = await self._converted(
                lambda: [
                    funding_conversion.funding_payment(i, self.exchange) for i in answer.payments
                ]
            )
            return Page(items, answer.next_page_token)

        return PagedList(ask)

    def market_funding(self, market: str | int, *, page_size: int = 0) -> PagedList[MarketFunding]:
        """Return what each lot of a market has paid, by hour, newest first; see `orders`."""
        request = query_service_pb2.ListMarketFundingRequest(page_size=_page_size(page_size))
        ask = self._transport.queries.ListMarketFunding
        convert = funding_conversion.market_funding
        return self._market_list(market, ask, request, lambda answer: answer.hours, convert)

    def pool_shares(
        self, market: str | int, side: Side, *, page_size: int = 0
    ) -> PagedList[PoolShare]:
        """Return what pools passed on to a side of a market, newest first; see `orders`."""
        request = query_service_pb2.ListPoolSharesRequest(
            side=conversion.SIDES[checks.choice("side", side, Side)],
            page_size=_page_size(page_size),
        )
        ask = self._transport.queries.ListPoolShares
        convert = funding_conversion.pool_share
        return self._market_list(market, ask, request, lambda answer: answer.shares, convert)

    def liquidations(
        self, market: str | int, *, page_size: int = 0
    ) -> PagedList[models.LiquidationUpdate]:
        """Return what the rules did to failing accounts in a market, newest first; see `orders`."""
        request = query_service_pb2.ListLiquidationsRequest(page_size=_page_size(page_size))
        ask = self._transport.queries.ListLiquidations
        convert = conversion.liquidation
        return self._market_list(market, ask, request, lambda answer: answer.liquidations, convert)

    def _market_list(
        self,
        market: str | int,
        method: Callable[..., Any],
        request: Any,  # noqa: ANN401 - one of several messages with `market_id` and `page_token`
        items: Callable[[Any], Sequence[Any]],
        convert: Callable[[Any, Exchange], T],
    ) -> PagedList[T]:
        """Return what a market's paged list has, `items` of each answer converted."""

        async def ask(token: bytes) -> Page[T]:
            found = await self.exchange.find_market(self._transport, market)
            request.market_id, request.page_token = found.market_id, token
            answer: Any = await self._transport.call(method, request)
            page = [convert(item, self.exchange) for item in items(answer)]
            return Page(page, answer.next_page_token)

        return PagedList(ask)

    async def auctions(self, limit: int = 0) -> Auctions:
        """Return accounts that are up for auction, the oldest auctions first; see `Client.bid`."""
        checks.integer("limit", limit, 0, checks.UINT32_BOUND)
        request = query_service_pb2.ListAuctionsRequest(page_size=limit)
        message = await self._transport.call(self._transport.queries.ListAuctions, request)
        return await self._converted(lambda: conversion.auctions(message, self.exchange))

    async def book(self, market: str | int, depth: int = 0) -> models.Book:
        """Return the book of a market; `depth` 0 asks for as many levels as the server gives."""
        checks.integer("depth", depth, 0, checks.UINT32_BOUND)
        market_id = (await self.exchange.find_market(self._transport, market)).market_id
        request = query_service_pb2.GetBookRequest(market_id=market_id, depth=depth)
        message = await self._transport.call(self._transport.queries.GetBook, request)
        return conversion.book(message, self.exchange)

    async def batch(self, batch_number: int) -> models.Batch:
        """Return a sealed batch; NotFoundError if it is not sealed yet."""
        checks.integer("batch_number", batch_number, 1, checks.SEQUENCE_BOUND)
        request = query_service_pb2.GetBatchRequest(batch_number=batch_number)
        message = await self._transport.call(self._transport.queries.GetBatch, request)
        return conversion.batch(message.batch)

    async def batches(self, page_size: int = 100) -> AsyncIterator[models.Batch]:
        """Yield all sealed batches, newest first."""
        before = 0
        checks.integer("page_size", page_size, 1, checks.UINT32_BOUND)
        while True:
            request = query_service_pb2.ListBatchesRequest(
                before_batch_number=before, limit=page_size
            )
            message = await self._transport.call(self._transport.queries.ListBatches, request)
            for item in message.batches:
                yield conversion.batch(item)
                before = item.batch_number
            if before <= 1 or not message.batches:
                return

    async def status(self) -> models.Status:
        """Return the node's counters."""
        request = query_service_pb2.GetStatusRequest()
        message = await self._transport.call(self._transport.queries.GetStatus, request)
        return await self._converted(lambda: conversion.status(message, self.exchange))

    async def prices(self, market: str | int) -> models.MarketPrices:
        """Return index, mark and funding of a market."""
        message = await self.exchange.refresh(self._transport)
        known = self.exchange.market(market)
        shown = next(m for m in message.markets if m.market_id == known.market_id)
        return await self._converted(lambda: conversion.prices(shown, known))

    async def mark_price(self, market: str | int) -> Decimal | None:
        """Return the mark price in USD, None while there is none."""
        message = await self.exchange.refresh(self._transport)
        known = self.exchange.market(market)
        marks_x16 = {shown.market_id: shown.mark_price_x16 for shown in message.markets}
        mark_price_x16 = marks_x16[known.market_id]
        return known.price_x16(mark_price_x16) if mark_price_x16 else None

    def stream_book(self, market: str | int) -> ResumingStream[models.Book]:
        """Return the book of a market after every change, for `async for`."""
        return book_stream(self._transport, self.exchange.market(market))

    def stream_account(
        self, account_id: int | None = None, after_sequence: int = 0
    ) -> ResumingStream[models.AccountUpdate]:
        """Return what happens to an account, for `async for`; starts with a snapshot."""
        chosen, after = self._chosen(account_id), checks.sequence(after_sequence)
        return account_stream(self._transport, self.exchange, chosen, after)

    def stream_market(
        self, market: str | int, *, interval_ms: int = 0
    ) -> ResumingStream[models.MarketState]:
        """Return prices, open interest and best orders whenever they change, for `async for`.

        `interval_ms`: at least so long lies between two of them; 0 is 100.
        """
        found = self.exchange.market(market)
        return market_stream(self._transport, found, _interval_ms(interval_ms))

    def stream_portfolio(
        self, account_id: int | None = None, *, interval_ms: int = 0
    ) -> ResumingStream[models.Portfolio]:
        """Return balance, positions and margin of an account whenever they change.

        `interval_ms`: see `stream_market`.
        """
        chosen, interval_ms = self._chosen(account_id), _interval_ms(interval_ms)
        return portfolio_stream(self._transport, self.exchange, chosen, interval_ms)

    def stream_trades(
        self, market: str | int, after_sequence: int = 0
    ) -> ResumingStream[models.Trade]:
        """Return the trades of a market, for `async for`."""
        market_id = self.exchange.market(market).market_id
        after = checks.sequence(after_sequence)
        return trade_stream(self._transport, self.exchange, market_id, after)

    def stream_liquidations(
        self, market: str | int, after_sequence: int = 0
    ) -> ResumingStream[models.LiquidationUpdate]:
        """Return what the rules do to failing accounts in a market, for `async for`."""
        market_id = self.exchange.market(market).market_id
        after = checks.sequence(after_sequence)
        return liquidation_stream(self._transport, self.exchange, market_id, after)

    def stream_auctions(self, after_sequence: int = 0) -> ResumingStream[AuctionUpdate | BidUpdate]:
        """Return auctions that begin and end, and bids, for `async for`."""
        return auction_stream(self._transport, self.exchange, checks.sequence(after_sequence))

    def stream_funding(
        self, market: str | int, after_sequence: int = 0
    ) -> ResumingStream[MarketFunding | PoolShare | Unwinding]:
        """Return what each lot of a market pays, for `async for`; starts with the last time.

        For an hour, to the other side, and to or from the pool that stands against its side.
        """
        market_id = self.exchange.market(market).market_id
        after = checks.sequence(after_sequence)
        return funding_stream(self._transport, self.exchange, market_id, after)

    def stream_batches(self, after_sequence: int = 0) -> ResumingStream[models.Batch]:
        """Return every change of a batch's state, for `async for`."""
        return batch_stream(self._transport, checks.sequence(after_sequence))

    async def find_account(self, public_key: int, *, l1_address: str | None = None) -> int:
        """Return the only account whose first key it is, among those of the L1 address if given.

        Raises:
            AccountChoiceError: there is none, or there are several; it names them.
        """
        return await own_account_id(self._transport, public_key, l1_address)

    async def _converted(self, convert: Callable[[], T]) -> T:
        """Convert an answer; look again if it is about a market that was listed meanwhile."""
        try:
            return convert()
        except (UnknownMarketError, UnknownAssetError):
            await self.exchange.refresh(self._transport)
        return convert()

    async def _set_market(
        self,
        request: query_service_pb2.ListOrdersRequest
        | query_service_pb2.ListFillsRequest
        | query_service_pb2.ListFundingRequest,
        market: str | int | None,
    ) -> None:
        """Let a request ask for one market, if one is given."""
        if market is not None:
            found = await self.exchange.find_market(self._transport, market)
            request.market_id = found.market_id

    def _chosen(self, account_id: int | None) -> int:
        return self.account_id if account_id is None else checks.account_id(account_id)


def _page_size(value: int) -> int:
    return checks.integer("page_size", value, 0, checks.UINT32_BOUND)


def _interval_ms(value: int) -> int:
    return checks.integer("interval_ms", value, 0, checks.UINT32_BOUND)
