"""What a check of one property came to."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """A property, whether it holds, and whether it notices each of its mutants.

    Attributes:
        reason: why it is not decided; empty if it holds.
        function: the Cairo function that it is about, if any.
    """

    name: str
    holds: bool
    mutants: dict[str, bool] = field(default_factory=dict)
    reason: str = ""
    function: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether the property holds and notices its mutants, of which it has one at least."""
        return self.holds and bool(self.mutants) and all(self.mutants.values())
