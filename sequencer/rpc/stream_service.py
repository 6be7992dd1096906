"""StreamService: events in order, resumable by number."""

import contextlib
import functools
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TypeVar

from novation.api.v1 import stream_service_pb2
from sequencer import views
from sequencer.engine import Engine
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.event_log import EventLog
from sequencer.feed import BATCH_CHANGES, Channel, FeedMessage, Scope
from sequencer.rpc import decoding
from sequencer.runner import EngineRunner

Response = TypeVar(
    "Response",
    stream_service_pb2.StreamBookResponse,
    stream_service_pb2.StreamAccountResponse,
    stream_service_pb2.StreamTradesResponse,
)
# A reader from the beginning must not hold the engine's thread for all batches.
CHANGES_PER_READ = 128
# plyvel's numbers have eight bytes.
_NUMBER_BOUND = 2**63


class StreamService:
    """Each method has the name of its RPC."""

    def __init__(
        self, runner: EngineRunner, log: EventLog, max_streams: int, max_book_levels: int
    ) -> None:
        """Serve at most `max_streams` streams at a time."""
        self._runner = runner
        self._log = log
        self._max_streams = max_streams
        self._max_book_levels = max_book_levels
        self._n_streams = 0

    async def stream_book(
        self, request: stream_service_pb2.StreamBookRequest
    ) -> AsyncIterator[stream_service_pb2.StreamBookResponse]:
        """Yield the book, then its changes."""
        market_id, after = request.market_id, request.after_sequence
        await self._runner.call(lambda engine: views.check_market(engine, market_id))
        with self._one_more_stream():
            if after == 0:
                snapshot = await self._runner.call(
                    lambda engine: _book_snapshot(engine, market_id, self._max_book_levels)
                )
                after = snapshot.sequence
                yield snapshot
            kind = stream_service_pb2.StreamBookResponse
            async for message in self._follow(kind, (Channel.BOOK, market_id), after):
                yield message

    async def stream_account(
        self, request: stream_service_pb2.StreamAccountRequest
    ) -> AsyncIterator[stream_service_pb2.StreamAccountResponse]:
        """Yield the account, then what happens to it."""
        account_id, after = decoding.account_id(request.account_id), request.after_sequence
        with self._one_more_stream():
            if after == 0:
                snapshot = await self._runner.call(
                    lambda engine: _account_snapshot(engine, account_id)
                )
                after = snapshot.sequence
                yield snapshot
            kind = stream_service_pb2.StreamAccountResponse
            async for message in self._follow(kind, (Channel.ACCOUNT, account_id), after):
                yield message

    async def stream_trades(
        self, request: stream_service_pb2.StreamTradesRequest
    ) -> AsyncIterator[stream_service_pb2.StreamTradesResponse]:
        """Yield the market's trades from now on, or from where a reader left off."""
        market_id = request.market_id
        await self._runner.call(lambda engine: views.check_market(engine, market_id))
        after = request.after_sequence or self._log.last_number
        with self._one_more_stream():
            kind = stream_service_pb2.StreamTradesResponse
            async for message in self._follow(kind, (Channel.TRADES, market_id), after):
                yield message

    async def stream_batches(
        self, request: stream_service_pb2.StreamBatchesRequest
    ) -> AsyncIterator[stream_service_pb2.StreamBatchesResponse]:
        """Yield every change of a batch's state since a number; 0 means from the beginning."""
        previous = _checked_number(request.after_sequence)
        with self._one_more_stream():
            while True:
                if previous >= self._log.last_batch_change:
                    await self._log.wait_for_news(BATCH_CHANGES)
                    continue
                changes = await self._runner.call(functools.partial(_batch_changes, after=previous))
                for change in changes:
                    change.previous_sequence, previous = previous, change.sequence
                    yield change

    async def _follow(
        self, kind: type[Response], scope: Scope, after: int
    ) -> AsyncIterator[Response]:
        position = _checked_number(after)
        oldest = self._log.oldest_number()
        if position + 1 < oldest:
            context = ErrorContext("after_sequence", str(oldest), str(position))
            sentence = f"events before {oldest} are gone; start again with a snapshot"
            raise RequestRefusedError(NodeErrorCode.RESUME_TOO_OLD, sentence, context)
        while True:
            events = self._log.read(scope, position)
            if not events:
                await self._log.wait_for_news(scope)
                continue
            for event in events:
                message = _copy(kind, event.message)
                message.previous_sequence, position = position, event.number
                yield message

    @contextlib.contextmanager
    def _one_more_stream(self) -> Iterator[None]:
        if self._n_streams >= self._max_streams:
            limit = str(self._max_streams)
            context = ErrorContext("streams", limit, limit)
            sentence = f"{limit} streams are open already"
            raise RequestRefusedError(NodeErrorCode.TOO_MANY_STREAMS, sentence, context)
        self._n_streams += 1
        try:
            yield
        finally:
            self._n_streams -= 1


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
    )


def _account_snapshot(engine: Engine, account_id: int) -> stream_service_pb2.StreamAccountResponse:
    found = views.account(engine, account_id)
    return stream_service_pb2.StreamAccountResponse(
        sequence=found.sequence, time_ms=engine.state.globals.time_ms, snapshot=found.account
    )


def _batch_changes(engine: Engine, after: int) -> list[stream_service_pb2.StreamBatchesResponse]:
    return [
        stream_service_pb2.StreamBatchesResponse(sequence=number, batch=record)
        for number, record in islice(engine.batches.changes_after(after), CHANGES_PER_READ)
    ]


def _checked_number(number: int) -> int:
    if number >= _NUMBER_BOUND:
        context = ErrorContext("after_sequence", str(_NUMBER_BOUND - 1), str(number))
        sentence = f"after_sequence {number} is not below 2^63"
        raise RequestRefusedError(NodeErrorCode.FIELD_OUT_OF_RANGE, sentence, context)
    return number
