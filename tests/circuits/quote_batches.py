"""Batches of mass quotes and of guards, for the forging tests."""

from collections.abc import Iterator

from novation.protocol.batch import MassQuoteHints
from novation.protocol.constants import GUARD_BOUND
from novation.protocol.orders import SelfTradeMode, SelfTradeScope
from novation.protocol.rules.mass_quote import MOST_CLEARED
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import QuoteCancel
from tests.support.builders import parameters
from tests.support.exchange import BUY, SELL, Exchange


def mass_quotes() -> Iterator[SealedBatch]:
    """Quotes of an empty book and of a full one, that slide or clear dead orders of old away."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3)
    exchange.quote(2, (BUY, 5, 990), (SELL, 6, 1010), (BUY, 7, 990), (BUY, 4, 991), (SELL, 3, 1012))
    exchange.quote(3, (BUY, 9, 989), label=2**64 - 1, guard_lots=GUARD_BOUND - 1)
    yield exchange.seal()
    cleared = exchange.quote(2, (BUY, 8, 1010), (SELL, 2, 1000), cancels_first=True, slides=True)
    assert isinstance(cleared.hints, MassQuoteHints)
    assert [gone.predecessor_id for gone in cleared.hints.cleared] == [4, 0, 4, 0, 0]
    exchange.replace_order(8, SELL, 5, 1013, order_id=0, placed_nonce=2, placed_quote_index=1)
    exchange.cancel_placed_by(2, 2, quote_index=0)
    exchange.quote(3, (SELL, 1, 988), market_id=1, slides=True)
    # Dead orders go without new ones dying, too.
    exchange.cancel_all(3)
    exchange.quote(3, (SELL, 1, 1000), (BUY, 1, 1000), slides=True)
    yield exchange.seal()


def named_cancels() -> Iterator[SealedBatch]:
    """Quotes that cancel orders by their names: heads, others, dead ones, some that are gone."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3)
    exchange.quote(2, (BUY, 5, 990), (BUY, 6, 990), (BUY, 7, 989), (SELL, 4, 1010), (SELL, 3, 1012))
    exchange.place(3, BUY, 9, 991)
    exchange.place(3, SELL, 9, 1011)
    exchange.place(2, SELL, 1, 991)
    yield exchange.seal()
    named = [QuoteCancel(BUY, 990, 2), QuoteCancel(SELL, 1010, 4), QuoteCancel(BUY, 989, 3)]
    # Twice, behind the last, before the head, between two of one price, in an empty list.
    gone = [QuoteCancel(BUY, 990, 2), QuoteCancel(BUY, 1, 9), QuoteCancel(SELL, 1009, 5)]
    gone += [QuoteCancel(BUY, 990, 3), QuoteCancel(SELL, 1012, 4), QuoteCancel(SELL, 1011, 8)]
    exchange.quote(2, (BUY, 8, 988), (SELL, 2, 1013), cancels=named + gone)
    exchange.quote(2, (BUY, 8, 988), market_id=1, cancels=[QuoteCancel(SELL, 1000, 1)])
    exchange.place(2, BUY, 1, 980, reduce_only=True)
    reducing_id = exchange.state.globals.next_order_id - 1
    exchange.cancel_all(2, 1)
    dead_id = reducing_id - 1
    cancels = [QuoteCancel(BUY, 980, reducing_id), QuoteCancel(BUY, 990, 1)]
    exchange.quote(2, (BUY, 1, 987), cancels=cancels)
    exchange.quote(2, (BUY, 1, 987), market_id=1, cancels=[QuoteCancel(BUY, 988, dead_id)])
    last = QuoteCancel(BUY, 987, exchange.state.globals.next_order_id - 2)
    exchange.quote(2, (SELL, 1, 1013), cancels_first=True, cancels=[last])
    yield exchange.seal()


def guards() -> Iterator[SealedBatch]:
    """Guards that are spent, in part and wholly, past dead orders, and that go with their slot."""
    exchange = Exchange(parameters(2))
    exchange.fund(2, 3, 4)
    # One dead order more than a message clears.
    for n_quotes in (12, MOST_CLEARED + 1 - 12):
        exchange.quote(2, *([(SELL, 1, 1001)] * n_quotes))
    asks = [(SELL, 5, 1001), (SELL, 5, 1002), (SELL, 5, 1003), (BUY, 5, 990)]
    exchange.quote(2, *asks, cancels_first=True, guard_lots=8)
    yield exchange.seal()
    first = MOST_CLEARED + 2
    # The dead one, part of a quote and the rest of it; the guard is spent by the next.
    exchange.place(3, BUY, 2, 1001)
    assert exchange.state.account(2).position(0).guarded_lots == 6
    exchange.replace_order(first + 3, BUY, 4, 991)
    exchange.place(3, BUY, 20, 1003)
    assert exchange.state.account(2).position(0).guarded_lots == 0
    assert exchange.size(2) == -8 - 2
    # An order of its own, of its owner's, one that is cancelled; a slot that goes with its guard.
    exchange.quote(4, (SELL, 3, 1000), (SELL, 3, 1005), market_id=1, guard_lots=4)
    exchange.place(4, BUY, 1, 1000, market_id=1, self_trade_mode=SelfTradeMode.CANCEL_TAKING)
    spared = {"self_trade_mode": SelfTradeMode.DECREMENT, "self_trade_scope": SelfTradeScope.OWNER}
    exchange.place(3, BUY, 1, 1000, market_id=1, **spared)
    exchange.cancel(4, exchange.state.globals.next_order_id - 3)
    exchange.place(4, SELL, 1, 1006, market_id=1)
    exchange.cancel_all(4)
    exchange.quote(4, (BUY, 1, 999), market_id=1, cancels_first=True, guard_lots=1)
    exchange.place(3, SELL, 1, 999, market_id=1)
    exchange.quote(4, (BUY, 1, 998), market_id=1, cancels_first=True, guard_lots=7)
    yield exchange.seal()
