"""What keeps batches from L1, and deposits from the exchange, for whoever asks for the status."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SettlementStatus:
    """Why nothing settles, empty while all is well; halted: somebody must do what it advises."""

    error: str = ""
    is_halted: bool = False
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ProofStatus:
    """What is wrong with the proof of the oldest batch without one; halted: nobody tries again."""

    error: str = ""
    is_halted: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Everything together."""

    settlement: SettlementStatus
    proof: ProofStatus
    l1_queue_error: str
