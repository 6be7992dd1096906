"""Two short batches in which everything that can become of a transaction or a maker happens."""

from dataclasses import replace

from novation.protocol.batch import PlaceOrderHints
from novation.protocol.constants import MAX_MAKERS_PER_ORDER, RESUME_GAP_MS
from novation.protocol.errors import ResultCode
from novation.protocol.orders import SelfTradeMode, TimeInForce
from novation.protocol.sealing import SealedBatch
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

IOC, POST_ONLY = TimeInForce.IOC, TimeInForce.POST_ONLY
MAKER, TAKER, POOR, SECOND_MAKER = 2, 3, 4, 5


def every_outcome() -> tuple[SealedBatch, SealedBatch]:
    """Return two consecutive batches; the second opens accounts and orders of the first."""
    exchange = Exchange()
    return _first_batch(exchange), _second_batch(exchange)


def _first_batch(exchange: Exchange) -> SealedBatch:
    """Deposits, a full and a partial fill, orders left in the middle of the book."""
    exchange.fund(MAKER, TAKER, SECOND_MAKER)
    exchange.fund(POOR, amount_quanta=6 * ONE_DOLLAR)
    exchange.place(MAKER, SELL, 10, 1001)
    exchange.place(TAKER, BUY, 4, 1001, time_in_force=IOC)
    exchange.place(TAKER, BUY, 9, 1001)
    exchange.place(POOR, BUY, 9_000, 1000, expiry_time_ms=exchange.time_ms + 60_000)
    exchange.place(SECOND_MAKER, BUY, 5, 1001, expiry_time_ms=exchange.time_ms + 10)
    exchange.place(MAKER, BUY, 2, 1000, reduce_only=True)
    exchange.place(SECOND_MAKER, SELL, 7, 1003, market_id=1, time_in_force=POST_ONLY)
    exchange.place(SECOND_MAKER, SELL, 2, 1004, market_id=1)
    for price_ticks in (1005, 1006, 1007):
        exchange.place(TAKER, SELL, 3, price_ticks)
    return exchange.seal()


def _second_batch(exchange: Exchange) -> SealedBatch:
    """Every reason to remove a maker, a failed deposit, a withdrawal, cancellations, a sweep."""
    exchange.place(MAKER, BUY, 20, 1006, time_in_force=IOC, reduce_only=True)
    exchange.place(SECOND_MAKER, SELL, 4, 1002)
    # Closes the position of MAKER: its resting reduce-only order has nothing left to reduce.
    exchange.place(MAKER, BUY, 4, 1002)
    exchange.time_ms += 100
    exchange.apply(replace(exchange.deposit(POOR, 5), stark_key=12345))
    exchange.set_price(930, 1000)
    # Meets its own bid, one that expired, one without margin at 930, one that would not reduce.
    swept = exchange.place(TAKER, SELL, 9_100, 990)
    assert isinstance(swept.hints, PlaceOrderHints)
    assert len(swept.hints.visits) == 4
    exchange.cancel(TAKER, 11)
    exchange.cancel(SECOND_MAKER, 8)
    for _ in range(MAX_MAKERS_PER_ORDER + 1):
        exchange.place(SECOND_MAKER, BUY, 1, 980)
    exchange.place(MAKER, SELL, 40, 980)
    exchange.place(SECOND_MAKER, BUY, 9, 975)
    newest = exchange.state.globals.next_order_id - 1
    exchange.shrink(newest, 5)
    exchange.replace_order(newest, BUY, 4, 974)
    exchange.replace_order(newest + 1, BUY, 2, 974, seen_lots=9)
    exchange.withdraw(MAKER, 1_000 * ONE_DOLLAR)
    exchange.apply(exchange.deposit(0, 77))
    # One that was cancelled with all others, and one whose owner allows a lower fee.
    exchange.place(MAKER, BUY, 1, 985, max_fee_ppm=500)
    exchange.place(SECOND_MAKER, BUY, 1, 986)
    exchange.cancel_all(SECOND_MAKER)
    exchange.place(SECOND_MAKER, BUY, 1, 980)
    terms = exchange.state.parameters.underlyings[0]
    exchange.set_underlying(0, replace(terms, maker_fee_ppm=501))
    exchange.place(TAKER, SELL, 1, 985, time_in_force=IOC)
    # An order of its own loses lots to it, another one ends it.
    exchange.place(MAKER, BUY, 3, 985)
    exchange.place(MAKER, SELL, 2, 985, self_trade_mode=SelfTradeMode.DECREMENT)
    exchange.place(MAKER, SELL, 1, 985, self_trade_mode=SelfTradeMode.CANCEL_TAKING)
    # Prices come back after a gap: the bid that is left is dead, and a post-only order clears it.
    exchange.time_ms += RESUME_GAP_MS
    exchange.set_price(930, 1000)
    exchange.place(MAKER, SELL, 1, 980, time_in_force=POST_ONLY)
    # The dead of a market maker go with his new orders, of which one slides.
    quotes = (BUY, 2, 981), (SELL, 2, 985)
    exchange.quote(SECOND_MAKER, *quotes, cancels_first=True, slides=True, label=9)
    return exchange.seal()


def bid_taken() -> SealedBatch:
    """Return a batch in which an account fails, is up for auction, and somebody takes enough."""
    exchange = Exchange()
    exchange.fund(MAKER, TAKER)
    exchange.fund(POOR, amount_quanta=101 * ONE_DOLLAR)
    exchange.place(MAKER, SELL, 180_000, 1000)
    exchange.place(POOR, BUY, 180_000, 1000)
    exchange.set_price(970, 1000)
    exchange.set_auction(POOR)
    exchange.time_ms += 100
    capped = exchange.bid(TAKER, POOR, min_discount_ppm=100, max_notional_quanta=10**9)
    assert capped.result_code is ResultCode.BID_CAPPED
    return exchange.seal()
