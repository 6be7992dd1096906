"""Plans of a random trader for samples: quotes, and the end of a minute or an hour."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from novation.protocol.constants import HOUR_MS, IMPACT_MARGIN_QUANTA, PPM_ONE
from novation.protocol.orders import Side
from novation.protocol.transactions import Transaction

if TYPE_CHECKING:
    from tests.support.random_batches import RandomTrading

HOUR_CHANCE = 0.3
RICH = (2, 2, 5)
# How far reports are from a price for which any quorum agrees.
NEAR_X16 = 500


def plan_sample(trading: "RandomTrading") -> list[Callable[[], Transaction]]:
    """Return quotes that are worth enough on both sides, or not quite, and the minute's end."""
    rng, exchange = trading.rng, trading.exchange
    market_id, account_id = rng.choice(list(exchange.state.markets)), rng.choice(RICH)
    price, terms = trading.prices[market_id], exchange.state.parameters.underlyings[market_id]
    margin = IMPACT_MARGIN_QUANTA * PPM_ONE
    worth = price * terms.multiplier * terms.initial_margin_ppm
    planned: list[Callable[[], Transaction]] = []
    if rng.random() < HOUR_CHANCE:
        planned.append(functools.partial(_before_the_hour_ends, trading))
    for side, away in ((Side.BUY, rng.choice((1, 9, 40))), (Side.SELL, rng.choice((1, 9, 40)))):
        limit = max(1, price - away if side is Side.BUY else price + away)
        for _ in range(n_quotes := rng.choice((1, 1, 2, 4))):
            size = margin * rng.choice((10, 11, 11, 8)) // 10 // n_quotes // worth + 1
            order = functools.partial(
                exchange.order, account_id, side, size, limit, market_id=market_id
            )
            planned.append(order)
    planned.append(functools.partial(_before_the_minute_ends, trading))
    planned.append(functools.partial(_behind_the_minute, trading))
    return planned


def settle(trading: "RandomTrading") -> None:
    """Let time pass until every jump is settled, with prices that are valid then."""
    exchange = trading.exchange
    until_ms = max(prices.resolve_until_ms for prices in exchange.state.underlyings)
    if exchange.time_ms < until_ms:
        exchange.time_ms = until_ms
        trading._try(trading._reports(noises_x16=(NEAR_X16,)))


def _before_the_hour_ends(trading: "RandomTrading") -> Transaction:
    """Report prices just before the hour; those of before are too old, so orders die."""
    exchange = trading.exchange
    exchange.time_ms = (exchange.time_ms // HOUR_MS + 1) * HOUR_MS - 900
    return trading._oracle_update()


def _before_the_minute_ends(trading: "RandomTrading") -> Transaction:
    exchange = trading.exchange
    exchange.time_ms = max(exchange.time_ms, exchange.state.globals.next_tick_ms - 900)
    return trading._oracle_update()


def _behind_the_minute(trading: "RandomTrading") -> Transaction:
    exchange = trading.exchange
    exchange.time_ms = max(exchange.time_ms, exchange.state.globals.next_tick_ms)
    return trading._deposit()
