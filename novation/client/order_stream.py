"""Many orders on one connection: each gets its own answer, in the order sent."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import grpc
from typing_extensions import override

from novation.api.v1 import order_service_pb2
from novation.client import checks, models
from novation.client.auction_models import BidAck
from novation.client.errors import (
    ConnectionLostError,
    NovationError,
    RejectedError,
    from_rpc_error,
    rejected,
)
from novation.client.messages import (
    bid_message,
    cancel_all_message,
    cancel_message,
    cancel_timer_message,
    place_message,
    quotes_message,
    replace_message,
)
from novation.client.orders import MessageFactory, OrderRequest
from novation.client.quotes import QuotesRequest
from novation.client.transport import Transport
from novation.client.triggers import TriggerCalls
from novation.client.units import Market, Number
from novation.protocol.errors import ErrorCode
from novation.protocol.transactions import CancelOrder, PlaceOrder, ReplaceOrder

_Request = order_service_pb2.StreamOrdersRequest
_Response = order_service_pb2.StreamOrdersResponse


class OrderStream(TriggerCalls):
    """A bidirectional stream of commands. When it breaks, every open answer raises.

    Stops, take-profits and brackets are placed as by a `Client`, by the same methods.
    A message that got no answer may have been accepted: `Client.order_by_message` tells.
    """

    def __init__(self, transport: Transport, factory: MessageFactory) -> None:
        """Open the stream with `async with`."""
        self._transport = transport
        self._factory = factory
        self._ids = itertools.count(1)
        self._outgoing: asyncio.Queue[_Request | None] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[_Response]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._failure: NovationError | None = None

    async def __aenter__(self) -> Self:
        """Open the stream."""
        call = self._transport.orders.StreamOrders(self._requests())
        self._reader = asyncio.create_task(self._read(call))
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Say that no more commands come and wait for the last answers."""
        await self._outgoing.put(None)
        if self._reader is not None:
            await self._reader

    async def place_order(self, request: OrderRequest) -> models.OrderAck:
        """Place an order; see `Client.place_order`."""
        checks.instance("request", request, OrderRequest)
        exchange = self._factory.exchange
        await exchange.find_market(self._transport, request.market)
        return await self.send_order(self._factory.place_order(request))

    async def send_order(self, tx: PlaceOrder) -> models.OrderAck:
        """Send an order that is signed already; see `Client.submit_order`."""
        checks.instance("tx", tx, PlaceOrder)
        try:
            response = await self._send(_Request(place=place_message(tx)))
        except RejectedError as refusal:
            if refusal.code == ErrorCode.FEE_ABOVE_LIMIT:
                await self._factory.exchange.refresh(self._transport)
            raise
        return self._factory.order_ack(tx, response.placed)

    async def send_replacement(self, tx: ReplaceOrder) -> models.ReplaceAck:
        """Send a signed order in the place of another one; see `Client.submit_replacement`."""
        checks.instance("tx", tx, ReplaceOrder)
        response = await self._send(_Request(replace=replace_message(tx)))
        return self._factory.replace_ack(tx, response.replaced)

    async def mass_quote(self, request: QuotesRequest) -> models.QuotesAck:
        """Place quotes; see `Client.mass_quote`."""
        checks.instance("request", request, QuotesRequest)
        await self._factory.exchange.find_market(self._transport, request.market)
        tx = self._factory.mass_quote(request)
        response = await self._send(_Request(quote=quotes_message(tx)))
        return self._factory.quotes_ack(tx, response.quoted)

    async def cancel_order(
        self, order_id: int | None, market: Market, **name: int | None
    ) -> models.CancelAck:
        """Cancel an order of a market; see `Client.cancel_order`."""
        checks.instance("market", market, Market)
        tx: CancelOrder = self._factory.cancel_order(order_id, **name)
        response = await self._send(_Request(cancel=cancel_message(tx)))
        return self._factory.cancel_ack(tx, response.cancelled, market)

    async def cancel_all(self, market: str | int | None = None) -> models.CancelAllAck:
        """Cancel all orders; see `Client.cancel_all`."""
        if market is not None:
            await self._factory.exchange.find_market(self._transport, market)
        tx = self._factory.cancel_all(market)
        response = await self._send(_Request(cancel_all=cancel_all_message(tx)))
        return self._factory.cancel_all_ack(tx, response.all_cancelled)

    async def set_cancel_timer(self, time_ms: int | None) -> models.CancelTimerAck:
        """Let all orders die at a time; see `Client.set_cancel_timer`."""
        tx = self._factory.set_cancel_timer(time_ms)
        response = await self._send(_Request(set_cancel_timer=cancel_timer_message(tx)))
        return self._factory.cancel_timer_ack(tx, response.cancel_timer_set)

    async def bid(
        self,
        failing_account_id: int,
        *,
        min_discount: Number,
        max_notional: Number,
        share: Number = 1,
    ) -> BidAck:
        """Take a share of what a failing account holds; see `Client.bid`."""
        tx = self._factory.bid(failing_account_id, share, min_discount, max_notional)
        response = await self._send(_Request(bid=bid_message(tx)))
        return self._factory.bid_ack(tx, response.bid)

    @override
    def _signing(self) -> MessageFactory:
        return self._factory

    @override
    async def _place_trigger(
        self, message: order_service_pb2.PlaceTriggerRequest
    ) -> order_service_pb2.PlaceTriggerResponse:
        return (await self._send(_Request(place_trigger=message))).trigger_placed

    @override
    async def _place_bracket(
        self, message: order_service_pb2.PlaceBracketRequest
    ) -> order_service_pb2.PlaceBracketResponse:
        return (await self._send(_Request(place_bracket=message))).bracket_placed

    async def _send(self, request: _Request) -> _Response:
        if self._failure is not None:
            raise self._failure
        request.request_id = next(self._ids)
        answer = asyncio.get_running_loop().create_future()
        self._answers[request.request_id] = answer
        await self._outgoing.put(request)
        response: _Response = await answer
        if response.HasField("error"):
            raise rejected(response.error)
        return response

    async def _requests(self) -> AsyncIterator[_Request]:
        while (request := await self._outgoing.get()) is not None:
            yield request

    async def _read(self, call: AsyncIterator[_Response]) -> None:
        failure = ConnectionLostError("the stream is closed")
        try:
            async for response in call:
                answer = self._answers.pop(response.request_id, None)
                if answer is not None and not answer.done():
                    answer.set_result(response)
        except grpc.aio.AioRpcError as error:
            failure = ConnectionLostError(str(from_rpc_error(error)))
        self._failure = failure
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(failure)
        self._answers.clear()
