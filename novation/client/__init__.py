"""The Python SDK: asynchronous, exact decimals, signed receipts. Start reading in `client`."""

from novation.client.client import Client
from novation.client.errors import (
    AccountChoiceError,
    ConnectionLostError,
    CustodyRejectedError,
    ErrorDetail,
    FeeLimitError,
    InvalidInputError,
    MarginRejectedError,
    NonceRejectedError,
    NotFoundError,
    NovationError,
    OffGridError,
    OrderCancelledError,
    OrderClosedError,
    OrderExpiredError,
    OrderFilledError,
    OverloadedError,
    PermissionRejectedError,
    PostOnlyPeriodError,
    RateLimitedError,
    ReceiptError,
    RejectedError,
    ResumeAheadError,
    ResumeTooOldError,
    SignatureRejectedError,
    StalePriceError,
    TimerInPastError,
    UnknownMarketError,
    ValidityRejectedError,
)
from novation.client.keys import LocalSigner, Signer
from novation.client.oracle import OracleClient, sign_report
from novation.client.order_stream import OrderStream
from novation.client.orders import OrderRequest, Replacement
from novation.client.stark_keys import check_stark_key
from novation.client.units import Market
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, Side, TimeInForce
from novation.protocol.signing_keys import Permission
from novation.receipts import Receipt

__all__ = [
    "AccountChoiceError",
    "Client",
    "ConnectionLostError",
    "CustodyRejectedError",
    "ErrorDetail",
    "FeeLimitError",
    "InvalidInputError",
    "LocalSigner",
    "MarginRejectedError",
    "Market",
    "NonceRejectedError",
    "NotFoundError",
    "NovationError",
    "OffGridError",
    "OracleClient",
    "OrderCancelledError",
    "OrderClosedError",
    "OrderExpiredError",
    "OrderFilledError",
    "OrderRequest",
    "OrderStream",
    "OverloadedError",
    "Permission",
    "PermissionRejectedError",
    "PostOnlyPeriodError",
    "RateLimitedError",
    "Receipt",
    "ReceiptError",
    "RejectedError",
    "Replacement",
    "ResumeAheadError",
    "ResumeTooOldError",
    "SelfTradeMode",
    "SelfTradeScope",
    "Side",
    "SignatureRejectedError",
    "Signer",
    "StalePriceError",
    "TimeInForce",
    "TimerInPastError",
    "UnknownMarketError",
    "ValidityRejectedError",
    "check_stark_key",
    "sign_report",
]
