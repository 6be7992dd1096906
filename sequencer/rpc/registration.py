"""Registers plain Python methods as a gRPC service, with one place for decoding and for errors.

The generated servicers would answer malformed bytes with an internal error; here they get a code.
"""

import inspect
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message

from novation.protocol.errors import InvalidTransaction
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.rpc.refusals import error_detail_of, status_of

logger = logging.getLogger(__name__)

ERROR_METADATA_KEY = "novation-error-bin"
# Of the call that is being served: address and port of its other end.
CONNECTION: ContextVar[str] = ContextVar("connection", default="")


class Undecodable:
    """Stands for a request that could not be decoded; carries the refusal."""

    def __init__(self, refusal: RequestRefusedError) -> None:
        """Keep the refusal until a handler can answer with it."""
        self.refusal = refusal


def register_service(
    server: grpc.aio.Server,
    descriptor: ServiceDescriptor,
    implementation: object,
    max_message_bytes: int,
) -> None:
    """Serve every method of `descriptor` by the method of `implementation` in snake case."""
    handlers = {
        method.name: _handler(method, implementation, max_message_bytes)
        for method in descriptor.methods
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(descriptor.full_name, handlers),)
    )


def _handler(
    method: MethodDescriptor, implementation: object, max_message_bytes: int
) -> grpc.RpcMethodHandler:
    behaviour = getattr(implementation, _snake_case(method.name))
    decode = _decoder(message_factory.GetMessageClass(method.input_type), max_message_bytes)
    if not method.server_streaming:
        return grpc.unary_unary_rpc_method_handler(_unary(behaviour), decode, _encode)
    call = _streaming(behaviour, has_stream=method.client_streaming)
    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(call, decode, _encode)
    return grpc.unary_stream_rpc_method_handler(call, decode, _encode)


def _decoder(
    message_class: type[Message], max_message_bytes: int
) -> Callable[[bytes], Message | Undecodable]:
    def decode(data: bytes) -> Message | Undecodable:
        if len(data) > max_message_bytes:
            context = ErrorContext("message", str(max_message_bytes), str(len(data)))
            sentence = f"message of {len(data)} bytes, limit {max_message_bytes}"
            return Undecodable(
                RequestRefusedError(NodeErrorCode.MESSAGE_TOO_LARGE, sentence, context)
            )
        try:
            return message_class.FromString(data)
        except DecodeError:
            name = message_class.DESCRIPTOR.full_name
            sentence = f"these {len(data)} bytes are not a {name}"
            # Protobuf does not say where it failed: no length would have been right.
            context = ErrorContext("message", "0", str(len(data)))
            return Undecodable(
                RequestRefusedError(NodeErrorCode.MALFORMED_MESSAGE, sentence, context)
            )

    return decode


def _encode(message: Message) -> bytes:
    return message.SerializeToString()


def _unary(
    behaviour: Callable[[Any], Awaitable[Message]],
) -> Callable[[Any, grpc.aio.ServicerContext], Awaitable[Message]]:
    async def call(request: Message | Undecodable, context: grpc.aio.ServicerContext) -> Message:
        CONNECTION.set(context.peer())
        try:
            if isinstance(request, Undecodable):
                raise request.refusal
            return await behaviour(request)
        except (RequestRefusedError, InvalidTransaction) as error:
            await _abort(context, error)
            raise

    return call


def _streaming(
    behaviour: Callable[[Any], AsyncIterator[Message]], *, has_stream: bool
) -> Callable[[Any, grpc.aio.ServicerContext], AsyncIterator[Message]]:
    assert inspect.isasyncgenfunction(behaviour)

    async def call(
        request: Any,  # noqa: ANN401 - a message or an iterator of messages
        context: grpc.aio.ServicerContext,
    ) -> AsyncIterator[Message]:
        CONNECTION.set(context.peer())
        try:
            if not has_stream and isinstance(request, Undecodable):
                raise request.refusal
            async for response in behaviour(request):
                yield response
        except (RequestRefusedError, InvalidTransaction) as error:
            await _abort(context, error)

    return call


async def _abort(
    context: grpc.aio.ServicerContext, error: RequestRefusedError | InvalidTransaction
) -> None:
    detail = error_detail_of(error)
    metadata = ((ERROR_METADATA_KEY, detail.SerializeToString()),)
    await context.abort(status_of(error), f"{detail.name}: {detail.message}", metadata)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
