"""The book against a naive one: a list that is sorted again for every order."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from novation.protocol.events import OrderFilled
from novation.protocol.orders import Side
from tests.support.exchange import BUY, SELL, Exchange

Fill = tuple[int, int, int, int]
Resting = dict[str, int]


class NaiveBook:
    """Price-time priority, written as the sentence says it."""

    def __init__(self) -> None:
        self.sides: dict[Side, list[Resting]] = {BUY: [], SELL: []}

    def best_first(self, side: Side) -> list[Resting]:
        sign = -1 if side is BUY else 1
        return sorted(self.sides[side], key=lambda order: (sign * order["price"], order["id"]))

    def place(self, side: Side, order: Resting) -> list[Fill]:
        """Return (taker, maker, price, lots) of each trade and rest what is left."""
        fills = []
        for maker in self.best_first(side.other):
            crossing = (
                maker["price"] <= order["price"]
                if side is BUY
                else maker["price"] >= order["price"]
            )
            lots = min(order["lots"], maker["lots"])
            if not crossing or lots == 0:
                break
            fills.append((order["id"], maker["id"], maker["price"], lots))
            maker["lots"] -= lots
            order["lots"] -= lots
        self.sides[side.other] = [m for m in self.sides[side.other] if m["lots"]]
        if order["lots"]:
            self.sides[side].append(order)
        return fills

    def cancel(self, order_id: int) -> None:
        for side in Side:
            self.sides[side] = [m for m in self.sides[side] if m["id"] != order_id]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_book_when_trading_at_random_then_as_the_naive_one(seed: int) -> None:
    rng = random.Random(seed)
    exchange, naive = Exchange(sign=False), NaiveBook()
    # One account per side: nobody can meet himself.
    exchange.fund(2, 3, amount_quanta=10**15)
    for _ in range(120):
        if rng.random() < 0.2 and exchange.state.orders:
            order = exchange.state.order(rng.choice(list(exchange.state.orders)))
            exchange.cancel(order.account_id, order.order_id)
            naive.cancel(order.order_id)
        else:
            side, price, lots = rng.choice((BUY, SELL)), rng.randint(995, 1005), rng.randint(1, 9)
            order_id = exchange.state.globals.next_order_id
            result = exchange.place(2 if side is BUY else 3, side, lots, price)
            fills = [
                (e.taker_order_id, e.maker_order_id, e.price_ticks, e.size_lots)
                for e in result.events
                if isinstance(e, OrderFilled)
            ]
            assert fills == naive.place(side, {"id": order_id, "price": price, "lots": lots})
        if rng.random() < 0.05:
            exchange.seal()
        for side in Side:
            expected = [(o["id"], o["price"], o["lots"]) for o in naive.best_first(side)]
            assert exchange.book(side) == expected
