"""A liquidator: does by the rules and for nothing what has to be done, as the node does.

It reduces accounts that fail, puts up for auction what the book does not take, and has taken over
who is hopeless. What pools and the insurance fund took it has unwound.
"""

from typing import ClassVar

from typing_extensions import override

from novation.protocol.errors import ErrorCode
from simulation.agents.agent import Agent


class Liquidator(Agent):
    """Looks at every account after each update, and reduces those that fail where the book bids."""

    kind: ClassVar[str] = "liquidator"
    # Who pays enough for what pools took may not be able to carry it.
    expects: ClassVar[frozenset[ErrorCode]] = frozenset({ErrorCode.NOTHING_TO_UNWIND})

    @override
    def act(self) -> None:
        """Liquidate what fails, unless prices are away or nobody may take yet."""
        view = self.view
        if not view.has_valid_prices or view.is_post_only:
            return
        for account_id in view.failing_accounts():
            for market_id in view.wanted_positions(account_id):
                # Whoever was made whole by the first position keeps the others, and a book that has
                # filled one of them may not want the next.
                if view.is_failing(account_id) and market_id in view.wanted_positions(account_id):
                    self.desk.liquidate(account_id, market_id)
        for account_id in view.hopeless_accounts():
            # Who gained by the one before may have been saved by it.
            if account_id in view.hopeless_accounts():
                self.desk.take_over(account_id)
        for account_id in view.due_auctions():
            self.desk.set_auction(account_id)
        for market_id in view.unwound_markets():
            self.desk.unwind(market_id)
