"""Batches for `forging_batches.py` in which an index jumps, and what goes on then."""

from collections.abc import Iterator

from novation.protocol.constants import RESOLVE_MS
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import TimeInForce
from novation.protocol.rules.resolving import is_resolving
from novation.protocol.sealing import SealedBatch
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

CHARGED = {"long_charged_quanta": 7, "short_charged_quanta": 2**51 - 1}


def jumps() -> Iterator[SealedBatch]:
    """Up and down, again while one is not settled yet, and over the end of a minute."""
    old = (UnderlyingState(1000 << 16, is_listed=True, ref_x16=1, window_x16=2, **CHARGED),) * 2
    exchange = exchange_with({}, parameters(2), underlyings=old)
    exchange.set_price(1000)
    exchange.fund(2, 3)
    exchange.fund(4, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, 165_000, 1000)
    exchange.place(4, BUY, 165_000, 1000)
    exchange.jump(968, 1015)
    _trade_with_rules_alone(exchange)
    exchange.time_ms += RESOLVE_MS - 2
    exchange.jump(968, 1031)
    settled, later = exchange.state.underlyings
    assert later.ref_x16 == 1000 << 16
    assert (settled.resolve_until_ms, later.jumped_ms) == (exchange.time_ms + 1, exchange.time_ms)
    exchange.time_ms += 1
    exchange.place(2, BUY, 1, 968)
    exchange.place(3, SELL, 1, 968)
    yield exchange.seal()
    yield from _over_a_minute(exchange)


def _trade_with_rules_alone(exchange: Exchange) -> None:
    """Rest, replace and cancel orders, and liquidate: nobody asked for it."""
    exchange.place(2, BUY, 500, 967, time_in_force=TimeInForce.POST_ONLY)
    exchange.place(2, SELL, 1, 960, time_in_force=TimeInForce.POST_ONLY_SLIDE)
    exchange.liquidate(4)
    newest = exchange.state.globals.next_order_id - 2
    exchange.replace_order(newest, SELL, 1, 970, time_in_force=TimeInForce.POST_ONLY)
    exchange.cancel(2, newest + 2)


def _over_a_minute(exchange: Exchange) -> Iterator[SealedBatch]:
    """A minute ends while a jump is not settled; then others end, and money leaves."""
    exchange.settle()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 5
    exchange.jump(968, 1060)
    exchange.end_minute()
    kept, moved = exchange.state.underlyings[1], exchange.state.underlyings[0]
    assert is_resolving(kept, exchange.time_ms)
    assert (kept.ref_x16, moved.window_x16) == (1031 << 16, 968 << 16)
    yield exchange.seal()
    exchange.set_underlying(2, underlying(symbol="NEW", multiplier=100))
    exchange.jump(968, 1060, 1000)
    exchange.end_minute()
    exchange.list_market(2)
    exchange.withdraw(3, 1)
    yield exchange.seal()
