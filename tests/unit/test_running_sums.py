"""The running sums notice at the seal what the audit of the whole state would notice."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from novation.protocol.accounts import Account
from novation.protocol.conservation import check_conservation
from novation.protocol.orders import Side
from novation.protocol.running_sums import RunningSums
from novation.protocol.sealing import seal_batch
from novation.protocol.state import State
from tests.support.exchange import BUY, SELL, Exchange

ACCOUNT = 2
Spoil = Callable[[State], None]


def change_account(**fields: int) -> Spoil:
    def spoil(state: State) -> None:
        account = state.account(ACCOUNT)
        slot = account.position(0)
        for name, change in fields.items():
            if name == "collateral_quanta":
                account = account.with_balance(account.collateral_quanta + change)
            elif name == "n_orders":
                account = account.with_position(slot.with_open_change(BUY, 0, change))
            elif name == "min_order_id":
                account = account.with_position(replace(slot, min_order_id=change))
            elif name == "size_lots":
                account = account.with_position(slot.traded(BUY, change))
            else:
                side = BUY if name == "open_buy_lots" else SELL
                account = account.with_position(slot.with_open_change(side, change))
        state.set_account(ACCOUNT, account)

    return spoil


def first(state: State, side: Side) -> int:
    return next(iter(state.books[0, side]))


def lengthen_order(state: State) -> None:
    order = state.order(first(state, BUY))
    state.set_order(order.with_remaining(order.remaining_lots + 1))


def unlink_next(state: State) -> None:
    state.set_order(state.order(first(state, BUY)).with_next(0, 0))


def lose_order(state: State) -> None:
    state.delete_order(state.order(first(state, BUY)))


def forget_head(state: State) -> None:
    state.set_market(0, state.market(0).with_head(SELL, 0, 0))


def change_open_interest(state: State) -> None:
    market = state.market(0)
    state.set_market(0, market.with_open_interest(market.open_interest_lots + 1))


def lose_from_index(state: State) -> None:
    state.books[0, SELL].remove(state.order(first(state, SELL)))


def invent_fees(state: State) -> None:
    state.fees_quanta += 1


SPOILS: dict[str, Spoil] = {
    "collateral": change_account(collateral_quanta=1),
    "collateral below": change_account(collateral_quanta=-1),
    "position": change_account(size_lots=1),
    "open orders": change_account(n_orders=1),
    "cancelled orders": change_account(min_order_id=3),
    "buy lots": change_account(open_buy_lots=1),
    "sell lots": change_account(open_sell_lots=1),
    "order size": lengthen_order,
    "order link": unlink_next,
    "lost order": lose_order,
    "head": forget_head,
    "open interest": change_open_interest,
    "index": lose_from_index,
    "fees": invent_fees,
}


def trading() -> Exchange:
    """Return an exchange with old and new orders and positions in its second batch."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    for price_ticks in (997, 998):
        exchange.place(2, BUY, 3, price_ticks)
        exchange.place(2, SELL, 3, price_ticks + 5)
    exchange.seal()
    exchange.place(3, SELL, 2, 998)
    exchange.place(2, BUY, 1, 996)
    return exchange


@pytest.mark.parametrize("name", SPOILS)
def test_batch_when_it_creates_or_loses_something_is_noticed(name: str) -> None:
    exchange = trading()
    exchange.state.begin()
    SPOILS[name](exchange.state)
    exchange.state.commit()
    sealed = seal_batch(exchange.state)
    with pytest.raises((AssertionError, KeyError)):
        check_conservation(exchange.state)
    with pytest.raises((AssertionError, KeyError)):
        exchange.sums.follow(exchange.state, sealed)


@pytest.mark.parametrize("name", SPOILS)
def test_change_when_rolled_back_leaves_the_sums_as_they_were(name: str) -> None:
    if name == "index":
        return  # Not a write of the state: there is no rollback of it.
    exchange = trading()
    exchange.state.begin()
    SPOILS[name](exchange.state)
    exchange.state.rollback()
    exchange.seal()


def test_custody_when_it_is_off_by_one_is_noticed() -> None:
    for error in (-1, 1):
        exchange = trading()
        sealed = seal_batch(exchange.state)
        counters = exchange.state.globals
        wrong_quanta = counters.custody_quanta + error
        exchange.state.globals = replace(counters, custody_quanta=wrong_quanta)
        with pytest.raises(AssertionError):
            exchange.sums.follow(exchange.state, sealed)
        with pytest.raises(AssertionError):
            check_conservation(exchange.state)


def test_following_a_batch_costs_what_the_batch_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = trading()
    exchange.fund(*range(10, 60))
    exchange.seal()
    visits = []
    count = RunningSums._count_positions

    def counted(sums: RunningSums, account: Account, sign: int) -> None:
        visits.append(account)
        count(sums, account, sign)

    monkeypatch.setattr(RunningSums, "_count_positions", counted)
    exchange.place(3, SELL, 1, 1001)
    sealed = seal_batch(exchange.state)
    exchange.sums.follow(exchange.state, sealed)
    assert len(visits) == 2, "one account, before and after"
