"""What the sequencer needs from L1, as a Protocol: another chain can take its place."""

from sequencer.l1.interface import (
    L1,
    L1Block,
    L1Deposit,
    L1Entry,
    L1Parameter,
    L1Queue,
    L1RefusedError,
    L1RejectedError,
    L1State,
    L1UnavailableError,
)
from sequencer.l1.remedies import (
    OUT_OF_GAS,
    Remedy,
    Treatment,
    treatment_of_answer,
    treatment_of_rejection,
    understood_refusal,
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
    "OUT_OF_GAS",
    "Fees",
    "L1Block",
    "L1Deposit",
    "L1Entry",
    "L1Parameter",
    "L1Queue",
    "L1RefusedError",
    "L1RejectedError",
    "L1State",
    "L1UnavailableError",
    "Remedy",
    "SendAnswer",
    "SentTransaction",
    "SignedTransaction",
    "TransactionFate",
    "TransactionTerms",
    "Treatment",
    "sent_from_json",
    "sent_to_json",
    "treatment_of_answer",
    "treatment_of_rejection",
    "understood_refusal",
]
