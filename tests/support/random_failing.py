"""Random transactions about accounts that fail, mostly about one that does."""

from random import Random

from novation.protocol.constants import AMOUNT_BOUND, SHARE_X16_ONE
from novation.protocol.transactions import Bid, Liquidate, SetAuction
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


def _is_failing(exchange: Exchange, account_id: int) -> bool:
    """Return whether an account fails and is not bankrupt."""
    margin = exchange.margin(account_id)
    return margin.equity_x16 >= 0 and not margin.meets_maintenance
