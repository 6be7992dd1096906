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
    marks = {"ref_x16": 998 << 16, "window_x16": 999 << 16}
    old = (UnderlyingState(1000 << 16, is_listed=True, **marks, **CHARGED),) * 2
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
    # The mark of before was farther, and that of the window was.
    assert (settled.ref_x16, later.ref_x16) == (1000 << 16, 999 << 16)
    assert (settled.resolve_until_ms, later.jumped_ms) == (exchange.time_ms + 1, exchange.time_ms)
    exchange.time_ms += 1
    exchange.place(2, BUY, 1, 968)
    exchange.place(3, SELL, 1, 968)
    yield exchange.seal()
    yield from _over_a_minute(exchange)


def unsettled_gains() -> Iterator[SealedBatch]:
    """A slide, and who is worth less than nothing without what he gained by it: he reduces."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3)
    exchange.fund(4, amount_quanta=66 * ONE_DOLLAR)
    for market_id, lots in enumerate((20_000, 100_000)):
        exchange.place(3, SELL, lots, 1000, market_id=market_id)
        exchange.place(4, BUY, lots, 1000, market_id=market_id)
    for slid_ticks in (1012, 1024, 1036):
        exchange.jump(slid_ticks, 1000)
    exchange.set_price(1300, 930)
    assert exchange.margin(4).settled_x16 < 0 < exchange.margin(4).equity_x16
    yield exchange.seal()
    exchange.place(2, BUY, 10_000, 930, market_id=1)
    before_quanta = exchange.balance(4)
    exchange.place(4, SELL, 10_000, 930, market_id=1, reduce_only=True)
    # Without a fee: what he is worth is not his to pay it.
    assert exchange.balance(4) == before_quanta + 10_000 * 930 * 11
    yield exchange.seal()


def _trade_with_rules_alone(exchange: Exchange) -> None:
    """Rest, replace and cancel orders, and liquidate: nobody asked for it."""
    exchange.place(2, BUY, 500, 967, time_in_force=TimeInForce.POST_ONLY)
    exchange.place(2, SELL, 1, 960, time_in_force=TimeInForce.POST_ONLY_SLIDE)
    exchange.liquidate(4)
    newest = exchange.state.globals.next_order_id - 2
    exchange.replace_order(newest, SELL, 1, 970, time_in_force=TimeInForce.POST_ONLY)
    exchange.cancel(2, newest + 2)


def _over_a_minute(exchange: Exchange) -> Iterator[SealedBatch]:
    """A minute ends soon after a jump; then others end, and money leaves."""
    exchange.settle()
    exchange.time_ms = exchange.state.globals.next_tick_ms - 5
    exchange.jump(968, 1060)
    exchange.end_minute()
    kept, moved = exchange.state.underlyings[1], exchange.state.underlyings[0]
    assert is_resolving(kept, exchange.time_ms)
    assert (kept.ref_x16, moved.window_x16) == (999 << 16, 968 << 16)
    yield exchange.seal()
    exchange.set_underlying(2, underlying(symbol="NEW", multiplier=100))
    exchange.jump(968, 1060, 1000)
    exchange.end_minute()
    assert exchange.state.underlyings[0].ref_x16 == 968 << 16
    exchange.list_market(2)
    exchange.withdraw(3, 1)
    yield exchange.seal()
