"""What the sequencer needs from L1, as a Protocol: another chain can take its place."""

from sequencer.l1.interface import (
    L1,
    L1Block,
    L1Deposit,
    L1Queue,
    L1RejectedError,
    L1State,
    L1UnavailableError,
)
from sequencer.l1.transactions import (
    Fees,
    SendAnswer,
    SentTransaction,
    SignedTransaction,
    TransactionFate,
    TransactionTerms,
    sent_from_json,
    sent_to_json,
)

__all__ = [
    "L1",
    "Fees",
    "L1Block",
    "L1Deposit",
    "L1Queue",
    "L1RejectedError",
    "L1State",
    "L1UnavailableError",
    "SendAnswer",
    "SentTransaction",
    "SignedTransaction",
    "TransactionFate",
    "TransactionTerms",
    "sent_from_json",
    "sent_to_json",
]
