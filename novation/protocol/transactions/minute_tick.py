"""MinuteTick: the premium of a perpetual is sampled. Unsigned, and due once a minute."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MinuteTick:
    """It says nothing: the state has the underlying whose turn it is."""
