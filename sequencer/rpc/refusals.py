"""Translates refusals into gRPC: a status for generic clients, an `ErrorDetail` for ours."""

from typing import Final

import grpc

from novation.api.v1 import types_pb2
from novation.protocol.errors import ErrorCode, InvalidTransaction
from sequencer.errors import NodeErrorCode, RequestRefusedError, context_of
from sequencer.messages import felt_bytes

_STATUS: Final = {
    NodeErrorCode.MALFORMED_MESSAGE: grpc.StatusCode.INVALID_ARGUMENT,
    NodeErrorCode.MESSAGE_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NodeErrorCode.MISSING_FIELD: grpc.StatusCode.INVALID_ARGUMENT,
    NodeErrorCode.FIELD_OUT_OF_RANGE: grpc.StatusCode.INVALID_ARGUMENT,
    NodeErrorCode.QUEUE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NodeErrorCode.SHUTTING_DOWN: grpc.StatusCode.UNAVAILABLE,
    NodeErrorCode.TOO_MANY_STREAMS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NodeErrorCode.RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NodeErrorCode.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    NodeErrorCode.RESUME_TOO_OLD: grpc.StatusCode.OUT_OF_RANGE,
    NodeErrorCode.RESUME_AHEAD: grpc.StatusCode.OUT_OF_RANGE,
    NodeErrorCode.WRONG_PAGE_TOKEN: grpc.StatusCode.INVALID_ARGUMENT,
    NodeErrorCode.STALE_REPORT: grpc.StatusCode.FAILED_PRECONDITION,
    NodeErrorCode.DOUBTFUL_UPDATE: grpc.StatusCode.FAILED_PRECONDITION,
    NodeErrorCode.ORDER_ALREADY_FILLED: grpc.StatusCode.FAILED_PRECONDITION,
    NodeErrorCode.ORDER_ALREADY_CANCELLED: grpc.StatusCode.FAILED_PRECONDITION,
    NodeErrorCode.ORDER_ALREADY_EXPIRED: grpc.StatusCode.FAILED_PRECONDITION,
    NodeErrorCode.ORDER_NO_LONGER_KEPT: grpc.StatusCode.NOT_FOUND,
    NodeErrorCode.INTERNAL: grpc.StatusCode.INTERNAL,
    ErrorCode.INVALID_FIELD: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.UNKNOWN_ACCOUNT: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_KEY: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_MARKET: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_UNDERLYING: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_ORDER: grpc.StatusCode.NOT_FOUND,
    ErrorCode.INVALID_SIGNATURE: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.UNPROVABLE_SIGNATURE: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.KEY_LACKS_PERMISSION: grpc.StatusCode.PERMISSION_DENIED,
    ErrorCode.KEY_EXPIRED: grpc.StatusCode.PERMISSION_DENIED,
    ErrorCode.OWN_KEY: grpc.StatusCode.PERMISSION_DENIED,
    ErrorCode.NOT_ORDER_OWNER: grpc.StatusCode.PERMISSION_DENIED,
    ErrorCode.UNKNOWN_SIGNER: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.SIGNERS_NOT_ASCENDING: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.PRICE_NOT_MEDIAN: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.QUORUM_NOT_REACHED: grpc.StatusCode.INVALID_ARGUMENT,
}


def status_of(error: RequestRefusedError | InvalidTransaction) -> grpc.StatusCode:
    """Return the gRPC status; rules that depend on the state give FAILED_PRECONDITION."""
    return _STATUS.get(error.code, grpc.StatusCode.FAILED_PRECONDITION)


def error_detail_of(error: RequestRefusedError | InvalidTransaction) -> types_pb2.ErrorDetail:
    """Return the message that tells a client's program what is wrong."""
    if isinstance(error, RequestRefusedError):
        context, message, expected_hash = error.context, error.message, 0
    else:
        message, expected_hash = error.detail, error.expected_hash
        context = context_of(error.broken)
    return types_pb2.ErrorDetail(
        code=error.code,
        name=error.code.name,
        message=message,
        field=context.field,
        limit=context.limit,
        value=context.value,
        expected_hash=felt_bytes(expected_hash) if expected_hash else b"",
        retry_after_ms=context.retry_after_ms,
    )
