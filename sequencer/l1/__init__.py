"""What the sequencer needs from L1, as a Protocol: another chain can take its place."""

from sequencer.l1.interface import (
    L1,
    L1Deposit,
    L1RejectedError,
    L1State,
    L1UnavailableError,
)

__all__ = ["L1", "L1Deposit", "L1RejectedError", "L1State", "L1UnavailableError"]
