"""The auction of a failing account's positions: since when it runs, and what a bid gets.

docs/spec/protocol.md, section 11. Whoever bids takes a share of every position at the mark, and is
given a part of the equity that stood behind it. That part grows with time, so that the least for
which somebody takes the risk is what it costs.
"""

from novation.protocol.accounts import Account
from novation.protocol.constants import AUCTION_LIFE_MS
from novation.protocol.margin import Margin


def is_auction_running(account: Account, time_ms: int) -> bool:
    """Return whether the account has an auction that has not run out; 0 is long ago."""
    return time_ms - account.auction_start_ms < AUCTION_LIFE_MS


def followed_auction(account: Account, margin: Margin, time_ms: int) -> Account:
    """Return the account with the auction that it must have, given what it is worth.

    None if it does not fail; if it does, the one that runs, or one that begins now.
    """
    if margin.meets_maintenance:
        return account.with_auction(0)
    if is_auction_running(account, time_ms):
        return account
    return account.with_auction(time_ms)
