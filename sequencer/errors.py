"""Refusals of the node itself. Refusals by the protocol's rules are `InvalidTransaction`."""

from dataclasses import dataclass
from enum import IntEnum

from novation.protocol.errors import Broken


class NodeErrorCode(IntEnum):
    """Stable numbers from 1000 upward; the protocol's `ErrorCode` stays below."""

    MALFORMED_MESSAGE = 1000
    MESSAGE_TOO_LARGE = 1001
    MISSING_FIELD = 1002
    FIELD_OUT_OF_RANGE = 1003
    QUEUE_FULL = 1010
    SHUTTING_DOWN = 1011
    TOO_MANY_STREAMS = 1012
    RATE_LIMITED = 1013
    NOT_FOUND = 1020
    RESUME_TOO_OLD = 1021
    RESUME_AHEAD = 1022
    WRONG_PAGE_TOKEN = 1023
    STALE_REPORT = 1030
    DOUBTFUL_UPDATE = 1031
    ORDER_ALREADY_FILLED = 1040
    ORDER_ALREADY_CANCELLED = 1041
    ORDER_ALREADY_EXPIRED = 1042
    ORDER_NO_LONGER_KEPT = 1043
    INTERNAL = 1099


class SettlementWaitsError(Exception):
    """The next batch cannot settle now; trying again later may help."""


class SettlementHaltedError(Exception):
    """The next batch cannot settle before somebody does something.

    `may_ask_again`: a question to L1 costs nothing, and tells when it is done; a transaction that
    is reverted again would cost gas.
    """

    verdict = "rejected"

    def __init__(
        self, batch_number: int, reason: str, advice: str, *, may_ask_again: bool = True
    ) -> None:
        """Name the batch, L1's reason, and what to do."""
        super().__init__(f"batch {batch_number} {self.verdict}: {reason}")
        self.batch_number = batch_number
        self.advice = advice
        self.may_ask_again = may_ask_again


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """What broke which rule: the rule's limit and the offending value as text.

    `retry_after_ms`: when the same would be admitted, 0 if time alone does not change it.
    """

    field: str = ""
    limit: str = ""
    value: str = ""
    retry_after_ms: int = 0


def context_of(broken: Broken) -> ErrorContext:
    """Return what broke a rule of the protocol."""
    return ErrorContext(broken.field, str(broken.limit), str(broken.value))


class RequestRefusedError(Exception):
    """A request that the node refuses before it reaches the state transition."""

    def __init__(
        self, code: NodeErrorCode, message: str, context: ErrorContext | None = None
    ) -> None:
        """Keep the code, the sentence for a human and the values for a program."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.context = context or ErrorContext()
