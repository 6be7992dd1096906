"""Streams that survive lost connections: they resume after the last event that was seen.

A gap between two events is never passed on: the stream then starts again from a snapshot.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Generic, TypeVar

import grpc

from novation.api.v1 import query_service_pb2, stream_service_pb2, types_pb2
from novation.client import conversion, models
from novation.client.errors import ConnectionLostError, ResumeTooOldError, from_rpc_error
from novation.client.exchange import Exchange
from novation.client.transport import FIRST_RETRY_DELAY_S, Transport
from novation.client.units import Market

LONGEST_RETRY_DELAY_S = 5.0

Item = TypeVar("Item")
# Opens a call that sends the events behind a number.
Opener = Callable[[int], Awaitable[AsyncIterator[Any]]]


class ResumingStream(Generic[Item]):
    """Reconnects for ever; `after_sequence` is where a later run of the program can resume."""

    def __init__(
        self, open_call: Opener, convert: Callable[[Any], Item], after_sequence: int
    ) -> None:
        """Read messages from `open_call` and pass them on through `convert`."""
        self._open_call = open_call
        self._convert = convert
        self.after_sequence = after_sequence

    async def __aiter__(self) -> AsyncIterator[Item]:
        """Yield items until the caller stops, or until the server refuses the request."""
        delay_s = FIRST_RETRY_DELAY_S
        while True:
            try:
                async for message in await self._open_call(self.after_sequence):
                    delay_s = FIRST_RETRY_DELAY_S
                    if self.after_sequence not in (0, message.previous_sequence):
                        self.after_sequence = 0
                        break
                    self.after_sequence = message.sequence
                    yield self._convert(message)
            except ConnectionLostError:
                pass
            except grpc.aio.AioRpcError as error:
                failure = from_rpc_error(error)
                if isinstance(failure, ResumeTooOldError):
                    self.after_sequence = 0
                elif not isinstance(failure, ConnectionLostError):
                    raise failure from error
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_RETRY_DELAY_S)


def book_stream(transport: Transport, market: Market) -> ResumingStream[models.Book]:
    """Return the whole book of a market after every change."""

    async def open_call(after_sequence: int) -> AsyncIterator[Any]:
        request = stream_service_pb2.StreamBookRequest(
            market_id=market.market_id, after_sequence=after_sequence
        )
        call: AsyncIterator[Any] = transport.streams.StreamBook(request)
        return call

    return ResumingStream(open_call, _BookBuilder(market).apply, after_sequence=0)


def account_stream(
    transport: Transport, exchange: Exchange, account_id: int, after_sequence: int
) -> ResumingStream[models.AccountUpdate]:
    """Return orders, fills and balance changes of an account."""

    async def open_call(after_sequence: int) -> AsyncIterator[Any]:
        request = stream_service_pb2.StreamAccountRequest(
            account_id=account_id, after_sequence=after_sequence
        )
        call: AsyncIterator[Any] = transport.streams.StreamAccount(request)
        return call

    def convert(message: stream_service_pb2.StreamAccountResponse) -> models.AccountUpdate:
        return conversion.account_update(message, exchange)

    return ResumingStream(open_call, convert, after_sequence)


def trade_stream(
    transport: Transport, exchange: Exchange, market_id: int, after_sequence: int
) -> ResumingStream[models.Trade]:
    """Return the public trades of a market."""

    async def open_call(after_sequence: int) -> AsyncIterator[Any]:
        if after_sequence == 0:
            # Without a fixed start, trades during a reconnection would be lost.
            request = query_service_pb2.GetBookRequest(market_id=market_id, depth=1)
            book = await transport.call(transport.queries.GetBook, request)
            stream.after_sequence = after_sequence = book.sequence
        trades = stream_service_pb2.StreamTradesRequest(
            market_id=market_id, after_sequence=after_sequence
        )
        call: AsyncIterator[Any] = transport.streams.StreamTrades(trades)
        return call

    def convert(message: stream_service_pb2.StreamTradesResponse) -> models.Trade:
        return conversion.trade(message.trade, exchange)

    stream = ResumingStream(open_call, convert, after_sequence)
    return stream


def batch_stream(transport: Transport, after_sequence: int) -> ResumingStream[models.Batch]:
    """Return every change of a batch's state."""

    async def open_call(after_sequence: int) -> AsyncIterator[Any]:
        request = stream_service_pb2.StreamBatchesRequest(after_sequence=after_sequence)
        call: AsyncIterator[Any] = transport.streams.StreamBatches(request)
        return call

    def convert(message: stream_service_pb2.StreamBatchesResponse) -> models.Batch:
        return conversion.batch(message.batch)

    return ResumingStream(open_call, convert, after_sequence)


class _BookBuilder:
    """Puts snapshots and changes together."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._bids: dict[int, types_pb2.BookLevel] = {}
        self._asks: dict[int, types_pb2.BookLevel] = {}

    def apply(self, message: stream_service_pb2.StreamBookResponse) -> models.Book:
        if message.is_snapshot:
            self._bids.clear()
            self._asks.clear()
        for levels, changes in ((self._bids, message.bids), (self._asks, message.asks)):
            for change in changes:
                if change.size_lots:
                    levels[change.price_ticks] = change
                else:
                    levels.pop(change.price_ticks, None)
        bids = (self._bids[price_ticks] for price_ticks in sorted(self._bids, reverse=True))
        asks = (self._asks[price_ticks] for price_ticks in sorted(self._asks))
        return models.Book(
            symbol=self._market.symbol,
            sequence=message.sequence,
            bids=tuple(conversion.level(item, self._market) for item in bids),
            asks=tuple(conversion.level(item, self._market) for item in asks),
        )
