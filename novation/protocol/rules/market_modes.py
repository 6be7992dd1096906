"""What L1's owner does not allow in a market for now.

docs/spec/protocol.md, section 15.
"""

from novation.protocol.constants import (
    MODE_HALTED,
    MODE_POST_ONLY,
    MODE_REDUCE_ONLY,
    PRICE_X16_ONE,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.numeric import div_ceil
from novation.protocol.orders import TimeInForce
from novation.protocol.state import State
from novation.protocol.transactions import PlaceOrder


def check_modes(state: State, tx: PlaceOrder) -> None:
    """Raise InvalidTransaction if the market takes no such order now."""
    check_not_settled(state, tx.market_id)
    check_not_halted(state, tx.market_id)
    check_not_post_only(state, tx.market_id, tx.time_in_force)
    terms = state.underlying_of(tx.market_id)
    if terms.is_reduce_only and not tx.reduce_only:
        raise _not_allowed(
            ErrorCode.MARKET_REDUCE_ONLY,
            f"market {tx.market_id} takes reduce-only orders alone",
            terms.modes,
            MODE_REDUCE_ONLY,
        )

    if not tx.reduce_only:
        _check_lot_is_worth_enough(state, tx.market_id)


def _check_lot_is_worth_enough(state: State, market_id: int) -> None:
    """Refuse new risk while a lot is dust: fees are rounded up, and the dust fills slots."""
    terms, mark_x16 = state.underlying_of(market_id), state.mark_price_x16(market_id)
    least_x16 = terms.limits.least_lot_quanta * PRICE_X16_ONE
    if mark_x16 * terms.multiplier < least_x16:
        raise InvalidTransaction(
            ErrorCode.LOT_TOO_SMALL,
            f"a lot of market {market_id} is worth {mark_x16 * terms.multiplier} / 2^16 quanta, "
            f"less than {terms.limits.least_lot_quanta}: it takes reduce-only orders alone",
            Broken("mark_price_x16", mark_x16, div_ceil(least_x16, terms.multiplier)),
        )


def check_not_settled(state: State, market_id: int) -> None:
    """Raise InvalidTransaction if a market has ended."""
    if state.price_of(market_id).is_settled:
        ends_ms, now_ms = state.underlying_of(market_id).ends_ms, state.globals.time_ms
        raise InvalidTransaction(
            ErrorCode.MARKET_SETTLED,
            f"market {market_id} ended at {ends_ms}, now {now_ms}: positions are settled",
            Broken("time_ms", now_ms, ends_ms - 1),
        )


def check_not_halted(state: State, market_id: int) -> None:
    """Raise InvalidTransaction if nothing is traded in a market."""
    terms = state.underlying_of(market_id)
    if terms.is_halted:
        raise _not_allowed(
            ErrorCode.MARKET_HALTED, f"market {market_id} is halted", terms.modes, MODE_HALTED
        )


def check_not_post_only(state: State, market_id: int, time_in_force: TimeInForce) -> None:
    """Raise InvalidTransaction if nobody takes in a market, and an order could."""
    terms = state.underlying_of(market_id)
    if terms.is_post_only and not time_in_force.never_trades:
        raise _not_allowed(
            ErrorCode.MARKET_POST_ONLY,
            f"market {market_id} takes post-only orders alone, not {time_in_force.name}",
            terms.modes,
            MODE_POST_ONLY,
        )


def _not_allowed(code: ErrorCode, detail: str, modes: int, mode: int) -> InvalidTransaction:
    return InvalidTransaction(code, detail, Broken("modes", modes, modes - mode))
