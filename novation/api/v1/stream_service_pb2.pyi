from novation.api.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StreamBookRequest(_message.Message):
    __slots__ = ("market_id", "after_sequence", "heartbeat_ms")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    after_sequence: int
    heartbeat_ms: int
    def __init__(self, market_id: _Optional[int] = ..., after_sequence: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class StreamBookResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "time_ms", "is_snapshot", "bids", "asks", "is_heartbeat", "checksum")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    IS_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    time_ms: int
    is_snapshot: bool
    bids: _containers.RepeatedCompositeFieldContainer[_types_pb2.BookLevel]
    asks: _containers.RepeatedCompositeFieldContainer[_types_pb2.BookLevel]
    is_heartbeat: bool
    checksum: int
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., is_snapshot: _Optional[bool] = ..., bids: _Optional[_Iterable[_Union[_types_pb2.BookLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[_types_pb2.BookLevel, _Mapping]]] = ..., is_heartbeat: _Optional[bool] = ..., checksum: _Optional[int] = ...) -> None: ...

class StreamAccountRequest(_message.Message):
    __slots__ = ("account_id", "after_sequence", "heartbeat_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    after_sequence: int
    heartbeat_ms: int
    def __init__(self, account_id: _Optional[int] = ..., after_sequence: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class OrderUpdate(_message.Message):
    __slots__ = ("order_id", "market_id", "status", "cancel_reason", "filled_lots", "remaining_lots", "label", "decremented_lots", "triggered_order_id")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REASON_FIELD_NUMBER: _ClassVar[int]
    FILLED_LOTS_FIELD_NUMBER: _ClassVar[int]
    REMAINING_LOTS_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DECREMENTED_LOTS_FIELD_NUMBER: _ClassVar[int]
    TRIGGERED_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    market_id: int
    status: _types_pb2.OrderStatus
    cancel_reason: _types_pb2.CancelReason
    filled_lots: int
    remaining_lots: int
    label: int
    decremented_lots: int
    triggered_order_id: int
    def __init__(self, order_id: _Optional[int] = ..., market_id: _Optional[int] = ..., status: _Optional[_Union[_types_pb2.OrderStatus, str]] = ..., cancel_reason: _Optional[_Union[_types_pb2.CancelReason, str]] = ..., filled_lots: _Optional[int] = ..., remaining_lots: _Optional[int] = ..., label: _Optional[int] = ..., decremented_lots: _Optional[int] = ..., triggered_order_id: _Optional[int] = ...) -> None: ...

class BalanceChange(_message.Message):
    __slots__ = ("kind", "amount_quanta", "asset_id", "other_account_id")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[BalanceChange.Kind]
        KIND_DEPOSIT: _ClassVar[BalanceChange.Kind]
        KIND_WITHDRAWAL: _ClassVar[BalanceChange.Kind]
        KIND_DEPOSIT_REFUSED: _ClassVar[BalanceChange.Kind]
        KIND_TRANSFER_OUT: _ClassVar[BalanceChange.Kind]
        KIND_TRANSFER_IN: _ClassVar[BalanceChange.Kind]
    KIND_UNSPECIFIED: BalanceChange.Kind
    KIND_DEPOSIT: BalanceChange.Kind
    KIND_WITHDRAWAL: BalanceChange.Kind
    KIND_DEPOSIT_REFUSED: BalanceChange.Kind
    KIND_TRANSFER_OUT: BalanceChange.Kind
    KIND_TRANSFER_IN: BalanceChange.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    kind: BalanceChange.Kind
    amount_quanta: int
    asset_id: int
    other_account_id: int
    def __init__(self, kind: _Optional[_Union[BalanceChange.Kind, str]] = ..., amount_quanta: _Optional[int] = ..., asset_id: _Optional[int] = ..., other_account_id: _Optional[int] = ...) -> None: ...

class StreamAccountResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "time_ms", "snapshot", "order", "fill", "balance", "liquidation", "auction", "bid", "take_over", "settlement", "is_heartbeat")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    LIQUIDATION_FIELD_NUMBER: _ClassVar[int]
    AUCTION_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    TAKE_OVER_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    time_ms: int
    snapshot: _types_pb2.Account
    order: OrderUpdate
    fill: _types_pb2.Fill
    balance: BalanceChange
    liquidation: _types_pb2.Liquidation
    auction: _types_pb2.Auction
    bid: _types_pb2.BidFill
    take_over: _types_pb2.TakeOver
    settlement: _types_pb2.PositionSettlement
    is_heartbeat: bool
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., snapshot: _Optional[_Union[_types_pb2.Account, _Mapping]] = ..., order: _Optional[_Union[OrderUpdate, _Mapping]] = ..., fill: _Optional[_Union[_types_pb2.Fill, _Mapping]] = ..., balance: _Optional[_Union[BalanceChange, _Mapping]] = ..., liquidation: _Optional[_Union[_types_pb2.Liquidation, _Mapping]] = ..., auction: _Optional[_Union[_types_pb2.Auction, _Mapping]] = ..., bid: _Optional[_Union[_types_pb2.BidFill, _Mapping]] = ..., take_over: _Optional[_Union[_types_pb2.TakeOver, _Mapping]] = ..., settlement: _Optional[_Union[_types_pb2.PositionSettlement, _Mapping]] = ..., is_heartbeat: _Optional[bool] = ...) -> None: ...

class StreamTradesRequest(_message.Message):
    __slots__ = ("market_id", "after_sequence", "heartbeat_ms")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    after_sequence: int
    heartbeat_ms: int
    def __init__(self, market_id: _Optional[int] = ..., after_sequence: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class StreamTradesResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "trade", "is_heartbeat")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TRADE_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    trade: _types_pb2.Trade
    is_heartbeat: bool
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., trade: _Optional[_Union[_types_pb2.Trade, _Mapping]] = ..., is_heartbeat: _Optional[bool] = ...) -> None: ...

class StreamBatchesRequest(_message.Message):
    __slots__ = ("after_sequence", "heartbeat_ms")
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    heartbeat_ms: int
    def __init__(self, after_sequence: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class StreamBatchesResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "batch", "is_heartbeat")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    batch: _types_pb2.Batch
    is_heartbeat: bool
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., batch: _Optional[_Union[_types_pb2.Batch, _Mapping]] = ..., is_heartbeat: _Optional[bool] = ...) -> None: ...

class StreamMarketRequest(_message.Message):
    __slots__ = ("market_id", "interval_ms", "heartbeat_ms")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    interval_ms: int
    heartbeat_ms: int
    def __init__(self, market_id: _Optional[int] = ..., interval_ms: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class StreamMarketResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "time_ms", "is_heartbeat", "oracle_time_ms", "index_price_x16", "mark_price_x16", "open_interest_lots", "status", "best_bid", "best_ask", "premium_x16", "funding_quanta_per_lot", "funding_rate_ppb", "next_funding_time_ms", "ref_price_x16", "resolving_until_ms", "short_quanta_per_lot", "pool_lots", "added_margin_ppm", "forecast_margin_ppm", "is_silent", "interest_cap_lots", "is_settled")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    ORACLE_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    INDEX_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    MARK_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    OPEN_INTEREST_LOTS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BEST_BID_FIELD_NUMBER: _ClassVar[int]
    BEST_ASK_FIELD_NUMBER: _ClassVar[int]
    PREMIUM_X16_FIELD_NUMBER: _ClassVar[int]
    FUNDING_QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    FUNDING_RATE_PPB_FIELD_NUMBER: _ClassVar[int]
    NEXT_FUNDING_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    REF_PRICE_X16_FIELD_NUMBER: _ClassVar[int]
    RESOLVING_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    POOL_LOTS_FIELD_NUMBER: _ClassVar[int]
    ADDED_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    FORECAST_MARGIN_PPM_FIELD_NUMBER: _ClassVar[int]
    IS_SILENT_FIELD_NUMBER: _ClassVar[int]
    INTEREST_CAP_LOTS_FIELD_NUMBER: _ClassVar[int]
    IS_SETTLED_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    time_ms: int
    is_heartbeat: bool
    oracle_time_ms: int
    index_price_x16: int
    mark_price_x16: int
    open_interest_lots: int
    status: int
    best_bid: _types_pb2.BookLevel
    best_ask: _types_pb2.BookLevel
    premium_x16: int
    funding_quanta_per_lot: int
    funding_rate_ppb: int
    next_funding_time_ms: int
    ref_price_x16: int
    resolving_until_ms: int
    short_quanta_per_lot: int
    pool_lots: int
    added_margin_ppm: int
    forecast_margin_ppm: int
    is_silent: bool
    interest_cap_lots: int
    is_settled: bool
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., is_heartbeat: _Optional[bool] = ..., oracle_time_ms: _Optional[int] = ..., index_price_x16: _Optional[int] = ..., mark_price_x16: _Optional[int] = ..., open_interest_lots: _Optional[int] = ..., status: _Optional[int] = ..., best_bid: _Optional[_Union[_types_pb2.BookLevel, _Mapping]] = ..., best_ask: _Optional[_Union[_types_pb2.BookLevel, _Mapping]] = ..., premium_x16: _Optional[int] = ..., funding_quanta_per_lot: _Optional[int] = ..., funding_rate_ppb: _Optional[int] = ..., next_funding_time_ms: _Optional[int] = ..., ref_price_x16: _Optional[int] = ..., resolving_until_ms: _Optional[int] = ..., short_quanta_per_lot: _Optional[int] = ..., pool_lots: _Optional[int] = ..., added_margin_ppm: _Optional[int] = ..., forecast_margin_ppm: _Optional[int] = ..., is_silent: _Optional[bool] = ..., interest_cap_lots: _Optional[int] = ..., is_settled: _Optional[bool] = ...) -> None: ...

class StreamPortfolioRequest(_message.Message):
    __slots__ = ("account_id", "interval_ms", "heartbeat_ms")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    interval_ms: int
    heartbeat_ms: int
    def __init__(self, account_id: _Optional[int] = ..., interval_ms: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class StreamPortfolioResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "time_ms", "is_heartbeat", "account")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    time_ms: int
    is_heartbeat: bool
    account: _types_pb2.Account
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., is_heartbeat: _Optional[bool] = ..., account: _Optional[_Union[_types_pb2.Account, _Mapping]] = ...) -> None: ...

class StreamFundingRequest(_message.Message):
    __slots__ = ("market_id", "after_sequence", "heartbeat_ms")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    after_sequence: int
    heartbeat_ms: int
    def __init__(self, market_id: _Optional[int] = ..., after_sequence: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class StreamFundingResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "is_snapshot", "funding", "is_heartbeat", "pool_share", "unwinding")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    IS_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    FUNDING_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    POOL_SHARE_FIELD_NUMBER: _ClassVar[int]
    UNWINDING_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    is_snapshot: bool
    funding: _types_pb2.MarketFunding
    is_heartbeat: bool
    pool_share: _types_pb2.PoolShare
    unwinding: _types_pb2.Unwinding
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., is_snapshot: _Optional[bool] = ..., funding: _Optional[_Union[_types_pb2.MarketFunding, _Mapping]] = ..., is_heartbeat: _Optional[bool] = ..., pool_share: _Optional[_Union[_types_pb2.PoolShare, _Mapping]] = ..., unwinding: _Optional[_Union[_types_pb2.Unwinding, _Mapping]] = ...) -> None: ...

class StreamAuctionsRequest(_message.Message):
    __slots__ = ("after_sequence", "heartbeat_ms")
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    heartbeat_ms: int
    def __init__(self, after_sequence: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class StreamAuctionsResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "time_ms", "auction", "bid", "is_heartbeat")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    AUCTION_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    time_ms: int
    auction: _types_pb2.Auction
    bid: _types_pb2.BidFill
    is_heartbeat: bool
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., auction: _Optional[_Union[_types_pb2.Auction, _Mapping]] = ..., bid: _Optional[_Union[_types_pb2.BidFill, _Mapping]] = ..., is_heartbeat: _Optional[bool] = ...) -> None: ...

class StreamLiquidationsRequest(_message.Message):
    __slots__ = ("market_id", "after_sequence", "heartbeat_ms")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    after_sequence: int
    heartbeat_ms: int
    def __init__(self, market_id: _Optional[int] = ..., after_sequence: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ...) -> None: ...

class StreamLiquidationsResponse(_message.Message):
    __slots__ = ("sequence", "previous_sequence", "time_ms", "liquidation", "is_heartbeat")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    LIQUIDATION_FIELD_NUMBER: _ClassVar[int]
    IS_HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    previous_sequence: int
    time_ms: int
    liquidation: _types_pb2.Liquidation
    is_heartbeat: bool
    def __init__(self, sequence: _Optional[int] = ..., previous_sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., liquidation: _Optional[_Union[_types_pb2.Liquidation, _Mapping]] = ..., is_heartbeat: _Optional[bool] = ...) -> None: ...
