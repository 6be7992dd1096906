"""The auction of a failing account's positions: since when it runs, and what a bid gets.

docs/spec/protocol.md, section 11. Whoever bids takes a share of every position at the mark, and is
given a part of the equity that stood behind it. That part grows with time, so that the least for
which somebody takes the risk is what it costs.
"""

from novation.protocol.accounts import Account
from novation.protocol.constants import (
    AUCTION_LIFE_MS,
    DISCOUNT_PPM_PER_MS,
    FIRST_DISCOUNT_PPM,
    PPM_ONE,
    PRICE_X16_ONE,
    SHARE_X16_ONE,
)
from novation.protocol.margin import Margin
from novation.protocol.numeric import div_ceil, div_floor


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


def discount_ppm(account: Account, time_ms: int) -> int:
    """Return the part of the equity behind what is taken that a bid is given now."""
    elapsed_ms = time_ms - account.auction_start_ms
    return min(FIRST_DISCOUNT_PPM + DISCOUNT_PPM_PER_MS * elapsed_ms, PPM_ONE)


def restoring_share_x16(margin: Margin, given_ppm: int) -> int:
    """Return the least share after whose sale equity would be the initial requirement again.

    With equity E, requirement I and a discount d a share f leaves `E - d f E` and needs `I - f I`.
    It is at most 1: a failing account has less than I.

    Args:
        margin: of the account without orders, which fails and is not bankrupt.
        given_ppm: of the equity behind what is taken.
    """
    lacking = margin.initial_x16_ppm - margin.equity_x16 * PPM_ONE
    return div_ceil(lacking * SHARE_X16_ONE, margin.initial_x16_ppm - margin.equity_x16 * given_ppm)


def lots_of_share(size_lots: int, share_x16: int) -> int:
    """Return the lots of a position that a share is, with its sign: at least one, if it has any."""
    lots = div_ceil(abs(size_lots) * share_x16, SHARE_X16_ONE)
    return lots if size_lots > 0 else -lots


def discount_quanta(margin: Margin, left_x16_ppm: int, given_ppm: int) -> int:
    """Return what a bid is given, rounded down at each step.

    The equity behind what is taken is as large a part of all of it as the requirement of that, so
    that equity over requirement does not fall: at most all of it is given.

    Args:
        margin: of the account before.
        left_x16_ppm: the maintenance requirement of what it keeps.
        given_ppm: of the equity behind what is taken.
    """
    required = margin.maintenance_x16_ppm
    behind_quanta = div_floor(
        margin.equity_x16 * (required - left_x16_ppm), required * PRICE_X16_ONE
    )
    return div_floor(behind_quanta * given_ppm, PPM_ONE)
