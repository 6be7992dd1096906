"""How long prices may be used, and what happens when they come back after a gap.

docs/spec/protocol.md, section 8. Without these rules whoever orders transactions would trade at
prices that the world has left, and pick off the orders that nobody could take back meanwhile.
"""

from dataclasses import replace

from novation.protocol.accounts import Account
from novation.protocol.constants import POST_ONLY_MS, PRICE_VALIDITY_MS, RESUME_GAP_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.events import BooksKilled
from novation.protocol.margin import exposure_lots
from novation.protocol.orders import TimeInForce
from novation.protocol.state import State


def check_has_price(market_id: int, mark_price_x16: int) -> None:
    """Raise InvalidTransaction if there was no price yet."""
    if mark_price_x16 == 0:
        raise InvalidTransaction(
            ErrorCode.NO_PRICE,
            f"market {market_id} has no price yet",
            Broken("mark_price_x16", 0, 1),
        )


def check_not_silent(state: State, market_id: int) -> None:
    """Raise InvalidTransaction if the last oracle update had no price of a market."""
    # A perpetual has the id of its underlying; it may not be listed yet.
    if state.underlyings[market_id].is_silent:
        raise _absent(state, market_id)


def check_can_be_taken(state: State, account: Account) -> None:
    """Raise InvalidTransaction if there is no price of a position: none is taken at an old one."""
    for slot in account.positions:
        if slot.size_lots:
            check_not_silent(state, slot.market_id)


def check_all_priced(state: State, account: Account) -> None:
    """Raise InvalidTransaction if there is no price of something the account is exposed to."""
    for slot in account.positions:
        if exposure_lots(slot):
            check_not_silent(state, slot.market_id)


def _absent(state: State, market_id: int) -> InvalidTransaction:
    updated_ms = state.globals.oracle_time_ms
    return InvalidTransaction(
        ErrorCode.PRICE_ABSENT,
        f"the oracle update of {updated_ms} had no price of market {market_id}",
        Broken("is_silent", 1, 0),
    )


def check_prices_are_valid(state: State) -> None:
    """Raise InvalidTransaction if the last prices are too old to be used."""
    now_ms, oracle_time_ms = state.globals.time_ms, state.globals.oracle_time_ms
    if now_ms > state.globals.price_valid_until_ms:
        age_ms = now_ms - oracle_time_ms
        raise InvalidTransaction(
            ErrorCode.STALE_PRICE,
            f"prices of {oracle_time_ms} are {age_ms} ms old at {now_ms}, "
            f"limit {PRICE_VALIDITY_MS} ms",
            Broken("price_age_ms", age_ms, PRICE_VALIDITY_MS),
        )


def check_not_resuming(state: State, time_in_force: TimeInForce) -> None:
    """Raise InvalidTransaction if only post-only orders are accepted now, and this is none."""
    now_ms, until_ms = state.globals.time_ms, state.globals.post_only_until_ms
    if now_ms < until_ms and not time_in_force.never_trades:
        raise InvalidTransaction(
            ErrorCode.POST_ONLY_PERIOD,
            f"prices came back after a gap: {time_in_force.name} orders are accepted from "
            f"{until_ms}, now {now_ms}",
            Broken("time_ms", now_ms, until_ms),
        )


def resume_after_gap(state: State) -> tuple[BooksKilled, ...]:
    """Kill every resting order if the last prices are older than the gap allows.

    To be called before new prices are set. The very first prices end no gap.
    """
    counters = state.globals
    if counters.oracle_time_ms == 0 or counters.time_ms - counters.oracle_time_ms <= RESUME_GAP_MS:
        return ()
    post_only_until_ms = counters.time_ms + POST_ONLY_MS
    state.globals = replace(counters, post_only_until_ms=post_only_until_ms)
    for underlying_id, underlying in enumerate(state.underlyings):
        if not underlying.is_settled:
            state.kill_orders(underlying_id)
    return (BooksKilled(counters.next_order_id, post_only_until_ms),)
