"""A keeper: takes dead and idle orders out of the book, for nothing, as the node does."""

from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.errors import ErrorCode
from simulation.agents.agent import Agent

_MOST: Final = 12


class Keeper(Agent):
    """Prunes the oldest that anybody may prune."""

    kind: ClassVar[str] = "keeper"
    expects: ClassVar[frozenset[ErrorCode]] = frozenset()

    @override
    def act(self) -> None:
        """Prune some."""
        for order_id in self.view.prunable_orders()[:_MOST]:
            self.desk.prune(order_id)
