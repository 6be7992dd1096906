"""Streams that survive lost connections: they resume after the last event that was seen.

A gap between two events is never passed on. A stream with a snapshot (book, account, funding)
starts again from one when the server cannot resume it, and a book also when its checksum is wrong;
one without (trades, liquidations, batches) raises, because its reader could not tell what is
missing. Streams of states
(market, portfolio) always start again.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import grpc

from novation.api.v1 import query_service_pb2, stream_service_pb2, types_pb2
from novation.book_checksum import CHECKSUM_LEVELS, book_checksum, level_text
from novation.client import conversion, funding_conversion, models
from novation.client.auction_models import AuctionUpdate, BidUpdate
from novation.client.errors import (
    ConnectionLostError,
    NovationError,
    ResumeAheadError,
    ResumeTooOldError,
    UnknownAssetError,
    UnknownMarketError,
    from_rpc_error,
)
from novation.client.exchange import Exchange
from novation.client.funding_models import MarketFunding, PoolShare, Unwinding
from novation.client.transport import FIRST_RETRY_DELAY_S, Transport
from novation.client.units import Market

LONGEST_RETRY_DELAY_S = 5.0
# The server says something at least so often, so three times that is a broken connection, even if
# something between answers the transport's own pings.
HEARTBEAT_MS: Final = 4_000
SILENCE_S: Final = 12.0

Item = TypeVar("Item")


class _DamagedBookError(NovationError):
    """The book that the changes led to is not the server's."""


# Opens a call that sends the events behind a number.
Opener = Callable[[int], Awaitable[Any]]


class ResumingStream(Generic[Item]):
    """Reconnects for ever; `after_sequence` is where a later run of the program can resume."""

    def __init__(
        self,
        open_call: Opener,
        convert: Callable[[Any], Item],
        after_sequence: int,
        *,
        has_snapshot: bool,
        look_again: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Read messages from `open_call` and pass them on through `convert`.

        `look_again` makes markets known that were listed meanwhile.
        """
        self._open_call = open_call
        self._convert = convert
        self._look_again = look_again
        self._has_snapshot = has_snapshot
        self.after_sequence = after_sequence

    async def __aiter__(self) -> AsyncGenerator[Item]:
        """Yield items until the caller stops, or until the server refuses the request.

        Raises:
            ResumeTooOldError, ResumeAheadError: the events cannot be had, and there is no snapshot.
            RejectedError: the server refuses.
        """
        delay_s = FIRST_RETRY_DELAY_S
        while True:
            try:
                async with contextlib.aclosing(self._messages()) as messages:
                    async for message in messages:
                        if not message.is_heartbeat:
                            yield await self._converted(message)
                        delay_s = FIRST_RETRY_DELAY_S
            except (ResumeTooOldError, ResumeAheadError, _DamagedBookError):
                if not self._has_snapshot:
                    raise
                self.after_sequence = 0
            except ConnectionLostError:
                pass
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_RETRY_DELAY_S)

    async def _converted(self, message: Any) -> Item:  # noqa: ANN401 - one of several messages
        try:
            return self._convert(message)
        except (UnknownMarketError, UnknownAssetError):
            if self._look_again is None:
                raise
        await self._look_again()
        return self._convert(message)

    async def _messages(self) -> AsyncGenerator[Any]:
        """Yield the messages of one call, each behind the one before."""
        call = None
        try:
            async with asyncio.timeout(SILENCE_S):
                call = await self._open_call(self.after_sequence)
            while True:
                async with asyncio.timeout(SILENCE_S):
                    message = await call.read()
                if message is grpc.aio.EOF:
                    return
                if self.after_sequence not in (0, message.previous_sequence):
                    raise _gap(self.after_sequence, message.previous_sequence)
                self.after_sequence = message.sequence
                yield message
        except TimeoutError:
            raise ConnectionLostError(f"silence for {SILENCE_S:.0f} s") from None
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        finally:
            if call is not None:
                call.cancel()


def _gap(expected: int, found: int) -> NovationError:
    # The next attempt asks again from where this one got to.
    return ConnectionLostError(f"a message behind {found} came where one behind {expected} is due")


def book_stream(transport: Transport, market: Market) -> ResumingStream[models.Book]:
    """Return the whole book of a market after every change."""

    async def open_call(after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        request = stream_service_pb2.StreamBookRequest(
            market_id=market.market_id,
            after_sequence=after_sequence,
            heartbeat_ms=HEARTBEAT_MS,
        )
        return transport.streams.StreamBook(request)

    return ResumingStream(
        open_call, _BookBuilder(market).apply, after_sequence=0, has_snapshot=True
    )


def account_stream(
    transport: Transport, exchange: Exchange, account_id: int, after_sequence: int
) -> ResumingStream[models.AccountUpdate]:
    """Return orders, fills and balance changes of an account."""

    async def open_call(after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        request = stream_service_pb2.StreamAccountRequest(
            account_id=account_id,
            after_sequence=after_sequence,
            heartbeat_ms=HEARTBEAT_MS,
        )
        return transport.streams.StreamAccount(request)

    def convert(message: stream_service_pb2.StreamAccountResponse) -> models.AccountUpdate:
        return conversion.account_update(message, exchange)

    return ResumingStream(
        open_call,
        convert,
        after_sequence,
        has_snapshot=True,
        look_again=lambda: exchange.refresh(transport),
    )


def market_stream(
    transport: Transport, market: Market, interval_ms: int
) -> ResumingStream[models.MarketState]:
    """Return a market's prices, open interest and best orders whenever they have changed."""

    async def open_call(_after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        # It begins anew: what came before is not what the first message follows on.
        stream.after_sequence = 0
        request = stream_service_pb2.StreamMarketRequest(
            market_id=market.market_id, interval_ms=interval_ms, heartbeat_ms=HEARTBEAT_MS
        )
        return transport.streams.StreamMarket(request)

    def convert(message: stream_service_pb2.StreamMarketResponse) -> models.MarketState:
        return conversion.market_state(message, market)

    stream = ResumingStream(open_call, convert, after_sequence=0, has_snapshot=True)
    return stream


def portfolio_stream(
    transport: Transport, exchange: Exchange, account_id: int, interval_ms: int
) -> ResumingStream[models.Portfolio]:
    """Return an account's balance, positions and margin whenever they have changed."""

    async def open_call(_after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        stream.after_sequence = 0
        request = stream_service_pb2.StreamPortfolioRequest(
            account_id=account_id, interval_ms=interval_ms, heartbeat_ms=HEARTBEAT_MS
        )
        return transport.streams.StreamPortfolio(request)

    def convert(message: stream_service_pb2.StreamPortfolioResponse) -> models.Portfolio:
        return models.Portfolio(
            message.sequence, message.time_ms, conversion.account(message.account, exchange)
        )

    stream = ResumingStream(
        open_call,
        convert,
        after_sequence=0,
        has_snapshot=True,
        look_again=lambda: exchange.refresh(transport),
    )
    return stream


def trade_stream(
    transport: Transport, exchange: Exchange, market_id: int, after_sequence: int
) -> ResumingStream[models.Trade]:
    """Return the public trades of a market."""

    async def open_call(after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        if after_sequence == 0:
            stream.after_sequence = after_sequence = await _last_sequence(transport, market_id)
        trades = stream_service_pb2.StreamTradesRequest(
            market_id=market_id,
            after_sequence=after_sequence,
            heartbeat_ms=HEARTBEAT_MS,
        )
        return transport.streams.StreamTrades(trades)

    def convert(message: stream_service_pb2.StreamTradesResponse) -> models.Trade:
        return conversion.trade(message.trade, exchange)

    stream = ResumingStream(open_call, convert, after_sequence, has_snapshot=False)
    return stream


def liquidation_stream(
    transport: Transport, exchange: Exchange, market_id: int, after_sequence: int
) -> ResumingStream[models.LiquidationUpdate]:
    """Return what the rules do to failing accounts in a market."""

    async def open_call(after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        if after_sequence == 0:
            stream.after_sequence = after_sequence = await _last_sequence(transport, market_id)
        request = stream_service_pb2.StreamLiquidationsRequest(
            market_id=market_id, after_sequence=after_sequence, heartbeat_ms=HEARTBEAT_MS
        )
        return transport.streams.StreamLiquidations(request)

    def convert(
        message: stream_service_pb2.StreamLiquidationsResponse,
    ) -> models.LiquidationUpdate:
        return conversion.liquidation(message, exchange)

    stream = ResumingStream(open_call, convert, after_sequence, has_snapshot=False)
    return stream


def auction_stream(
    transport: Transport, exchange: Exchange, after_sequence: int
) -> ResumingStream[AuctionUpdate | BidUpdate]:
    """Return what happens in the auctions of all accounts."""

    async def open_call(after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        if after_sequence == 0:
            request = query_service_pb2.ListAuctionsRequest(page_size=1)
            listed = await transport.call(transport.queries.ListAuctions, request)
            stream.after_sequence = after_sequence = listed.sequence
        opened = stream_service_pb2.StreamAuctionsRequest(
            after_sequence=after_sequence, heartbeat_ms=HEARTBEAT_MS
        )
        return transport.streams.StreamAuctions(opened)

    def convert(message: stream_service_pb2.StreamAuctionsResponse) -> AuctionUpdate | BidUpdate:
        return conversion.auction_update(message, exchange)

    stream = ResumingStream(open_call, convert, after_sequence, has_snapshot=False)
    return stream


def funding_stream(
    transport: Transport, exchange: Exchange, market_id: int, after_sequence: int
) -> ResumingStream[MarketFunding | PoolShare | Unwinding]:
    """Return what each lot of a market pays, first the last time that it did for an hour."""

    async def open_call(after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        request = stream_service_pb2.StreamFundingRequest(
            market_id=market_id, after_sequence=after_sequence, heartbeat_ms=HEARTBEAT_MS
        )
        return transport.streams.StreamFunding(request)

    def convert(
        message: stream_service_pb2.StreamFundingResponse,
    ) -> MarketFunding | PoolShare | Unwinding:
        return funding_conversion.funding_event(message, exchange)

    return ResumingStream(open_call, convert, after_sequence, has_snapshot=True)


def batch_stream(transport: Transport, after_sequence: int) -> ResumingStream[models.Batch]:
    """Return every change of a batch's state."""

    async def open_call(after_sequence: int) -> Any:  # noqa: ANN401 - grpc is untyped
        request = stream_service_pb2.StreamBatchesRequest(
            after_sequence=after_sequence, heartbeat_ms=HEARTBEAT_MS
        )
        return transport.streams.StreamBatches(request)

    def convert(message: stream_service_pb2.StreamBatchesResponse) -> models.Batch:
        return conversion.batch(message.batch)

    return ResumingStream(open_call, convert, after_sequence, has_snapshot=False)


async def _last_sequence(transport: Transport, market_id: int) -> int:
    """Return where a stream starts that has no snapshot.

    Without a fixed start, what happens during a reconnection would be lost.
    """
    request = query_service_pb2.GetBookRequest(market_id=market_id, depth=1)
    book: query_service_pb2.GetBookResponse = await transport.call(
        transport.queries.GetBook, request
    )
    return book.sequence


class _BookBuilder:
    """Puts snapshots and changes together, and checks what comes out."""

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
        bids = [self._bids[price_ticks] for price_ticks in sorted(self._bids, reverse=True)]
        asks = [self._asks[price_ticks] for price_ticks in sorted(self._asks)]
        if book_checksum(_texts(bids), _texts(asks)) != message.checksum:
            raise _DamagedBookError(f"{self._market.symbol}: the checksum is wrong")
        return models.Book(
            symbol=self._market.symbol,
            sequence=message.sequence,
            bids=tuple(conversion.level(item, self._market) for item in bids),
            asks=tuple(conversion.level(item, self._market) for item in asks),
        )


def _texts(levels: Sequence[types_pb2.BookLevel]) -> list[bytes]:
    best = levels[:CHECKSUM_LEVELS]
    return [level_text(level.price_ticks, level.size_lots, level.n_orders) for level in best]
