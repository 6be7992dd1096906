"""Why a transaction is refused, and what became of an included one. The numbers are stable."""

from dataclasses import dataclass
from enum import IntEnum, unique


@unique
class ErrorCode(IntEnum):
    """A user's fault; the transaction is not in the batch."""

    INVALID_FIELD = 1
    UNKNOWN_ACCOUNT = 2
    UNKNOWN_KEY = 3
    NONCE_USED = 4
    INVALID_SIGNATURE = 5
    UNPROVABLE_SIGNATURE = 6
    KEY_LACKS_PERMISSION = 7
    KEY_EXPIRED = 8
    OWN_KEY = 9
    UNKNOWN_MARKET = 10
    MARKET_NOT_ACTIVE = 11
    NO_PRICE = 12
    ORDER_EXPIRED = 13
    FEE_ABOVE_LIMIT = 14
    PRICE_OUTSIDE_BAND = 15
    TOO_MANY_POSITIONS = 16
    REDUCE_ONLY_INCREASES = 17
    POSITION_LIMIT = 18
    POST_ONLY_CROSSES = 19
    TOO_MANY_ORDERS = 20
    OPEN_INTEREST_LIMIT = 21
    INSUFFICIENT_MARGIN = 22
    CUSTODY_EXCEEDED = 23
    STALE_PRICE = 24
    POST_ONLY_PERIOD = 25
    MARKET_LISTED = 26
    LOT_TOO_SMALL = 27
    UNKNOWN_UNDERLYING = 28
    NO_POSITION = 29
    UNKNOWN_ORDER = 30
    NOT_ORDER_OWNER = 31
    ORDER_LIVES = 32
    TIMER_IN_PAST = 33
    FOK_NOT_FILLED = 34
    NONCE_TOO_OLD = 35
    NONCE_TOO_FAR = 36
    MESSAGE_EXPIRED = 37
    VALIDITY_TOO_LONG = 38
    ORDER_TOO_SMALL = 39
    QUORUM_NOT_REACHED = 40
    SIGNERS_NOT_ASCENDING = 41
    UNKNOWN_SIGNER = 42
    REPORT_TIME_OUTSIDE_WINDOW = 43
    ORACLE_TIME_NOT_INCREASING = 44
    PRICE_NOT_MEDIAN = 45
    REPORTS_APART = 46
    NOT_FAILING = 47
    BANKRUPT = 48
    ORDER_GREW = 49
    CANNOT_KEEP_PLACE = 50
    NOT_HOPELESS = 51
    RESERVED_ACCOUNT = 52
    NOTHING_TO_PAY = 53
    RESOLVING = 54
    AUCTION_RUNNING = 55
    NO_AUCTION = 56
    BID_LIMIT = 57
    OWN_ACCOUNT = 58
    INSUFFICIENT_BALANCE = 60
    NOT_TRIGGERED = 67
    TRIGGER_DUE = 68
    EXIT_DUE = 69
    SAME_ACCOUNT = 76
    NOT_SAME_OWNER = 77
    MARKET_HALTED = 86
    MARKET_POST_ONLY = 87
    MARKET_REDUCE_ONLY = 88
    NOTHING_TO_UNWIND = 90
    UNWOUND_LATELY = 91
    MARKET_SETTLED = 92
    NOT_SETTLED = 93
    PRICE_ABSENT = 95
    OUTFLOW_LIMIT = 102


@unique
class ResultCode(IntEnum):
    """The outcome of an included transaction; the circuit recomputes it."""

    DONE = 0
    DEPOSIT_KEY_MISMATCH = 1
    FILLED = 16
    RESTING = 17
    IOC_CANCELLED = 18
    MAKER_LIMIT = 19
    SELF_TRADE_CANCELLED = 20
    AMENDED = 21
    NOTHING_LEFT = 22
    BID_CAPPED = 26
    DORMANT = 30
    NOT_EXECUTED = 31


@dataclass(frozen=True, slots=True)
class Broken:
    """The bound that a field breaks: `limit` is the nearest value that the rule allows.

    Both numbers are in the unit that the field's name ends with.
    """

    field: str
    value: int
    limit: int


class InvalidTransaction(Exception):  # noqa: N818 - the name of the concept, as in docs/spec
    """A user's fault. Nothing has changed.

    Attributes:
        code: the stable number for programs.
        detail: actual value and limit, for people.
        broken: the same for programs.
        expected_hash: if a signature is wrong, the hash that should have been signed.
    """

    def __init__(
        self, code: ErrorCode, detail: str, broken: Broken, expected_hash: int = 0
    ) -> None:
        """Name the rule that was broken, and by what."""
        super().__init__(f"{code.name}: {detail}")
        self.code = code
        self.detail = detail
        self.broken = broken
        self.expected_hash = expected_hash


class BatchFull(Exception):  # noqa: N818 - not a fault: the batch must be sealed first
    """A transaction costs more than the open batch has left. Nothing has changed."""

    def __init__(self, cost_steps: int, steps_limit: int) -> None:
        """Keep the cost and say what was left."""
        super().__init__(f"cost of {cost_steps} steps > {steps_limit} left in the batch")
        self.cost_steps = cost_steps


class OutputFull(BatchFull):
    """A transaction makes the batch's output larger than L1 has room for beside the proof."""


class DecodeError(ValueError):
    """Bytes, felts or JSON that no encoder of this package writes."""
