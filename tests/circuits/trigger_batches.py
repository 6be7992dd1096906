"""Batches of dormant orders for `forging_batches.py`: whatever becomes of one that is due."""

from collections.abc import Iterator
from dataclasses import replace

from novation.protocol.batch import TriggerOrderHints
from novation.protocol.constants import MODE_POST_ONLY, RESUME_GAP_MS
from novation.protocol.errors import ResultCode
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import (
    OrderList,
    SelfTradeMode,
    SelfTradeScope,
    TimeInForce,
    TriggerDirection,
)
from novation.protocol.sealing import SealedBatch
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

GTC, POST_ONLY = TimeInForce.GTC, TimeInForce.POST_ONLY
LONG, SHORT, MAKER, POOR = 2, 3, 4, 5
FALLS, RISES = OrderList.FALLS, OrderList.RISES


def dormant_orders() -> Iterator[SealedBatch]:
    """Both lists, from the head to the end, and every way out; sides have paid differently."""
    paid = UnderlyingState(is_listed=True, long_prefix=7, short_prefix=-3)
    exchange = exchange_with({}, underlyings=(paid, paid))
    exchange.set_price(1000)
    exchange.fund(LONG, SHORT, MAKER)
    exchange.place(SHORT, SELL, 1_000, 1000)
    exchange.place(LONG, BUY, 1_000, 1000)
    # Into an empty list, before its head, behind it and between two.
    for price_ticks in (980, 990, 970, 985):
        exchange.place_stop(LONG, SELL, 100, price_ticks)
    for price_ticks in (1020, 1010, 1030, 1015):
        exchange.place_stop(SHORT, BUY, 100, price_ticks, self_trade_scope=SelfTradeScope.OWNER)
    # In a market without a slot, which there is then.
    exchange.place_stop(LONG, SELL, 100_000, 900, market_id=1, price_ticks=900)
    yield exchange.seal()
    yield _fire(exchange)
    yield _let_go(exchange)
    yield from _after_a_gap(exchange)
    yield from _take_back()
    yield _while_resolving()
    yield from _end_others()


def _fire(exchange: Exchange) -> SealedBatch:
    """Orders that meet the book, and what becomes of the rest."""
    # Of those that fall the second and the head are cancelled, of those that rise the head.
    for account_id, order_id in ((LONG, 6), (LONG, 4), (SHORT, 8)):
        exchange.cancel(account_id, order_id)
    exchange.place(MAKER, BUY, 50, 970)
    exchange.set_price(980, 1000)
    assert _code(exchange) is ResultCode.IOC_CANCELLED
    # Due at once: the rest rests, at the limit of the band in place of what was signed.
    exchange.place_stop(LONG, SELL, 60, 985, time_in_force=GTC, price_ticks=1)
    assert _code(exchange) is ResultCode.RESTING
    exchange.set_price(1015, 1000)
    exchange.place(MAKER, SELL, 50, 1015)
    assert _code(exchange) is ResultCode.FILLED
    exchange.place_stop(SHORT, BUY, 40, 1000, time_in_force=GTC, price_ticks=1016)
    exchange.place(SHORT, SELL, 5, 1014)
    assert _code(exchange) is ResultCode.RESTING
    # Behind another order of its side.
    exchange.place_stop(SHORT, BUY, 40, 1001, time_in_force=GTC, price_ticks=1010)
    assert _code(exchange) is ResultCode.RESTING
    # Too small an order to rest, and one that ends at another of the account.
    _set_least(exchange, 1)
    exchange.place_stop(SHORT, BUY, 100_000, 1002, time_in_force=GTC, price_ticks=1)
    assert _code(exchange) is ResultCode.IOC_CANCELLED
    _set_least(exchange, 0)
    exchange.place(SHORT, SELL, 2, 1017)
    mode = SelfTradeMode.CANCEL_TAKING
    exchange.place_stop(SHORT, BUY, 9, 1003, price_ticks=1020, self_trade_mode=mode)
    assert _code(exchange) is ResultCode.SELF_TRADE_CANCELLED
    return exchange.seal()


def _code(exchange: Exchange, market_id: int = 0) -> ResultCode:
    return exchange.trigger(market_id).result_code


def _set_least(exchange: Exchange, min_order_usd: int) -> None:
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, min_order_usd=min_order_usd))


def _let_go(exchange: Exchange) -> SealedBatch:
    """Orders that may not meet the book."""
    end_ms = exchange.time_ms + 100
    exchange.place_stop(LONG, SELL, 10, 1002, expiry_time_ms=end_ms)
    exchange.place_stop(SHORT, BUY, 10, 1003, expiry_time_ms=end_ms)
    exchange.place_stop(LONG, SELL, 10, 1001, expiry_time_ms=end_ms)
    exchange.place_stop(LONG, SELL, 10, 1000, max_fee_ppm=500)
    exchange.place_stop(SHORT, SELL, 10, 999)
    exchange.place_stop(SHORT, BUY, 10, 1004)
    exchange.time_ms = end_ms
    exchange.set_price(1001, 1000)
    # Whatever does not trade goes on.
    exchange.prune(exchange.dormant(FALLS)[0][0])
    exchange.place(MAKER, BUY, 7, 900)
    codes = {_code(exchange)}
    # The others are not due.
    exchange.place(LONG, SELL, 1, 1010)
    exchange.set_price(998, 1000)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, taker_fee_ppm=501))
    codes |= {_code(exchange), _code(exchange)}
    exchange.set_price(1005, 1000)
    exchange.cancel_all(SHORT)
    codes |= {_code(exchange), _code(exchange)}
    assert codes == {ResultCode.NOT_EXECUTED}
    return exchange.seal()


def _after_a_gap(exchange: Exchange) -> Iterator[SealedBatch]:
    """Orders of before are dead; a post-only order clears the book though one is due."""
    exchange.place(MAKER, BUY, 5, 995)
    exchange.place_stop(LONG, SELL, 10, 999)
    exchange.time_ms += RESUME_GAP_MS
    exchange.set_price(990, 1000)
    exchange.place(SHORT, SELL, 5, 995, time_in_force=POST_ONLY)
    exchange.time_ms = exchange.state.globals.post_only_until_ms
    exchange.refresh_prices()
    assert _code(exchange) is ResultCode.NOT_EXECUTED
    exchange.place(LONG, BUY, 1, 995)
    yield exchange.seal()


def _take_back() -> Iterator[SealedBatch]:
    """What an order does that its account cannot afford is taken back, but not the timers."""
    exchange = Exchange()
    exchange.fund(SHORT, MAKER)
    exchange.fund(POOR, amount_quanta=1_100 * ONE_DOLLAR)
    for market_id, lots in ((0, 1_000_000), (1, 900_000)):
        exchange.place(SHORT, SELL, lots, 1000, market_id=market_id)
        exchange.place(POOR, BUY, lots, 1000, market_id=market_id)
    exchange.place(MAKER, BUY, 400_000, 930)
    exchange.place(MAKER, BUY, 400_000, 920)
    exchange.place_stop(POOR, SELL, 1_000_000, 990, price_ticks=1)
    exchange.seal()
    exchange.place(SHORT, SELL, 1, 930)
    exchange.place(SHORT, BUY, 500_000, 925)
    exchange.set_cancel_timer(MAKER, exchange.time_ms + 1)
    exchange.set_price(990, 1000)
    exchange.place(SHORT, BUY, 300_000, 919)
    result = exchange.trigger()
    assert result.result_code is ResultCode.NOT_EXECUTED
    assert isinstance(result.hints, TriggerOrderHints)
    assert result.hints.is_taken_back
    yield exchange.seal()


def _while_resolving() -> SealedBatch:
    """Liquidations before a jump is settled, when no order is due, and where nobody takes."""
    exchange = Exchange()
    exchange.fund(SHORT, MAKER)
    exchange.fund(POOR, LONG, 6, amount_quanta=100 * ONE_DOLLAR)
    for account_id in (POOR, LONG, 6):
        exchange.place(SHORT, SELL, 165_000, 1000)
        exchange.place(account_id, BUY, 165_000, 1000)
    exchange.place_stop(SHORT, BUY, 10, 975, trigger_direction=TriggerDirection.FALL)
    exchange.jump(968, 1000)
    exchange.liquidate(POOR)
    exchange.settle()
    assert _code(exchange) is ResultCode.IOC_CANCELLED
    exchange.place_stop(SHORT, BUY, 10, 960, trigger_direction=TriggerDirection.FALL)
    exchange.liquidate(LONG)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, modes=MODE_POST_ONLY))
    exchange.place_stop(SHORT, BUY, 10, 970, trigger_direction=TriggerDirection.FALL)
    exchange.liquidate(6)
    return exchange.seal()


def _end_others() -> Iterator[SealedBatch]:
    """Orders that end others: with a position that stays, one that goes, and none."""
    exchange = Exchange()
    exchange.fund(LONG, SHORT, MAKER)
    exchange.place(SHORT, SELL, 100, 1000)
    exchange.place(LONG, BUY, 100, 1000)
    for price_ticks in (990, 991, 992):
        exchange.place_stop(LONG, SELL, 100, price_ticks, ends_others=True)
    exchange.place_stop(SHORT, BUY, 100, 995, ends_others=True)
    exchange.place(LONG, BUY, 7, 930)
    yield exchange.seal()
    exchange.place(MAKER, BUY, 30, 980)
    exchange.set_price(991)
    assert _code(exchange) is ResultCode.IOC_CANCELLED
    exchange.place(MAKER, BUY, 70, 980)
    assert _code(exchange) is ResultCode.FILLED
    exchange.set_price(990)
    # The last one has died with the others; nothing is left to die with one that is alone.
    assert _code(exchange) is ResultCode.NOT_EXECUTED
    exchange.place_stop(LONG, SELL, 100, 990, ends_others=True)
    assert _code(exchange) is ResultCode.NOT_EXECUTED
    exchange.cancel_placed_by(LONG, exchange.state.account(LONG).windows[0].high - 1)
    exchange.place_stop(LONG, SELL, 100, 990, ends_others=True)
    assert _code(exchange) is ResultCode.NOT_EXECUTED
    yield exchange.seal()


def brackets() -> Iterator[SealedBatch]:
    """Orders with exits: of both sides, filled, resting and come to nothing; by another key."""
    exchange = Exchange()
    exchange.fund(LONG, SHORT, MAKER)
    exchange.place(MAKER, SELL, 50, 1001)
    exchange.place(MAKER, BUY, 50, 999)
    fok, ioc = TimeInForce.FOK, TimeInForce.IOC
    exchange.place_bracket(LONG, BUY, 10, 1001, time_in_force=fok)
    exchange.place_bracket(SHORT, SELL, 10, 999, time_in_force=ioc, stop_trigger_ticks=1010)
    exchange.place_bracket(MAKER, BUY, 5, 990)
    yield exchange.seal()
    # Nothing comes of an order, or it only makes a position smaller.
    exchange.place_bracket(MAKER, SELL, 5, 1005, time_in_force=ioc)
    exchange.place_bracket(SHORT, BUY, 3, 1001, time_in_force=ioc)
    exchange.place_bracket(SHORT, SELL, 3, 990, stop_trigger_ticks=1011)
    exchange.set_price(1010, 1000)
    assert _code(exchange) is ResultCode.FILLED
    yield exchange.seal()
