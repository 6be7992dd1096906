"""Random transactions about accounts that fail, mostly about one that does."""

from collections.abc import Callable
from random import Random
from typing import Final

from novation.protocol.constants import AMOUNT_BOUND, SHARE_X16_ONE
from novation.protocol.rules.failing import is_hopeless
from novation.protocol.rules.unwind import lots_to_unwind
from novation.protocol.transactions import Bid, Liquidate, SetAuction, TakeOver, Transaction, Unwind
from tests.support.exchange import Exchange


def random_liquidation(rng: Random, exchange: Exchange, account_id: int) -> Liquidate:
    """Return the liquidation of a position, of a failing account if there is any."""
    state = exchange.state
    held = [
        (account_id, slot.market_id)
        for account_id, account in state.accounts.items()
        for slot in account.positions
        if slot.size_lots
    ]
    failing = [place for place in held if _is_failing(exchange, place[0])]
    anything = (account_id, rng.randrange(len(state.underlyings) + 1))
    return Liquidate(*rng.choice(failing or held or [anything]))


def random_auction(rng: Random, exchange: Exchange, account_id: int) -> SetAuction:
    """Return the start or the end of an auction, of one that is due if there is any."""
    due = [
        account_id
        for account_id, account in exchange.state.accounts.items()
        if (account.auction_start_ms == 0) == _is_failing(exchange, account_id)
    ]
    return SetAuction(rng.choice(due or [account_id]))


def random_bid(rng: Random, exchange: Exchange, account_id: int) -> Bid:
    """Return a bid of an account, mostly for one that is up for auction, of any share."""
    accounts = exchange.state.accounts.items()
    offered = [i for i, account in accounts if account.auction_start_ms]
    return exchange.offer(
        account_id,
        rng.choice(offered or [account_id ^ 1]),
        share_x16=rng.choice((1, 100, rng.randint(1, SHARE_X16_ONE), SHARE_X16_ONE)),
        min_discount_ppm=rng.choice((0, 0, 0, rng.randrange(50_000))),
        max_notional_quanta=rng.choice((1, *3 * (AMOUNT_BOUND - 1,))),
    )


def random_take_over(rng: Random, exchange: Exchange, account_id: int) -> TakeOver:
    """Return the takeover of an account, of a hopeless one if there is any."""
    now_ms = exchange.time_ms
    hopeless = [
        holder_id
        for holder_id, account in exchange.state.accounts.items()
        if is_hopeless(account, exchange.margin(holder_id), now_ms)
    ]
    return TakeOver(rng.choice(hopeless or [account_id]))


def random_unwind(rng: Random, exchange: Exchange, _account_id: int) -> Unwind:
    """Return the unwinding of what a pool or the fund took, where there is any."""
    state = exchange.state
    taken = [market_id for market_id in state.markets if lots_to_unwind(state, market_id)]
    return Unwind(rng.choice(taken or [rng.randrange(len(state.underlyings) + 1)]))


def _is_failing(exchange: Exchange, account_id: int) -> bool:
    """Return whether an account fails and is not bankrupt."""
    margin = exchange.margin(account_id)
    return margin.equity_x16 >= 0 and not margin.meets_maintenance


Make = Callable[[Random, Exchange, int], Transaction]
# What a random trader does about accounts that fail, and how often.
HELPS: Final[dict[Make, int]] = {
    random_liquidation: 6,
    random_auction: 4,
    random_bid: 4,
    random_take_over: 3,
    random_unwind: 3,
}
# What follows when an account is made to fail.
HELP_OF_ONE: Final[tuple[Make, ...]] = (
    random_auction,
    random_bid,
    random_liquidation,
    random_bid,
    random_take_over,
    random_unwind,
    random_liquidation,
)
