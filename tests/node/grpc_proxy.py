"""A proxy of whole gRPC messages, which loses or alters some that the node streams."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc

from novation.api.v1 import query_service_pb2, stream_service_pb2

# Gets the method's name and a streamed message; returns what the client gets, None for nothing.
Meddle = Callable[[str, bytes], bytes | None]


class _Handler(grpc.GenericRpcHandler):
    """Answers every method of the two services by asking the node."""

    def __init__(self, channel: grpc.aio.Channel, meddle: Meddle) -> None:
        self._channel = channel
        self._meddle = meddle
        self._streaming: dict[str, bool] = {}
        for module in (query_service_pb2, stream_service_pb2):
            (service,) = module.DESCRIPTOR.services_by_name.values()
            for method in service.methods:
                path = f"/{service.full_name}/{method.name}"
                self._streaming[path] = method.server_streaming

    def service(self, handler_call_details: Any) -> Any:
        path = handler_call_details.method
        if path not in self._streaming:
            return None
        if self._streaming[path]:
            return grpc.unary_stream_rpc_method_handler(self._streamed(path))
        return grpc.unary_unary_rpc_method_handler(self._asked(path))

    def _asked(self, path: str) -> Any:
        async def ask(request: bytes, _context: Any) -> bytes:
            answer: bytes = await self._channel.unary_unary(path)(request)
            return answer

        return ask

    def _streamed(self, path: str) -> Any:
        async def stream(request: bytes, _context: Any) -> AsyncIterator[bytes]:
            name = path.rsplit("/", 1)[1]
            async for message in self._channel.unary_stream(path)(request):
                passed = self._meddle(name, message)
                if passed is not None:
                    yield passed

        return stream


@asynccontextmanager
async def meddling(target: str, meddle: Meddle) -> AsyncIterator[str]:
    """Start a proxy of the queries and streams of a node and yield its address."""
    server = grpc.aio.server()
    async with grpc.aio.insecure_channel(target) as channel:
        server.add_generic_rpc_handlers((_Handler(channel, meddle),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            await server.stop(None)
