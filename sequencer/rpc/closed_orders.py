"""Why an order cannot be cancelled or replaced: the protocol knows only that it does not rest."""

from typing import Final

from novation.api.v1 import types_pb2
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.transactions import CancelOrder, ReplaceOrder
from sequencer.engine import Engine
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.views import no_longer_kept

_REASONS: Final = {
    types_pb2.CANCEL_REASON_USER: "by its owner",
    types_pb2.CANCEL_REASON_SELF_TRADE: "because it would have traded with its owner",
    types_pb2.CANCEL_REASON_REDUCE_ONLY: "because there was no position left to reduce",
    types_pb2.CANCEL_REASON_MARGIN: "because its owner's margin did not suffice",
    types_pb2.CANCEL_REASON_IOC: "because it was immediate or cancel",
    types_pb2.CANCEL_REASON_MAKER_LIMIT: "because it met too many resting orders",
    types_pb2.CANCEL_REASON_KILLED: "because it rested while prices were away",
    types_pb2.CANCEL_REASON_FEE: "because the maker fee had risen above its limit",
    types_pb2.CANCEL_REASON_CANCEL_ALL: "by its owner with all others",
    types_pb2.CANCEL_REASON_REPLACED: "by its owner for another one",
    types_pb2.CANCEL_REASON_GUARD: "by the guard of its owner's quotes with all others",
    types_pb2.CANCEL_REASON_POSITION_CLOSED: "with the position that it belonged to",
    types_pb2.CANCEL_REASON_TIMER: "by its owner's timer with all others",
}


def why_not_resting(
    engine: Engine, tx: CancelOrder | ReplaceOrder, refusal: InvalidTransaction
) -> InvalidTransaction | RequestRefusedError:
    """Return a better refusal of a cancellation that found no resting order."""
    if refusal.code is not ErrorCode.UNKNOWN_ORDER:
        return refusal
    order_id = tx.order_id or engine.history.placed_order_id(tx)
    if order_id == 0:
        return refusal
    order = engine.history.order(order_id)
    if order is None:
        last_id = engine.state.globals.next_order_id - 1
        return no_longer_kept(order_id, last_id) if order_id <= last_id else refusal
    if order.account_id != tx.account_id:
        return InvalidTransaction(
            ErrorCode.NOT_ORDER_OWNER,
            f"order {order_id} is not of account {tx.account_id}",
            Broken("account_id", tx.account_id, order.account_id),
        )
    return _closed(order, engine.state.globals.time_ms) or refusal


def _closed(order: types_pb2.Order, now_ms: int) -> RequestRefusedError | None:
    name = f"order {order.order_id}"
    nothing_left = ErrorContext("remaining_lots", limit="1", value="0")
    if order.status == types_pb2.ORDER_STATUS_FILLED:
        sentence = f"{name} was filled: {order.filled_lots} lots"
        return RequestRefusedError(NodeErrorCode.ORDER_ALREADY_FILLED, sentence, nothing_left)
    if order.status == types_pb2.ORDER_STATUS_TRIGGERED:
        sentence = f"{name} was triggered: it is order {order.triggered_order_id} now"
        return RequestRefusedError(NodeErrorCode.ORDER_ALREADY_CANCELLED, sentence, nothing_left)
    if order.status != types_pb2.ORDER_STATUS_CANCELLED:
        return None
    if order.cancel_reason == types_pb2.CANCEL_REASON_EXPIRED:
        sentence = f"{name} expired at {order.expiry_time_ms} after {order.filled_lots} lots"
        context = ErrorContext("expiry_time_ms", str(now_ms + 1), str(order.expiry_time_ms))
        return RequestRefusedError(NodeErrorCode.ORDER_ALREADY_EXPIRED, sentence, context)
    reason = _REASONS.get(order.cancel_reason, "")
    sentence = f"{name} was cancelled {reason} after {order.filled_lots} lots"
    return RequestRefusedError(NodeErrorCode.ORDER_ALREADY_CANCELLED, sentence, nothing_left)
