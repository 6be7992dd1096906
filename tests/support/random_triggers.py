"""Dormant orders for `random_batches.py`: placed near the mark, and let go when they are due."""

import random
from typing import TYPE_CHECKING

from novation.protocol.orders import (
    OrderList,
    SelfTradeMode,
    SelfTradeScope,
    Side,
    TimeInForce,
    TriggerDirection,
)
from novation.protocol.rules.triggers import due_markets
from novation.protocol.transactions import Transaction, TriggerOrder
from tests.support.exchange import ONE_HOUR_MS, Exchange

if TYPE_CHECKING:
    from tests.support.random_batches import RandomTrading

FIRED_CHANCE = 0.9
ENDING_CHANCE = 0.3
BRACKET_CHANCE = 0.4


def random_waiting(exchange: Exchange, rng: random.Random, market_price_ticks: int) -> Transaction:
    """Return a dormant order, or one that brings two of them along."""
    kind = random_bracket if rng.random() < BRACKET_CHANCE else random_stop
    return kind(exchange, rng, market_price_ticks)


def random_stop(exchange: Exchange, rng: random.Random, market_price_ticks: int) -> Transaction:
    """Return a dormant order, mostly of an account that has a position for it to reduce."""
    holders = [
        (account_id, position)
        for account_id, account in exchange.state.accounts.items()
        for position in account.positions
        if position.market_id == 0 and account_id > 1
    ]
    account_id, size_lots = 2, 1
    if holders and rng.random() < 0.9:
        account_id, position = rng.choice(holders)
        size_lots = position.size_lots
    side = Side.SELL if size_lots > 0 else Side.BUY
    if rng.random() < 0.1:
        side = side.other
    distance = rng.choice((-30, -3, -1, 0, 0, 1, 2, 30))
    trigger_ticks = max(1, market_price_ticks + distance)
    return exchange.stop(
        account_id,
        side,
        rng.choice((1, max(abs(size_lots), 1), 40)),
        trigger_ticks,
        trigger_direction=rng.choice(tuple(TriggerDirection)),
        price_ticks=max(1, trigger_ticks + rng.choice((-900, -4, 0, 4, 900))),
        time_in_force=rng.choice((TimeInForce.GTC, TimeInForce.IOC)),
        expiry_time_ms=exchange.time_ms + rng.choice((1, 3_000, ONE_HOUR_MS, ONE_HOUR_MS)),
        max_fee_ppm=rng.choice((1000, 1000, 1000, 500)),
        self_trade_mode=rng.choice(tuple(SelfTradeMode)),
        self_trade_scope=rng.choice(tuple(SelfTradeScope)),
        ends_others=rng.random() < ENDING_CHANCE,
    )


def random_bracket(exchange: Exchange, rng: random.Random, market_price_ticks: int) -> Transaction:
    """Return an order with exits, near the mark and sometimes beyond it."""
    side = rng.choice((Side.BUY, Side.SELL))
    way = 1 if side is Side.BUY else -1
    price_ticks = max(40, market_price_ticks + rng.choice((-20, -1, 0, 0, 1, 20)))
    return exchange.bracket(
        rng.randint(2, 5),
        side,
        rng.choice((1, 5, 40)),
        price_ticks,
        stop_trigger_ticks=price_ticks - way * rng.choice((0, 1, 2, 30)),
        profit_trigger_ticks=price_ticks + way * rng.choice((0, 1, 2, 30)),
        exits_expiry_time_ms=exchange.time_ms + rng.choice((1, 3_000, ONE_HOUR_MS)),
        time_in_force=rng.choice(tuple(TimeInForce)),
        self_trade_mode=rng.choice(tuple(SelfTradeMode)),
        self_trade_scope=rng.choice(tuple(SelfTradeScope)),
    )


def due_triggers(trading: "RandomTrading") -> list[Transaction]:
    """Return what the node does before any other order: an order that is due, once per market."""
    state, rng = trading.exchange.state, trading.rng
    return [
        TriggerOrder(market_id)
        for market_id in due_markets(state, state.globals.time_ms)
        if rng.random() < FIRED_CHANCE
    ]


def dormant_ids(exchange: Exchange) -> list[int]:
    """Return the ids of all dormant orders."""
    lists = (OrderList.FALLS, OrderList.RISES)
    return [
        order_id
        for (_, order_list), index in exchange.state.books.items()
        if order_list in lists
        for order_id in index
    ]
