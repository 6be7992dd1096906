from novation.api.v1 import stream_service_pb2 as _stream_service_pb2
from novation.api.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetExchangeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetExchangeResponse(_message.Message):
    __slots__ = ("chain_id", "exchange_address", "config_hash", "markets", "oracle_public_keys", "oracle_quorum", "oracle_max_age_ms", "sequencer_public_key", "time_ms", "max_message_bytes", "underlyings", "assets", "outflow_share_ppm", "fee_tiers", "fee_insurance_permille", "fee_rebates")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_HASH_FIELD_NUMBER: _ClassVar[int]
    MARKETS_FIELD_NUMBER: _ClassVar[int]
    ORACLE_PUBLIC_KEYS_FIELD_NUMBER: _ClassVar[int]
    ORACLE_QUORUM_FIELD_NUMBER: _ClassVar[int]
    ORACLE_MAX_AGE_MS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCER_PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    UNDERLYINGS_FIELD_NUMBER: _ClassVar[int]
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    OUTFLOW_SHARE_PPM_FIELD_NUMBER: _ClassVar[int]
    FEE_TIERS_FIELD_NUMBER: _ClassVar[int]
    FEE_INSURANCE_PERMILLE_FIELD_NUMBER: _ClassVar[int]
    FEE_REBATES_FIELD_NUMBER: _ClassVar[int]
    chain_id: int
    exchange_address: bytes
    config_hash: bytes
    markets: _containers.RepeatedCompositeFieldContainer[_types_pb2.Market]
    oracle_public_keys: _containers.RepeatedScalarFieldContainer[bytes]
    oracle_quorum: int
    oracle_max_age_ms: int
    sequencer_public_key: bytes
    time_ms: int
    max_message_bytes: int
    underlyings: _containers.RepeatedCompositeFieldContainer[_types_pb2.Underlying]
    assets: _containers.RepeatedCompositeFieldContainer[_types_pb2.Asset]
    outflow_share_ppm: int
    fee_tiers: _containers.RepeatedCompositeFieldContainer[_types_pb2.FeeTier]
    fee_insurance_permille: int
    fee_rebates: bool
    def __init__(self, chain_id: _Optional[int] = ..., exchange_address: _Optional[bytes] = ..., config_hash: _Optional[bytes] = ..., markets: _Optional[_Iterable[_Union[_types_pb2.Market, _Mapping]]] = ..., oracle_public_keys: _Optional[_Iterable[bytes]] = ..., oracle_quorum: _Optional[int] = ..., oracle_max_age_ms: _Optional[int] = ..., sequencer_public_key: _Optional[bytes] = ..., time_ms: _Optional[int] = ..., max_message_bytes: _Optional[int] = ..., underlyings: _Optional[_Iterable[_Union[_types_pb2.Underlying, _Mapping]]] = ..., assets: _Optional[_Iterable[_Union[_types_pb2.Asset, _Mapping]]] = ..., outflow_share_ppm: _Optional[int] = ..., fee_tiers: _Optional[_Iterable[_Union[_types_pb2.FeeTier, _Mapping]]] = ..., fee_insurance_permille: _Optional[int] = ..., fee_rebates: _Optional[bool] = ...) -> None: ...

class GetAccountRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    def __init__(self, account_id: _Optional[int] = ...) -> None: ...

class GetAccountResponse(_message.Message):
    __slots__ = ("account", "sequence")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    account: _types_pb2.Account
    sequence: int
    def __init__(self, account: _Optional[_Union[_types_pb2.Account, _Mapping]] = ..., sequence: _Optional[int] = ...) -> None: ...

class FindAccountsRequest(_message.Message):
    __slots__ = ("public_key", "l1_address", "is_first_key", "from_account_id", "limit")
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    L1_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    IS_FIRST_KEY_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    public_key: bytes
    l1_address: bytes
    is_first_key: bool
    from_account_id: int
    limit: int
    def __init__(self, public_key: _Optional[bytes] = ..., l1_address: _Optional[bytes] = ..., is_first_key: _Optional[bool] = ..., from_account_id: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class FindAccountsResponse(_message.Message):
    __slots__ = ("account_ids", "first_account_ids", "next_account_id")
    ACCOUNT_IDS_FIELD_NUMBER: _ClassVar[int]
    FIRST_ACCOUNT_IDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_ids: _containers.RepeatedScalarFieldContainer[int]
    first_account_ids: _containers.RepeatedScalarFieldContainer[int]
    next_account_id: int
    def __init__(self, account_ids: _Optional[_Iterable[int]] = ..., first_account_ids: _Optional[_Iterable[int]] = ..., next_account_id: _Optional[int] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("order_id", "message_hash")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_HASH_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    message_hash: bytes
    def __init__(self, order_id: _Optional[int] = ..., message_hash: _Optional[bytes] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ...) -> None: ...

class ListOpenOrdersRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    def __init__(self, account_id: _Optional[int] = ...) -> None: ...

class ListOpenOrdersResponse(_message.Message):
    __slots__ = ("orders",)
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[_types_pb2.Order]
    def __init__(self, orders: _Optional[_Iterable[_Union[_types_pb2.Order, _Mapping]]] = ...) -> None: ...

class GetBookRequest(_message.Message):
    __slots__ = ("market_id", "depth")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    depth: int
    def __init__(self, market_id: _Optional[int] = ..., depth: _Optional[int] = ...) -> None: ...

class GetBookResponse(_message.Message):
    __slots__ = ("market_id", "sequence", "bids", "asks")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    sequence: int
    bids: _containers.RepeatedCompositeFieldContainer[_types_pb2.BookLevel]
    asks: _containers.RepeatedCompositeFieldContainer[_types_pb2.BookLevel]
    def __init__(self, market_id: _Optional[int] = ..., sequence: _Optional[int] = ..., bids: _Optional[_Iterable[_Union[_types_pb2.BookLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[_types_pb2.BookLevel, _Mapping]]] = ...) -> None: ...

class GetBatchRequest(_message.Message):
    __slots__ = ("batch_number",)
    BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    batch_number: int
    def __init__(self, batch_number: _Optional[int] = ...) -> None: ...

class GetBatchResponse(_message.Message):
    __slots__ = ("batch",)
    BATCH_FIELD_NUMBER: _ClassVar[int]
    batch: _types_pb2.Batch
    def __init__(self, batch: _Optional[_Union[_types_pb2.Batch, _Mapping]] = ...) -> None: ...

class ListBatchesRequest(_message.Message):
    __slots__ = ("before_batch_number", "limit")
    BEFORE_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    before_batch_number: int
    limit: int
    def __init__(self, before_batch_number: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class ListBatchesResponse(_message.Message):
    __slots__ = ("batches",)
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    batches: _containers.RepeatedCompositeFieldContainer[_types_pb2.Batch]
    def __init__(self, batches: _Optional[_Iterable[_Union[_types_pb2.Batch, _Mapping]]] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("last_sequence", "last_batch_number", "state_root", "proven_batch_number", "final_batch_number", "l1_queue_position", "open_batch_cost_steps", "open_batch_transactions", "pending_commands", "n_orders_accepted", "n_fills", "settlement_error", "settlement_halted", "settlement_advice", "proof_error", "proof_halted", "l1_queue_error", "oracle_time_ms", "post_only_until_ms", "custody_quanta", "custody", "recorded_deficit_quanta")
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATE_ROOT_FIELD_NUMBER: _ClassVar[int]
    PROVEN_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    FINAL_BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    L1_QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    OPEN_BATCH_COST_STEPS_FIELD_NUMBER: _ClassVar[int]
    OPEN_BATCH_TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    PENDING_COMMANDS_FIELD_NUMBER: _ClassVar[int]
    N_ORDERS_ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    N_FILLS_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ERROR_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_HALTED_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ADVICE_FIELD_NUMBER: _ClassVar[int]
    PROOF_ERROR_FIELD_NUMBER: _ClassVar[int]
    PROOF_HALTED_FIELD_NUMBER: _ClassVar[int]
    L1_QUEUE_ERROR_FIELD_NUMBER: _ClassVar[int]
    ORACLE_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    POST_ONLY_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    CUSTODY_QUANTA_FIELD_NUMBER: _ClassVar[int]
    CUSTODY_FIELD_NUMBER: _ClassVar[int]
    RECORDED_DEFICIT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    last_sequence: int
    last_batch_number: int
    state_root: bytes
    proven_batch_number: int
    final_batch_number: int
    l1_queue_position: int
    open_batch_cost_steps: int
    open_batch_transactions: int
    pending_commands: int
    n_orders_accepted: int
    n_fills: int
    settlement_error: str
    settlement_halted: bool
    settlement_advice: str
    proof_error: str
    proof_halted: bool
    l1_queue_error: str
    oracle_time_ms: int
    post_only_until_ms: int
    custody_quanta: int
    custody: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetAmount]
    recorded_deficit_quanta: int
    def __init__(self, last_sequence: _Optional[int] = ..., last_batch_number: _Optional[int] = ..., state_root: _Optional[bytes] = ..., proven_batch_number: _Optional[int] = ..., final_batch_number: _Optional[int] = ..., l1_queue_position: _Optional[int] = ..., open_batch_cost_steps: _Optional[int] = ..., open_batch_transactions: _Optional[int] = ..., pending_commands: _Optional[int] = ..., n_orders_accepted: _Optional[int] = ..., n_fills: _Optional[int] = ..., settlement_error: _Optional[str] = ..., settlement_halted: _Optional[bool] = ..., settlement_advice: _Optional[str] = ..., proof_error: _Optional[str] = ..., proof_halted: _Optional[bool] = ..., l1_queue_error: _Optional[str] = ..., oracle_time_ms: _Optional[int] = ..., post_only_until_ms: _Optional[int] = ..., custody_quanta: _Optional[int] = ..., custody: _Optional[_Iterable[_Union[_types_pb2.AssetAmount, _Mapping]]] = ..., recorded_deficit_quanta: _Optional[int] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("account_id", "market_id", "open_only", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    OPEN_ONLY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    market_id: int
    open_only: bool
    page_size: int
    page_token: bytes
    def __init__(self, account_id: _Optional[int] = ..., market_id: _Optional[int] = ..., open_only: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[bytes] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_page_token")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[_types_pb2.Order]
    next_page_token: bytes
    def __init__(self, orders: _Optional[_Iterable[_Union[_types_pb2.Order, _Mapping]]] = ..., next_page_token: _Optional[bytes] = ...) -> None: ...

class ListFillsRequest(_message.Message):
    __slots__ = ("account_id", "market_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    market_id: int
    page_size: int
    page_token: bytes
    def __init__(self, account_id: _Optional[int] = ..., market_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[bytes] = ...) -> None: ...

class AccountFill(_message.Message):
    __slots__ = ("sequence", "trade_sequence", "time_ms", "fill")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TRADE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    trade_sequence: int
    time_ms: int
    fill: _types_pb2.Fill
    def __init__(self, sequence: _Optional[int] = ..., trade_sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., fill: _Optional[_Union[_types_pb2.Fill, _Mapping]] = ...) -> None: ...

class ListFillsResponse(_message.Message):
    __slots__ = ("fills", "next_page_token", "first_sequence")
    FILLS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    fills: _containers.RepeatedCompositeFieldContainer[AccountFill]
    next_page_token: bytes
    first_sequence: int
    def __init__(self, fills: _Optional[_Iterable[_Union[AccountFill, _Mapping]]] = ..., next_page_token: _Optional[bytes] = ..., first_sequence: _Optional[int] = ...) -> None: ...

class ListTradesRequest(_message.Message):
    __slots__ = ("market_id", "page_size", "page_token")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    page_size: int
    page_token: bytes
    def __init__(self, market_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[bytes] = ...) -> None: ...

class ListTradesResponse(_message.Message):
    __slots__ = ("trades", "next_page_token", "first_sequence")
    TRADES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    trades: _containers.RepeatedCompositeFieldContainer[_types_pb2.Trade]
    next_page_token: bytes
    first_sequence: int
    def __init__(self, trades: _Optional[_Iterable[_Union[_types_pb2.Trade, _Mapping]]] = ..., next_page_token: _Optional[bytes] = ..., first_sequence: _Optional[int] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    page_size: int
    page_token: bytes
    def __init__(self, account_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[bytes] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("sequence", "change", "lifecycle", "times", "batch_number")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    LIFECYCLE_FIELD_NUMBER: _ClassVar[int]
    TIMES_FIELD_NUMBER: _ClassVar[int]
    BATCH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    change: _stream_service_pb2.BalanceChange
    lifecycle: _types_pb2.Lifecycle
    times: _types_pb2.LifecycleTimes
    batch_number: int
    def __init__(self, sequence: _Optional[int] = ..., change: _Optional[_Union[_stream_service_pb2.BalanceChange, _Mapping]] = ..., lifecycle: _Optional[_Union[_types_pb2.Lifecycle, str]] = ..., times: _Optional[_Union[_types_pb2.LifecycleTimes, _Mapping]] = ..., batch_number: _Optional[int] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ("transfers", "next_page_token")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    next_page_token: bytes
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., next_page_token: _Optional[bytes] = ...) -> None: ...

class ListFundingRequest(_message.Message):
    __slots__ = ("account_id", "market_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    market_id: int
    page_size: int
    page_token: bytes
    def __init__(self, account_id: _Optional[int] = ..., market_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[bytes] = ...) -> None: ...

class FundingPayment(_message.Message):
    __slots__ = ("sequence", "time_ms", "market_id", "position_lots", "quanta_per_lot", "amount_quanta", "kind")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[FundingPayment.Kind]
        KIND_FUNDING: _ClassVar[FundingPayment.Kind]
        KIND_POOL: _ClassVar[FundingPayment.Kind]
    KIND_UNSPECIFIED: FundingPayment.Kind
    KIND_FUNDING: FundingPayment.Kind
    KIND_POOL: FundingPayment.Kind
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_LOTS_FIELD_NUMBER: _ClassVar[int]
    QUANTA_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_QUANTA_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time_ms: int
    market_id: int
    position_lots: int
    quanta_per_lot: int
    amount_quanta: str
    kind: FundingPayment.Kind
    def __init__(self, sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., market_id: _Optional[int] = ..., position_lots: _Optional[int] = ..., quanta_per_lot: _Optional[int] = ..., amount_quanta: _Optional[str] = ..., kind: _Optional[_Union[FundingPayment.Kind, str]] = ...) -> None: ...

class ListFundingResponse(_message.Message):
    __slots__ = ("payments", "next_page_token")
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    payments: _containers.RepeatedCompositeFieldContainer[FundingPayment]
    next_page_token: bytes
    def __init__(self, payments: _Optional[_Iterable[_Union[FundingPayment, _Mapping]]] = ..., next_page_token: _Optional[bytes] = ...) -> None: ...

class ListMarketFundingRequest(_message.Message):
    __slots__ = ("market_id", "page_size", "page_token")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    page_size: int
    page_token: bytes
    def __init__(self, market_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[bytes] = ...) -> None: ...

class ListMarketFundingResponse(_message.Message):
    __slots__ = ("hours", "next_page_token")
    HOURS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    hours: _containers.RepeatedCompositeFieldContainer[_types_pb2.MarketFunding]
    next_page_token: bytes
    def __init__(self, hours: _Optional[_Iterable[_Union[_types_pb2.MarketFunding, _Mapping]]] = ..., next_page_token: _Optional[bytes] = ...) -> None: ...

class ListPoolSharesRequest(_message.Message):
    __slots__ = ("market_id", "side", "page_size", "page_token")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    side: _types_pb2.Side
    page_size: int
    page_token: bytes
    def __init__(self, market_id: _Optional[int] = ..., side: _Optional[_Union[_types_pb2.Side, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[bytes] = ...) -> None: ...

class ListPoolSharesResponse(_message.Message):
    __slots__ = ("shares", "next_page_token")
    SHARES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    shares: _containers.RepeatedCompositeFieldContainer[_types_pb2.PoolShare]
    next_page_token: bytes
    def __init__(self, shares: _Optional[_Iterable[_Union[_types_pb2.PoolShare, _Mapping]]] = ..., next_page_token: _Optional[bytes] = ...) -> None: ...

class ListLiquidationsRequest(_message.Message):
    __slots__ = ("market_id", "page_size", "page_token")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    market_id: int
    page_size: int
    page_token: bytes
    def __init__(self, market_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[bytes] = ...) -> None: ...

class ListAuctionsRequest(_message.Message):
    __slots__ = ("page_size",)
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    def __init__(self, page_size: _Optional[int] = ...) -> None: ...

class ListedAuction(_message.Message):
    __slots__ = ("account_id", "start_time_ms", "end_time_ms", "discount_ppm", "enough_share_x16", "equity_x16", "initial_x16_ppm", "maintenance_x16_ppm", "positions")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    END_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_PPM_FIELD_NUMBER: _ClassVar[int]
    ENOUGH_SHARE_X16_FIELD_NUMBER: _ClassVar[int]
    EQUITY_X16_FIELD_NUMBER: _ClassVar[int]
    INITIAL_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_X16_PPM_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    start_time_ms: int
    end_time_ms: int
    discount_ppm: int
    enough_share_x16: int
    equity_x16: str
    initial_x16_ppm: str
    maintenance_x16_ppm: str
    positions: _containers.RepeatedCompositeFieldContainer[_types_pb2.Position]
    def __init__(self, account_id: _Optional[int] = ..., start_time_ms: _Optional[int] = ..., end_time_ms: _Optional[int] = ..., discount_ppm: _Optional[int] = ..., enough_share_x16: _Optional[int] = ..., equity_x16: _Optional[str] = ..., initial_x16_ppm: _Optional[str] = ..., maintenance_x16_ppm: _Optional[str] = ..., positions: _Optional[_Iterable[_Union[_types_pb2.Position, _Mapping]]] = ...) -> None: ...

class ListAuctionsResponse(_message.Message):
    __slots__ = ("auctions", "n_auctions", "sequence", "time_ms")
    AUCTIONS_FIELD_NUMBER: _ClassVar[int]
    N_AUCTIONS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    auctions: _containers.RepeatedCompositeFieldContainer[ListedAuction]
    n_auctions: int
    sequence: int
    time_ms: int
    def __init__(self, auctions: _Optional[_Iterable[_Union[ListedAuction, _Mapping]]] = ..., n_auctions: _Optional[int] = ..., sequence: _Optional[int] = ..., time_ms: _Optional[int] = ...) -> None: ...

class MarketLiquidation(_message.Message):
    __slots__ = ("sequence", "time_ms", "liquidation")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    LIQUIDATION_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time_ms: int
    liquidation: _types_pb2.Liquidation
    def __init__(self, sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., liquidation: _Optional[_Union[_types_pb2.Liquidation, _Mapping]] = ...) -> None: ...

class ListLiquidationsResponse(_message.Message):
    __slots__ = ("liquidations", "next_page_token")
    LIQUIDATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    liquidations: _containers.RepeatedCompositeFieldContainer[MarketLiquidation]
    next_page_token: bytes
    def __init__(self, liquidations: _Optional[_Iterable[_Union[MarketLiquidation, _Mapping]]] = ..., next_page_token: _Optional[bytes] = ...) -> None: ...
