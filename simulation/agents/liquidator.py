"""A liquidator: reduces accounts that fail, by the rules and for nothing, as the node does."""

from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.errors import ErrorCode
from simulation.agents.agent import Agent

# Of one account in one go: prices may move before the next.
_MOST: Final = 3


class Liquidator(Agent):
    """Looks at every account after each update, and at the largest positions of those that fail."""

    kind: ClassVar[str] = "liquidator"
    expects: ClassVar[frozenset[ErrorCode]] = frozenset()

    @override
    def act(self) -> None:
        """Liquidate what fails, unless prices are away or nobody may take yet."""
        view = self.view
        if not view.has_valid_prices or view.is_post_only:
            return
        for account_id in view.failing_accounts():
            for market_id in view.largest_positions(account_id)[:_MOST]:
                # Whoever was made whole by the first position keeps the others.
                if view.is_failing(account_id):
                    self.desk.liquidate(account_id, market_id)
