"""StreamService: events in order, resumable by number."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TypeVar

from novation.api.v1 import stream_service_pb2
from sequencer import list_views, views
from sequencer.engine import Engine
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.event_log import EventLog
from sequencer.feed import (
    AUCTION_EVENTS,
    BATCH_CHANGES,
    Channel,
    FeedMessage,
    Scope,
    last_event_number,
)
from sequencer.rpc import decoding, state_streams
from sequencer.runner import EngineRunner
from sequencer.state_changes import StateChanges

Response = TypeVar(
    "Response",
    stream_service_pb2.StreamBookResponse,
    stream_service_pb2.StreamAccountResponse,
    stream_service_pb2.StreamTradesResponse,
    stream_service_pb2.StreamFundingResponse,
    stream_service_pb2.StreamLiquidationsResponse,
    stream_service_pb2.StreamAuctionsResponse,
)
# A reader from the beginning must not hold the engine's thread for all batches.
CHANGES_PER_READ = 128
# plyvel's numbers have eight bytes.
_NUMBER_BOUND = 2**63
MS_PER_S = 1_000
# More often would cost more than it tells; more rarely nobody would miss.
HEARTBEAT_LOW_MS = 1_000
HEARTBEAT_BOUND_MS = 60_001


class StreamService:
    """Each method has the name of its RPC."""

    def __init__(
        self,
        runner: EngineRunner,
        log: EventLog,
        changes: StateChanges,
        max_streams: int,
        max_book_levels: int,
    ) -> None:
        """Serve at most `max_streams` streams at a time."""
        self._runner = runner
        self._log = log
        self._changes = changes
        self._max_streams = max_streams
        self._max_book_levels = max_book_levels
        self.n_streams = 0

    async def stream_book(
        self, request: stream_service_pb2.StreamBookRequest
    ) -> AsyncIterator[stream_service_pb2.StreamBookResponse]:
        """Yield the book, then its changes."""
        market_id, after = request.market_id, await self._resumable(request.after_sequence)
        beat_s = _heartbeat_s(request.heartbeat_ms)
        await self._runner.call(lambda engine: views.check_market(engine, market_id))
        with self._one_more_stream():
            if after == 0:
                snapshot = await self._runner.call(
                    lambda engine: _book_snapshot(engine, market_id, self._max_book_levels)
                )
                after = snapshot.sequence
                yield snapshot
            kind = stream_service_pb2.StreamBookResponse
            async for message in self._follow(kind, (Channel.BOOK, market_id), after, beat_s):
                yield message

    async def stream_account(
        self, request: stream_service_pb2.StreamAccountRequest
    ) -> AsyncIterator[stream_service_pb2.StreamAccountResponse]:
        """Yield the account, then what happens to it."""
        account_id = decoding.account_id(request.account_id)
        after, beat_s = (
            await self._resumable(request.after_sequence),
            _heartbeat_s(request.heartbeat_ms),
        )
        with self._one_more_stream():
            if after == 0:
                snapshot = await self._runner.call(
                    lambda engine: _account_snapshot(engine, account_id)
                )
                after = snapshot.sequence
                yield snapshot
            kind = stream_service_pb2.StreamAccountResponse
            async for message in self._follow(kind, (Channel.ACCOUNT, account_id), after, beat_s):
                yield message

    async def stream_trades(
        self, request: stream_service_pb2.StreamTradesRequest
    ) -> AsyncIterator[stream_service_pb2.StreamTradesResponse]:
        """Yield the market's trades from now on, or from where a reader left off."""
        kind = stream_service_pb2.StreamTradesResponse
        async for message in self._from_now(kind, Channel.TRADES, request):
            yield message

    async def stream_auctions(
        self, request: stream_service_pb2.StreamAuctionsRequest
    ) -> AsyncIterator[stream_service_pb2.StreamAuctionsResponse]:
        """Yield what happens in auctions from now on, or from where a reader left off."""
        after = await self._resumable(request.after_sequence) or self._log.last_number
        beat_s = _heartbeat_s(request.heartbeat_ms)
        kind = stream_service_pb2.StreamAuctionsResponse
        with self._one_more_stream():
            async for message in self._follow(kind, AUCTION_EVENTS, after, beat_s):
                yield message

    async def stream_liquidations(
        self, request: stream_service_pb2.StreamLiquidationsRequest
    ) -> AsyncIterator[stream_service_pb2.StreamLiquidationsResponse]:
        """Yield the market's liquidations from now on, or from where a reader left off."""
        kind = stream_service_pb2.StreamLiquidationsResponse
        async for message in self._from_now(kind, Channel.LIQUIDATIONS, request):
            yield message

    async def stream_funding(
        self, request: stream_service_pb2.StreamFundingRequest
    ) -> AsyncIterator[stream_service_pb2.StreamFundingResponse]:
        """Yield the last time that the market's lots paid, then each time that they do."""
        market_id, after = request.market_id, await self._resumable(request.after_sequence)
        beat_s = _heartbeat_s(request.heartbeat_ms)
        await self._runner.call(lambda engine: views.check_market(engine, market_id))
        with self._one_more_stream():
            if after == 0:
                snapshot = await self._runner.call(
                    lambda engine: _funding_snapshot(engine, market_id)
                )
                after = snapshot.sequence
                yield snapshot
            kind = stream_service_pb2.StreamFundingResponse
            async for message in self._follow(kind, (Channel.FUNDING, market_id), after, beat_s):
                yield message

    async def stream_batches(
        self, request: stream_service_pb2.StreamBatchesRequest
    ) -> AsyncIterator[stream_service_pb2.StreamBatchesResponse]:
        """Yield every change of a batch's state since a number; 0 means from the beginning."""
        previous, beat_s = request.after_sequence, _heartbeat_s(request.heartbeat_ms)
        last = await self._runner.call(lambda engine: engine.batches.last_change)
        if previous > last:
            raise _ahead(previous, last)
        with self._one_more_stream():
            while True:
                if previous >= self._log.last_batch_change:
                    if await self._news(BATCH_CHANGES, beat_s) is None:
                        yield stream_service_pb2.StreamBatchesResponse(
                            sequence=previous, previous_sequence=previous, is_heartbeat=True
                        )
                    continue
                changes = await self._runner.call(functools.partial(_batch_changes, after=previous))
                for change in changes:
                    change.previous_sequence, previous = previous, change.sequence
                    yield change

    async def stream_market(
        self, request: stream_service_pb2.StreamMarketRequest
    ) -> AsyncIterator[stream_service_pb2.StreamMarketResponse]:
        """Yield a market's state whenever it has changed."""
        market_id = request.market_id
        interval_s = state_streams.interval_s(request.interval_ms)
        beat_s = _heartbeat_s(request.heartbeat_ms)
        await self._runner.call(lambda engine: views.check_market(engine, market_id))
        with self._one_more_stream():
            read = functools.partial(views.market_state, market_id=market_id)
            scope = Channel.BOOK, market_id
            async for state in state_streams.follow(self._changes, scope, read, interval_s, beat_s):
                yield state

    async def stream_portfolio(
        self, request: stream_service_pb2.StreamPortfolioRequest
    ) -> AsyncIterator[stream_service_pb2.StreamPortfolioResponse]:
        """Yield an account's state whenever it has changed."""
        account_id = request.account_id
        interval_s = state_streams.interval_s(request.interval_ms)
        beat_s = _heartbeat_s(request.heartbeat_ms)
        await self._runner.call(lambda engine: views.account(engine, account_id))
        with self._one_more_stream():
            read = functools.partial(views.portfolio, account_id=account_id)
            scope = Channel.ACCOUNT, account_id
            async for state in state_streams.follow(self._changes, scope, read, interval_s, beat_s):
                yield state

    async def _from_now(
        self,
        kind: type[Response],
        channel: Channel,
        request: stream_service_pb2.StreamTradesRequest
        | stream_service_pb2.StreamLiquidationsRequest,
    ) -> AsyncIterator[Response]:
        """Yield a market's events of a kind that has no snapshot."""
        market_id = request.market_id
        await self._runner.call(lambda engine: views.check_market(engine, market_id))
        after = await self._resumable(request.after_sequence) or self._log.last_number
        beat_s = _heartbeat_s(request.heartbeat_ms)
        with self._one_more_stream():
            async for message in self._follow(kind, (channel, market_id), after, beat_s):
                yield message

    async def _follow(
        self, kind: type[Response], scope: Scope, after: int, beat_s: float | None
    ) -> AsyncIterator[Response]:
        # What the reader was told of, and up to where it has all there was.
        position = complete = after
        while True:
            events = self._log.read(scope, position)
            # A reader can be so slow that what it needs next has been dropped.
            self._require_kept(complete)
            if events:
                for event in events:
                    message = _copy(kind, event.message)
                    message.previous_sequence, position = position, event.number
                    yield message
                complete = max(complete, position)
                continue
            # Whatever comes has a higher number: a reader that saw nothing resumes from here.
            seen = max(position, self._log.last_number)
            number = await self._news(scope, beat_s)
            if number is None:
                yield kind(sequence=seen, previous_sequence=position, is_heartbeat=True)
                position = complete = seen
            else:
                complete = max(complete, number - 1)

    def _require_kept(self, position: int) -> None:
        oldest = self._log.oldest_number()
        if position + 1 < oldest:
            context = ErrorContext("after_sequence", str(oldest), str(position))
            sentence = f"events before {oldest} are gone; start again with a snapshot"
            raise RequestRefusedError(NodeErrorCode.RESUME_TOO_OLD, sentence, context)

    async def _news(self, scope: Scope, beat_s: float | None) -> int | None:
        """Wait for the next event of a scope; return None if it does not come in time."""
        try:
            async with asyncio.timeout(beat_s):
                return await self._log.wait_for_news(scope)
        except TimeoutError:
            return None

    async def _resumable(self, after: int) -> int:
        """Return a number that a stream can go on behind: an event's, or 0."""
        if after > self._log.last_number:
            # The log may be behind: after a start it still waits for what the journal brings back.
            last = await self._runner.call(lambda engine: last_event_number(engine.last_sequence))
            if after > last:
                raise _ahead(after, last)
        return after

    @contextlib.contextmanager
    def _one_more_stream(self) -> Iterator[None]:
        if self.n_streams >= self._max_streams:
            limit = str(self._max_streams)
            context = ErrorContext("streams", limit, limit)
            sentence = f"{limit} streams are open already"
            raise RequestRefusedError(NodeErrorCode.TOO_MANY_STREAMS, sentence, context)
        self.n_streams += 1
        try:
            yield
        finally:
            self.n_streams -= 1


def _copy(kind: type[Response], message: FeedMessage) -> Response:
    # Readers share the message, and each has its own `previous_sequence`.
    assert isinstance(message, kind)
    copy = kind()
    copy.CopyFrom(message)
    return copy


def _book_snapshot(
    engine: Engine, market_id: int, max_levels: int
) -> stream_service_pb2.StreamBookResponse:
    book = views.book(engine, market_id, max_levels)
    return stream_service_pb2.StreamBookResponse(
        sequence=book.sequence,
        time_ms=engine.state.globals.time_ms,
        is_snapshot=True,
        bids=book.bids,
        asks=book.asks,
        checksum=engine.history.book.checksum(market_id),
    )


def _account_snapshot(engine: Engine, account_id: int) -> stream_service_pb2.StreamAccountResponse:
    found = views.account(engine, account_id)
    return stream_service_pb2.StreamAccountResponse(
        sequence=found.sequence, time_ms=engine.state.globals.time_ms, snapshot=found.account
    )


def _funding_snapshot(engine: Engine, market_id: int) -> stream_service_pb2.StreamFundingResponse:
    return stream_service_pb2.StreamFundingResponse(
        sequence=last_event_number(engine.last_sequence),
        is_snapshot=True,
        funding=list_views.last_funding(engine, market_id),
    )


def _batch_changes(engine: Engine, after: int) -> list[stream_service_pb2.StreamBatchesResponse]:
    return [
        stream_service_pb2.StreamBatchesResponse(sequence=number, batch=record)
        for number, record in islice(engine.batches.changes_after(after), CHANGES_PER_READ)
    ]


def _ahead(number: int, last: int) -> RequestRefusedError:
    if number >= _NUMBER_BOUND:
        context = ErrorContext("after_sequence", str(_NUMBER_BOUND - 1), str(number))
        sentence = f"after_sequence {number} is not below 2^63"
        return RequestRefusedError(NodeErrorCode.FIELD_OUT_OF_RANGE, sentence, context)
    context = ErrorContext("after_sequence", str(last), str(number))
    sentence = f"nothing is numbered {number} yet, the last number is {last}"
    return RequestRefusedError(NodeErrorCode.RESUME_AHEAD, sentence, context)


def _heartbeat_s(heartbeat_ms: int) -> float | None:
    if heartbeat_ms == 0:
        return None
    if not HEARTBEAT_LOW_MS <= heartbeat_ms < HEARTBEAT_BOUND_MS:
        nearest_ms = HEARTBEAT_LOW_MS if heartbeat_ms < HEARTBEAT_LOW_MS else HEARTBEAT_BOUND_MS - 1
        context = ErrorContext("heartbeat_ms", str(nearest_ms), str(heartbeat_ms))
        sentence = f"heartbeat_ms is {heartbeat_ms}, the limit is {nearest_ms}"
        raise RequestRefusedError(NodeErrorCode.FIELD_OUT_OF_RANGE, sentence, context)
    return heartbeat_ms / MS_PER_S
