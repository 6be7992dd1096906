"""What all agents have: an account, a random generator, and what they may be refused."""

import random
from abc import ABC, abstractmethod
from typing import ClassVar, Final

from novation.protocol.batch import TransactionResult
from novation.protocol.constants import PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import Side, TimeInForce
from simulation.desk import Desk, Terms
from simulation.view import View

# What L1's owner may not allow in a market for a while.
OF_MODES: Final = frozenset(
    {ErrorCode.MARKET_POST_ONLY, ErrorCode.MARKET_REDUCE_ONLY, ErrorCode.MARKET_HALTED}
)
# Of whoever takes: prices may be away, or back for less than a minute, or have just jumped, margin
# may not suffice, an order be too small, what others have lost not be there, and a market closed.
OF_TAKERS: Final = OF_MODES | frozenset(
    {
        ErrorCode.STALE_PRICE,
        ErrorCode.POST_ONLY_PERIOD,
        ErrorCode.RESOLVING,
        ErrorCode.INSUFFICIENT_MARGIN,
        ErrorCode.BANKRUPT,
        ErrorCode.ORDER_TOO_SMALL,
        ErrorCode.CUSTODY_EXCEEDED,
    }
)


class Agent(ABC):
    """Acts for one account. What it decides depends on what it sees and on its own generator.

    `expects` are the refusals that it knows to be possible, since it does not look before it sends.
    """

    kind: ClassVar[str]
    expects: ClassVar[frozenset[ErrorCode]]

    def __init__(self, desk: Desk, rng: random.Random) -> None:
        """Act through a desk."""
        self.desk = desk
        self.rng = rng

    @abstractmethod
    def act(self) -> None:
        """Look at the market, and send what seems right: nothing, or some messages."""

    @property
    def view(self) -> View:
        """What can be seen."""
        return self.desk.view

    @property
    def account_id(self) -> int:
        """The own account."""
        return self.desk.account_id

    def happens(self, chance: float) -> bool:
        """Return True with this probability."""
        return self.rng.random() < chance

    def lots_worth(self, market_id: int, value_quanta: int) -> int:
        """Return how many lots are worth so much at the mark price, at least one."""
        return max(1, value_quanta // self.view.lot_quanta(market_id))

    def price_beyond(self, market_id: int, side: Side, distance_ppm: int) -> int:
        """Return a price that is worse than the mark price for whoever trades on a side."""
        sign = 1 if side is Side.BUY else -1
        mark_ticks = self.view.mark_ticks(market_id)
        return max(1, mark_ticks * (PPM_ONE + sign * distance_ppm) // PPM_ONE)

    def take(self, market_id: int, side: Side, lots: int, slippage_ppm: int) -> bool:
        """Send an order that trades at once or not at all; return whether it was accepted."""
        price_ticks = self.price_beyond(market_id, side, slippage_ppm)
        terms = Terms(TimeInForce.IOC)
        return self.desk.place(market_id, side, lots, price_ticks, terms) is not None

    def take_profit(self) -> None:
        """Withdraw half of what the account has gained, if it has."""
        gain_quanta = self.view.equity_quanta(self.account_id) - self.desk.paid_in_quanta
        if gain_quanta > 1:
            self.desk.withdraw(gain_quanta // 2)

    def close(self, market_id: int, percent: int, slippage_ppm: int) -> TransactionResult | None:
        """Close a part of a position, which there is."""
        size_lots = self.view.size_lots(self.account_id, market_id)
        assert size_lots
        side = Side.SELL if size_lots > 0 else Side.BUY
        lots = max(1, abs(size_lots) * percent // 100)
        price_ticks = self.price_beyond(market_id, side, slippage_ppm)
        terms = Terms(TimeInForce.IOC, reduce_only=True)
        return self.desk.place(market_id, side, lots, price_ticks, terms)
