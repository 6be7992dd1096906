"""Seeded random quotes of market makers."""

import random

from novation.protocol.orders import Side
from novation.protocol.transactions import MassQuote, QuoteCancel
from tests.support.exchange import Exchange

SIDES = (Side.BUY, Side.SELL)


def random_quotes(
    rng: random.Random, exchange: Exchange, account_id: int, prices: list[int], size_lots: int
) -> MassQuote:
    """Return quotes around a price, which cross others or themselves now and then.

    One size is the one that is given; rarely there is one quote too many, or none.
    """
    market_id = rng.choice((0, 0, 0, *range(len(prices))))
    n_quotes = rng.choice((1, 2, 2, 4, 8, 16, rng.choice((0, 17))))
    quotes = []
    for level in range(n_quotes):
        side = rng.choice((SIDES[level % 2], rng.choice(SIDES)))
        away = rng.choice((1 + level // 2, 2, 1, 1, 0, -1))
        if rng.random() < 0.02:
            away = rng.choice((-300, 60, 500))
        price = prices[market_id] + (-away if side is Side.BUY else away)
        lots = rng.choice((1, 2, 5, size_lots if rng.random() < 0.1 else 3))
        quotes.append((side, lots, max(1, price)))
    return exchange.quotes(
        account_id,
        *quotes,
        market_id=market_id,
        cancels_first=rng.random() < 0.7,
        slides=rng.random() < 0.6,
        expiry_time_ms=exchange.time_ms + rng.choice((1, 3_000, 3_600_000, 3_600_000)),
        max_fee_ppm=rng.choice((*[1000] * 7, 499)),
        label=rng.choice((0, rng.getrandbits(64))),
        guard_lots=rng.choice((0, 0, 1, 2, 5, 9, size_lots, 2**36 - 1)),
        cancels=_random_cancels(rng, exchange, (account_id, market_id), prices[market_id]),
    )


def _random_cancels(
    rng: random.Random, exchange: Exchange, owner: tuple[int, int], price_ticks: int
) -> list[QuoteCancel]:
    """Return names of orders of an account, now and then of none, of a stranger's, or twice."""
    account_id, market_id = owner
    orders = list(exchange.state.orders_of(account_id))
    if rng.random() < 0.05:
        orders += exchange.state.orders.values()
    named = [
        QuoteCancel(order.side, order.price_ticks, order.order_id)
        for order in rng.sample(orders, min(len(orders), rng.choice((0, 0, 1, 2, 4))))
        if order.market_id == market_id or rng.random() < 0.2
    ]
    if rng.random() < 0.3:
        last_id = exchange.state.globals.next_order_id
        ticks = max(1, price_ticks + rng.choice((-3, -1, 0, 1, 3)))
        named.append(QuoteCancel(rng.choice(SIDES), ticks, rng.randint(1, last_id + 1)))
    return named + rng.choice(([], [], [], named[:1]))
