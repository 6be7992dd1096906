"""Self-trade prevention: an order meets a living one of its own account, or of its own owner.

docs/spec/protocol.md, section 6, step 5.
"""

from novation.protocol.batch import MakerVisit
from novation.protocol.events import CancelReason, OrderDecremented
from novation.protocol.orders import RestingOrder, SelfTradeMode, VisitOutcome
from novation.protocol.rules.book import take_off_book
from novation.protocol.rules.dead_orders import cancelled
from novation.protocol.rules.walk import Taker, Walk
from novation.protocol.state import State


def is_self_trade(state: State, taker: Taker, maker: RestingOrder) -> bool:
    """Return whether the two orders may not trade with each other."""
    if taker.for_pool:
        return False
    if maker.account_id == taker.order.account_id:
        return True
    return taker.owner is not None and state.account(maker.account_id).l1_address == taker.owner


def prevent_self_trade(state: State, taker: Taker, maker: RestingOrder, walk: Walk) -> MakerVisit:
    """Do what the taker's mode says instead of a trade."""
    mode = taker.self_trade_mode
    if mode is SelfTradeMode.DECREMENT:
        return _decrement(state, taker, maker, walk)
    walk.is_self_trade = mode is not SelfTradeMode.CANCEL_RESTING
    if mode is SelfTradeMode.CANCEL_TAKING:
        # Looked at and left as it is: the circuit opens both leaves.
        state.set_order(maker)
        state.set_account(maker.account_id, state.account(maker.account_id))
        return MakerVisit(maker.order_id, VisitOutcome.SELF_TRADE_STOP)
    return _remove(state, maker, walk)


def _remove(state: State, maker: RestingOrder, walk: Walk) -> MakerVisit:
    take_off_book(state, maker)
    walk.events.append(cancelled(maker, maker.remaining_lots, CancelReason.SELF_TRADE))
    return MakerVisit(maker.order_id, VisitOutcome.SELF_TRADE)


def _decrement(state: State, taker: Taker, maker: RestingOrder, walk: Walk) -> MakerVisit:
    """Take the smaller off both; what is left of either must be an order still, or goes.

    A trader could make dust of his orders otherwise, and pay no fee for it.
    """
    underlying = state.underlying_of(maker.market_id)
    lots = min(maker.remaining_lots, walk.remaining_lots)
    walk.remaining_lots -= lots
    walk.decremented_lots += lots
    left = maker.remaining_lots - lots
    if left == 0:
        is_order = underlying.is_worth_an_order(walk.remaining_lots, taker.order.price_ticks)
        walk.is_self_trade = not is_order
        return _remove(state, maker, walk)
    if not underlying.is_worth_an_order(left, maker.price_ticks):
        return _remove(state, maker, walk)
    account = state.account(maker.account_id)
    reserved_lots = maker.reserved_lots and lots
    slot = account.position(maker.market_id).with_open_change(maker.side, -reserved_lots)
    state.set_account(maker.account_id, account.with_position(slot))
    state.set_order(maker.with_remaining(left))
    walk.events.append(
        OrderDecremented(
            maker.order_id,
            maker.account_id,
            maker.market_id,
            maker.side,
            maker.price_ticks,
            lots,
            left,
        )
    )
    return MakerVisit(maker.order_id, VisitOutcome.DECREMENT, lots)
