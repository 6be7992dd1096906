"""Translates refusals into gRPC: a status for generic clients, an `ErrorDetail` for ours."""

import re
from typing import Final

import grpc

from novation.api.v1 import types_pb2
from novation.protocol.errors import ErrorCode, InvalidTransaction
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.messages import felt_bytes

_STATUS: Final = {
    NodeErrorCode.MALFORMED_MESSAGE: grpc.StatusCode.INVALID_ARGUMENT,
    NodeErrorCode.MESSAGE_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NodeErrorCode.MISSING_FIELD: grpc.StatusCode.INVALID_ARGUMENT,
    NodeErrorCode.FIELD_OUT_OF_RANGE: grpc.StatusCode.INVALID_ARGUMENT,
    NodeErrorCode.QUEUE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NodeErrorCode.SHUTTING_DOWN: grpc.StatusCode.UNAVAILABLE,
    NodeErrorCode.TOO_MANY_STREAMS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NodeErrorCode.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    NodeErrorCode.RESUME_TOO_OLD: grpc.StatusCode.OUT_OF_RANGE,
    NodeErrorCode.STALE_REPORT: grpc.StatusCode.FAILED_PRECONDITION,
    NodeErrorCode.INTERNAL: grpc.StatusCode.INTERNAL,
    ErrorCode.INVALID_FIELD: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.UNKNOWN_ACCOUNT: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_KEY: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_MARKET: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_ORDER: grpc.StatusCode.NOT_FOUND,
    ErrorCode.INVALID_SIGNATURE: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.UNPROVABLE_SIGNATURE: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.NOT_ORDER_OWNER: grpc.StatusCode.PERMISSION_DENIED,
    ErrorCode.UNKNOWN_SIGNER: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.SIGNERS_NOT_ASCENDING: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.PRICE_NOT_MEDIAN: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.QUORUM_NOT_REACHED: grpc.StatusCode.INVALID_ARGUMENT,
}

# The message field that each of the protocol's codes is about, named as in the proto files.
_FIELD: Final = {
    ErrorCode.UNKNOWN_ACCOUNT: "account_id",
    ErrorCode.UNKNOWN_KEY: "key_index",
    ErrorCode.NONCE_NOT_INCREASING: "nonce",
    ErrorCode.INVALID_SIGNATURE: "signature",
    ErrorCode.UNPROVABLE_SIGNATURE: "signature",
    ErrorCode.UNKNOWN_MARKET: "market_id",
    ErrorCode.MARKET_NOT_ACTIVE: "market_id",
    ErrorCode.NO_PRICE: "market_id",
    ErrorCode.ORDER_EXPIRED: "expiry_time_ms",
    ErrorCode.FEE_ABOVE_LIMIT: "max_fee_ppm",
    ErrorCode.PRICE_OUTSIDE_BAND: "price_ticks",
    ErrorCode.TOO_MANY_POSITIONS: "market_id",
    ErrorCode.REDUCE_ONLY_INCREASES: "reduce_only",
    ErrorCode.POSITION_LIMIT: "size_lots",
    ErrorCode.POST_ONLY_CROSSES: "price_ticks",
    ErrorCode.TOO_MANY_ORDERS: "account_id",
    ErrorCode.OPEN_INTEREST_LIMIT: "size_lots",
    ErrorCode.INSUFFICIENT_MARGIN: "size_lots",
    ErrorCode.CUSTODY_EXCEEDED: "amount_quanta",
    ErrorCode.UNKNOWN_ORDER: "order_id",
    ErrorCode.NOT_ORDER_OWNER: "order_id",
    ErrorCode.QUORUM_NOT_REACHED: "reports",
    ErrorCode.SIGNERS_NOT_ASCENDING: "signer_index",
    ErrorCode.UNKNOWN_SIGNER: "signer_index",
    ErrorCode.REPORT_TIME_OUTSIDE_WINDOW: "time_ms",
    ErrorCode.ORACLE_TIME_NOT_INCREASING: "oracle_time_ms",
    ErrorCode.PRICE_NOT_MEDIAN: "prices_x16",
}

# Where the protocol's sentences name the offending value and the limit. A sentence that no pattern
# fits still reaches the client as a whole.
_PATTERNS: Final = {
    ErrorCode.INVALID_FIELD: (
        r"(?:reported )?(?P<field>\w+) (?P<value>-?\d+) not in (?P<limit>\S+)",
        r"(?P<value>\d+) prices for (?P<limit>\d+) markets",
    ),
    ErrorCode.UNKNOWN_ACCOUNT: (r"account (?P<value>\d+)",),
    ErrorCode.UNKNOWN_KEY: (r"key (?P<value>\d+) of (?P<limit>\d+)",),
    ErrorCode.NONCE_NOT_INCREASING: (r"nonce (?P<value>\d+) <= last (?P<limit>\d+)",),
    ErrorCode.INVALID_SIGNATURE: (
        r"expected (?P<limit>a signature of \w+ by key \w+)",
        r"(?P<value>r \w+ or s \w+) out of range",
    ),
    ErrorCode.UNPROVABLE_SIGNATURE: (
        r"message hash (?P<value>\w+) not in (?P<limit>\S+)",
        r"1/s of s (?P<value>\w+) >= (?P<limit>\S+)",
    ),
    ErrorCode.UNKNOWN_MARKET: (r"market (?P<value>\d+) of (?P<limit>\d+)",),
    ErrorCode.MARKET_NOT_ACTIVE: (r"status (?P<value>\d+)",),
    ErrorCode.NO_PRICE: (r"market (?P<value>\d+)",),
    ErrorCode.ORDER_EXPIRED: (r"expiry (?P<value>\d+) <= now (?P<limit>\d+)",),
    ErrorCode.FEE_ABOVE_LIMIT: (r"fee (?P<limit>\d+) ppm > signed limit (?P<value>\d+) ppm",),
    ErrorCode.PRICE_OUTSIDE_BAND: (r"\w+ at (?P<value>\d+) ticks, (?P<limit>mark .*)",),
    ErrorCode.TOO_MANY_POSITIONS: (r"(?P<value>\d+) of (?P<limit>\d+) in use",),
    ErrorCode.REDUCE_ONLY_INCREASES: (r"(?P<value>\w+) with a position of (?P<limit>-?\d+)",),
    ErrorCode.POSITION_LIMIT: (r"could reach (?P<value>\d+) lots, limit (?P<limit>\d+)",),
    ErrorCode.POST_ONLY_CROSSES: (r"crosses order \d+ at (?P<limit>\d+) ticks",),
    ErrorCode.TOO_MANY_ORDERS: (r"(?P<value>\d+) of (?P<limit>\d+) in use",),
    ErrorCode.OPEN_INTEREST_LIMIT: (r"(?P<value>\d+) lots, limit (?P<limit>\d+)",),
    ErrorCode.INSUFFICIENT_MARGIN: (
        r"equity_x16_ppm (?P<value>-?\d+) < initial (?P<limit>\d+)",
        r"account (?P<value>\d+) would miss (?P<limit>initial margin)",
    ),
    ErrorCode.CUSTODY_EXCEEDED: (r"(?P<value>\d+) quanta, in custody (?P<limit>\d+)",),
    ErrorCode.UNKNOWN_ORDER: (r"order (?P<value>\d+)",),
    ErrorCode.NOT_ORDER_OWNER: (r"order (?P<value>\d+) is not of account (?P<limit>\d+)",),
    ErrorCode.QUORUM_NOT_REACHED: (r"(?P<value>\d+) reports < (?P<limit>\d+)",),
    ErrorCode.SIGNERS_NOT_ASCENDING: (r"signer (?P<value>\d+) after (?P<limit>\d+)",),
    ErrorCode.UNKNOWN_SIGNER: (r"signer (?P<value>\d+) of (?P<limit>\d+)",),
    ErrorCode.REPORT_TIME_OUTSIDE_WINDOW: (
        r"report time (?P<value>\d+) not (?P<limit>within \d+ of \d+)",
    ),
    ErrorCode.ORACLE_TIME_NOT_INCREASING: (
        r"claimed (?P<value>\d+), (?P<limit>oldest report \d+, last update \d+)",
    ),
    ErrorCode.PRICE_NOT_MEDIAN: (r"market \d+: claimed (?P<value>\d+), median (?P<limit>\d+)",),
}
_EXPECTED_HASH: Final = re.compile(r"expected a signature of 0x([0-9a-f]+)")


def status_of(error: RequestRefusedError | InvalidTransaction) -> grpc.StatusCode:
    """Return the gRPC status; rules that depend on the state give FAILED_PRECONDITION."""
    return _STATUS.get(error.code, grpc.StatusCode.FAILED_PRECONDITION)


def error_detail_of(error: RequestRefusedError | InvalidTransaction) -> types_pb2.ErrorDetail:
    """Return the message that tells a client's program what is wrong."""
    if isinstance(error, RequestRefusedError):
        message, context = error.message, error.context
    else:
        message, context = error.detail, _context_of(error)
    return types_pb2.ErrorDetail(
        code=error.code,
        name=error.code.name,
        message=message,
        field=context.field,
        limit=context.limit,
        value=context.value,
        expected_hash=_expected_hash(error),
    )


def _context_of(error: InvalidTransaction) -> ErrorContext:
    field = _FIELD.get(error.code, "")
    for pattern in _PATTERNS.get(error.code, ()):
        match = re.match(pattern, error.detail)
        if match is not None:
            found = match.groupdict()
            return ErrorContext(
                field=found.get("field", field or "prices_x16"),
                limit=found.get("limit", ""),
                value=found.get("value", ""),
            )
    return ErrorContext(field=field)


def _expected_hash(error: RequestRefusedError | InvalidTransaction) -> bytes:
    match = _EXPECTED_HASH.search(str(error))
    return b"" if match is None else felt_bytes(int(match[1], 16))
