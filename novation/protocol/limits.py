"""How large a market may become, and how much of it one account may come to hold.

docs/spec/protocol.md, section 17.
"""

from dataclasses import dataclass

from novation.protocol.constants import OPEN_INTEREST_BOUND, POSITION_BOUND
from novation.protocol.numeric import pack, unpack


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds new risk in a market; by default nothing but the width of the words does.

    The open interest does not rise above `interest_cap_lots`, and no account places orders that may
    open by which it could come to hold more than `position_limit_lots` of a side.
    """

    interest_cap_lots: int = OPEN_INTEREST_BOUND - 1
    position_limit_lots: int = POSITION_BOUND - 1

    def __post_init__(self) -> None:
        """Refuse limits outside docs/spec/protocol.md, section 3, with a ValueError."""
        if not 0 <= self.interest_cap_lots < OPEN_INTEREST_BOUND:
            raise ValueError(f"parameters out of range: cap {self.interest_cap_lots} lots")
        if not 0 <= self.position_limit_lots < POSITION_BOUND:
            raise ValueError(f"parameters out of range: position {self.position_limit_lots} lots")

    def word(self) -> int:
        """Return the packed word, the second one of an underlying in `params_felts`."""
        return pack((self.interest_cap_lots, 48), (self.position_limit_lots, 36))

    @classmethod
    def from_word(cls, word: int) -> "Limits":
        """Decode a packed word; DecodeError if it has too many bits."""
        return cls(*unpack(word, 48, 36))


NO_LIMITS = Limits()
