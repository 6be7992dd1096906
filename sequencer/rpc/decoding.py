"""API messages as transactions of the protocol: what a client can get wrong in form ends here."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from novation.api.v1 import (
    oracle_service_pb2,
    order_service_pb2,
    query_service_pb2,
    types_pb2,
)
from novation.crypto import FIELD_PRIME
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    MAX_ORACLES,
    MAX_QUOTES,
    MAX_UNDERLYINGS,
)
from novation.protocol.numeric import check_field
from novation.protocol.orders import (
    SelfTradeMode,
    SelfTradeScope,
    Side,
    TimeInForce,
    TriggerDirection,
)
from novation.protocol.parameters import Parameters
from novation.protocol.signatures import Signature
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    ListMarket,
    MassQuote,
    OracleReport,
    OracleUpdate,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    Quote,
    QuoteCancel,
    QuoteTerms,
    RemoveKey,
    ReplaceOrder,
    SetCancelTimer,
    Transfer,
    UserTransaction,
    Withdraw,
)
from novation.protocol.transactions.add_key import validate_add_key
from novation.protocol.transactions.bid import validate_bid
from novation.protocol.transactions.cancel_all import validate_cancel_all
from novation.protocol.transactions.cancel_order import validate_cancel_order
from novation.protocol.transactions.list_market import validate_list_market
from novation.protocol.transactions.mass_quote import validate_mass_quote
from novation.protocol.transactions.oracle_update import validate_oracle_update
from novation.protocol.transactions.place_bracket import validate_place_bracket
from novation.protocol.transactions.place_order import validate_place_order
from novation.protocol.transactions.place_trigger import validate_place_trigger
from novation.protocol.transactions.remove_key import validate_remove_key
from novation.protocol.transactions.replace_order import validate_replace_order
from novation.protocol.transactions.set_cancel_timer import validate_set_cancel_timer
from novation.protocol.transactions.transfer import validate_transfer
from novation.protocol.transactions.withdraw import validate_withdraw
from sequencer.account_index import AccountQuery
from sequencer.engine import Command
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.messages import ADDRESS_BYTES, FELT_BYTES

K = TypeVar("K", bound=int)
T = TypeVar("T")

_SIDES: Final = {types_pb2.SIDE_BUY: Side.BUY, types_pb2.SIDE_SELL: Side.SELL}
_TIMES_IN_FORCE: Final = {
    types_pb2.TIME_IN_FORCE_GTC: TimeInForce.GTC,
    types_pb2.TIME_IN_FORCE_IOC: TimeInForce.IOC,
    types_pb2.TIME_IN_FORCE_POST_ONLY: TimeInForce.POST_ONLY,
    types_pb2.TIME_IN_FORCE_FOK: TimeInForce.FOK,
    types_pb2.TIME_IN_FORCE_POST_ONLY_SLIDE: TimeInForce.POST_ONLY_SLIDE,
}
_SELF_TRADE_MODES: Final = {
    types_pb2.SELF_TRADE_MODE_CANCEL_RESTING: SelfTradeMode.CANCEL_RESTING,
    types_pb2.SELF_TRADE_MODE_CANCEL_TAKING: SelfTradeMode.CANCEL_TAKING,
    types_pb2.SELF_TRADE_MODE_CANCEL_BOTH: SelfTradeMode.CANCEL_BOTH,
    types_pb2.SELF_TRADE_MODE_DECREMENT: SelfTradeMode.DECREMENT,
}
_SELF_TRADE_SCOPES: Final = {
    types_pb2.SELF_TRADE_SCOPE_ACCOUNT: SelfTradeScope.ACCOUNT,
    types_pb2.SELF_TRADE_SCOPE_OWNER: SelfTradeScope.OWNER,
}

_TRIGGER_DIRECTIONS: Final = {
    types_pb2.TRIGGER_DIRECTION_FALL: TriggerDirection.FALL,
    types_pb2.TRIGGER_DIRECTION_RISE: TriggerDirection.RISE,
}


def place_order(request: order_service_pb2.PlaceOrderRequest) -> PlaceOrder:
    """Return the transaction; its fields are in range."""
    tx = _order(request)
    validate_place_order(tx)
    return tx


def replace_order(request: order_service_pb2.ReplaceOrderRequest) -> ReplaceOrder:
    """Return the transaction; its fields are in range."""
    if not request.HasField("order"):
        raise missing("order")
    tx = ReplaceOrder.of(
        _order(request.order),
        order_id=request.order_id,
        placed_key_index=request.placed_key_index,
        placed_nonce=request.placed_nonce,
        placed_quote_index=request.placed_quote_index,
        seen_lots=request.seen_lots,
        in_place=request.in_place,
    )
    validate_replace_order(tx)
    return tx


def place_trigger(request: order_service_pb2.PlaceTriggerRequest) -> PlaceTrigger:
    """Return the transaction; its fields are in range."""
    if not request.HasField("order"):
        raise missing("order")
    tx = PlaceTrigger.of(
        _order(request.order),
        trigger_price_ticks=request.trigger_price_ticks,
        trigger_direction=_choice(
            "trigger_direction", request.trigger_direction, _TRIGGER_DIRECTIONS
        ),
        ends_others=request.ends_others,
    )
    validate_place_trigger(tx)
    return tx


def place_bracket(request: order_service_pb2.PlaceBracketRequest) -> PlaceBracket:
    """Return the transaction; its fields are in range."""
    if not request.HasField("order"):
        raise missing("order")
    tx = PlaceBracket.of(
        _order(request.order),
        stop_trigger_ticks=request.stop_trigger_ticks,
        stop_price_ticks=request.stop_price_ticks,
        profit_trigger_ticks=request.profit_trigger_ticks,
        profit_price_ticks=request.profit_price_ticks,
        exits_expiry_time_ms=request.exits_expiry_time_ms,
    )
    validate_place_bracket(tx)
    return tx


def _order(request: order_service_pb2.PlaceOrderRequest) -> PlaceOrder:
    return PlaceOrder(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        market_id=request.market_id,
        side=_choice("side", request.side, _SIDES),
        price_ticks=request.price_ticks,
        size_lots=request.size_lots,
        expiry_time_ms=request.expiry_time_ms,
        max_fee_ppm=request.max_fee_ppm,
        reduce_only=request.reduce_only,
        time_in_force=_choice("time_in_force", request.time_in_force, _TIMES_IN_FORCE),
        self_trade_mode=_choice("self_trade_mode", request.self_trade_mode, _SELF_TRADE_MODES),
        self_trade_scope=_choice("self_trade_scope", request.self_trade_scope, _SELF_TRADE_SCOPES),
        label=request.label,
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )


def mass_quote(request: order_service_pb2.MassQuoteRequest) -> MassQuote:
    """Return the transaction; its fields are in range."""
    check_field("quotes", len(request.quotes), 1, MAX_QUOTES + 1)
    quotes = []
    for index, quote in enumerate(request.quotes):
        side = _choice(f"quotes[{index}].side", quote.side, _SIDES)
        quotes.append(Quote(side, quote.price_ticks, quote.size_lots))
    check_field("cancels", len(request.cancels), 0, MAX_QUOTES + 1 - len(request.quotes))
    cancels = []
    for index, named in enumerate(request.cancels):
        side = _choice(f"cancels[{index}].side", named.side, _SIDES)
        cancels.append(QuoteCancel(side, named.price_ticks, named.order_id))
    tx = MassQuote(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        market_id=request.market_id,
        terms=QuoteTerms(
            request.expiry_time_ms,
            request.max_fee_ppm,
            request.cancels_first,
            request.slides,
            request.label,
            request.guard_lots,
        ),
        quotes=tuple(quotes),
        cancels=tuple(cancels),
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_mass_quote(tx)
    return tx


def cancel_order(request: order_service_pb2.CancelOrderRequest) -> CancelOrder:
    """Return the transaction; its fields are in range."""
    tx = CancelOrder(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        order_id=request.order_id,
        placed_key_index=request.placed_key_index,
        placed_nonce=request.placed_nonce,
        placed_quote_index=request.placed_quote_index,
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_cancel_order(tx)
    return tx


def cancel_all(request: order_service_pb2.CancelAllRequest) -> CancelAll:
    """Return the transaction; its fields are in range."""
    tx = CancelAll(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        market_id=request.market_id if request.HasField("market_id") else None,
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_cancel_all(tx)
    return tx


def set_cancel_timer(request: order_service_pb2.SetCancelTimerRequest) -> SetCancelTimer:
    """Return the transaction; its fields are in range."""
    tx = SetCancelTimer(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        cancel_all_at_ms=request.cancel_all_at_ms,
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_set_cancel_timer(tx)
    return tx


def bid(request: order_service_pb2.BidRequest) -> Bid:
    """Return the transaction; its fields are in range."""
    tx = Bid(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        failing_account_id=request.failing_account_id,
        share_x16=request.share_x16,
        min_discount_ppm=request.min_discount_ppm,
        max_notional_quanta=request.max_notional_quanta,
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_bid(tx)
    return tx


def withdraw(request: order_service_pb2.WithdrawRequest) -> Withdraw:
    """Return the transaction; its fields are in range."""
    tx = Withdraw(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        amount_quanta=request.amount_quanta,
        asset_id=request.asset_id,
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_withdraw(tx)
    return tx


def transfer(request: order_service_pb2.TransferRequest) -> Transfer:
    """Return the transaction; its fields are in range."""
    tx = Transfer(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        to_account_id=request.to_account_id,
        amount_quanta=request.amount_quanta,
        asset_id=request.asset_id,
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_transfer(tx)
    return tx


def add_key(request: order_service_pb2.AddKeyRequest) -> AddKey:
    """Return the transaction; its fields are in range."""
    tx = AddKey(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        slot=request.slot,
        permissions=request.permissions,
        expiry_ms=request.expiry_time_ms,
        public_key=felt("public_key", request.public_key),
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_add_key(tx)
    return tx


def remove_key(request: order_service_pb2.RemoveKeyRequest) -> RemoveKey:
    """Return the transaction; its fields are in range."""
    tx = RemoveKey(
        account_id=request.account_id,
        key_index=request.key_index,
        nonce=request.nonce,
        slot=request.slot,
        valid_until_ms=request.valid_until_ms,
        signature=_signature(request),
    )
    validate_remove_key(tx)
    return tx


def list_market(request: order_service_pb2.ListMarketRequest) -> ListMarket:
    """Return the transaction; its field is in range."""
    tx = ListMarket(request.market_id)
    validate_list_market(tx)
    return tx


def order_command(request: order_service_pb2.StreamOrdersRequest) -> UserTransaction:
    """Return the transaction of one message of the order stream."""
    kind = request.WhichOneof("command")
    if kind is None:
        raise missing("command")
    return _COMMANDS[kind](getattr(request, kind))


# By the field of the message of the order stream.
_COMMANDS: Final[Mapping[str, Callable[[Any], UserTransaction]]] = {
    "place": place_order,
    "replace": replace_order,
    "quote": mass_quote,
    "place_trigger": place_trigger,
    "place_bracket": place_bracket,
    "cancel": cancel_order,
    "cancel_all": cancel_all,
    "set_cancel_timer": set_cancel_timer,
    "bid": bid,
    "withdraw": withdraw,
    "transfer": transfer,
    "add_key": add_key,
    "remove_key": remove_key,
}


def user_command(tx: UserTransaction, config: ExchangeConfig, received_time_ms: int) -> Command:
    """Return the engine's command for a decoded message."""
    return Command(tx, received_time_ms, message_hash=tx.message_hash(config))


def oracle_report(message: oracle_service_pb2.OracleReport) -> OracleReport:
    """Return the report; prices and times are checked with the update that it becomes part of."""
    if message.signer_index >= MAX_ORACLES:
        raise _out_of_range("signer_index", MAX_ORACLES, message.signer_index)
    if len(message.prices_x16) > MAX_UNDERLYINGS:
        raise _out_of_range("prices_x16", MAX_UNDERLYINGS, len(message.prices_x16))
    return OracleReport(
        signer_index=message.signer_index,
        time_ms=message.time_ms,
        prices_x16=tuple(message.prices_x16),
        signature=_signature(message),
    )


def oracle_update(
    request: oracle_service_pb2.SubmitUpdateRequest, parameters: Parameters
) -> OracleUpdate:
    """Return the transaction; its fields are in range."""
    tx = OracleUpdate(
        oracle_time_ms=request.oracle_time_ms,
        prices_x16=tuple(request.prices_x16),
        reports=tuple(oracle_report(report) for report in request.reports),
    )
    validate_oracle_update(tx, parameters)
    return tx


def account_query(request: query_service_pb2.FindAccountsRequest, max_listed: int) -> AccountQuery:
    """Return the question; one of key and L1 address is in it, or both."""
    has_key = bool(request.public_key)
    if not has_key and (request.is_first_key or not request.l1_address):
        raise missing("public_key")
    return AccountQuery(
        public_key=felt("public_key", request.public_key) if has_key else None,
        l1_address=_number("l1_address", request.l1_address, ADDRESS_BYTES)
        if request.l1_address
        else None,
        is_first_key=request.is_first_key,
        from_account_id=request.from_account_id,
        limit=min(request.limit or max_listed, max_listed),
    )


def side(value: types_pb2.Side) -> Side:
    """Return a side that a request names."""
    return _choice("side", value, _SIDES)


def account_id(value: int) -> int:
    """Return an account id that is in range."""
    if value >= ACCOUNT_ID_BOUND:
        raise _out_of_range("account_id", ACCOUNT_ID_BOUND, value)
    return value


def felt(field: str, data: bytes) -> int:
    """Return a field element; refused unless it is 32 bytes and below the prime."""
    value = _number(field, data, FELT_BYTES)
    if value >= FIELD_PRIME:
        raise _out_of_range(field, FIELD_PRIME, value)
    return value


def missing(field: str) -> RequestRefusedError:
    """Return the refusal of a message that lacks a field."""
    context = ErrorContext(field, limit="1", value="0")
    return RequestRefusedError(NodeErrorCode.MISSING_FIELD, f"{field} is missing", context)


def _signature(
    message: order_service_pb2.PlaceOrderRequest
    | order_service_pb2.MassQuoteRequest
    | order_service_pb2.CancelOrderRequest
    | order_service_pb2.CancelAllRequest
    | order_service_pb2.SetCancelTimerRequest
    | order_service_pb2.WithdrawRequest
    | order_service_pb2.BidRequest
    | order_service_pb2.TransferRequest
    | order_service_pb2.AddKeyRequest
    | order_service_pb2.RemoveKeyRequest
    | oracle_service_pb2.OracleReport,
) -> Signature:
    if not message.HasField("signature"):
        raise missing("signature")
    signature = message.signature
    return Signature(
        _number("signature.r", signature.r, FELT_BYTES),
        _number("signature.s", signature.s, FELT_BYTES),
    )


def _number(field: str, data: bytes, n_bytes: int) -> int:
    if len(data) != n_bytes:
        context = ErrorContext(field, str(n_bytes), str(len(data)))
        sentence = f"{field} has {len(data)} bytes, needed are {n_bytes}"
        raise RequestRefusedError(NodeErrorCode.MALFORMED_MESSAGE, sentence, context)
    return int.from_bytes(data, "big")


def _choice(field: str, value: K, choices: Mapping[K, T]) -> T:
    if value == 0:
        raise missing(field)
    if value not in choices:
        raise _out_of_range(field, max(choices) + 1, value)
    return choices[value]


def _out_of_range(field: str, bound: int, value: int) -> RequestRefusedError:
    context = ErrorContext(field, str(bound - 1), str(value))
    sentence = f"{field} is {value}, the limit is {bound - 1}"
    return RequestRefusedError(NodeErrorCode.FIELD_OUT_OF_RANGE, sentence, context)
