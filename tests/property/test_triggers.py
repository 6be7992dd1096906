"""Dormant orders against a naive model, in which the first one is sought anew each time."""

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novation.protocol.batch import TriggerOrderHints
from novation.protocol.errors import ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.orders import Side, TimeInForce, TriggerDirection
from novation.protocol.transactions import TriggerOrder
from tests.support.exchange import BUY, SELL, Exchange

FALL, RISE = TriggerDirection.FALL, TriggerDirection.RISE
LONG, SHORT, MAKER = 2, 3, 4
MIDDLE = 1000


@dataclass(frozen=True)
class Dormant:
    """An order that waits, as the sentence says it."""

    order_id: int
    account_id: int
    side: Side
    direction: TriggerDirection
    price_ticks: int
    expiry_ms: int
    ends_others: bool

    def is_due(self, mark_ticks: int) -> bool:
        if self.direction is FALL:
            return mark_ticks <= self.price_ticks
        return mark_ticks >= self.price_ticks

    @property
    def rank(self) -> tuple[int, int, int]:
        """Falls come first; then whose trigger was reached first; then who is older."""
        is_fall = self.direction is FALL
        return int(not is_fall), -self.price_ticks if is_fall else self.price_ticks, self.order_id


class Model:
    """Random dormant orders of two accounts that hold one position against each other."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.exchange = Exchange(sign=False)
        self.exchange.fund(LONG, SHORT, MAKER, amount_quanta=10**15)
        self.exchange.place(SHORT, SELL, 400, MIDDLE)
        self.exchange.place(LONG, BUY, 400, MIDDLE)
        self.mark = MIDDLE
        self.waiting: list[Dormant] = []
        self.dead: set[int] = set()

    def first_due(self) -> Dormant | None:
        due = [order for order in self.waiting if order.is_due(self.mark)]
        return min(due, key=lambda order: order.rank, default=None)

    def step(self) -> None:
        self.exchange.time_ms += self.rng.choice((0, 1, 20))
        self.rng.choice(
            (self.place, self.place, self.place, self.cancel, self.move, self.move, self.trade)
        )()
        self.fire(self.rng.choice((0, 1, 9)))

    def place(self) -> None:
        rng = self.rng
        account_id = rng.choice((LONG, SHORT, MAKER))
        side = SELL if account_id == LONG else BUY
        direction, price = rng.choice((FALL, RISE)), MIDDLE + rng.randint(-6, 6)
        expiry_ms = self.exchange.time_ms + rng.choice((30, 10**6))
        ends_others = rng.random() < 0.3
        self.exchange.place_stop(
            account_id,
            side,
            rng.randint(1, 30),
            price,
            trigger_direction=direction,
            price_ticks=price + rng.choice((-90, 0, 90)),
            time_in_force=rng.choice((TimeInForce.GTC, TimeInForce.IOC)),
            expiry_time_ms=expiry_ms,
            ends_others=ends_others,
        )
        order_id = self.exchange.state.globals.next_order_id - 1
        self.waiting.append(
            Dormant(order_id, account_id, side, direction, price, expiry_ms, ends_others)
        )

    def cancel(self) -> None:
        if not self.waiting:
            return
        order = self.rng.choice(self.waiting)
        if self.rng.random() < 0.2:
            self.exchange.cancel_all(order.account_id)
            self.dead |= {o.order_id for o in self.waiting if o.account_id == order.account_id}
            return
        self.exchange.cancel(order.account_id, order.order_id)
        self.waiting.remove(order)

    def move(self) -> None:
        self.mark = MIDDLE + self.rng.randint(-6, 6)
        self.exchange.set_price(self.mark)
        for order in self.waiting:
            if order.expiry_ms <= self.exchange.time_ms:
                self.dead.add(order.order_id)

    def trade(self) -> None:
        """Somebody bids, and somebody else would sell to him: only if no order is due."""
        self.exchange.refresh_prices()
        # What rested before is gone: the next two meet each other, or nobody.
        for account_id in (MAKER, SHORT):
            self.exchange.cancel_all(account_id)
            self.dead |= {o.order_id for o in self.waiting if o.account_id == account_id}
        price = self.mark
        self.exchange.place(MAKER, BUY, 5, price, time_in_force=TimeInForce.POST_ONLY_SLIDE)
        taking = self.exchange.order(SHORT, SELL, 2, price - 50, time_in_force=TimeInForce.IOC)
        bids = self.exchange.book(BUY)
        if self.first_due() is None or not bids or bids[0][1] < price - 50:
            self.exchange.apply(taking)
        else:
            with pytest.raises(InvalidTransaction, match="TRIGGER_DUE"):
                self.exchange.apply(taking)

    def fire(self, n_most: int) -> None:
        self.exchange.refresh_prices()
        for _ in range(n_most):
            expected = self.first_due()
            if expected is None:
                assert self.exchange.refuse(TriggerOrder(0)) is ErrorCode.NOT_TRIGGERED
                return
            held = self.exchange.size(expected.account_id)
            result = self.exchange.trigger()
            assert isinstance(result.hints, TriggerOrderHints)
            assert result.hints.dormant_order_id == expected.order_id
            self.waiting.remove(expected)
            self.check(expected, held, result.result_code)

    def check(self, order: Dormant, held: int, code: ResultCode) -> None:
        """It only reduces, and nothing that may trade is let go."""
        after = self.exchange.size(order.account_id)
        assert abs(after) <= abs(held)
        assert after * held >= 0
        is_dead = order.order_id in self.dead or order.expiry_ms <= self.exchange.time_ms
        has_none = held == 0 or (held > 0) == (order.side is BUY)
        assert (code is ResultCode.NOT_EXECUTED) == (is_dead or has_none), (order, held, code)
        assert self.exchange.state.get_order(order.order_id) is None
        if order.ends_others and not is_dead and (has_none or after == 0):
            self.dead |= {o.order_id for o in self.waiting if o.account_id == order.account_id}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_dormant_orders_when_placed_at_random_then_as_the_naive_model(seed: int) -> None:
    model = Model(seed)
    for number in range(60):
        model.step()
        if number % 20 == 19:
            model.exchange.seal()
    left = {order.order_id for order in model.waiting}
    held = {order.order_id for order in model.exchange.state.orders.values() if order.trigger}
    assert held == left
