from novation.api.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PlaceOrderRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "market_id", "side", "price_ticks", "size_lots", "expiry_time_ms", "max_fee_ppm", "time_in_force", "reduce_only", "self_trade_mode", "signature", "self_trade_scope", "label", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_FEE_PPM_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    REDUCE_ONLY_FIELD_NUMBER: _ClassVar[int]
    SELF_TRADE_MODE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SELF_TRADE_SCOPE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    market_id: int
    side: _types_pb2.Side
    price_ticks: int
    size_lots: int
    expiry_time_ms: int
    max_fee_ppm: int
    time_in_force: _types_pb2.TimeInForce
    reduce_only: bool
    self_trade_mode: _types_pb2.SelfTradeMode
    signature: _types_pb2.Signature
    self_trade_scope: _types_pb2.SelfTradeScope
    label: int
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., market_id: _Optional[int] = ..., side: _Optional[_Union[_types_pb2.Side, str]] = ..., price_ticks: _Optional[int] = ..., size_lots: _Optional[int] = ..., expiry_time_ms: _Optional[int] = ..., max_fee_ppm: _Optional[int] = ..., time_in_force: _Optional[_Union[_types_pb2.TimeInForce, str]] = ..., reduce_only: _Optional[bool] = ..., self_trade_mode: _Optional[_Union[_types_pb2.SelfTradeMode, str]] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., self_trade_scope: _Optional[_Union[_types_pb2.SelfTradeScope, str]] = ..., label: _Optional[int] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class PlaceOrderResponse(_message.Message):
    __slots__ = ("receipt", "fills", "resting_lots", "price_ticks", "decremented_lots")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    RESTING_LOTS_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    DECREMENTED_LOTS_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    fills: _containers.RepeatedCompositeFieldContainer[_types_pb2.Fill]
    resting_lots: int
    price_ticks: int
    decremented_lots: int
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[_types_pb2.Fill, _Mapping]]] = ..., resting_lots: _Optional[int] = ..., price_ticks: _Optional[int] = ..., decremented_lots: _Optional[int] = ...) -> None: ...

class PlaceTriggerRequest(_message.Message):
    __slots__ = ("order", "trigger_price_ticks", "trigger_direction", "ends_others")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_DIRECTION_FIELD_NUMBER: _ClassVar[int]
    ENDS_OTHERS_FIELD_NUMBER: _ClassVar[int]
    order: PlaceOrderRequest
    trigger_price_ticks: int
    trigger_direction: _types_pb2.TriggerDirection
    ends_others: bool
    def __init__(self, order: _Optional[_Union[PlaceOrderRequest, _Mapping]] = ..., trigger_price_ticks: _Optional[int] = ..., trigger_direction: _Optional[_Union[_types_pb2.TriggerDirection, str]] = ..., ends_others: _Optional[bool] = ...) -> None: ...

class PlaceTriggerResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ...) -> None: ...

class PlaceBracketRequest(_message.Message):
    __slots__ = ("order", "stop_trigger_ticks", "stop_price_ticks", "profit_trigger_ticks", "profit_price_ticks", "exits_expiry_time_ms")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    STOP_TRIGGER_TICKS_FIELD_NUMBER: _ClassVar[int]
    STOP_PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    PROFIT_TRIGGER_TICKS_FIELD_NUMBER: _ClassVar[int]
    PROFIT_PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    EXITS_EXPIRY_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    order: PlaceOrderRequest
    stop_trigger_ticks: int
    stop_price_ticks: int
    profit_trigger_ticks: int
    profit_price_ticks: int
    exits_expiry_time_ms: int
    def __init__(self, order: _Optional[_Union[PlaceOrderRequest, _Mapping]] = ..., stop_trigger_ticks: _Optional[int] = ..., stop_price_ticks: _Optional[int] = ..., profit_trigger_ticks: _Optional[int] = ..., profit_price_ticks: _Optional[int] = ..., exits_expiry_time_ms: _Optional[int] = ...) -> None: ...

class PlaceBracketResponse(_message.Message):
    __slots__ = ("order", "stop_order_id", "profit_order_id")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    STOP_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PROFIT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order: PlaceOrderResponse
    stop_order_id: int
    profit_order_id: int
    def __init__(self, order: _Optional[_Union[PlaceOrderResponse, _Mapping]] = ..., stop_order_id: _Optional[int] = ..., profit_order_id: _Optional[int] = ...) -> None: ...

class ReplaceOrderRequest(_message.Message):
    __slots__ = ("order", "order_id", "placed_key_index", "placed_nonce", "seen_lots", "in_place", "placed_quote_index")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PLACED_KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    PLACED_NONCE_FIELD_NUMBER: _ClassVar[int]
    SEEN_LOTS_FIELD_NUMBER: _ClassVar[int]
    IN_PLACE_FIELD_NUMBER: _ClassVar[int]
    PLACED_QUOTE_INDEX_FIELD_NUMBER: _ClassVar[int]
    order: PlaceOrderRequest
    order_id: int
    placed_key_index: int
    placed_nonce: int
    seen_lots: int
    in_place: bool
    placed_quote_index: int
    def __init__(self, order: _Optional[_Union[PlaceOrderRequest, _Mapping]] = ..., order_id: _Optional[int] = ..., placed_key_index: _Optional[int] = ..., placed_nonce: _Optional[int] = ..., seen_lots: _Optional[int] = ..., in_place: _Optional[bool] = ..., placed_quote_index: _Optional[int] = ...) -> None: ...

class ReplaceOrderResponse(_message.Message):
    __slots__ = ("receipt", "fills", "resting_lots", "price_ticks", "decremented_lots", "cancelled_order_id", "cancelled_lots")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    RESTING_LOTS_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    DECREMENTED_LOTS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_LOTS_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    fills: _containers.RepeatedCompositeFieldContainer[_types_pb2.Fill]
    resting_lots: int
    price_ticks: int
    decremented_lots: int
    cancelled_order_id: int
    cancelled_lots: int
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[_types_pb2.Fill, _Mapping]]] = ..., resting_lots: _Optional[int] = ..., price_ticks: _Optional[int] = ..., decremented_lots: _Optional[int] = ..., cancelled_order_id: _Optional[int] = ..., cancelled_lots: _Optional[int] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("side", "price_ticks", "size_lots")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    side: _types_pb2.Side
    price_ticks: int
    size_lots: int
    def __init__(self, side: _Optional[_Union[_types_pb2.Side, str]] = ..., price_ticks: _Optional[int] = ..., size_lots: _Optional[int] = ...) -> None: ...

class QuoteCancel(_message.Message):
    __slots__ = ("side", "price_ticks", "order_id")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    side: _types_pb2.Side
    price_ticks: int
    order_id: int
    def __init__(self, side: _Optional[_Union[_types_pb2.Side, str]] = ..., price_ticks: _Optional[int] = ..., order_id: _Optional[int] = ...) -> None: ...

class MassQuoteRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "market_id", "signature", "expiry_time_ms", "max_fee_ppm", "cancels_first", "slides", "label", "quotes", "cancels", "guard_lots", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_FEE_PPM_FIELD_NUMBER: _ClassVar[int]
    CANCELS_FIRST_FIELD_NUMBER: _ClassVar[int]
    SLIDES_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    CANCELS_FIELD_NUMBER: _ClassVar[int]
    GUARD_LOTS_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    market_id: int
    signature: _types_pb2.Signature
    expiry_time_ms: int
    max_fee_ppm: int
    cancels_first: bool
    slides: bool
    label: int
    quotes: _containers.RepeatedCompositeFieldContainer[Quote]
    cancels: _containers.RepeatedCompositeFieldContainer[QuoteCancel]
    guard_lots: int
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., market_id: _Optional[int] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., expiry_time_ms: _Optional[int] = ..., max_fee_ppm: _Optional[int] = ..., cancels_first: _Optional[bool] = ..., slides: _Optional[bool] = ..., label: _Optional[int] = ..., quotes: _Optional[_Iterable[_Union[Quote, _Mapping]]] = ..., cancels: _Optional[_Iterable[_Union[QuoteCancel, _Mapping]]] = ..., guard_lots: _Optional[int] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class PlacedQuote(_message.Message):
    __slots__ = ("order_id", "price_ticks")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    price_ticks: int
    def __init__(self, order_id: _Optional[int] = ..., price_ticks: _Optional[int] = ...) -> None: ...

class MassQuoteResponse(_message.Message):
    __slots__ = ("receipt", "quotes", "n_cancelled_orders", "cancelled_lots")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    N_CANCELLED_ORDERS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_LOTS_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    quotes: _containers.RepeatedCompositeFieldContainer[PlacedQuote]
    n_cancelled_orders: int
    cancelled_lots: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ..., quotes: _Optional[_Iterable[_Union[PlacedQuote, _Mapping]]] = ..., n_cancelled_orders: _Optional[int] = ..., cancelled_lots: _Optional[_Iterable[int]] = ...) -> None: ...

class CancelOrderRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "order_id", "signature", "placed_key_index", "placed_nonce", "placed_quote_index", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    PLACED_KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    PLACED_NONCE_FIELD_NUMBER: _ClassVar[int]
    PLACED_QUOTE_INDEX_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    order_id: int
    signature: _types_pb2.Signature
    placed_key_index: int
    placed_nonce: int
    placed_quote_index: int
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., order_id: _Optional[int] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., placed_key_index: _Optional[int] = ..., placed_nonce: _Optional[int] = ..., placed_quote_index: _Optional[int] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class CancelOrderResponse(_message.Message):
    __slots__ = ("receipt", "cancelled_lots")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_LOTS_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    cancelled_lots: int
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ..., cancelled_lots: _Optional[int] = ...) -> None: ...

class CancelAllRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "market_id", "signature", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    market_id: int
    signature: _types_pb2.Signature
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., market_id: _Optional[int] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class CancelAllResponse(_message.Message):
    __slots__ = ("receipt", "n_cancelled_orders")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    N_CANCELLED_ORDERS_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    n_cancelled_orders: int
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ..., n_cancelled_orders: _Optional[int] = ...) -> None: ...

class SetCancelTimerRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "cancel_all_at_ms", "signature", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ALL_AT_MS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    cancel_all_at_ms: int
    signature: _types_pb2.Signature
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., cancel_all_at_ms: _Optional[int] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class SetCancelTimerResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ...) -> None: ...

class ListMarketRequest(_message.Message):
    __slots__ = ("market_id",)
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    def __init__(self, market_id: _Optional[int] = ...) -> None: ...

class ListMarketResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ...) -> None: ...

class WithdrawRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "amount_quanta", "signature", "asset_id", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    amount_quanta: int
    signature: _types_pb2.Signature
    asset_id: int
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., amount_quanta: _Optional[int] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., asset_id: _Optional[int] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class WithdrawResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ...) -> None: ...

class BidRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "failing_account_id", "share_x16", "min_discount_ppm", "max_notional_quanta", "signature", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    FAILING_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SHARE_X16_FIELD_NUMBER: _ClassVar[int]
    MIN_DISCOUNT_PPM_FIELD_NUMBER: _ClassVar[int]
    MAX_NOTIONAL_QUANTA_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    failing_account_id: int
    share_x16: int
    min_discount_ppm: int
    max_notional_quanta: int
    signature: _types_pb2.Signature
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., failing_account_id: _Optional[int] = ..., share_x16: _Optional[int] = ..., min_discount_ppm: _Optional[int] = ..., max_notional_quanta: _Optional[int] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class BidResponse(_message.Message):
    __slots__ = ("receipt", "fill")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    fill: _types_pb2.BidFill
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ..., fill: _Optional[_Union[_types_pb2.BidFill, _Mapping]] = ...) -> None: ...

class TransferRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "amount_quanta", "signature", "asset_id", "to_account_id", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    TO_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    amount_quanta: int
    signature: _types_pb2.Signature
    asset_id: int
    to_account_id: int
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., amount_quanta: _Optional[int] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., asset_id: _Optional[int] = ..., to_account_id: _Optional[int] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class TransferResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ...) -> None: ...

class AddKeyRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "slot", "permissions", "expiry_time_ms", "public_key", "signature", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    slot: int
    permissions: int
    expiry_time_ms: int
    public_key: bytes
    signature: _types_pb2.Signature
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., slot: _Optional[int] = ..., permissions: _Optional[int] = ..., expiry_time_ms: _Optional[int] = ..., public_key: _Optional[bytes] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class AddKeyResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ...) -> None: ...

class RemoveKeyRequest(_message.Message):
    __slots__ = ("account_id", "key_index", "nonce", "slot", "signature", "valid_until_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_index: int
    nonce: int
    slot: int
    signature: _types_pb2.Signature
    valid_until_ms: int
    def __init__(self, account_id: _Optional[int] = ..., key_index: _Optional[int] = ..., nonce: _Optional[int] = ..., slot: _Optional[int] = ..., signature: _Optional[_Union[_types_pb2.Signature, _Mapping]] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...

class RemoveKeyResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _types_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_types_pb2.Receipt, _Mapping]] = ...) -> None: ...

class StreamOrdersRequest(_message.Message):
    __slots__ = ("request_id", "place", "cancel", "withdraw", "add_key", "remove_key", "cancel_all", "set_cancel_timer", "replace", "quote", "place_trigger", "place_bracket", "bid", "transfer")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    WITHDRAW_FIELD_NUMBER: _ClassVar[int]
    ADD_KEY_FIELD_NUMBER: _ClassVar[int]
    REMOVE_KEY_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ALL_FIELD_NUMBER: _ClassVar[int]
    SET_CANCEL_TIMER_FIELD_NUMBER: _ClassVar[int]
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    PLACE_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    PLACE_BRACKET_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    place: PlaceOrderRequest
    cancel: CancelOrderRequest
    withdraw: WithdrawRequest
    add_key: AddKeyRequest
    remove_key: RemoveKeyRequest
    cancel_all: CancelAllRequest
    set_cancel_timer: SetCancelTimerRequest
    replace: ReplaceOrderRequest
    quote: MassQuoteRequest
    place_trigger: PlaceTriggerRequest
    place_bracket: PlaceBracketRequest
    bid: BidRequest
    transfer: TransferRequest
    def __init__(self, request_id: _Optional[int] = ..., place: _Optional[_Union[PlaceOrderRequest, _Mapping]] = ..., cancel: _Optional[_Union[CancelOrderRequest, _Mapping]] = ..., withdraw: _Optional[_Union[WithdrawRequest, _Mapping]] = ..., add_key: _Optional[_Union[AddKeyRequest, _Mapping]] = ..., remove_key: _Optional[_Union[RemoveKeyRequest, _Mapping]] = ..., cancel_all: _Optional[_Union[CancelAllRequest, _Mapping]] = ..., set_cancel_timer: _Optional[_Union[SetCancelTimerRequest, _Mapping]] = ..., replace: _Optional[_Union[ReplaceOrderRequest, _Mapping]] = ..., quote: _Optional[_Union[MassQuoteRequest, _Mapping]] = ..., place_trigger: _Optional[_Union[PlaceTriggerRequest, _Mapping]] = ..., place_bracket: _Optional[_Union[PlaceBracketRequest, _Mapping]] = ..., bid: _Optional[_Union[BidRequest, _Mapping]] = ..., transfer: _Optional[_Union[TransferRequest, _Mapping]] = ...) -> None: ...

class StreamOrdersResponse(_message.Message):
    __slots__ = ("request_id", "placed", "cancelled", "withdrawn", "error", "key_added", "key_removed", "all_cancelled", "cancel_timer_set", "replaced", "quoted", "trigger_placed", "bracket_placed", "bid", "transferred")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PLACED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    KEY_ADDED_FIELD_NUMBER: _ClassVar[int]
    KEY_REMOVED_FIELD_NUMBER: _ClassVar[int]
    ALL_CANCELLED_FIELD_NUMBER: _ClassVar[int]
    CANCEL_TIMER_SET_FIELD_NUMBER: _ClassVar[int]
    REPLACED_FIELD_NUMBER: _ClassVar[int]
    QUOTED_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_PLACED_FIELD_NUMBER: _ClassVar[int]
    BRACKET_PLACED_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    placed: PlaceOrderResponse
    cancelled: CancelOrderResponse
    withdrawn: WithdrawResponse
    error: _types_pb2.ErrorDetail
    key_added: AddKeyResponse
    key_removed: RemoveKeyResponse
    all_cancelled: CancelAllResponse
    cancel_timer_set: SetCancelTimerResponse
    replaced: ReplaceOrderResponse
    quoted: MassQuoteResponse
    trigger_placed: PlaceTriggerResponse
    bracket_placed: PlaceBracketResponse
    bid: BidResponse
    transferred: TransferResponse
    def __init__(self, request_id: _Optional[int] = ..., placed: _Optional[_Union[PlaceOrderResponse, _Mapping]] = ..., cancelled: _Optional[_Union[CancelOrderResponse, _Mapping]] = ..., withdrawn: _Optional[_Union[WithdrawResponse, _Mapping]] = ..., error: _Optional[_Union[_types_pb2.ErrorDetail, _Mapping]] = ..., key_added: _Optional[_Union[AddKeyResponse, _Mapping]] = ..., key_removed: _Optional[_Union[RemoveKeyResponse, _Mapping]] = ..., all_cancelled: _Optional[_Union[CancelAllResponse, _Mapping]] = ..., cancel_timer_set: _Optional[_Union[SetCancelTimerResponse, _Mapping]] = ..., replaced: _Optional[_Union[ReplaceOrderResponse, _Mapping]] = ..., quoted: _Optional[_Union[MassQuoteResponse, _Mapping]] = ..., trigger_placed: _Optional[_Union[PlaceTriggerResponse, _Mapping]] = ..., bracket_placed: _Optional[_Union[PlaceBracketResponse, _Mapping]] = ..., bid: _Optional[_Union[BidResponse, _Mapping]] = ..., transferred: _Optional[_Union[TransferResponse, _Mapping]] = ...) -> None: ...
