from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_BUY: _ClassVar[Side]
    SIDE_SELL: _ClassVar[Side]

class TimeInForce(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIME_IN_FORCE_UNSPECIFIED: _ClassVar[TimeInForce]
    TIME_IN_FORCE_GTC: _ClassVar[TimeInForce]
    TIME_IN_FORCE_IOC: _ClassVar[TimeInForce]
    TIME_IN_FORCE_POST_ONLY: _ClassVar[TimeInForce]
    TIME_IN_FORCE_FOK: _ClassVar[TimeInForce]
    TIME_IN_FORCE_POST_ONLY_SLIDE: _ClassVar[TimeInForce]

class SelfTradeMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELF_TRADE_MODE_UNSPECIFIED: _ClassVar[SelfTradeMode]
    SELF_TRADE_MODE_CANCEL_RESTING: _ClassVar[SelfTradeMode]
    SELF_TRADE_MODE_CANCEL_TAKING: _ClassVar[SelfTradeMode]
    SELF_TRADE_MODE_CANCEL_BOTH: _ClassVar[SelfTradeMode]
    SELF_TRADE_MODE_DECREMENT: _ClassVar[SelfTradeMode]

class SelfTradeScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELF_TRADE_SCOPE_UNSPECIFIED: _ClassVar[SelfTradeScope]
    SELF_TRADE_SCOPE_ACCOUNT: _ClassVar[SelfTradeScope]
    SELF_TRADE_SCOPE_OWNER: _ClassVar[SelfTradeScope]

class Lifecycle(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIFECYCLE_UNSPECIFIED: _ClassVar[Lifecycle]
    LIFECYCLE_RECEIVED: _ClassVar[Lifecycle]
    LIFECYCLE_MATCHED: _ClassVar[Lifecycle]
    LIFECYCLE_BATCHED: _ClassVar[Lifecycle]
    LIFECYCLE_PROVEN: _ClassVar[Lifecycle]
    LIFECYCLE_FINAL: _ClassVar[Lifecycle]

class OrderStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_STATUS_UNSPECIFIED: _ClassVar[OrderStatus]
    ORDER_STATUS_RESTING: _ClassVar[OrderStatus]
    ORDER_STATUS_FILLED: _ClassVar[OrderStatus]
    ORDER_STATUS_CANCELLED: _ClassVar[OrderStatus]
    ORDER_STATUS_KILLED: _ClassVar[OrderStatus]
    ORDER_STATUS_DORMANT: _ClassVar[OrderStatus]
    ORDER_STATUS_TRIGGERED: _ClassVar[OrderStatus]

class TriggerDirection(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRIGGER_DIRECTION_UNSPECIFIED: _ClassVar[TriggerDirection]
    TRIGGER_DIRECTION_FALL: _ClassVar[TriggerDirection]
    TRIGGER_DIRECTION_RISE: _ClassVar[TriggerDirection]

class CancelReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CANCEL_REASON_UNSPECIFIED: _ClassVar[CancelReason]
    CANCEL_REASON_USER: _ClassVar[CancelReason]
    CANCEL_REASON_EXPIRED: _ClassVar[CancelReason]
    CANCEL_REASON_SELF_TRADE: _ClassVar[CancelReason]
    CANCEL_REASON_REDUCE_ONLY: _ClassVar[CancelReason]
    CANCEL_REASON_MARGIN: _ClassVar[CancelReason]
    CANCEL_REASON_IOC: _ClassVar[CancelReason]
    CANCEL_REASON_MAKER_LIMIT: _ClassVar[CancelReason]
    CANCEL_REASON_KILLED: _ClassVar[CancelReason]
    CANCEL_REASON_FEE: _ClassVar[CancelReason]
    CANCEL_REASON_CANCEL_ALL: _ClassVar[CancelReason]
    CANCEL_REASON_TIMER: _ClassVar[CancelReason]
    CANCEL_REASON_LIQUIDATION: _ClassVar[CancelReason]
    CANCEL_REASON_REPLACED: _ClassVar[CancelReason]
    CANCEL_REASON_GUARD: _ClassVar[CancelReason]
    CANCEL_REASON_POSITION_CLOSED: _ClassVar[CancelReason]

class BatchState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BATCH_STATE_UNSPECIFIED: _ClassVar[BatchState]
    BATCH_STATE_SEALED: _ClassVar[BatchState]
    BATCH_STATE_PROVEN: _ClassVar[BatchState]
    BATCH_STATE_FINAL: _ClassVar[BatchState]
SIDE_UNSPECIFIED: Side
SIDE_BUY: Side
SIDE_SELL: Side
TIME_IN_FORCE_UNSPECIFIED: TimeInForce
TIME_IN_FORCE_GTC: TimeInForce
TIME_IN_FORCE_IOC: TimeInForce
TIME_IN_FORCE_POST_ONLY: TimeInForce
TIME_IN_FORCE_FOK: TimeInForce
TIME_IN_FORCE_POST_ONLY_SLIDE: TimeInForce
SELF_TRADE_MODE_UNSPECIFIED: SelfTradeMode
SELF_TRADE_MODE_CANCEL_RESTING: SelfTradeMode
SELF_TRADE_MODE_CANCEL_TAKING: SelfTradeMode
SELF_TRADE_MODE_CANCEL_BOTH: SelfTradeMode
SELF_TRADE_MODE_DECREMENT: SelfTradeMode
SELF_TRADE_SCOPE_UNSPECIFIED: SelfTradeScope
SELF_TRADE_SCOPE_ACCOUNT: SelfTradeScope
SELF_TRADE_SCOPE_OWNER: SelfTradeScope
LIFECYCLE_UNSPECIFIED: Lifecycle
LIFECYCLE_RECEIVED: Lifecycle
LIFECYCLE_MATCHED: Lifecycle
LIFECYCLE_BATCHED: Lifecycle
LIFECYCLE_PROVEN: Lifecycle
LIFECYCLE_FINAL: Lifecycle
ORDER_STATUS_UNSPECIFIED: OrderStatus
ORDER_STATUS_RESTING: OrderStatus
ORDER_STATUS_FILLED: OrderStatus
ORDER_STATUS_CANCELLED: OrderStatus
ORDER_STATUS_KILLED: OrderStatus
ORDER_STATUS_DORMANT: OrderStatus
ORDER_STATUS_TRIGGERED: OrderStatus
TRIGGER_DIRECTION_UNSPECIFIED: TriggerDirection
TRIGGER_DIRECTION_FALL: TriggerDirection
TRIGGER_DIRECTION_RISE: TriggerDirection
CANCEL_REASON_UNSPECIFIED: CancelReason
CANCEL_REASON_USER: CancelReason
CANCEL_REASON_EXPIRED: CancelReason
CANCEL_REASON_SELF_TRADE: CancelReason
CANCEL_REASON_REDUCE_ONLY: CancelReason
CANCEL_REASON_MARGIN: CancelReason
CANCEL_REASON_IOC: CancelReason
CANCEL_REASON_MAKER_LIMIT: CancelReason
CANCEL_REASON_KILLED: CancelReason
CANCEL_REASON_FEE: CancelReason
CANCEL_REASON_CANCEL_ALL: CancelReason
CANCEL_REASON_TIMER: CancelReason
CANCEL_REASON_LIQUIDATION: CancelReason
CANCEL_REASON_REPLACED: CancelReason
CANCEL_REASON_GUARD: CancelReason
CANCEL_REASON_POSITION_CLOSED: CancelReason
BATCH_STATE_UNSPECIFIED: BatchState
BATCH_STATE_SEALED: BatchState
BATCH_STATE_PROVEN: BatchState
BATCH_STATE_FINAL: BatchState

class LifecycleTimes(_message.Message):
    __slots__ = ("received_time_ms", "matched_time_ms", "batched_time_ms", "proven_time_ms", "final_time_ms")
    RECEIVED_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MATCHED_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    BATCHED_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    PROVEN_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    FINAL_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    received_time_ms: int
    matched_time_ms: int
    batched_time_ms: int
    proven_time_ms: int
    final_time_ms: int
    def __init__(self, received_time_ms: _Optional[int] = ..., matched_time_ms: _Optional[int] = ..., batched_time_ms: _Optional[int] = ..., proven_time_ms: _Optional[int] = ..., final_time_ms: _Optional[int] = ...) -> None: ...

class Signature(_message.Message):
    __slots__ = ("r", "s")
    R_FIELD_NUMBER: _ClassVar[int]
    S_FIELD_NUMBER: _ClassVar[int]
    r: bytes
    s: bytes
    def __init__(self, r: _Optional[bytes] = ..., s: _Optional[bytes] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("sequence", "message_hash", "time_ms", "result_code", "order_id", "signature")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_HASH_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    RESULT_CODE_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    message_hash: bytes
    time_ms: int
    result_code: int
    order_id: int
    signature: Signature
    def __init__(self, sequence: _Optional[int] = ..., message_hash: _Optional[bytes] = ..., time_ms: _Optional[int] = ..., result_code: _Optional[int] = ..., order_id: _Optional[int] = ..., signature: _Optional[_Union[Signature, _Mapping]] = ...) -> None: ...

class ErrorDetail(_message.Message):
    __slots__ = ("code", "name", "message", "field", "limit", "value", "expected_hash", "retry_after_ms")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HASH_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    code: int
    name: str
    message: str
    field: str
    limit: str
    value: str
    expected_hash: bytes
    retry_after_ms: int
    def __init__(self, code: _Optional[int] = ..., name: _Optional[str] = ..., message: _Optional[str] = ..., field: _Optional[str] = ..., limit: _Optional[str] = ..., value: _Optional[str] = ..., expected_hash: _Optional[bytes] = ..., retry_after_ms: _Optional[int] = ...) -> None: ...

class Trade(_message.Message):
    __slots__ = ("sequence", "time_ms", "market_id", "price_ticks", "size_lots", "taker_side", "maker_order_id", "taker_order_id", "maker_account_id", "taker_account_id")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    TAKER_SIDE_FIELD_NUMBER: _ClassVar[int]
    MAKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TAKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    MAKER_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TAKER_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time_ms: int
    market_id: int
    price_ticks: int
    size_lots: int
    taker_side: Side
    maker_order_id: int
    taker_order_id: int
    maker_account_id: int
    taker_account_id: int
    def __init__(self, sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., market_id: _Optional[int] = ..., price_ticks: _Optional[int] = ..., size_lots: _Optional[int] = ..., taker_side: _Optional[_Union[Side, str]] = ..., maker_order_id: _Optional[int] = ..., taker_order_id: _Optional[int] = ..., maker_account_id: _Optional[int] = ..., taker_account_id: _Optional[int] = ...) -> None: ...

class Fill(_message.Message):
    __slots__ = ("order_id", "market_id", "side", "price_ticks", "size_lots", "fee_quanta", "is_maker", "remaining_lots")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    FEE_QUANTA_FIELD_NUMBER: _ClassVar[int]
    IS_MAKER_FIELD_NUMBER: _ClassVar[int]
    REMAINING_LOTS_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    market_id: int
    side: Side
    price_ticks: int
    size_lots: int
    fee_quanta: int
    is_maker: bool
    remaining_lots: int
    def __init__(self, order_id: _Optional[int] = ..., market_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., price_ticks: _Optional[int] = ..., size_lots: _Optional[int] = ..., fee_quanta: _Optional[int] = ..., is_maker: _Optional[bool] = ..., remaining_lots: _Optional[int] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("order_id", "sequence", "message_hash", "account_id", "market_id", "side", "time_in_force", "reduce_only", "price_ticks", "size_lots", "filled_lots", "remaining_lots", "expiry_time_ms", "status", "cancel_reason", "lifecycle", "times", "batch_number", "filled_ticks_lots", "label", "decremented_lots", "is_liquidation", "quote_index", "trigger_price_ticks", "trigger_direction", "triggered_order_id", "dormant_order_id", "ends_others")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_HASH_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    REDUCE_ONLY_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    FILLED_LOTS_FIELD_NUMBER: _ClassVar[int]
    REMAINING_LOTS_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REASON_FIELD_NUMBER: _ClassVar[int]
    LIFECYCLE_FIELD_NUMBER: _ClassVar[int]
    TIMES_FIELD_NUMBER: _ClassVar[int]
    BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FILLED_TICKS_LOTS_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DECREMENTED_LOTS_FIELD_NUMBER: _ClassVar[int]
    IS_LIQUIDATION_FIELD_NUMBER: _ClassVar[int]
    QUOTE_INDEX_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_DIRECTION_FIELD_NUMBER: _ClassVar[int]
    TRIGGERED_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    DORMANT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ENDS_OTHERS_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    sequence: int
    message_hash: bytes
    account_id: int
    market_id: int
    side: Side
    time_in_force: TimeInForce
    reduce_only: bool
    price_ticks: int
    size_lots: int
    filled_lots: int
    remaining_lots: int
    expiry_time_ms: int
    status: OrderStatus
    cancel_reason: CancelReason
    lifecycle: Lifecycle
    times: LifecycleTimes
    batch_number: int
    filled_ticks_lots: int
    label: int
    decremented_lots: int
    is_liquidation: bool
    quote_index: int
    trigger_price_ticks: int
    trigger_direction: TriggerDirection
    triggered_order_id: int
    dormant_order_id: int
    ends_others: bool
    def __init__(self, order_id: _Optional[int] = ..., sequence: _Optional[int] = ..., message_hash: _Optional[bytes] = ..., account_id: _Optional[int] = ..., market_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., time_in_force: _Optional[_Union[TimeInForce, str]] = ..., reduce_only: _Optional[bool] = ..., price_ticks: _Optional[int] = ..., size_lots: _Optional[int] = ..., filled_lots: _Optional[int] = ..., remaining_lots: _Optional[int] = ..., expiry_time_ms: _Optional[int] = ..., status: _Optional[_Union[OrderStatus, str]] = ..., cancel_reason: _Optional[_Union[CancelReason, str]] = ..., lifecycle: _Optional[_Union[Lifecycle, str]] = ..., times: _Optional[_Union[LifecycleTimes, _Mapping]] = ..., batch_number: _Optional[int] = ..., filled_ticks_lots: _Optional[int] = ..., label: _Optional[int] = ..., decremented_lots: _Optional[int] = ..., is_liquidation: _Optional[bool] = ..., quote_index: _Optional[int] = ..., trigger_price_ticks: _Optional[int] = ..., trigger_direction: _Optional[_Union[TriggerDirection, str]] = ..., triggered_order_id: _Optional[int] = ..., dormant_order_id: _Optional[int] = ..., ends_others: _Optional[bool] = ...) -> None: ...

class Liquidation(_message.Message):
    __slots__ = ("account_id", "market_id", "order_id", "equity_x16", "maintenance_x16_ppm", "mark_price_x16", "zero_price_ticks", "size_lots", "traded_lots", "fee_quanta", "filled_ticks_lots")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    EQUITY_X16_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    MARK_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    ZERO_PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    TRADED_LOTS_FIELD_NUMBER: _ClassVar[int]
    FEE_QUANTA_FIELD_NUMBER: _ClassVar[int]
    FILLED_TICKS_LOTS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    market_id: int
    order_id: int
    equity_x16: str
    maintenance_x16_ppm: str
    mark_price_x16: int
    zero_price_ticks: int
    size_lots: int
    traded_lots: int
    fee_quanta: int
    filled_ticks_lots: int
    def __init__(self, account_id: _Optional[int] = ..., market_id: _Optional[int] = ..., order_id: _Optional[int] = ..., equity_x16: _Optional[str] = ..., maintenance_x16_ppm: _Optional[str] = ..., mark_price_x16: _Optional[int] = ..., zero_price_ticks: _Optional[int] = ..., size_lots: _Optional[int] = ..., traded_lots: _Optional[int] = ..., fee_quanta: _Optional[int] = ..., filled_ticks_lots: _Optional[int] = ...) -> None: ...

class MarketFunding(_message.Message):
    __slots__ = ("sequence", "time_ms", "market_id", "quanta_per_lot", "funding_quanta_per_lot", "index_price_x16", "rate_ppb")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    FUNDING_QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    INDEX_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    RATE_PPB_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time_ms: int
    market_id: int
    quanta_per_lot: int
    funding_quanta_per_lot: int
    index_price_x16: int
    rate_ppb: int
    def __init__(self, sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., market_id: _Optional[int] = ..., quanta_per_lot: _Optional[int] = ..., funding_quanta_per_lot: _Optional[int] = ..., index_price_x16: _Optional[int] = ..., rate_ppb: _Optional[int] = ...) -> None: ...

class Auction(_message.Message):
    __slots__ = ("account_id", "start_time_ms", "equity_x16", "maintenance_x16_ppm")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    EQUITY_X16_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    start_time_ms: int
    equity_x16: str
    maintenance_x16_ppm: str
    def __init__(self, account_id: _Optional[int] = ..., start_time_ms: _Optional[int] = ..., equity_x16: _Optional[str] = ..., maintenance_x16_ppm: _Optional[str] = ...) -> None: ...

class TakenLeg(_message.Message):
    __slots__ = ("market_id", "size_lots", "mark_price_x16", "ref_price_x16", "loss_quanta", "insured_quanta", "charged_quanta")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    MARK_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    REF_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    LOSS_QUANTA_FIELD_NUMBER: _ClassVar[int]
    INSURED_QUANTA_FIELD_NUMBER: _ClassVar[int]
    CHARGED_QUANTA_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    size_lots: int
    mark_price_x16: int
    ref_price_x16: int
    loss_quanta: int
    insured_quanta: int
    charged_quanta: int
    def __init__(self, market_id: _Optional[int] = ..., size_lots: _Optional[int] = ..., mark_price_x16: _Optional[int] = ..., ref_price_x16: _Optional[int] = ..., loss_quanta: _Optional[int] = ..., insured_quanta: _Optional[int] = ..., charged_quanta: _Optional[int] = ...) -> None: ...

class TakeOver(_message.Message):
    __slots__ = ("account_id", "by_insurance", "equity_x16", "maintenance_x16_ppm", "balance_quanta", "legs")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BY_INSURANCE_FIELD_NUMBER: _ClassVar[int]
    EQUITY_X16_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    BALANCE_QUANTA_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    by_insurance: bool
    equity_x16: str
    maintenance_x16_ppm: str
    balance_quanta: int
    legs: _containers.RepeatedCompositeFieldContainer[TakenLeg]
    def __init__(self, account_id: _Optional[int] = ..., by_insurance: _Optional[bool] = ..., equity_x16: _Optional[str] = ..., maintenance_x16_ppm: _Optional[str] = ..., balance_quanta: _Optional[int] = ..., legs: _Optional[_Iterable[_Union[TakenLeg, _Mapping]]] = ...) -> None: ...

class TakenLots(_message.Message):
    __slots__ = ("market_id", "lots", "mark_price_x16")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    LOTS_FIELD_NUMBER: _ClassVar[int]
    MARK_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    lots: int
    mark_price_x16: int
    def __init__(self, market_id: _Optional[int] = ..., lots: _Optional[int] = ..., mark_price_x16: _Optional[int] = ...) -> None: ...

class BidFill(_message.Message):
    __slots__ = ("failing_account_id", "bidder_account_id", "share_x16", "equity_x16", "maintenance_x16_ppm", "price_quanta", "discount_quanta", "fee_quanta", "taken")
    FAILING_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BIDDER_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SHARE_X16_FIELD_NUMBER: _ClassVar[int]
    EQUITY_X16_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    PRICE_QUANTA_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    FEE_QUANTA_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    failing_account_id: int
    bidder_account_id: int
    share_x16: int
    equity_x16: str
    maintenance_x16_ppm: str
    price_quanta: int
    discount_quanta: int
    fee_quanta: int
    taken: _containers.RepeatedCompositeFieldContainer[TakenLots]
    def __init__(self, failing_account_id: _Optional[int] = ..., bidder_account_id: _Optional[int] = ..., share_x16: _Optional[int] = ..., equity_x16: _Optional[str] = ..., maintenance_x16_ppm: _Optional[str] = ..., price_quanta: _Optional[int] = ..., discount_quanta: _Optional[int] = ..., fee_quanta: _Optional[int] = ..., taken: _Optional[_Iterable[_Union[TakenLots, _Mapping]]] = ...) -> None: ...

class PoolShare(_message.Message):
    __slots__ = ("sequence", "time_ms", "market_id", "side", "quanta_per_lot", "size_lots", "recorded_quanta")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    RECORDED_QUANTA_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time_ms: int
    market_id: int
    side: Side
    quanta_per_lot: int
    size_lots: int
    recorded_quanta: int
    def __init__(self, sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., market_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., quanta_per_lot: _Optional[int] = ..., size_lots: _Optional[int] = ..., recorded_quanta: _Optional[int] = ...) -> None: ...

class Unwinding(_message.Message):
    __slots__ = ("sequence", "time_ms", "market_id", "order_id", "is_pool", "mark_price_x16", "index_price_x16", "limit_price_ticks", "size_lots", "traded_lots", "left_lots", "income_quanta")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    IS_POOL_FIELD_NUMBER: _ClassVar[int]
    MARK_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    INDEX_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    LIMIT_PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    TRADED_LOTS_FIELD_NUMBER: _ClassVar[int]
    LEFT_LOTS_FIELD_NUMBER: _ClassVar[int]
    INCOME_QUANTA_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time_ms: int
    market_id: int
    order_id: int
    is_pool: bool
    mark_price_x16: int
    index_price_x16: int
    limit_price_ticks: int
    size_lots: int
    traded_lots: int
    left_lots: int
    income_quanta: int
    def __init__(self, sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., market_id: _Optional[int] = ..., order_id: _Optional[int] = ..., is_pool: _Optional[bool] = ..., mark_price_x16: _Optional[int] = ..., index_price_x16: _Optional[int] = ..., limit_price_ticks: _Optional[int] = ..., size_lots: _Optional[int] = ..., traded_lots: _Optional[int] = ..., left_lots: _Optional[int] = ..., income_quanta: _Optional[int] = ...) -> None: ...

class PositionSettlement(_message.Message):
    __slots__ = ("account_id", "market_id", "size_lots", "price_ticks")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    market_id: int
    size_lots: int
    price_ticks: int
    def __init__(self, account_id: _Optional[int] = ..., market_id: _Optional[int] = ..., size_lots: _Optional[int] = ..., price_ticks: _Optional[int] = ...) -> None: ...

class BookLevel(_message.Message):
    __slots__ = ("price_ticks", "size_lots", "n_orders")
    PRICE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    N_ORDERS_FIELD_NUMBER: _ClassVar[int]
    price_ticks: int
    size_lots: int
    n_orders: int
    def __init__(self, price_ticks: _Optional[int] = ..., size_lots: _Optional[int] = ..., n_orders: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("market_id", "size_lots", "open_buy_lots", "open_sell_lots", "n_orders", "guarded_lots")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    OPEN_BUY_LOTS_FIELD_NUMBER: _ClassVar[int]
    OPEN_SELL_LOTS_FIELD_NUMBER: _ClassVar[int]
    N_ORDERS_FIELD_NUMBER: _ClassVar[int]
    GUARDED_LOTS_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    size_lots: int
    open_buy_lots: int
    open_sell_lots: int
    n_orders: int
    guarded_lots: int
    def __init__(self, market_id: _Optional[int] = ..., size_lots: _Optional[int] = ..., open_buy_lots: _Optional[int] = ..., open_sell_lots: _Optional[int] = ..., n_orders: _Optional[int] = ..., guarded_lots: _Optional[int] = ...) -> None: ...

class AccountKey(_message.Message):
    __slots__ = ("public_key", "permissions", "expiry_time_ms", "last_nonce", "nonce_window")
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_NONCE_FIELD_NUMBER: _ClassVar[int]
    NONCE_WINDOW_FIELD_NUMBER: _ClassVar[int]
    public_key: bytes
    permissions: int
    expiry_time_ms: int
    last_nonce: int
    nonce_window: int
    def __init__(self, public_key: _Optional[bytes] = ..., permissions: _Optional[int] = ..., expiry_time_ms: _Optional[int] = ..., last_nonce: _Optional[int] = ..., nonce_window: _Optional[int] = ...) -> None: ...

class Asset(_message.Message):
    __slots__ = ("asset_id", "symbol", "decimals", "token", "min_deposit_quanta")
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_DEPOSIT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    asset_id: int
    symbol: str
    decimals: int
    token: bytes
    min_deposit_quanta: int
    def __init__(self, asset_id: _Optional[int] = ..., symbol: _Optional[str] = ..., decimals: _Optional[int] = ..., token: _Optional[bytes] = ..., min_deposit_quanta: _Optional[int] = ...) -> None: ...

class AssetAmount(_message.Message):
    __slots__ = ("asset_id", "amount_quanta")
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    asset_id: int
    amount_quanta: int
    def __init__(self, asset_id: _Optional[int] = ..., amount_quanta: _Optional[int] = ...) -> None: ...

class Account(_message.Message):
    __slots__ = ("account_id", "l1_address", "collateral_quanta", "positions", "n_open_orders", "equity_x16", "initial_margin_x16_ppm", "maintenance_margin_x16_ppm", "has_margin", "keys", "cancel_all_at_ms", "balances", "opening_margin_x16_ppm", "unsettled_gain_x16", "fees")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    L1_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_QUANTA_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    N_OPEN_ORDERS_FIELD_NUMBER: _ClassVar[int]
    EQUITY_X16_FIELD_NUMBER: _ClassVar[int]
    INITIAL_MARGIN_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_MARGIN_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    HAS_MARGIN_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ALL_AT_MS_FIELD_NUMBER: _ClassVar[int]
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    OPENING_MARGIN_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    UNSETTLED_GAIN_X16_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    l1_address: bytes
    collateral_quanta: str
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    n_open_orders: int
    equity_x16: str
    initial_margin_x16_ppm: str
    maintenance_margin_x16_ppm: str
    has_margin: bool
    keys: _containers.RepeatedCompositeFieldContainer[AccountKey]
    cancel_all_at_ms: int
    balances: _containers.RepeatedCompositeFieldContainer[AssetAmount]
    opening_margin_x16_ppm: str
    unsettled_gain_x16: str
    fees: FeeStanding
    def __init__(self, account_id: _Optional[int] = ..., l1_address: _Optional[bytes] = ..., collateral_quanta: _Optional[str] = ..., positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., n_open_orders: _Optional[int] = ..., equity_x16: _Optional[str] = ..., initial_margin_x16_ppm: _Optional[str] = ..., maintenance_margin_x16_ppm: _Optional[str] = ..., has_margin: _Optional[bool] = ..., keys: _Optional[_Iterable[_Union[AccountKey, _Mapping]]] = ..., cancel_all_at_ms: _Optional[int] = ..., balances: _Optional[_Iterable[_Union[AssetAmount, _Mapping]]] = ..., opening_margin_x16_ppm: _Optional[str] = ..., unsettled_gain_x16: _Optional[str] = ..., fees: _Optional[_Union[FeeStanding, _Mapping]] = ...) -> None: ...

class FeeStanding(_message.Message):
    __slots__ = ("tier", "returned_permille", "counted_quanta", "batch_quanta", "batch_returned_quanta", "next_tier_quanta")
    TIER_FIELD_NUMBER: _ClassVar[int]
    RETURNED_PERMILLE_FIELD_NUMBER: _ClassVar[int]
    COUNTED_QUANTA_FIELD_NUMBER: _ClassVar[int]
    BATCH_QUANTA_FIELD_NUMBER: _ClassVar[int]
    BATCH_RETURNED_QUANTA_FIELD_NUMBER: _ClassVar[int]
    NEXT_TIER_QUANTA_FIELD_NUMBER: _ClassVar[int]
    tier: int
    returned_permille: int
    counted_quanta: str
    batch_quanta: str
    batch_returned_quanta: str
    next_tier_quanta: str
    def __init__(self, tier: _Optional[int] = ..., returned_permille: _Optional[int] = ..., counted_quanta: _Optional[str] = ..., batch_quanta: _Optional[str] = ..., batch_returned_quanta: _Optional[str] = ..., next_tier_quanta: _Optional[str] = ...) -> None: ...

class FeeTier(_message.Message):
    __slots__ = ("threshold_usd", "returned_permille")
    THRESHOLD_USD_FIELD_NUMBER: _ClassVar[int]
    RETURNED_PERMILLE_FIELD_NUMBER: _ClassVar[int]
    threshold_usd: int
    returned_permille: int
    def __init__(self, threshold_usd: _Optional[int] = ..., returned_permille: _Optional[int] = ...) -> None: ...

class Batch(_message.Message):
    __slots__ = ("batch_number", "state", "old_root", "new_root", "first_sequence", "last_sequence", "n_transactions", "cost_steps", "sealed_time_ms", "proven_time_ms", "final_time_ms", "l1_transaction_hash")
    BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OLD_ROOT_FIELD_NUMBER: _ClassVar[int]
    NEW_ROOT_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    N_TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    COST_STEPS_FIELD_NUMBER: _ClassVar[int]
    SEALED_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    PROVEN_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    FINAL_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    L1_TRANSACTION_HASH_FIELD_NUMBER: _ClassVar[int]
    batch_number: int
    state: BatchState
    old_root: bytes
    new_root: bytes
    first_sequence: int
    last_sequence: int
    n_transactions: int
    cost_steps: int
    sealed_time_ms: int
    proven_time_ms: int
    final_time_ms: int
    l1_transaction_hash: bytes
    def __init__(self, batch_number: _Optional[int] = ..., state: _Optional[_Union[BatchState, str]] = ..., old_root: _Optional[bytes] = ..., new_root: _Optional[bytes] = ..., first_sequence: _Optional[int] = ..., last_sequence: _Optional[int] = ..., n_transactions: _Optional[int] = ..., cost_steps: _Optional[int] = ..., sealed_time_ms: _Optional[int] = ..., proven_time_ms: _Optional[int] = ..., final_time_ms: _Optional[int] = ..., l1_transaction_hash: _Optional[bytes] = ...) -> None: ...

class Market(_message.Message):
    __slots__ = ("market_id", "symbol", "tick_size", "lot_size", "multiplier", "initial_margin_ppm", "maintenance_margin_ppm", "maker_fee_ppm", "taker_fee_ppm", "price_band_ppm", "index_price_x16", "mark_price_x16", "status", "open_interest_lots", "underlying_id", "listed_time_ms", "min_order_usd", "premium_x16", "funding_quanta_per_lot", "funding_rate_ppb", "next_funding_time_ms", "ref_price_x16", "resolving_until_ms", "short_quanta_per_lot", "pool_lots", "pool_cash_quanta", "added_margin_ppm", "forecast_margin_ppm", "long_charged_quanta_per_lot", "short_charged_quanta_per_lot", "is_silent", "interest_cap_lots", "ends_time_ms", "is_settled")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TICK_SIZE_FIELD_NUMBER: _ClassVar[int]
    LOT_SIZE_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    INITIAL_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    MAKER_FEE_PPM_FIELD_NUMBER: _ClassVar[int]
    TAKER_FEE_PPM_FIELD_NUMBER: _ClassVar[int]
    PRICE_BAND_PPM_FIELD_NUMBER: _ClassVar[int]
    INDEX_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    MARK_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OPEN_INTEREST_LOTS_FIELD_NUMBER: _ClassVar[int]
    UNDERLYING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTED_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MIN_ORDER_USD_FIELD_NUMBER: _ClassVar[int]
    PREMIUM_X16_FIELD_NUMBER: _ClassVar[int]
    FUNDING_QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    FUNDING_RATE_PPB_FIELD_NUMBER: _ClassVar[int]
    NEXT_FUNDING_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    REF_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    RESOLVING_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    POOL_LOTS_FIELD_NUMBER: _ClassVar[int]
    POOL_CASH_QUANTA_FIELD_NUMBER: _ClassVar[int]
    ADDED_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    FORECAST_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    LONG_CHARGED_QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    SHORT_CHARGED_QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    IS_SILENT_FIELD_NUMBER: _ClassVar[int]
    INTEREST_CAP_LOTS_FIELD_NUMBER: _ClassVar[int]
    ENDS_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    IS_SETTLED_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    symbol: str
    tick_size: str
    lot_size: str
    multiplier: int
    initial_margin_ppm: int
    maintenance_margin_ppm: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    price_band_ppm: int
    index_price_x16: int
    mark_price_x16: int
    status: int
    open_interest_lots: int
    underlying_id: int
    listed_time_ms: int
    min_order_usd: int
    premium_x16: int
    funding_quanta_per_lot: int
    funding_rate_ppb: int
    next_funding_time_ms: int
    ref_price_x16: int
    resolving_until_ms: int
    short_quanta_per_lot: int
    pool_lots: int
    pool_cash_quanta: str
    added_margin_ppm: int
    forecast_margin_ppm: int
    long_charged_quanta_per_lot: int
    short_charged_quanta_per_lot: int
    is_silent: bool
    interest_cap_lots: int
    ends_time_ms: int
    is_settled: bool
    def __init__(self, market_id: _Optional[int] = ..., symbol: _Optional[str] = ..., tick_size: _Optional[str] = ..., lot_size: _Optional[str] = ..., multiplier: _Optional[int] = ..., initial_margin_ppm: _Optional[int] = ..., maintenance_margin_ppm: _Optional[int] = ..., maker_fee_ppm: _Optional[int] = ..., taker_fee_ppm: _Optional[int] = ..., price_band_ppm: _Optional[int] = ..., index_price_x16: _Optional[int] = ..., mark_price_x16: _Optional[int] = ..., status: _Optional[int] = ..., open_interest_lots: _Optional[int] = ..., underlying_id: _Optional[int] = ..., listed_time_ms: _Optional[int] = ..., min_order_usd: _Optional[int] = ..., premium_x16: _Optional[int] = ..., funding_quanta_per_lot: _Optional[int] = ..., funding_rate_ppb: _Optional[int] = ..., next_funding_time_ms: _Optional[int] = ..., ref_price_x16: _Optional[int] = ..., resolving_until_ms: _Optional[int] = ..., short_quanta_per_lot: _Optional[int] = ..., pool_lots: _Optional[int] = ..., pool_cash_quanta: _Optional[str] = ..., added_margin_ppm: _Optional[int] = ..., forecast_margin_ppm: _Optional[int] = ..., long_charged_quanta_per_lot: _Optional[int] = ..., short_charged_quanta_per_lot: _Optional[int] = ..., is_silent: _Optional[bool] = ..., interest_cap_lots: _Optional[int] = ..., ends_time_ms: _Optional[int] = ..., is_settled: _Optional[bool] = ...) -> None: ...

class Underlying(_message.Message):
    __slots__ = ("underlying_id", "symbol", "tick_decimals", "multiplier", "initial_margin_ppm", "maintenance_margin_ppm", "maker_fee_ppm", "taker_fee_ppm", "price_band_ppm", "index_price_x16", "min_order_usd", "interest_lower_kusd", "interest_upper_kusd", "modes", "interest_cap_lots", "position_limit_lots", "least_lot_quanta", "gap_ppm", "gap_budgets", "margin_deviations", "ends_time_ms")
    UNDERLYING_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TICK_DECIMALS_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    INITIAL_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    MAKER_FEE_PPM_FIELD_NUMBER: _ClassVar[int]
    TAKER_FEE_PPM_FIELD_NUMBER: _ClassVar[int]
    PRICE_BAND_PPM_FIELD_NUMBER: _ClassVar[int]
    INDEX_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    MIN_ORDER_USD_FIELD_NUMBER: _ClassVar[int]
    INTEREST_LOWER_KUSD_FIELD_NUMBER: _ClassVar[int]
    INTEREST_UPPER_KUSD_FIELD_NUMBER: _ClassVar[int]
    MODES_FIELD_NUMBER: _ClassVar[int]
    INTEREST_CAP_LOTS_FIELD_NUMBER: _ClassVar[int]
    POSITION_LIMIT_LOTS_FIELD_NUMBER: _ClassVar[int]
    LEAST_LOT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    GAP_PPM_FIELD_NUMBER: _ClassVar[int]
    GAP_BUDGETS_FIELD_NUMBER: _ClassVar[int]
    MARGIN_DEVIATIONS_FIELD_NUMBER: _ClassVar[int]
    ENDS_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    underlying_id: int
    symbol: str
    tick_decimals: int
    multiplier: int
    initial_margin_ppm: int
    maintenance_margin_ppm: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    price_band_ppm: int
    index_price_x16: int
    min_order_usd: int
    interest_lower_kusd: int
    interest_upper_kusd: int
    modes: int
    interest_cap_lots: int
    position_limit_lots: int
    least_lot_quanta: int
    gap_ppm: int
    gap_budgets: int
    margin_deviations: int
    ends_time_ms: int
    def __init__(self, underlying_id: _Optional[int] = ..., symbol: _Optional[str] = ..., tick_decimals: _Optional[int] = ..., multiplier: _Optional[int] = ..., initial_margin_ppm: _Optional[int] = ..., maintenance_margin_ppm: _Optional[int] = ..., maker_fee_ppm: _Optional[int] = ..., taker_fee_ppm: _Optional[int] = ..., price_band_ppm: _Optional[int] = ..., index_price_x16: _Optional[int] = ..., min_order_usd: _Optional[int] = ..., interest_lower_kusd: _Optional[int] = ..., interest_upper_kusd: _Optional[int] = ..., modes: _Optional[int] = ..., interest_cap_lots: _Optional[int] = ..., position_limit_lots: _Optional[int] = ..., least_lot_quanta: _Optional[int] = ..., gap_ppm: _Optional[int] = ..., gap_budgets: _Optional[int] = ..., margin_deviations: _Optional[int] = ..., ends_time_ms: _Optional[int] = ...) -> None: ...
