"""The lists of a market: the two sides of its book, and its dormant orders, linked in themselves.

The head is in the market record and each order names the one behind it. Nothing but the head can
be called the first order; that is what proves price-time priority.
"""

from dataclasses import replace

from novation.protocol.orders import RestingOrder
from novation.protocol.state import State


def insert_order(state: State, order: RestingOrder) -> int:
    """Put a new order behind all of equal or better price; return the id before it, or 0."""
    order_list, price_ticks = order.order_list, order.list_price_ticks
    predecessor_id = state.books[order.market_id, order_list].predecessor_id(order)
    if predecessor_id == 0:
        market = state.market(order.market_id)
        next_id, next_price_ticks = market.head(order_list)
        market = market.with_head(order_list, order.order_id, price_ticks)
        state.set_market(order.market_id, market)
    else:
        predecessor = state.order(predecessor_id)
        next_id, next_price_ticks = predecessor.next_id, predecessor.next_price_ticks
        state.set_order(replace(predecessor, next_id=order.order_id, next_price_ticks=price_ticks))
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
    predecessor_id = state.books[order.market_id, order.order_list].predecessor_id(order)
    if predecessor_id == 0:
        market = state.market(order.market_id)
        market = market.with_head(order.order_list, order.next_id, order.next_price_ticks)
        state.set_market(order.market_id, market)
    else:
        predecessor = state.order(predecessor_id)
        state.set_order(
            replace(predecessor, next_id=order.next_id, next_price_ticks=order.next_price_ticks)
        )
    state.delete_order(order)
    return predecessor_id
