"""Whatever a client sends, decoding gives a transaction that can be hashed, or a refusal."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from novation.api.v1 import oracle_service_pb2, order_service_pb2, types_pb2
from novation.protocol.encoding import decode_transaction, encode_transaction
from novation.protocol.errors import InvalidTransaction
from sequencer.errors import RequestRefusedError
from sequencer.rpc import decoding
from sequencer.rpc.refusals import error_detail_of
from tests.support.builders import exchange_config, parameters

CONFIG = exchange_config()
u32, u64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
small = st.integers(0, 20)
choices = st.integers(0, 4)
words = st.binary(max_size=40) | st.binary(min_size=32, max_size=32)
signatures = st.builds(types_pb2.Signature, r=words, s=words)

place_requests = st.builds(
    order_service_pb2.PlaceOrderRequest,
    account_id=u32,
    key_index=u32 | small,
    nonce=u64,
    market_id=u32 | small,
    side=choices,
    price_ticks=u64 | u32,
    size_lots=u64 | u32,
    expiry_time_ms=u64 | u32,
    max_fee_ppm=u32 | small,
    time_in_force=choices,
    reduce_only=st.booleans(),
    self_trade_mode=choices,
    signature=signatures,
)
add_key_requests = st.builds(
    order_service_pb2.AddKeyRequest,
    account_id=u32,
    key_index=u32 | small,
    nonce=u64,
    slot=u32 | small,
    permissions=u32 | small,
    expiry_time_ms=u64 | u32,
    public_key=words,
    signature=signatures,
)
remove_key_requests = st.builds(
    order_service_pb2.RemoveKeyRequest,
    account_id=u32,
    key_index=u32 | small,
    nonce=u64,
    slot=u32 | small,
    signature=signatures,
)
reports = st.builds(
    oracle_service_pb2.OracleReport,
    signer_index=u32 | small,
    time_ms=u64,
    prices_x16=st.lists(u64 | u32, max_size=20),
    signature=signatures,
)
updates = st.builds(
    oracle_service_pb2.SubmitUpdateRequest,
    oracle_time_ms=u64,
    prices_x16=st.lists(u64 | u32, max_size=20),
    reports=st.lists(reports, max_size=5),
)


def refused_or_hashed(decode: Callable[[Any], Any], request: Any) -> None:
    try:
        tx = decode(request)
    except (RequestRefusedError, InvalidTransaction) as error:
        detail = error_detail_of(error)
        assert detail.code > 0
        assert detail.name
        assert detail.message
        return
    assert decode_transaction(encode_transaction(tx)) == tx
    for signed in getattr(tx, "reports", (tx,)):
        assert signed.message_hash(CONFIG) >= 0


@settings(max_examples=400, deadline=None)
@given(place_requests)
def test_place_order_messages_are_refused_or_hashed(
    request: order_service_pb2.PlaceOrderRequest,
) -> None:
    refused_or_hashed(decoding.place_order, request)


@settings(max_examples=400, deadline=None)
@given(add_key_requests)
def test_add_key_messages_are_refused_or_hashed(
    request: order_service_pb2.AddKeyRequest,
) -> None:
    refused_or_hashed(decoding.add_key, request)


@settings(max_examples=200, deadline=None)
@given(remove_key_requests)
def test_remove_key_messages_are_refused_or_hashed(
    request: order_service_pb2.RemoveKeyRequest,
) -> None:
    refused_or_hashed(decoding.remove_key, request)


@settings(max_examples=300, deadline=None)
@given(updates)
def test_oracle_updates_are_refused_or_hashed(
    request: oracle_service_pb2.SubmitUpdateRequest,
) -> None:
    refused_or_hashed(lambda message: decoding.oracle_update(message, parameters()), request)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_as_commands_are_refused_or_hashed(data: bytes) -> None:
    try:
        request = order_service_pb2.StreamOrdersRequest.FromString(data)
    except DecodeError:
        return
    refused_or_hashed(decoding.order_command, request)
