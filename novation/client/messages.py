"""Signed transactions as messages of the API."""

from novation.api.v1 import order_service_pb2, types_pb2
from novation.client import conversion
from novation.protocol.signatures import Signature
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    MassQuote,
    PlaceOrder,
    RemoveKey,
    ReplaceOrder,
    SetCancelTimer,
    Transfer,
    Withdraw,
)

FELT_BYTES = 32


def place_message(tx: PlaceOrder) -> order_service_pb2.PlaceOrderRequest:
    """Return the API message of a signed order."""
    return order_service_pb2.PlaceOrderRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        market_id=tx.market_id,
        side=conversion.SIDES[tx.side],
        price_ticks=tx.price_ticks,
        size_lots=tx.size_lots,
        expiry_time_ms=tx.expiry_time_ms,
        max_fee_ppm=tx.max_fee_ppm,
        time_in_force=conversion.TIMES_IN_FORCE[tx.time_in_force],
        reduce_only=tx.reduce_only,
        self_trade_mode=conversion.SELF_TRADE_MODES[tx.self_trade_mode],
        self_trade_scope=conversion.SELF_TRADE_SCOPES[tx.self_trade_scope],
        label=tx.label,
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def replace_message(tx: ReplaceOrder) -> order_service_pb2.ReplaceOrderRequest:
    """Return the API message of a signed order in the place of another one."""
    return order_service_pb2.ReplaceOrderRequest(
        order=place_message(tx),
        order_id=tx.order_id,
        placed_key_index=tx.placed_key_index,
        placed_nonce=tx.placed_nonce,
        placed_quote_index=tx.placed_quote_index,
        seen_lots=tx.seen_lots,
        in_place=tx.in_place,
    )


def quotes_message(tx: MassQuote) -> order_service_pb2.MassQuoteRequest:
    """Return the API message of signed quotes."""
    return order_service_pb2.MassQuoteRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        market_id=tx.market_id,
        expiry_time_ms=tx.terms.expiry_time_ms,
        max_fee_ppm=tx.terms.max_fee_ppm,
        cancels_first=tx.terms.cancels_first,
        slides=tx.terms.slides,
        label=tx.terms.label,
        guard_lots=tx.terms.guard_lots,
        quotes=[
            order_service_pb2.Quote(
                side=conversion.SIDES[quote.side],
                price_ticks=quote.price_ticks,
                size_lots=quote.size_lots,
            )
            for quote in tx.quotes
        ],
        cancels=[
            order_service_pb2.QuoteCancel(
                side=conversion.SIDES[named.side],
                price_ticks=named.price_ticks,
                order_id=named.order_id,
            )
            for named in tx.cancels
        ],
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def cancel_message(tx: CancelOrder) -> order_service_pb2.CancelOrderRequest:
    """Return the API message of a signed cancellation."""
    return order_service_pb2.CancelOrderRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        order_id=tx.order_id,
        placed_key_index=tx.placed_key_index,
        placed_nonce=tx.placed_nonce,
        placed_quote_index=tx.placed_quote_index,
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def cancel_all_message(tx: CancelAll) -> order_service_pb2.CancelAllRequest:
    """Return the API message of a signed cancellation of all orders."""
    return order_service_pb2.CancelAllRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        market_id=tx.market_id,
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def cancel_timer_message(tx: SetCancelTimer) -> order_service_pb2.SetCancelTimerRequest:
    """Return the API message of a signed timer."""
    return order_service_pb2.SetCancelTimerRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        cancel_all_at_ms=tx.cancel_all_at_ms,
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def bid_message(tx: Bid) -> order_service_pb2.BidRequest:
    """Return the API message of a signed bid."""
    return order_service_pb2.BidRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        failing_account_id=tx.failing_account_id,
        share_x16=tx.share_x16,
        min_discount_ppm=tx.min_discount_ppm,
        max_notional_quanta=tx.max_notional_quanta,
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def withdraw_message(tx: Withdraw) -> order_service_pb2.WithdrawRequest:
    """Return the API message of a signed withdrawal."""
    return order_service_pb2.WithdrawRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        amount_quanta=tx.amount_quanta,
        asset_id=tx.asset_id,
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def transfer_message(tx: Transfer) -> order_service_pb2.TransferRequest:
    """Return the API message of a signed transfer."""
    return order_service_pb2.TransferRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        to_account_id=tx.to_account_id,
        amount_quanta=tx.amount_quanta,
        asset_id=tx.asset_id,
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def add_key_message(tx: AddKey) -> order_service_pb2.AddKeyRequest:
    """Return the API message of a signed request to add a key."""
    return order_service_pb2.AddKeyRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        slot=tx.slot,
        permissions=tx.permissions,
        expiry_time_ms=tx.expiry_ms,
        public_key=tx.public_key.to_bytes(FELT_BYTES, "big"),
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def remove_key_message(tx: RemoveKey) -> order_service_pb2.RemoveKeyRequest:
    """Return the API message of a signed request to remove a key."""
    return order_service_pb2.RemoveKeyRequest(
        account_id=tx.account_id,
        key_index=tx.key_index,
        nonce=tx.nonce,
        slot=tx.slot,
        valid_until_ms=tx.valid_until_ms,
        signature=signature_message(tx.signature),
    )


def signature_message(signature: Signature) -> types_pb2.Signature:
    """Return the API message of a signature."""
    return types_pb2.Signature(
        r=signature.r.to_bytes(FELT_BYTES, "big"), s=signature.s.to_bytes(FELT_BYTES, "big")
    )
