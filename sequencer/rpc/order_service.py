"""OrderService: signed messages in, receipts out."""

import asyncio
from collections.abc import AsyncIterator

from novation.api.v1 import order_service_pb2
from novation.protocol.errors import InvalidTransaction
from novation.protocol.transactions import UserTransaction
from sequencer.clock import Clock
from sequencer.engine import Accepted, Command
from sequencer.errors import RequestRefusedError
from sequencer.rpc import decoding
from sequencer.rpc.refusals import error_detail_of
from sequencer.rpc.registration import Undecodable
from sequencer.runner import EngineRunner

_Request = order_service_pb2.StreamOrdersRequest
_Response = order_service_pb2.StreamOrdersResponse
# The answer to come, or the answer that is known already.
_Pending = tuple[int, "asyncio.Future[Accepted] | _Response"]


class OrderService:
    """Each method has the name of its RPC."""

    def __init__(self, runner: EngineRunner, clock: Clock, max_inflight: int) -> None:
        """Feed `runner`; a stream has at most `max_inflight` unanswered commands."""
        self._runner = runner
        self._clock = clock
        self._max_inflight = max_inflight

    async def place_order(
        self, request: order_service_pb2.PlaceOrderRequest
    ) -> order_service_pb2.PlaceOrderResponse:
        """Apply one order."""
        accepted = await self._runner.enqueue(self._command(decoding.place_order(request)))
        return accepted.acknowledgement.placed

    async def cancel_order(
        self, request: order_service_pb2.CancelOrderRequest
    ) -> order_service_pb2.CancelOrderResponse:
        """Cancel one order."""
        accepted = await self._runner.enqueue(self._command(decoding.cancel_order(request)))
        return accepted.acknowledgement.cancelled

    async def withdraw(
        self, request: order_service_pb2.WithdrawRequest
    ) -> order_service_pb2.WithdrawResponse:
        """Take collateral out."""
        accepted = await self._runner.enqueue(self._command(decoding.withdraw(request)))
        return accepted.acknowledgement.withdrawn

    async def stream_orders(
        self, requests: AsyncIterator[_Request | Undecodable]
    ) -> AsyncIterator[_Response]:
        """Answer commands in the order sent, while more of them come in."""
        pending: asyncio.Queue[_Pending | None] = asyncio.Queue(self._max_inflight)
        reader = asyncio.create_task(self._read(requests, pending))
        try:
            while (item := await pending.get()) is not None:
                request_id, answer = item
                response = answer if isinstance(answer, _Response) else await _outcome(answer)
                response.request_id = request_id
                yield response
            await reader
        finally:
            reader.cancel()
            _abandon(pending)

    async def _read(
        self,
        requests: AsyncIterator[_Request | Undecodable],
        pending: asyncio.Queue[_Pending | None],
    ) -> None:
        """Take commands as fast as the queue of answers allows: a slow reader slows its writer."""
        try:
            async for request in requests:
                request_id = 0 if isinstance(request, Undecodable) else request.request_id
                await pending.put((request_id, self._start(request)))
        finally:
            await pending.put(None)

    def _start(self, request: _Request | Undecodable) -> "asyncio.Future[Accepted] | _Response":
        try:
            if isinstance(request, Undecodable):
                return _refusal(request.refusal)
            return self._runner.enqueue(self._command(decoding.order_command(request)))
        except (RequestRefusedError, InvalidTransaction) as error:
            return _refusal(error)

    def _command(self, tx: UserTransaction) -> Command:
        return decoding.user_command(tx, self._runner.exchange, self._clock.now_ms())


async def _outcome(answer: "asyncio.Future[Accepted]") -> _Response:
    try:
        accepted = await answer
    except (RequestRefusedError, InvalidTransaction) as error:
        return _refusal(error)
    response = _Response()
    response.CopyFrom(accepted.acknowledgement)
    return response


def _refusal(error: RequestRefusedError | InvalidTransaction) -> _Response:
    return _Response(error=error_detail_of(error))


def _abandon(pending: asyncio.Queue[_Pending | None]) -> None:
    """The client is gone: its commands will be applied, but nobody reads the answers."""
    while not pending.empty():
        item = pending.get_nowait()
        if item is not None and not isinstance(item[1], _Response):
            item[1].cancel()
