"""Batches of liquidations and auctions, of which the forging tests change what they can."""

from collections.abc import Iterator

from novation.protocol.batch import LiquidateHints, PlaceOrderHints, TransactionResult
from novation.protocol.constants import (
    AUCTION_LIFE_MS,
    INSURANCE_ACCOUNT_ID,
    LAST_TIME_MS,
    MAX_MAKERS_PER_ORDER,
)
from novation.protocol.errors import ResultCode
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import TimeInForce, VisitOutcome
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import AddKey
from tests.support.builders import ONE_DOLLAR, parameters, public_key, slot_private_key
from tests.support.exchange import BUY, SELL, Exchange, exchange_with


def bids() -> Iterator[SealedBatch]:
    """Bids of who holds nothing, the other side, or other markets; small, whole and capped ones.

    Sides have paid differently, and forecasts ask for different margins.
    """
    underlyings = tuple(
        UnderlyingState(
            is_listed=True,
            long_prefix=7 * i - 11,
            short_prefix=3 - i,
            forecast_margin_ppm=1_000 * i,
        )
        for i in range(6)
    )
    exchange = exchange_with({}, parameters(6), underlyings=underlyings)
    exchange.set_price(1000)
    exchange.fund(3, 4, 5, 6, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, 7, amount_quanta=100 * ONE_DOLLAR)
    for market_id, lots in ((1, 90_000), (2, -40_000), (3, 20_000), (5, -9)):
        side = BUY if lots > 0 else SELL
        exchange.place(3, side.other, abs(lots), 1000, market_id=market_id)
        exchange.place(2, side, abs(lots), 1000, market_id=market_id)
    # A bidder with a slot before, between and behind, of which two are on the other side.
    for market_id, side, lots in ((0, BUY, 5), (1, SELL, 9), (2, BUY, 8), (4, SELL, 1)):
        exchange.place(3, side.other, lots, 1000, market_id=market_id)
        exchange.place(4, side, lots, 1000, market_id=market_id)
    exchange.place(4, BUY, 3, 990, market_id=1)
    exchange.place(4, SELL, 3, 1010, market_id=2)
    exchange.place(2, BUY, 1, 900, market_id=4, time_in_force=TimeInForce.POST_ONLY)
    exchange.seal()
    exchange.set_price(1000, 920, 1000, 990, 1000, 1000)
    exchange.set_auction(2)
    exchange.time_ms += 1_000
    assert exchange.bid(4, 2, share_x16=7).result_code is ResultCode.DONE
    exchange.bid(5, 2, share_x16=3_000, min_discount_ppm=1, max_notional_quanta=10**8)
    yield exchange.seal()
    # The fund bids, too, and is paid its part.
    exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=10**5 * ONE_DOLLAR)
    exchange.bid(INSURANCE_ACCOUNT_ID, 2, share_x16=2_000)
    assert exchange.bid(4, 2).result_code is ResultCode.BID_CAPPED
    yield exchange.seal()
    # All of it, when the discount is all of equity: what goes leaves no slot, and joins one.
    exchange.place(3, SELL, 170_000, 1000, market_id=0)
    exchange.place(7, BUY, 170_000, 1000, market_id=0)
    exchange.set_price(980, 920, 1000, 990, 1000, 1000)
    exchange.set_price(970, 920, 1000, 990, 1000, 1000)
    exchange.set_auction(7)
    exchange.wait(AUCTION_LIFE_MS - 1)
    exchange.bid(3, 7)
    assert exchange.state.account(7).positions == ()
    yield exchange.seal()


def outcomes(placed: TransactionResult) -> list[VisitOutcome]:
    """Return what became of the makers that an order met."""
    assert isinstance(placed.hints, PlaceOrderHints | LiquidateHints)
    return [visit.outcome for visit in placed.hints.visits]


def liquidations() -> Iterator[SealedBatch]:
    """Long and short, in part and wholly, with all of the fee and less, past the account's dead."""
    exchange = Exchange(parameters(3))
    exchange.fund(3, 4, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, 5, amount_quanta=100 * ONE_DOLLAR)
    for account_id, side in ((2, BUY), (5, SELL)):
        for market_id, lots in ((1, 160_000), (2, 2)):
            exchange.place(3, side.other, lots, 1000, market_id=market_id)
            exchange.place(account_id, side, lots, 1000, market_id=market_id)
    exchange.place(2, SELL, 1, 1060, market_id=1, reduce_only=True)
    exchange.place(2, BUY, 1, 950, market_id=1)
    exchange.seal()
    exchange.set_price(1000, 968, 1000)
    # At its zero price nothing is gained, near the mark more than the fee.
    for price, lots in ((967, 500), (944, 200)):
        exchange.place(4, BUY, lots, price, market_id=1)
    sold = exchange.liquidate(2, 1)
    assert outcomes(sold) == [VisitOutcome.FILL, VisitOutcome.CANCELLED, VisitOutcome.FILL]
    exchange.place(4, BUY, 2, 1000, market_id=2)
    assert exchange.liquidate(2, 2).result_code is ResultCode.FILLED
    exchange.place(4, BUY, 10, 944, market_id=1)
    exchange.liquidate(2, 1)
    yield exchange.seal()
    exchange.set_price(1000, 1032, 1000)
    for _ in range(MAX_MAKERS_PER_ORDER + 1):
        exchange.place(4, SELL, 1, 1033, market_id=1)
    assert exchange.liquidate(5, 1).result_code is ResultCode.MAKER_LIMIT
    exchange.place(4, SELL, 400_000, 1034, market_id=1)
    assert exchange.liquidate(5, 1).result_code is ResultCode.FILLED
    yield exchange.seal()


def auctions() -> Iterator[SealedBatch]:
    """Auctions that begin and end, alone and with a liquidation; of longer leaves, too.

    Whose, is the prover's choice among those that fail, and where: no id is near another's, and
    who is liquidated has one position.
    """
    exchange = Exchange(parameters(2))
    exchange.fund(3, 4, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, 50, 60, 70, amount_quanta=100 * ONE_DOLLAR)
    exchange.apply(exchange.deposit(50, 7, 1))
    _add_key(exchange, 60)
    for account_id, market_id, lots in (
        *((account_id, 0, 170_000) for account_id in (2, 50, 60, 70)),
        *((account_id, 1, 20) for account_id in (2, 50)),
    ):
        exchange.place(3, SELL, lots, 1000, market_id=market_id)
        exchange.place(account_id, BUY, lots, 1000, market_id=market_id)
    exchange.place(2, SELL, 1, 1060, reduce_only=True)
    exchange.seal()
    exchange.set_price(966, 1000)
    for account_id in (2, 50, 60):
        exchange.set_auction(account_id)
    # Another one is whole again at once, without an auction.
    exchange.place(4, BUY, 170_000, 966)
    exchange.liquidate(70)
    exchange.cancel_all(4)
    yield exchange.seal()
    # Each leaf is opened with an auction; one gets a second key, one another holding.
    _add_key(exchange, 2)
    exchange.apply(exchange.deposit(50, 7, 4))
    exchange.place(4, BUY, 1, 966)
    exchange.liquidate(60)
    exchange.wait(AUCTION_LIFE_MS)
    exchange.liquidate(60)
    exchange.set_auction(50)
    exchange.place(4, BUY, 400_000, 966)
    exchange.liquidate(60)
    exchange.set_price(1000)
    exchange.set_auction(50)
    yield exchange.seal()


def _add_key(exchange: Exchange, account_id: int) -> None:
    key = public_key(slot_private_key(account_id, 1))
    nonce = exchange.next_nonce(account_id)
    exchange.apply(exchange.signed(AddKey(account_id, 0, nonce, 1, 7, LAST_TIME_MS, key)))
