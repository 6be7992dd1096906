"""The price-time book: a linked list per market side, in the orders themselves.

The head is in the market record and each order names the one behind it. Nothing but the head can
be called the best order; that is what proves price-time priority.
"""

from dataclasses import replace

from novation.protocol.orders import RestingOrder
from novation.protocol.state import State


def insert_order(state: State, order: RestingOrder) -> int:
    """Put a new order behind all of equal or better price; return the id before it, or 0."""
    predecessor_id = state.books[order.market_id, order.side].predecessor_id(order)
    if predecessor_id == 0:
        market = state.market(order.market_id)
        next_id, next_price_ticks = market.head(order.side)
        market = market.with_head(order.side, order.order_id, order.price_ticks)
        state.set_market(order.market_id, market)
    else:
        predecessor = state.order(predecessor_id)
        next_id, next_price_ticks = predecessor.next_id, predecessor.next_price_ticks
        state.set_order(
            replace(predecessor, next_id=order.order_id, next_price_ticks=order.price_ticks)
        )
    state.add_order(replace(order, next_id=next_id, next_price_ticks=next_price_ticks))
    return predecessor_id


def take_off_book(state: State, order: RestingOrder) -> int:
    """Delete an order and take it off its account's slot; return the id before it, or 0."""
    account = state.account(order.account_id)
    slot = account.position(order.market_id).without_order(order)
    state.set_account(order.account_id, account.with_position(slot))
    return remove_order(state, order)


def remove_order(state: State, order: RestingOrder) -> int:
    """Unlink and delete an order, given as it is in the state; return the id before it, or 0."""
    predecessor_id = state.books[order.market_id, order.side].predecessor_id(order)
    if predecessor_id == 0:
        market = state.market(order.market_id)
        market = market.with_head(order.side, order.next_id, order.next_price_ticks)
        state.set_market(order.market_id, market)
    else:
        predecessor = state.order(predecessor_id)
        state.set_order(
            replace(predecessor, next_id=order.next_id, next_price_ticks=order.next_price_ticks)
        )
    state.delete_order(order)
    return predecessor_id
