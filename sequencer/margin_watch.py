"""Which accounts fail: found without looking at those that are far from it.

An account is looked at when something of its own has changed, and when prices have moved so far
since that it could fail. How far that is follows from its margin: with equity E above the
requirement Q by N, and positions worth G, no price that moved by less than N / (G + Q) takes it
there. Every update adds its largest move to one sum, and so does a payment, of funding or to a
pool; a heap has the sums at which accounts are due. Moves multiply where the sum adds, which
N / (N + G + Q) allows for.
"""

import heapq
from collections.abc import Iterable
from typing import Final, NamedTuple

from novation.protocol.accounts import Account
from novation.protocol.auction import followed_auction
from novation.protocol.constants import (
    FEE_ACCOUNT_ID,
    INSURANCE_ACCOUNT_ID,
    PPM_ONE,
    PRICE_X16_ONE,
)
from novation.protocol.events import (
    AuctionEnded,
    AuctionStarted,
    BidFilled,
    Deposited,
    Event,
    FundingPaid,
    Liquidated,
    MarketSettled,
    MarkSampled,
    OrderFilled,
    ParameterSet,
    PoolShared,
    PositionSettled,
    PricesUpdated,
    TakenOver,
    Transferred,
    Withdrawn,
)
from novation.protocol.liquidation import zero_price_ticks
from novation.protocol.margin import Margin, margin_of
from novation.protocol.numeric import div_ceil, div_floor
from novation.protocol.orders import Side, crosses
from novation.protocol.rules.failing import is_hopeless
from novation.protocol.state import State

# What changes what an account is worth, or its auction.
_OF_ACCOUNTS: Final = (
    *(Withdrawn, Deposited, Liquidated, AuctionStarted, AuctionEnded),
    PositionSettled,
)
# Accounts looked at in one call, however many are due.
_MOST_LOOKS: Final = 1_024
# In parts of 10^9.
_PPB: Final = 10**9


class FailingPosition(NamedTuple):
    """A position of a failing account that the book would take over."""

    account_id: int
    market_id: int


class MarginWatch:
    """Follows the applied transactions, as the engine does. Derived from the state alone."""

    def __init__(self, state: State) -> None:
        """Have every account with positions looked at once."""
        self._marks = _marks(state)
        # When it was asked last.
        self._now_ms = 0
        # How far prices have moved since the start.
        self._moved_ppb = 0
        # To look at, in order; those that fail, until they do not; the sums at which others are
        # due.
        self._changed = dict.fromkeys(
            i for i, a in state.accounts.items() if a.positions or a.auction_start_ms
        )
        self._failing: dict[int, None] = {}
        # Whose positions are up for auction, the oldest auctions first; whose should begin or end.
        begun = sorted((a.auction_start_ms, i) for i, a in state.accounts.items())
        self.auctioned = dict.fromkeys(i for start_ms, i in begun if start_ms)
        self._auctions: dict[int, None] = {}
        self._silent: list[int] = []
        # Whose positions are to be taken over.
        self._hopeless: dict[int, None] = {}
        self._due: list[tuple[int, int]] = []
        # The entry of the heap that counts for an account.
        self._due_of: dict[int, int] = {}

    def learn(self, events: Iterable[Event], state: State) -> None:
        """Take note of what one applied transaction did."""
        for event in events:
            self._changed.update(dict.fromkeys(_accounts_of(event)))
            if isinstance(event, AuctionStarted | AuctionEnded | TakenOver):
                self._follow_auction(event.account_id, state)
            elif isinstance(event, PricesUpdated | MarkSampled | MarketSettled):
                self._move(state)
            elif isinstance(event, FundingPaid | PoolShared):
                self._moved_ppb += _moved_ppb(state, event.market_id, event.quanta_per_lot)
            elif isinstance(event, ParameterSet):
                self._changed.update(dict.fromkeys(self._due_of))

    def failing(self, state: State, limit: int, now_ms: int) -> list[FailingPosition]:
        """Return at most `limit` accounts that fail, with the market to begin with.

        Only where somebody bids enough, and may trade: an order that nobody would fill helps
        nobody, and one that is refused would keep the account from auction and takeover.
        """
        self._now_ms = max(now_ms, state.globals.time_ms)
        self._collect_due()
        for _ in range(min(len(self._changed), _MOST_LOOKS)):
            account_id = next(iter(self._changed))
            del self._changed[account_id]
            self._look(state, account_id)
        found = []
        for account_id in list(self._failing)[:_MOST_LOOKS]:
            # The next call begins with others.
            del self._failing[account_id]
            margin = self._look(state, account_id)
            if account_id in self._failing:
                found.extend(_best_position(state, account_id, margin, self._now_ms))
            if len(found) == limit:
                break
        return found

    def due_auctions(self, state: State, limit: int) -> list[int]:
        """Return at most `limit` accounts, of those that were looked at, that SetAuction is for.

        By the time at which `failing` was asked, as for takeovers.
        """
        for account_id in list(self._auctions)[:limit]:
            self._look(state, account_id)
        return list(self._auctions)[:limit]

    def due_take_overs(self, state: State, limit: int) -> list[int]:
        """Return at most `limit` accounts, of those that were looked at, that TakeOver is for."""
        for account_id in list(self._hopeless)[:limit]:
            self._look(state, account_id)
        return list(self._hopeless)[:limit]

    def _follow_auction(self, account_id: int, state: State) -> None:
        self.auctioned.pop(account_id, None)
        if state.account(account_id).auction_start_ms:
            self.auctioned[account_id] = None

    def _move(self, state: State) -> None:
        marks = _marks(state)
        moves = [
            div_ceil(abs(mark - old) * _PPB, old)
            for market_id, mark in marks.items()
            if (old := self._marks.get(market_id, 0))
        ]
        self._moved_ppb += max(moves, default=0)
        self._marks = marks
        silent = [market_id for market_id in marks if state.price_of(market_id).is_silent]
        if silent != self._silent:
            # Auctions of positions without a price could not end.
            self._silent = silent
            self._changed.update(self.auctioned)

    def _collect_due(self) -> None:
        for _ in range(_MOST_LOOKS):
            if not self._due or self._due[0][0] > self._moved_ppb:
                return
            due_ppb, account_id = heapq.heappop(self._due)
            if self._due_of.get(account_id) == due_ppb:
                self._changed[account_id] = None

    def _look(self, state: State, account_id: int) -> Margin:
        """Say when an account is due next, or that it fails; return its margin."""
        account = state.account(account_id)
        margin = margin_of(account, state.underlyings, state.parameters)
        # While nothing happens the state's time stands still, and auctions grow old none the less.
        time_ms = max(state.globals.time_ms, self._now_ms)
        self._due_of.pop(account_id, None)
        self._auctions.pop(account_id, None)
        self._hopeless.pop(account_id, None)
        has_position = any(slot.size_lots for slot in account.positions)
        may_be_taken = has_position and account_id != FEE_ACCOUNT_ID
        is_priced = not any(
            slot.size_lots and state.price_of(slot.market_id).is_silent
            for slot in account.positions
        )
        if is_priced and may_be_taken and is_hopeless(account, margin, time_ms):
            self._hopeless[account_id] = None
        followed = followed_auction(account, margin, time_ms)
        is_due = followed != account and (account.positions or followed.auction_start_ms == 0)
        if is_priced and is_due:
            self._auctions[account_id] = None
        if not margin.meets_maintenance:
            self._failing[account_id] = None
        elif account.positions:
            self._failing.pop(account_id, None)
            due_ppb = self._moved_ppb + _distance_ppb(state, account, margin)
            self._due_of[account_id] = due_ppb
            heapq.heappush(self._due, (due_ppb, account_id))
        else:
            self._failing.pop(account_id, None)
        return margin


def _accounts_of(event: Event) -> tuple[int, ...]:
    """Return the accounts of which something of their own has changed."""
    if isinstance(event, OrderFilled):
        return event.maker_account_id, event.taker_account_id
    if isinstance(event, BidFilled):
        return event.failing_account_id, event.bidder_account_id
    if isinstance(event, Transferred):
        return event.account_id, event.to_account_id
    if isinstance(event, TakenOver):
        return event.account_id, INSURANCE_ACCOUNT_ID
    return (event.account_id,) if isinstance(event, _OF_ACCOUNTS) else ()


def _moved_ppb(state: State, market_id: int, quanta_per_lot: int) -> int:
    """Return the move of the price that takes as much from a position as a payment."""
    lot_x16 = state.mark_price_x16(market_id) * state.underlying_of(market_id).multiplier
    return div_ceil(abs(quanta_per_lot) * PRICE_X16_ONE * _PPB, lot_x16)


def _marks(state: State) -> dict[int, int]:
    return {market_id: state.mark_price_x16(market_id) for market_id in state.markets}


def _distance_ppb(state: State, account: Account, margin: Margin) -> int:
    """Return how far prices may move before the account could fail."""
    spare = margin.equity_x16 * PPM_ONE - margin.maintenance_x16_ppm
    gross_x16 = sum(
        abs(slot.size_lots)
        * state.mark_price_x16(slot.market_id)
        * state.underlying_of(slot.market_id).multiplier
        for slot in account.positions
    )
    most = spare + gross_x16 * PPM_ONE + margin.maintenance_x16_ppm
    return div_floor(spare * _PPB, most) if most else _PPB


def _best_position(
    state: State, account_id: int, margin: Margin, now_ms: int
) -> list[FailingPosition]:
    """Return the largest position that the book would take, if there is one."""
    if margin.equity_x16 < 0 or now_ms < state.globals.post_only_until_ms:
        return []
    slots = sorted(
        state.account(account_id).positions,
        key=lambda slot: (
            -abs(slot.size_lots)
            * state.mark_price_x16(slot.market_id)
            * state.underlying_of(slot.market_id).maintenance_margin_ppm
            * state.underlying_of(slot.market_id).multiplier
        ),
    )
    for slot in slots:
        is_closed = (
            state.underlying_of(slot.market_id).is_halted
            or state.price_of(slot.market_id).is_silent
        )
        if not slot.size_lots or is_closed:
            continue
        side = Side.SELL if slot.size_lots > 0 else Side.BUY
        head_id, head_price_ticks = state.market(slot.market_id).head(side.other)
        limit_ticks = zero_price_ticks(
            margin,
            side,
            state.mark_price_x16(slot.market_id),
            state.underlying_of(slot.market_id),
        )
        if head_id and crosses(side, limit_ticks, head_price_ticks):
            return [FailingPosition(account_id, slot.market_id)]
    return []
