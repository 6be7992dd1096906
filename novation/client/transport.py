"""The connection: calls with our exceptions, and retries where repeating is safe."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import grpc

from novation.api.v1 import (
    oracle_service_pb2_grpc,
    order_service_pb2_grpc,
    query_service_pb2_grpc,
    stream_service_pb2_grpc,
)
from novation.client.errors import ConnectionLostError, from_rpc_error

ATTEMPTS: Final = 5
FIRST_RETRY_DELAY_S: Final = 0.1
CALL_TIMEOUT_S: Final = 30.0
KEEPALIVE_MS: Final = 5_000

# The generated stubs have no type information.
Stub = Any
Response = TypeVar("Response")


class Transport:
    """One channel with the stubs of all services."""

    def __init__(self, target: str, *, call_timeout_s: float = CALL_TIMEOUT_S) -> None:
        """Connect lazily to `host:port`."""
        options = [
            ("grpc.initial_reconnect_backoff_ms", 100),
            # Also the time that a new connection may take to be answered.
            ("grpc.min_reconnect_backoff_ms", KEEPALIVE_MS),
            ("grpc.max_reconnect_backoff_ms", 1000),
            # A connection whose other end does not answer is closed after both.
            ("grpc.keepalive_time_ms", KEEPALIVE_MS),
            ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
            # Without it the answer to a ping may take a minute, whatever the line above says.
            ("grpc.http2.ping_timeout_ms", KEEPALIVE_MS),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
        ]
        self._channel = grpc.aio.insecure_channel(target, options=options)
        self._call_timeout_s = call_timeout_s
        self.orders: Stub = _stub(order_service_pb2_grpc, "OrderServiceStub", self._channel)
        self.queries: Stub = _stub(query_service_pb2_grpc, "QueryServiceStub", self._channel)
        self.streams: Stub = _stub(stream_service_pb2_grpc, "StreamServiceStub", self._channel)
        self.oracle: Stub = _stub(oracle_service_pb2_grpc, "OracleServiceStub", self._channel)

    async def call(self, method: Callable[..., Awaitable[Response]], request: object) -> Response:
        """Make one call; if the connection breaks, make it again.

        Repeating is safe: queries change nothing, and the exchange answers a signed message that
        it has accepted before with its first receipt.

        Raises:
            RejectedError: the exchange refused.
            ConnectionLostError: no attempt got an answer.
        """
        delay_s = FIRST_RETRY_DELAY_S
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await method(request, timeout=self._call_timeout_s)
            except grpc.aio.AioRpcError as error:
                failure = from_rpc_error(error)
                if attempt == ATTEMPTS or not isinstance(failure, ConnectionLostError):
                    raise failure from error
            await asyncio.sleep(delay_s)
            delay_s *= 2
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()


def _stub(module: Any, name: str, channel: grpc.aio.Channel) -> Stub:  # noqa: ANN401
    return getattr(module, name)(channel)
