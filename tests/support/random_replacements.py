"""Seeded random orders in the place of others."""

import random
from typing import Any

from novation.protocol.orders import TimeInForce
from novation.protocol.transactions import ReplaceOrder
from tests.support.exchange import Exchange, placed_by


def random_replacement(
    rng: random.Random, exchange: Exchange, stranger_id: int, others: dict[str, Any]
) -> ReplaceOrder:
    """Return an order in place of one that rests, or that one smaller; rarely a wrong one.

    The stranger asks for what may be another account's; `others` are further fields.
    """
    order = rng.choice(tuple(exchange.state.orders.values()))
    if rng.random() < 0.1:
        others |= {"account_id": stranger_id}
    named: dict[str, Any] = {"seen_lots": order.remaining_lots + rng.choice((0, 0, 1, 3))}
    if rng.random() < 0.5:
        named |= {"order_id": 0, **placed_by(order)}
    price_ticks, side = order.price_ticks, order.side
    size_lots = rng.choice((1, order.remaining_lots, order.remaining_lots + 2))
    if rng.random() < 0.4:
        size_lots = max(1, named["seen_lots"] - rng.choice((1, 2)))
        named |= {
            "in_place": True,
            "reduce_only": order.reduce_only,
            "expiry_time_ms": order.expiry_time_ms - rng.choice((0, 0, 1, 100)),
        }
    else:
        price_ticks = max(1, price_ticks + rng.choice((-30, -1, 0, 1, 30)))
        side = rng.choice((side, side, side, side.other))
        named |= {"time_in_force": rng.choice(tuple(TimeInForce))}
    return exchange.replacement(
        order.order_id, side, size_lots, price_ticks, max_fee_ppm=1000, **others, **named
    )
