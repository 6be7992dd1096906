"""SetAuction: who starts or ends an auction has no choice; the account's margin decides."""

from novation.protocol.auction import followed_auction
from novation.protocol.batch import TransactionResult
from novation.protocol.constants import AUCTION_LIFE_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason
from novation.protocol.margin import Margin, margin_of
from novation.protocol.rules.dead_orders import apply_timer, cancellations
from novation.protocol.rules.failing import check_failing, follow_auction, known_account
from novation.protocol.rules.price_validity import (
    check_can_be_taken,
    check_prices_are_valid,
)
from novation.protocol.state import State
from novation.protocol.transactions.set_auction import SetAuction, validate_set_auction


def check_set_auction(state: State, tx: SetAuction) -> Margin:
    """Check that an auction begins or ends, and return the account's margin."""
    account, now_ms = known_account(state, tx.account_id), state.globals.time_ms
    check_prices_are_valid(state)
    check_can_be_taken(state, account)
    margin = margin_of(account, state.underlyings, state.parameters)
    if followed_auction(account, margin, now_ms) == account:
        check_failing(tx.account_id, margin)
        until_ms = account.auction_start_ms + AUCTION_LIFE_MS
        raise InvalidTransaction(
            ErrorCode.AUCTION_RUNNING,
            f"account {tx.account_id} has an auction until {until_ms}, now {now_ms}",
            Broken("time_ms", now_ms, until_ms),
        )
    if margin.equity_x16 < 0 == margin.maintenance_x16_ppm:
        raise InvalidTransaction(
            ErrorCode.NO_POSITION,
            f"account {tx.account_id} has no position",
            Broken("maintenance_x16_ppm", 0, 1),
        )
    return margin


def apply_set_auction(state: State, tx: SetAuction) -> TransactionResult:
    """Let an auction begin, and with it all orders of the account die; or let it end."""
    validate_set_auction(tx)
    events = apply_timer(state, tx.account_id)
    margin = check_set_auction(state, tx)
    account = state.account(tx.account_id)
    if not margin.meets_maintenance:
        gone = cancellations(state, tx.account_id, CancelReason.LIQUIDATION)
        events = (*events, *gone)
        dead = account.with_all_cancelled(state.globals.next_order_id)
        state.set_account(tx.account_id, dead)
    told = follow_auction(state, tx.account_id, margin)
    n_slots = len(account.positions)
    return TransactionResult(ResultCode.DONE, (*events, *told), n_slots=n_slots)
