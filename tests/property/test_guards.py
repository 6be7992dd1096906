"""Whatever happens, nothing of a guarded account is filled once its guard is spent."""

import contextlib
import random
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novation.protocol.batch import TransactionResult
from novation.protocol.errors import InvalidTransaction
from novation.protocol.events import CancelReason, OrderCancelled, OrderFilled, OrderPlaced
from novation.protocol.orders import Side, TimeInForce
from tests.support.builders import parameters
from tests.support.exchange import BUY, SELL, Exchange

MAKER, TAKERS = 2, (3, 4)
MIDDLE = 1000
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

KINDS = ("quote", "quote", "keep", "place", "take", "take", "take", "cancel", "cancel all", "seal")


@dataclass
class Model:
    """What is told of the maker's orders, and what his guard still allows; None: anything."""

    left_lots: int | None = None
    living: set[int] = field(default_factory=set)

    def follow(self, result: TransactionResult) -> None:
        """Take in the events of a transaction, one by one."""
        for event in result.events:
            if isinstance(event, OrderPlaced) and event.account_id == MAKER:
                self.living.add(event.order_id)
            elif isinstance(event, OrderFilled) and event.maker_account_id == MAKER:
                self._fill(event)
            elif isinstance(event, OrderCancelled) and event.account_id == MAKER:
                self.living.discard(event.order_id)
                if event.reason is CancelReason.CANCEL_ALL:
                    self.left_lots = None

    def _fill(self, event: OrderFilled) -> None:
        assert event.maker_order_id in self.living
        if event.maker_remaining_lots == 0:
            self.living.remove(event.maker_order_id)
        if self.left_lots is not None:
            assert self.left_lots > 0
            self.left_lots -= event.size_lots


def check(exchange: Exchange, model: Model) -> None:
    """The state says the same, and lots are in the sums exactly if their order lives."""
    slot = exchange.state.account(MAKER).position(0)
    if model.left_lots is not None and model.left_lots <= 0:
        assert not model.living
        model.left_lots = None
    if slot.is_empty:
        model.left_lots = None
    assert slot.guarded_lots == (model.left_lots or 0)
    orders = [exchange.state.order(order_id) for order_id in model.living]
    for side, open_lots in ((BUY, slot.open_buy_lots), (SELL, slot.open_sell_lots)):
        assert open_lots == sum(o.remaining_lots for o in orders if o.side is side)


def act(rng: random.Random, exchange: Exchange, model: Model) -> None:
    """Do one thing, if the rules allow it."""
    kind, side, lots = rng.choice(KINDS), rng.choice((BUY, SELL)), rng.randint(1, 9)
    if kind == "seal":
        exchange.seal()
        exchange.refresh_prices()
    elif kind in ("quote", "keep"):
        quotes = [resting(rng) for _ in range(rng.randint(1, 5))]
        guard_lots = rng.choice((0, *range(1, 13)))
        terms = {"cancels_first": kind == "quote", "slides": True, "guard_lots": guard_lots}
        model.follow(exchange.quote(MAKER, *quotes, **terms))
        model.left_lots = guard_lots or None
    elif kind == "cancel all":
        model.follow(exchange.cancel_all(MAKER))
    elif kind == "cancel" and model.living:
        model.follow(exchange.cancel(MAKER, rng.choice(sorted(model.living))))
    elif kind == "place":
        force = TimeInForce.POST_ONLY_SLIDE
        model.follow(exchange.place(MAKER, *resting(rng), time_in_force=force))
    elif kind == "take":
        price = MIDDLE + (5 if side is BUY else -5)
        taker = rng.choice(TAKERS)
        model.follow(exchange.place(taker, side, lots, price, time_in_force=TimeInForce.IOC))


def resting(rng: random.Random) -> tuple[Side, int, int]:
    """Return side, lots and price of an order that rests."""
    side, away = rng.choice((BUY, SELL)), rng.randint(1, 4)
    return side, rng.randint(1, 9), MIDDLE - away if side is BUY else MIDDLE + away


@given(st.integers(0, 2**32 - 1))
@FEW
def test_fills_when_anything_happens_then_none_behind_a_spent_guard(seed: int) -> None:
    rng, exchange, model = random.Random(seed), Exchange(parameters(1), sign=False), Model()
    exchange.fund(MAKER, *TAKERS)
    for _ in range(60):
        with contextlib.suppress(InvalidTransaction):
            act(rng, exchange, model)
        check(exchange, model)
    exchange.seal()


def test_guards_are_spent_and_partly_spent_by_these_actions() -> None:
    n_killed = n_left = 0
    for seed in range(5):
        rng, exchange, model = random.Random(seed), Exchange(parameters(1), sign=False), Model()
        exchange.fund(MAKER, *TAKERS)
        for _ in range(60):
            with contextlib.suppress(InvalidTransaction):
                act(rng, exchange, model)
            n_left += bool(model.left_lots)
            n_killed += model.left_lots is not None and model.left_lots <= 0
            check(exchange, model)
    assert (n_killed > 5, n_left > 20) == (True, True)
