"""After a jump of an index nobody trades his way out before it is settled who bears the loss.

docs/spec/protocol.md, section 13. A loss that an account cannot pay is shared by those who gained
since a reference mark, by what they hold now. So the mark of before the jump is kept, and for ten
seconds users do not trade with each other: whoever gained by it holds what he held, and his money
stays.
"""

from dataclasses import replace

from novation.protocol.accounts import Account
from novation.protocol.constants import KEEP_REFERENCE_MS, PPM_ONE
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.mark import mark_price_x16
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import TimeInForce
from novation.protocol.parameters import Underlying
from novation.protocol.state import State


def is_jump(old_x16: int, new_x16: int, terms: Underlying) -> bool:
    """Return whether an index moves by half the maintenance margin or more at once."""
    return abs(new_x16 - old_x16) * 2 * PPM_ONE >= old_x16 * terms.maintenance_margin_ppm


def is_slide(window_x16: int, mark_x16: int, terms: Underlying) -> bool:
    """Return whether a mark moved by the maintenance margin or more, in however many updates."""
    return abs(mark_x16 - window_x16) * PPM_ONE >= window_x16 * terms.maintenance_margin_ppm


def is_kept(prices: UnderlyingState, time_ms: int) -> bool:
    """Return whether gains are counted from before the last jump whatever happens."""
    return time_ms < prices.jumped_ms + KEEP_REFERENCE_MS


def is_resolving(prices: UnderlyingState, time_ms: int) -> bool:
    """Return whether a jump is not settled yet."""
    return time_ms < prices.resolve_until_ms


def with_index(
    before: UnderlyingState, after: UnderlyingState, terms: Underlying, time_ms: int
) -> UnderlyingState:
    """Return an underlying with a new index, which is in `after` already.

    Behind a jump gains are counted from the mark of before it, or from the start of the minute: the
    one that is farther. From the mark of now on the next move is measured. A gap is no exception:
    what was held over it gained or lost all the while.
    """
    if before.index_price_x16 == 0:
        return from_now_on(after, terms)
    mark_x16 = mark_price_x16(after, terms)
    if not is_jump(before.index_price_x16, after.index_price_x16, terms) and not is_slide(
        before.window_x16, mark_x16, terms
    ):
        return after
    return behind_jump(before, after, terms, time_ms)


def behind_jump(
    before: UnderlyingState, after: UnderlyingState, terms: Underlying, time_ms: int
) -> UnderlyingState:
    """Return an underlying whose index has just jumped."""
    mark_x16 = mark_price_x16(after, terms)
    if is_kept(before, time_ms):
        return replace(after, window_x16=mark_x16, jumped_ms=time_ms)
    marks = mark_price_x16(before, terms), before.window_x16
    farthest_x16 = max(marks, key=lambda old_x16: abs(mark_x16 - old_x16))
    return _counted_from(replace(after, jumped_ms=time_ms), farthest_x16, mark_x16)


def with_minute(prices: UnderlyingState, terms: Underlying, time_ms: int) -> UnderlyingState:
    """Return an underlying at the end of a minute: gains are counted from the start of the last.

    Since that mark nothing was charged, so that what was before counts no more. For a while gains
    go on being counted from before a jump.
    """
    if is_kept(prices, time_ms):
        return prices
    return _counted_from(prices, prices.window_x16, mark_price_x16(prices, terms))


def from_now_on(prices: UnderlyingState, terms: Underlying) -> UnderlyingState:
    """Return an underlying in which nobody has gained anything yet."""
    mark_x16 = mark_price_x16(prices, terms)
    return _counted_from(prices, mark_x16, mark_x16)


def _counted_from(prices: UnderlyingState, ref_x16: int, window_x16: int) -> UnderlyingState:
    return replace(
        prices,
        ref_x16=ref_x16,
        window_x16=window_x16,
        long_charged_quanta=0,
        short_charged_quanta=0,
    )


def check_may_trade(state: State, market_id: int, time_in_force: TimeInForce) -> None:
    """Raise InvalidTransaction if an order could trade in a market that is resolving."""
    if not time_in_force.never_trades:
        check_settled(state, market_id, f"{time_in_force.name} orders are accepted")


def check_may_pay_out(state: State, account: Account) -> None:
    """Raise InvalidTransaction if a market in which the account has a slot is resolving.

    Its gains are not its own yet: some of them may be needed for what others cannot pay.
    """
    for slot in account.positions:
        check_settled(state, slot.market_id, "an account with a slot there may pay out")


def check_settled(state: State, market_id: int, what: str) -> None:
    """Raise InvalidTransaction, with what has to wait for it, while a jump is not settled."""
    prices, now_ms = state.price_of(market_id), state.globals.time_ms
    if is_resolving(prices, now_ms):
        until_ms = prices.resolve_until_ms
        raise InvalidTransaction(
            ErrorCode.RESOLVING,
            f"the index of market {market_id} jumped at {prices.jumped_ms}: {what} from "
            f"{until_ms}, now {now_ms}",
            Broken("time_ms", now_ms, until_ms),
        )
