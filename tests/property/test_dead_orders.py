"""Dead orders, timers and pruning against a slow model, which lets them die when they do.

The exchange applies a timer when somebody reads the account, and compares ids; the model marks each
order by itself, at once. What can be seen must be the same: trades, the book, what slots count,
which prunings are refused, and that each order goes once only.
"""

import random
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.conservation import check_conservation
from novation.protocol.constants import LAST_TIME_MS, MAX_MAKERS_PER_ORDER, RESUME_GAP_MS
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.events import BooksKilled, CancelReason, OrderCancelled, OrderFilled
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.transactions import (
    CancelAll,
    CancelOrder,
    PruneOrder,
    SetCancelTimer,
    UserTransaction,
    Withdraw,
)
from tests.support.builders import parameters
from tests.support.exchange import BUY, SELL, Exchange

ACCOUNTS, MARKETS = (2, 3, 4, 5), (0, 1)
Fill = tuple[int, int, int, int]


@dataclass(slots=True)
class Resting:
    """An order in the book; `is_counted` until it is cancelled with all others."""

    order_id: int
    account_id: int
    market_id: int
    side: Side
    price_ticks: int
    lots: int
    expiry_time_ms: int
    max_fee_ppm: int
    nonce: int
    is_counted: bool = True
    is_killed: bool = False

    def is_dead(self, now_ms: int) -> bool:
        return self.is_killed or not self.is_counted or self.expiry_time_ms <= now_ms


class SlowModel:
    """The rules as the sentences say them: every order is looked at, every time."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.orders: list[Resting] = []
        self.timers: dict[int, int] = {}
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.maker_fees_ppm = dict.fromkeys(MARKETS, 0)

    def advance(self, now_ms: int) -> None:
        self.now_ms = now_ms
        for account_id, at_ms in list(self.timers.items()):
            if at_ms <= now_ms:
                self.cancel_all(account_id, None)
                del self.timers[account_id]

    def cancel_all(self, account_id: int, market_id: int | None) -> None:
        for order in self.orders:
            if order.account_id == account_id and market_id in (None, order.market_id):
                order.is_counted = False

    def kill(self) -> None:
        for order in self.orders:
            order.is_killed = True

    def side(self, market_id: int, side: Side) -> list[Resting]:
        """Return the orders of a side, the dead too, best first."""
        sign = -1 if side is BUY else 1
        orders = (o for o in self.orders if (o.market_id, o.side) == (market_id, side))
        return sorted(orders, key=lambda order: (sign * order.price_ticks, order.order_id))

    def remove(self, order_id: int) -> None:
        self.orders = [order for order in self.orders if order.order_id != order_id]

    def place(self, taker: Resting, time_in_force: TimeInForce) -> list[Fill]:
        """Return (taker, maker, price, lots) of each trade and rest what may rest."""
        fills, sign = [], 1 if taker.side is BUY else -1
        for visits, maker in enumerate(self.side(taker.market_id, taker.side.other)):
            if taker.lots == 0 or sign * (taker.price_ticks - maker.price_ticks) < 0:
                break
            if visits == MAX_MAKERS_PER_ORDER:
                return fills
            lots = min(taker.lots, maker.lots)
            if (
                maker.is_dead(self.now_ms)
                or maker.account_id == taker.account_id
                or maker.max_fee_ppm < self.maker_fees_ppm[maker.market_id]
            ):
                self.remove(maker.order_id)
                continue
            fills.append((taker.order_id, maker.order_id, maker.price_ticks, lots))
            taker.lots -= lots
            maker.lots -= lots
            self.sizes[taker.account_id, taker.market_id] += sign * lots
            self.sizes[maker.account_id, taker.market_id] -= sign * lots
            if maker.lots == 0:
                self.remove(maker.order_id)
        if taker.lots and time_in_force is TimeInForce.GTC:
            self.orders.append(taker)
        return fills

    def slots(self, account_id: int) -> dict[int, tuple[int, int, int, int]]:
        """Return size, lots of bids and asks that count, and orders in the book, by market."""
        found = {}
        for market_id in MARKETS:
            orders = [
                o for o in self.orders if (o.account_id, o.market_id) == (account_id, market_id)
            ]
            counted = [order for order in orders if order.is_counted]
            buys = sum(order.lots for order in counted if order.side is BUY)
            sells = sum(order.lots for order in counted if order.side is SELL)
            size_lots = self.sizes[account_id, market_id]
            if size_lots or orders:
                found[market_id] = size_lots, buys, sells, len(orders)
        return found


class Both:
    """Does the same to the exchange and to the model, and compares them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.exchange = Exchange(parameters(len(MARKETS)), sign=False)
        self.exchange.fund(*ACCOUNTS, amount_quanta=10**15)
        self.model = SlowModel()
        for market_id, terms in enumerate(self.exchange.state.parameters.underlyings):
            self.model.maker_fees_ppm[market_id] = terms.maker_fee_ppm
        # Orders that a trade or an event has said to be gone.
        self.gone: set[int] = set()
        self.refusals: Counter[ErrorCode] = Counter()
        self.reasons: Counter[CancelReason] = Counter()

    def step(self) -> None:
        rng, exchange = self.rng, self.exchange
        exchange.time_ms += rng.choice((0, 0, 1, 5, 20))
        self.model.advance(exchange.time_ms)
        actions = {
            self.place: 60,
            self.cancel: 8,
            self.cancel_all: 6,
            self.set_timer: 8,
            self.prune: 12,
            self.withdraw: 3,
            self.change_fee: 2,
            self.let_prices_go: 1,
            self.seal: 3,
        }
        (act,) = rng.choices(list(actions), list(actions.values()))
        act()
        if exchange.state.globals.price_valid_until_ms - exchange.time_ms < 1000:
            exchange.refresh_prices()
            self.model.advance(exchange.time_ms)
        self.compare()

    def apply(self, tx: UserTransaction | PruneOrder) -> TransactionResult | None:
        """Apply a transaction; None if it is refused."""
        try:
            result = self.exchange.apply(
                tx if isinstance(tx, PruneOrder) else self.exchange.signed(tx)
            )
        except InvalidTransaction as error:
            self.refusals[error.code] += 1
            return None
        if not isinstance(tx, PruneOrder):
            # Whoever reads an account has applied its timer.
            at_ms = self.exchange.state.account(tx.account_id).cancel_all_at_ms
            assert at_ms > self.exchange.time_ms
        for event in result.events:
            if isinstance(event, OrderCancelled):
                self.note_gone(event.order_id)
                self.reasons[event.reason] += 1
            elif isinstance(event, OrderFilled) and event.maker_remaining_lots == 0:
                self.note_gone(event.maker_order_id)
        return result

    def note_gone(self, order_id: int) -> None:
        assert order_id not in self.gone, order_id
        self.gone.add(order_id)

    def place(self) -> None:
        rng, exchange = self.rng, self.exchange
        account_id, market_id = rng.choice(ACCOUNTS), rng.choice(MARKETS)
        side, lots, price = rng.choice((BUY, SELL)), rng.randint(1, 4), rng.randint(997, 1003)
        expiry_time_ms = exchange.time_ms + rng.choice((1, 30, 10_000, 10**7))
        max_fee_ppm = rng.choice((500, 600, 1000))
        time_in_force = rng.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC))
        order_id = exchange.state.globals.next_order_id
        tx = exchange.order(
            account_id,
            side,
            lots,
            price,
            market_id=market_id,
            expiry_time_ms=expiry_time_ms,
            max_fee_ppm=max_fee_ppm,
            time_in_force=time_in_force,
        )
        result = self.apply(tx)
        if result is None:
            return
        fills = [
            (e.taker_order_id, e.maker_order_id, e.price_ticks, e.size_lots)
            for e in result.events
            if isinstance(e, OrderFilled)
        ]
        taker = Resting(
            order_id,
            account_id,
            market_id,
            side,
            price,
            lots,
            expiry_time_ms,
            max_fee_ppm,
            tx.nonce,
        )
        assert fills == self.model.place(taker, time_in_force)

    def cancel(self) -> None:
        if not self.model.orders:
            return
        order, account_id = self.rng.choice(self.model.orders), self.rng.choice(ACCOUNTS)
        if self.rng.random() < 0.8:
            account_id = order.account_id
        name = self.rng.choice(((order.order_id, 0, 0), (0, 0, order.nonce)))
        tx = CancelOrder(account_id, 0, self.exchange.next_nonce(account_id), *name)
        result = self.apply(tx)
        found = [
            o.order_id
            for o in self.model.orders
            if o.account_id == account_id and name in ((o.order_id, 0, 0), (0, 0, o.nonce))
        ]
        assert (result is None) == (not found)
        for order_id in found:
            self.model.remove(order_id)

    def cancel_all(self) -> None:
        account_id, market_id = self.rng.choice(ACCOUNTS), self.rng.choice((None, *MARKETS))
        nonce = self.exchange.next_nonce(account_id)
        assert self.apply(CancelAll(account_id, 0, nonce, market_id)) is not None
        self.model.cancel_all(account_id, market_id)

    def set_timer(self) -> None:
        account_id = self.rng.choice(ACCOUNTS)
        at_ms = self.rng.choice((self.exchange.time_ms + self.rng.randint(1, 60), LAST_TIME_MS))
        nonce = self.exchange.next_nonce(account_id)
        assert self.apply(SetCancelTimer(account_id, 0, nonce, at_ms)) is not None
        self.model.timers.pop(account_id, None)
        if at_ms != LAST_TIME_MS:
            self.model.timers[account_id] = at_ms

    def prune(self) -> None:
        dead = [o for o in self.model.orders if o.is_dead(self.model.now_ms)]
        orders = dead if dead and self.rng.random() < 0.7 else self.model.orders
        if not orders:
            assert self.apply(PruneOrder(1)) is None
            return
        order = self.rng.choice(orders)
        result = self.apply(PruneOrder(order.order_id))
        assert (result is not None) == order.is_dead(self.model.now_ms), order
        if result is not None:
            self.model.remove(order.order_id)

    def withdraw(self) -> None:
        account_id = self.rng.choice(ACCOUNTS)
        tx = Withdraw(account_id, 0, self.exchange.next_nonce(account_id), 1)
        assert self.apply(tx) is not None

    def change_fee(self) -> None:
        market_id, fee_ppm = self.rng.choice(MARKETS), self.rng.choice((0, 500, 600))
        terms = self.exchange.state.parameters.underlyings[market_id]
        self.exchange.set_underlying(market_id, replace(terms, maker_fee_ppm=fee_ppm))
        self.model.maker_fees_ppm[market_id] = fee_ppm

    def let_prices_go(self) -> None:
        """After a gap all are dead that rested; the minute of post-only orders passes, too."""
        exchange = self.exchange
        exchange.time_ms += RESUME_GAP_MS
        assert any(isinstance(e, BooksKilled) for e in exchange.refresh_prices().events)
        self.model.advance(exchange.time_ms)
        self.model.kill()
        exchange.wait(exchange.state.globals.post_only_until_ms - exchange.time_ms)
        self.model.advance(exchange.time_ms)

    def seal(self) -> None:
        assert self.exchange.state.batch is not None
        if self.exchange.state.batch.entries:
            self.exchange.seal()

    def compare(self) -> None:
        state, model = self.exchange.state, self.model
        check_conservation(state)
        for market_id in MARKETS:
            for side in Side:
                expected = [
                    (o.order_id, o.price_ticks, o.lots) for o in model.side(market_id, side)
                ]
                assert self.exchange.book(side, market_id) == expected
        for account_id in ACCOUNTS:
            account = state.account(account_id)
            if account.cancel_all_at_ms > self.exchange.time_ms:
                assert slots_of(account) == model.slots(account_id), account_id
                timer_ms = model.timers.get(account_id, LAST_TIME_MS)
                assert account.cancel_all_at_ms == timer_ms
                said = {o.order_id for o in model.orders if o.account_id == account_id} & self.gone
                assert said == {
                    o.order_id
                    for o in model.orders
                    if o.account_id == account_id and not o.is_counted
                }


def slots_of(account: Account) -> dict[int, tuple[int, int, int, int]]:
    return {
        slot.market_id: (slot.size_lots, slot.open_buy_lots, slot.open_sell_lots, slot.n_orders)
        for slot in account.positions
    }


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_orders_when_they_die_in_every_way_then_as_in_the_slow_model(seed: int) -> None:
    both = Both(seed)
    for _ in range(150):
        both.step()


@pytest.fixture(scope="module")
def long_run() -> Both:
    both = Both(7)
    for _ in range(1500):
        both.step()
    return both


def test_orders_of_the_model_die_in_every_way(long_run: Both) -> None:
    """The comparison above says something of each."""
    missing = {
        CancelReason.USER,
        CancelReason.EXPIRED,
        CancelReason.SELF_TRADE,
        CancelReason.KILLED,
        CancelReason.FEE,
        CancelReason.CANCEL_ALL,
        CancelReason.TIMER,
    } - long_run.reasons.keys()
    assert not missing
    assert long_run.refusals[ErrorCode.ORDER_LIVES] > 10
