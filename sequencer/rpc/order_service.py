"""OrderService: signed messages in, receipts out."""

import asyncio
import functools
from collections.abc import AsyncIterator
from typing import Final

from novation.api.v1 import order_service_pb2
from novation.protocol.errors import InvalidTransaction
from novation.protocol.transactions import CancelOrder, ReplaceOrder, UserTransaction
from sequencer.clock import Clock
from sequencer.engine import Accepted
from sequencer.errors import NodeErrorCode, RequestRefusedError
from sequencer.lister import MarketLister
from sequencer.messages import receipt_message
from sequencer.rpc import decoding
from sequencer.rpc.closed_orders import why_not_resting
from sequencer.rpc.refusals import error_detail_of
from sequencer.rpc.registration import CONNECTION, Undecodable
from sequencer.runner import EngineRunner

# A stream that brings what is only refused is read so much more slowly; as long as an order takes
# to come back by default, so that its sender hears of it and others have the event loop.
PAUSE_MS: Final = 5

_Request = order_service_pb2.StreamOrdersRequest
_Response = order_service_pb2.StreamOrdersResponse
# A command and the answer to come.
_Started = tuple[UserTransaction, "asyncio.Future[Accepted]"]
# With its number, or with the answer that is known already.
_Pending = tuple[int, _Started | _Response]


class OrderService:
    """Each method has the name of its RPC."""

    def __init__(
        self, runner: EngineRunner, lister: MarketLister, clock: Clock, max_inflight: int
    ) -> None:
        """Feed `runner`; a stream has at most `max_inflight` unanswered commands."""
        self._runner = runner
        self._lister = lister
        self._clock = clock
        self._max_inflight = max_inflight

    async def place_order(
        self, request: order_service_pb2.PlaceOrderRequest
    ) -> order_service_pb2.PlaceOrderResponse:
        """Apply one order."""
        accepted = await self._apply(decoding.place_order(request))
        return accepted.acknowledgement.placed

    async def replace_order(
        self, request: order_service_pb2.ReplaceOrderRequest
    ) -> order_service_pb2.ReplaceOrderResponse:
        """Put an order in the place of another one."""
        accepted = await self._apply(decoding.replace_order(request))
        return accepted.acknowledgement.replaced

    async def mass_quote(
        self, request: order_service_pb2.MassQuoteRequest
    ) -> order_service_pb2.MassQuoteResponse:
        """Place the orders of a market maker, all or none."""
        accepted = await self._apply(decoding.mass_quote(request))
        return accepted.acknowledgement.quoted

    async def place_trigger(
        self, request: order_service_pb2.PlaceTriggerRequest
    ) -> order_service_pb2.PlaceTriggerResponse:
        """Let an order lie dormant."""
        accepted = await self._apply(decoding.place_trigger(request))
        return accepted.acknowledgement.trigger_placed

    async def place_bracket(
        self, request: order_service_pb2.PlaceBracketRequest
    ) -> order_service_pb2.PlaceBracketResponse:
        """Match or rest an order, with its exits."""
        accepted = await self._apply(decoding.place_bracket(request))
        return accepted.acknowledgement.bracket_placed

    async def cancel_order(
        self, request: order_service_pb2.CancelOrderRequest
    ) -> order_service_pb2.CancelOrderResponse:
        """Cancel one order."""
        accepted = await self._apply(decoding.cancel_order(request))
        return accepted.acknowledgement.cancelled

    async def cancel_all(
        self, request: order_service_pb2.CancelAllRequest
    ) -> order_service_pb2.CancelAllResponse:
        """Cancel all orders of an account, everywhere or in one market."""
        accepted = await self._apply(decoding.cancel_all(request))
        return accepted.acknowledgement.all_cancelled

    async def set_cancel_timer(
        self, request: order_service_pb2.SetCancelTimerRequest
    ) -> order_service_pb2.SetCancelTimerResponse:
        """Cancel all orders of an account at a time."""
        accepted = await self._apply(decoding.set_cancel_timer(request))
        return accepted.acknowledgement.cancel_timer_set

    async def bid(self, request: order_service_pb2.BidRequest) -> order_service_pb2.BidResponse:
        """Take a share of what a failing account holds."""
        accepted = await self._apply(decoding.bid(request))
        return accepted.acknowledgement.bid

    async def withdraw(
        self, request: order_service_pb2.WithdrawRequest
    ) -> order_service_pb2.WithdrawResponse:
        """Take collateral out."""
        accepted = await self._apply(decoding.withdraw(request))
        return accepted.acknowledgement.withdrawn

    async def transfer(
        self, request: order_service_pb2.TransferRequest
    ) -> order_service_pb2.TransferResponse:
        """Move an amount to another account of the same owner."""
        accepted = await self._apply(decoding.transfer(request))
        return accepted.acknowledgement.transferred

    async def add_key(
        self, request: order_service_pb2.AddKeyRequest
    ) -> order_service_pb2.AddKeyResponse:
        """Put a key into a slot of an account."""
        accepted = await self._apply(decoding.add_key(request))
        return accepted.acknowledgement.key_added

    async def remove_key(
        self, request: order_service_pb2.RemoveKeyRequest
    ) -> order_service_pb2.RemoveKeyResponse:
        """Take the permissions of a key."""
        accepted = await self._apply(decoding.remove_key(request))
        return accepted.acknowledgement.key_removed

    async def list_market(
        self, request: order_service_pb2.ListMarketRequest
    ) -> order_service_pb2.ListMarketResponse:
        """Open a market."""
        accepted = await self._lister.list_market(decoding.list_market(request))
        assert accepted.receipt is not None
        return order_service_pb2.ListMarketResponse(receipt=receipt_message(accepted.receipt))

    async def stream_orders(
        self, requests: AsyncIterator[_Request | Undecodable]
    ) -> AsyncIterator[_Response]:
        """Answer commands in the order sent, while more of them come in."""
        pending: asyncio.Queue[_Pending | None] = asyncio.Queue(self._max_inflight)
        reader = asyncio.create_task(self._read(requests, pending))
        try:
            while (item := await pending.get()) is not None:
                request_id, started = item
                if isinstance(started, _Response):
                    response = started
                else:
                    response = await self._outcome(*started)
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
                started = self._start(request)
                await pending.put((request_id, started))
                if self._is_too_much(started):
                    await self._clock.sleep_ms(PAUSE_MS)
        finally:
            await pending.put(None)

    def _start(self, request: _Request | Undecodable) -> "_Started | _Response":
        try:
            if isinstance(request, Undecodable):
                return _refusal(request.refusal)
            tx = decoding.order_command(request)
            return tx, self._enqueue(tx)
        except (RequestRefusedError, InvalidTransaction) as error:
            return _refusal(error)

    def _is_too_much(self, started: "_Started | _Response") -> bool:
        """Whether the key has sent too many messages, or the connection too many bad ones."""
        if isinstance(started, _Response) and started.error.code == NodeErrorCode.RATE_LIMITED:
            return True
        return self._runner.is_doubtful(CONNECTION.get())

    async def _apply(self, tx: UserTransaction) -> Accepted:
        return await self._answer(tx, self._enqueue(tx))

    async def _answer(self, tx: UserTransaction, answer: "asyncio.Future[Accepted]") -> Accepted:
        """Wait for the outcome; a cancellation that comes too late is told why."""
        try:
            return await answer
        except InvalidTransaction as refusal:
            if not isinstance(tx, CancelOrder | ReplaceOrder):
                raise
            told = await self._runner.call(
                functools.partial(why_not_resting, tx=tx, refusal=refusal)
            )
        raise told

    async def _outcome(self, tx: UserTransaction, answer: "asyncio.Future[Accepted]") -> _Response:
        try:
            accepted = await self._answer(tx, answer)
        except (RequestRefusedError, InvalidTransaction) as error:
            return _refusal(error)
        response = _Response()
        response.CopyFrom(accepted.acknowledgement)
        return response

    def _enqueue(self, tx: UserTransaction) -> "asyncio.Future[Accepted]":
        command = decoding.user_command(tx, self._runner.exchange, self._clock.now_ms())
        return self._runner.enqueue(command, CONNECTION.get())


def _refusal(error: RequestRefusedError | InvalidTransaction) -> _Response:
    return _Response(error=error_detail_of(error))


def _abandon(pending: asyncio.Queue[_Pending | None]) -> None:
    """The client is gone: its commands will be applied, but nobody reads the answers."""
    while not pending.empty():
        item = pending.get_nowait()
        if item is not None and not isinstance(item[1], _Response):
            item[1][1].cancel()
