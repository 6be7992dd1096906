"""Accounts that may fail: whether they do, and the auction that follows from it."""

from novation.protocol.accounts import Account
from novation.protocol.auction import followed_auction, is_auction_running
from novation.protocol.constants import INSURANCE_ACCOUNT_ID, PPM_ONE, TAKE_OVER_AFTER_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.events import AuctionEnded, AuctionStarted
from novation.protocol.margin import Margin
from novation.protocol.numeric import div_floor
from novation.protocol.state import State


def known_account(state: State, account_id: int, field: str = "account_id") -> Account:
    """Return an account that must exist."""
    account = state.get_account(account_id)
    if account is None:
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_ACCOUNT,
            f"account {account_id} does not exist",
            Broken(field, account_id, INSURANCE_ACCOUNT_ID),
        )
    return account


def check_failing(account_id: int, margin: Margin) -> None:
    """Raise InvalidTransaction unless the account is below its maintenance requirement."""
    if margin.meets_maintenance:
        required_x16 = div_floor(margin.maintenance_x16_ppm, PPM_ONE)
        raise InvalidTransaction(
            ErrorCode.NOT_FAILING,
            f"account {account_id} has equity {margin.equity_x16} / 2^16 quanta and needs "
            f"{required_x16}",
            Broken("equity_x16", margin.equity_x16, required_x16),
        )


def is_far_below(margin: Margin) -> bool:
    """Return whether equity is below two thirds of the maintenance requirement."""
    return 3 * margin.equity_x16 * PPM_ONE < 2 * margin.maintenance_x16_ppm


def is_hopeless(account: Account, margin: Margin, time_ms: int) -> bool:
    """Return whether the account is far below its requirement, or has failed for a minute."""
    age_ms = time_ms - account.auction_start_ms
    is_old = age_ms >= TAKE_OVER_AFTER_MS and is_auction_running(account, time_ms)
    return is_far_below(margin) or (is_old and not margin.meets_maintenance)


def check_hopeless(account: Account, account_id: int, margin: Margin, time_ms: int) -> None:
    """Raise InvalidTransaction unless the account is far below its requirement, or has long been.

    Far is two thirds of it; long is a minute of an auction.
    """
    check_failing(account_id, margin)
    if is_hopeless(account, margin, time_ms):
        return
    least_x16 = div_floor(2 * margin.maintenance_x16_ppm, 3 * PPM_ONE)
    raise InvalidTransaction(
        ErrorCode.NOT_HOPELESS,
        f"account {account_id} has equity {margin.equity_x16} / 2^16 quanta, and two thirds of its "
        f"requirement are {least_x16}; its positions have not been up for auction for a minute",
        Broken("equity_x16", margin.equity_x16, least_x16),
    )


def check_not_bankrupt(account_id: int, margin: Margin) -> None:
    """Raise InvalidTransaction if the account has less than nothing."""
    if margin.equity_x16 < 0:
        raise InvalidTransaction(
            ErrorCode.BANKRUPT,
            f"account {account_id} has equity {margin.equity_x16} / 2^16 quanta: closing its "
            f"positions would leave a debt",
            Broken("equity_x16", margin.equity_x16, 0),
        )


def follow_auction(
    state: State, account_id: int, margin: Margin
) -> tuple[AuctionStarted | AuctionEnded, ...]:
    """Give an account the auction that it must have; tell if that begins or ends it."""
    before = state.account(account_id)
    after = followed_auction(before, margin, state.globals.time_ms)
    state.set_account(account_id, after)
    if after.auction_start_ms == before.auction_start_ms:
        return ()
    equity, required = margin.equity_x16, margin.maintenance_x16_ppm
    if after.auction_start_ms == 0:
        return (AuctionEnded(account_id, equity, required),)
    return (AuctionStarted(account_id, after.auction_start_ms, equity, required),)
