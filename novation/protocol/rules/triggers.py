"""Which dormant order is due, and that nobody trades before it.

docs/spec/protocol.md, section 16. A list of dormant orders is in the order of their triggers'
prices, so that its head is the first one that the mark reaches.
"""

from novation.protocol.constants import PRICE_X16_ONE
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.orders import OrderList, RestingOrder
from novation.protocol.rules.resolving import is_resolving
from novation.protocol.state import State


def may_take(state: State, market_id: int, time_ms: int) -> bool:
    """Return whether neither modes of a listed market, nor its price, nor a jump forbid takers."""
    terms, prices = state.underlying_of(market_id), state.price_of(market_id)
    is_closed = terms.is_post_only or terms.is_halted or prices.is_silent
    return not is_closed and not is_resolving(prices, time_ms)


def due_order(state: State, market_id: int, time_ms: int) -> RestingOrder | None:
    """Return the dormant order of a listed market that comes first, None if the mark reached none.

    That of the falls comes before that of the rises. While a jump is unsettled they wait, and while
    the market is one in which nobody takes: what may not be placed holds nobody up.
    """
    if not may_take(state, market_id, time_ms):
        return None
    market, mark_x16 = state.market(market_id), state.mark_price_x16(market_id)
    fall_id, fall_price_ticks = market.head(OrderList.FALLS)
    if fall_id and mark_x16 <= fall_price_ticks * PRICE_X16_ONE:
        return state.order(fall_id)
    rise_id, rise_price_ticks = market.head(OrderList.RISES)
    if rise_id and mark_x16 >= rise_price_ticks * PRICE_X16_ONE:
        return state.order(rise_id)
    return None


def due_markets(state: State, time_ms: int) -> list[int]:
    """Return the listed markets in which a dormant order is due."""
    return [
        market_id
        for market_id, market in state.markets.items()
        if (market.fall_head_id or market.rise_head_id)
        and due_order(state, market_id, time_ms) is not None
    ]


def check_none_due(state: State, market_id: int) -> None:
    """Refuse a trade while a dormant order is due: nobody picks which of them comes first."""
    order = due_order(state, market_id, state.globals.time_ms)
    if order is None:
        return
    mark_x16 = state.mark_price_x16(market_id)
    trigger_x16 = order.list_price_ticks * PRICE_X16_ONE
    nearest_x16 = trigger_x16 + (1 if order.order_list is OrderList.FALLS else -1)
    raise InvalidTransaction(
        ErrorCode.TRIGGER_DUE,
        f"order {order.order_id} of market {market_id} comes first: mark {mark_x16} / 2^16 has "
        f"reached its trigger at {order.list_price_ticks} ticks",
        Broken("mark_price_x16", mark_x16, nearest_x16),
    )


def not_triggered(state: State, market_id: int) -> InvalidTransaction:
    """Return the refusal of who triggers an order where none is due."""
    market, mark_x16 = state.market(market_id), state.mark_price_x16(market_id)
    _, rise_price_ticks = market.head(OrderList.RISES)
    _, fall_price_ticks = market.head(OrderList.FALLS)
    nearest_x16 = (rise_price_ticks or fall_price_ticks) * PRICE_X16_ONE
    return InvalidTransaction(
        ErrorCode.NOT_TRIGGERED,
        f"mark {mark_x16} / 2^16 of market {market_id} has reached no trigger: the next are "
        f"{fall_price_ticks} ticks below and {rise_price_ticks} above",
        Broken("mark_price_x16", mark_x16, nearest_x16),
    )
