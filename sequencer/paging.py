"""Page tokens: below which number a list goes on, and which list it is.

A token needs no memory here and is good for ever. It has the fingerprint of its request, so that
one of another list, account or filter is refused and not taken for a place in this one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Final, TypeVar

from novation.api.v1 import query_service_pb2
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError

# Fingerprint, number.
_TOKEN: Final = struct.Struct(">QQ")
_FINGERPRINT_BYTES: Final = 8
NUMBER_BOUND: Final = 2**64

T = TypeVar("T")
PagedRequest = TypeVar(
    "PagedRequest",
    query_service_pb2.ListOrdersRequest,
    query_service_pb2.ListFillsRequest,
    query_service_pb2.ListTradesRequest,
    query_service_pb2.ListTransfersRequest,
    query_service_pb2.ListFundingRequest,
    query_service_pb2.ListMarketFundingRequest,
    query_service_pb2.ListLiquidationsRequest,
    query_service_pb2.ListPoolSharesRequest,
)


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for: at most `limit` items with numbers below `before`."""

    limit: int
    before: int
    fingerprint: int

    def take(self, newest: Iterator[tuple[int, T]]) -> tuple[list[tuple[int, T]], bytes]:
        """Return the page's items and the token of the next page, empty if there is none."""
        items = list(islice(newest, self.limit + 1))
        if len(items) <= self.limit:
            return items, b""
        del items[self.limit :]
        return items, _TOKEN.pack(self.fingerprint, items[-1][0])


def page_of(request: PagedRequest, most: int) -> Page:
    """Return which page of its list a request asks for."""
    limit = min(request.page_size or most, most)
    fingerprint = _fingerprint(request)
    token = request.page_token
    if not token:
        return Page(limit, NUMBER_BOUND - 1, fingerprint)
    if len(token) != _TOKEN.size:
        context = ErrorContext("page_token", str(_TOKEN.size), str(len(token)))
        sentence = f"page_token has {len(token)} bytes, needed are {_TOKEN.size}"
        raise RequestRefusedError(NodeErrorCode.MALFORMED_MESSAGE, sentence, context)
    found, before = _TOKEN.unpack(token)
    if found != fingerprint:
        context = ErrorContext("page_token", str(fingerprint), str(found))
        sentence = "page_token is of another list, or was given for another request"
        raise RequestRefusedError(NodeErrorCode.WRONG_PAGE_TOKEN, sentence, context)
    return Page(limit, before, fingerprint)


def _fingerprint(request: PagedRequest) -> int:
    """Return a number of everything in a request but the page that it asks for."""
    query = type(request)()
    query.CopyFrom(request)
    query.ClearField("page_size")
    query.ClearField("page_token")
    text = query.DESCRIPTOR.full_name.encode() + b"\0" + query.SerializeToString(deterministic=True)
    return int.from_bytes(blake2b(text, digest_size=_FINGERPRINT_BYTES).digest(), "big")
