"""What can go wrong, as exceptions.

NovationError
├── InvalidInputError          refused on this side, nothing was sent
│   ├── OffGridError           price or size between two ticks or lots
│   ├── UnknownAssetError      L1 took none of this name at the last look
│   ├── UnknownMarketError     none was listed at the last look
│   ├── AccountChoiceError     not one account whose first key it is: pass account_id
│   └── FeeLimitError          the fee is above the client's own limit
├── RejectedError              refused by the exchange, nothing has changed
│   ├── SignatureRejectedError     carries the hash that should have been signed
│   ├── NonceRejectedError
│   ├── ValidityRejectedError      the message came too late
│   ├── MarginRejectedError
│   ├── BalanceRejectedError       the account has less of the asset
│   ├── TimerInPastError
│   ├── NotFoundError
│   │   └── OrderClosedError       there was such an order
│   │       ├── OrderFilledError
│   │       ├── OrderCancelledError
│   │       └── OrderExpiredError
│   ├── OverloadedError        try again
│   │   └── RateLimitedError       the key has sent too much: try again after retry_after_ms
│   ├── ResumeTooOldError      start the stream again from a snapshot
│   └── ResumeAheadError       the server knows no event of that number
├── ConnectionLostError        no answer; sending the same message again is safe
└── ReceiptError               the sequencer signed something else than it promised
"""

from dataclasses import dataclass

import grpc

from novation.api.v1 import types_pb2
from novation.protocol.errors import ErrorCode

ERROR_METADATA_KEY = "novation-error-bin"

# Numbers of the node's own refusals, docs/spec and the sequencer's `NodeErrorCode`.
_MESSAGE_TOO_LARGE = 1001
_QUEUE_FULL = 1010
_TOO_MANY_STREAMS = 1012
_RATE_LIMITED = 1013
_NOT_FOUND = 1020
_RESUME_TOO_OLD = 1021
_RESUME_AHEAD = 1022
_ORDER_ALREADY_FILLED = 1040
_ORDER_ALREADY_CANCELLED = 1041
_ORDER_ALREADY_EXPIRED = 1042
_ORDER_NO_LONGER_KEPT = 1043


class NovationError(Exception):
    """Base of all exceptions of the client."""


class InvalidInputError(NovationError):
    """An argument that no exchange would take; nothing was sent."""


class OffGridError(InvalidInputError):
    """A price between two ticks or a size between two lots; never rounded silently."""


class UnknownMarketError(InvalidInputError):
    """No such market, as far as the client knows: `Client.markets` looks again."""


class UnknownAssetError(InvalidInputError):
    """No such asset, as far as the client knows."""


class FeeLimitError(InvalidInputError):
    """A market's fee is above the limit that the client keeps; nothing was signed.

    Attributes:
        field: `max_fee_ppm`.
        value: the fee of the market at the last look.
        limit: the client's.
    """

    def __init__(self, symbol: str, fee_ppm: int, limit_ppm: int) -> None:
        """Keep the numbers; the text says how to go on."""
        super().__init__(
            f"max_fee_ppm: the fee of {symbol} is {fee_ppm} ppm, the client's limit is "
            f"{limit_ppm} ppm; pass a higher max_fee_ppm to the order or to the client to accept it"
        )
        self.field, self.value, self.limit = "max_fee_ppm", fee_ppm, limit_ppm


class AccountChoiceError(InvalidInputError):
    """A key is the first key of no account, or of several: which one is meant, only a human knows.

    Anybody may add anybody's key to his account, so an account that just has it is never taken.

    Attributes:
        public_key: the key.
        first_account_ids: accounts whose first key it is, of any L1 address.
        account_ids: accounts in which it may sign. Of both only so many as one can read.
    """

    def __init__(
        self,
        public_key: int,
        l1_address: str | None,
        first_account_ids: tuple[int, ...],
        account_ids: tuple[int, ...],
    ) -> None:
        """Keep the candidates; the text names them and says how to go on."""
        which = "no account" if l1_address is None else f"no account of {l1_address}"
        if l1_address is None and first_account_ids:
            which = "several accounts"
        candidates = (
            f"it is the first of {list(first_account_ids)} and may sign for {list(account_ids)}, "
            f"where strangers may have put it; pass account_id"
        )
        if not account_ids:
            candidates = "it may sign for none; deposit first"
        super().__init__(
            f"account_id: key {public_key:#x} is the first key of {which}: {candidates}"
        )
        self.public_key = public_key
        self.first_account_ids, self.account_ids = first_account_ids, account_ids


class ReceiptError(NovationError):
    """A receipt that is not for the message sent, or not signed by the sequencer."""


class ConnectionLostError(NovationError):
    """The server cannot be reached, or went away before it answered."""


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """What the server says about a refusal.

    `code` and `name` are stable; `field`, `limit` and `value` say which rule was broken by what.
    `expected_hash` is not zero if a signature was wrong: the hash that should have been signed.
    `retry_after_ms` is not zero if a rate was exceeded.
    """

    code: int
    name: str
    message: str
    field: str = ""
    limit: str = ""
    value: str = ""
    expected_hash: int = 0
    retry_after_ms: int = 0

    @classmethod
    def from_message(cls, message: types_pb2.ErrorDetail) -> "ErrorDetail":
        """Return the detail of an API message."""
        return cls(
            code=message.code,
            name=message.name,
            message=message.message,
            field=message.field,
            limit=message.limit,
            value=message.value,
            expected_hash=int.from_bytes(message.expected_hash, "big"),
            retry_after_ms=message.retry_after_ms,
        )


class RejectedError(NovationError):
    """The exchange refused the request; nothing has changed."""

    def __init__(self, detail: ErrorDetail) -> None:
        """Keep the detail; the text names the code and the values."""
        super().__init__(f"{detail.name} ({detail.code}): {detail.message}")
        self.detail = detail

    @property
    def code(self) -> int:
        """The stable number of the rule that was broken."""
        return self.detail.code


class SignatureRejectedError(RejectedError):
    """The signature does not fit the message: compare `detail.expected_hash` with your hash."""


class NonceRejectedError(RejectedError):
    """The nonce was used before, or is too far away: another program may share the key."""


class ValidityRejectedError(RejectedError):
    """The message came too late, or is valid for more than a day: are the clocks right?

    `detail.limit` is the exchange's time, or a day behind it.
    """


class PermissionRejectedError(RejectedError):
    """The key may not sign this: it lacks the permission, has expired, or the slot is its own."""


class MarginRejectedError(RejectedError):
    """The account would not meet its initial margin, or has less than nothing (BANKRUPT)."""


class StalePriceError(RejectedError):
    """The last prices are too old to be traded or withdrawn at: wait for the oracles."""


class PostOnlyPeriodError(RejectedError):
    """Prices have come back after a gap: only post-only orders, until `detail.limit`."""


class ResolvingError(RejectedError):
    """The index has just jumped: until `detail.limit` only post-only orders, and no USD leaves.

    Neither to L1 nor to another account, from accounts with positions or orders in the market.
    """


class PriceAbsentError(RejectedError):
    """The oracle nodes have no price of a market now: nothing that depends on it is accepted."""


class MarketNotOpenError(RejectedError):
    """The market takes no such order for now: it is post-only, reduce-only or halted."""


class OutflowRejectedError(RejectedError):
    """So much of the asset may not leave now: `detail.limit` may; the sentence says when all."""


class LimitRejectedError(RejectedError):
    """The market's open interest, or the account's position, would pass its limit.

    `detail.limit` is it; what only reduces a position is never refused so.
    """


class CustodyRejectedError(RejectedError):
    """The amount is more than all that is in custody, `detail.limit`."""


class OwnerRejectedError(RejectedError):
    """A transfer goes to another account of the same L1 address, and nowhere else."""


class BalanceRejectedError(RejectedError):
    """The account has less of the asset, `detail.limit` quanta."""


class NoAuctionError(RejectedError):
    """The account is not up for auction now, or there is nothing to bid for.

    It has no auction, or does not fail any more.
    """


class BidLimitError(RejectedError):
    """The bid would be given less than it asks for, or take more than it allows.

    `detail.value` is what was signed, `detail.limit` what there is: in parts per million of what is
    taken (`min_discount_ppm`), or in quanta (`max_notional_quanta`).
    """


class TimerInPastError(RejectedError):
    """The time of a cancel timer is not after the exchange's; `detail.limit` would be."""


class NotFoundError(RejectedError):
    """No such account, key, market, order or batch."""


class ResumeAheadError(RejectedError):
    """The server knows no event of that number: it is another server, or has lost its data."""


class OrderClosedError(NotFoundError):
    """The order does not rest any more; if it is just this class, its record is gone, too."""


class OrderFilledError(OrderClosedError):
    """The order has been filled."""


class OrderCancelledError(OrderClosedError):
    """The order has been cancelled; the message says by whom or why."""


class OrderExpiredError(OrderClosedError):
    """The order's time was over."""


class OverloadedError(RejectedError):
    """The server is at one of its limits; try again."""


class RateLimitedError(OverloadedError):
    """The key has sent too many orders, or too many cancellations, which are counted apart.

    `detail.limit` is how many it may send at once, `detail.value` how many this one made.
    """

    @property
    def retry_after_ms(self) -> int:
        """Milliseconds after which one more is taken."""
        return self.detail.retry_after_ms


class ResumeTooOldError(RejectedError):
    """The server has dropped the events that were asked for."""


_CLASSES: dict[int, type[RejectedError]] = {
    ErrorCode.INVALID_SIGNATURE: SignatureRejectedError,
    ErrorCode.UNPROVABLE_SIGNATURE: SignatureRejectedError,
    ErrorCode.NONCE_USED: NonceRejectedError,
    ErrorCode.NONCE_TOO_OLD: NonceRejectedError,
    ErrorCode.NONCE_TOO_FAR: NonceRejectedError,
    ErrorCode.MESSAGE_EXPIRED: ValidityRejectedError,
    ErrorCode.VALIDITY_TOO_LONG: ValidityRejectedError,
    ErrorCode.KEY_LACKS_PERMISSION: PermissionRejectedError,
    ErrorCode.KEY_EXPIRED: PermissionRejectedError,
    ErrorCode.OWN_KEY: PermissionRejectedError,
    ErrorCode.INSUFFICIENT_MARGIN: MarginRejectedError,
    ErrorCode.BANKRUPT: MarginRejectedError,
    ErrorCode.STALE_PRICE: StalePriceError,
    ErrorCode.PRICE_ABSENT: PriceAbsentError,
    ErrorCode.POST_ONLY_PERIOD: PostOnlyPeriodError,
    ErrorCode.RESOLVING: ResolvingError,
    ErrorCode.MARKET_HALTED: MarketNotOpenError,
    ErrorCode.MARKET_POST_ONLY: MarketNotOpenError,
    ErrorCode.MARKET_REDUCE_ONLY: MarketNotOpenError,
    ErrorCode.MARKET_SETTLED: MarketNotOpenError,
    ErrorCode.OUTFLOW_LIMIT: OutflowRejectedError,
    ErrorCode.OPEN_INTEREST_LIMIT: LimitRejectedError,
    ErrorCode.POSITION_LIMIT: LimitRejectedError,
    ErrorCode.CUSTODY_EXCEEDED: CustodyRejectedError,
    ErrorCode.INSUFFICIENT_BALANCE: BalanceRejectedError,
    ErrorCode.SAME_ACCOUNT: OwnerRejectedError,
    ErrorCode.NOT_SAME_OWNER: OwnerRejectedError,
    ErrorCode.TIMER_IN_PAST: TimerInPastError,
    ErrorCode.NO_AUCTION: NoAuctionError,
    ErrorCode.NOT_FAILING: NoAuctionError,
    ErrorCode.BID_LIMIT: BidLimitError,
    ErrorCode.UNKNOWN_ACCOUNT: NotFoundError,
    ErrorCode.UNKNOWN_KEY: NotFoundError,
    ErrorCode.UNKNOWN_MARKET: NotFoundError,
    ErrorCode.UNKNOWN_UNDERLYING: NotFoundError,
    ErrorCode.UNKNOWN_ORDER: NotFoundError,
    _NOT_FOUND: NotFoundError,
    _QUEUE_FULL: OverloadedError,
    _TOO_MANY_STREAMS: OverloadedError,
    _RATE_LIMITED: RateLimitedError,
    _RESUME_TOO_OLD: ResumeTooOldError,
    _RESUME_AHEAD: ResumeAheadError,
    _ORDER_ALREADY_FILLED: OrderFilledError,
    _ORDER_ALREADY_CANCELLED: OrderCancelledError,
    _ORDER_ALREADY_EXPIRED: OrderExpiredError,
    _ORDER_NO_LONGER_KEPT: OrderClosedError,
}


def rejected(message: types_pb2.ErrorDetail) -> RejectedError:
    """Return the exception of a refusal."""
    detail = ErrorDetail.from_message(message)
    return _CLASSES.get(detail.code, RejectedError)(detail)


def from_rpc_error(error: grpc.aio.AioRpcError) -> NovationError:
    """Return the exception of a failed call."""
    for key, value in error.trailing_metadata() or ():
        if key == ERROR_METADATA_KEY and isinstance(value, bytes):
            return rejected(types_pb2.ErrorDetail.FromString(value))
    status, sentence = error.code(), error.details() or ""
    if status in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        # What the transport says when the server dies in the middle of a message.
        grpc.StatusCode.INTERNAL,
    ):
        return ConnectionLostError(f"{status.name}: {sentence}")
    if status is grpc.StatusCode.RESOURCE_EXHAUSTED:
        detail = ErrorDetail(_MESSAGE_TOO_LARGE, "MESSAGE_TOO_LARGE", sentence, field="message")
    else:
        detail = ErrorDetail(0, status.name, sentence)
    return RejectedError(detail)
