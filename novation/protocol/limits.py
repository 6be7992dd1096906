"""How large a market may become, and how much of it one account may come to hold.

docs/spec/protocol.md, section 17.
"""

from dataclasses import dataclass

from novation.protocol.constants import (
    GAP_BUDGETS_BOUND,
    LEAST_LOT_BOUND,
    OPEN_INTEREST_BOUND,
    POSITION_BOUND,
    RATE_BOUND,
)
from novation.protocol.numeric import pack, unpack


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds new risk in a market; by default nothing but the width of the words does.

    The open interest does not rise above `interest_cap_lots`, and no account places orders that may
    open by which it could come to hold more than `position_limit_lots` of a side. While a lot is
    worth less than `least_lot_quanta` at the mark, only orders are accepted that reduce. What a gap
    of `gap_ppm` takes beyond the maintenance margin may cost `gap_budgets` times what insurance may
    pay for the market on a day: see `insured_interest`. A gap of 0 is no such limit.
    """

    interest_cap_lots: int = OPEN_INTEREST_BOUND - 1
    position_limit_lots: int = POSITION_BOUND - 1
    least_lot_quanta: int = 0
    gap_ppm: int = 0
    gap_budgets: int = 0

    def __post_init__(self) -> None:
        """Refuse limits outside docs/spec/protocol.md, section 3, with a ValueError."""
        if not 0 <= self.interest_cap_lots < OPEN_INTEREST_BOUND:
            raise ValueError(f"parameters out of range: cap {self.interest_cap_lots} lots")
        if not 0 <= self.position_limit_lots < POSITION_BOUND:
            raise ValueError(f"parameters out of range: position {self.position_limit_lots} lots")
        if not 0 <= self.least_lot_quanta < LEAST_LOT_BOUND:
            raise ValueError(f"parameters out of range: least lot {self.least_lot_quanta} quanta")
        if not 0 <= self.gap_ppm < RATE_BOUND:
            raise ValueError(f"parameters out of range: gap {self.gap_ppm}")
        if not 0 <= self.gap_budgets < GAP_BUDGETS_BOUND:
            raise ValueError(f"parameters out of range: {self.gap_budgets} budgets for a gap")

    def word(self) -> int:
        """Return the packed word, the second one of an underlying in `params_felts`."""
        return pack(
            (self.interest_cap_lots, 48),
            (self.position_limit_lots, 36),
            (self.least_lot_quanta, 20),
            (self.gap_ppm, 20),
            (self.gap_budgets, 8),
        )

    @classmethod
    def from_word(cls, word: int) -> "Limits":
        """Decode a packed word; DecodeError if it has too many bits."""
        return cls(*unpack(word, 48, 36, 20, 20, 8))


NO_LIMITS = Limits()
