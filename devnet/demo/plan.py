"""The story of the demo as data: who trades what, in four acts.

Before act one the owner of the L1 contract adds a market to the running exchange. Act one opens
positions in the last minute of an hour, act two, three minutes later, follows an oracle move with
cancels and new quotes, when positions have paid funding; in act three two traders with too much
leverage fail: the book reduces one, and the other, whose market nobody quotes by then, is up for
auction until an outsider bids. Act four closes and withdraws. Every act becomes a batch of its
own. Prices are offsets from the oracle's price of the act, so that the orders stay inside the
price band wherever the market starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from devnet.markets import LISTED_LATER, MARKETS
from novation.protocol.orders import Side, TimeInForce

MAKERS: Final = ("alice", "bob", "carol", "dave")
TAKERS: Final = ("erin", "frank", "grace", "heidi")
# Sells for seventeen times what it has, and fails when the price rises by three percent.
LEVERAGED: Final = "ivan"
# The same in a market that nobody quotes when that happens; and who takes over what he can.
TRAPPED, BIDDER = "judy", "karl"
TRADERS: Final = (*MAKERS, *TAKERS, LEVERAGED, TRAPPED, BIDDER)
DEPOSIT_USD: Final = {
    **dict.fromkeys(MAKERS, 50_000),
    **dict.fromkeys(TAKERS, 20_000),
    LEVERAGED: 1_000,
    TRAPPED: 1_000,
    BIDDER: 10_000,
}
# By market id: those that exist from the start, and the one that is listed on the way.
STORY_MARKETS: Final = (*MARKETS, LISTED_LATER)
BTC, ETH, SOL = 0, 1, 2
LEVELS: Final = 3
LEVEL_STEP_PPM: Final = 400
TAKER_REACH_PPM: Final = 8_000
MOVE_PPM: Final = (0, 12_000, 30_000, 9_000)
# Below half the maintenance margin: users may not trade at once where an index jumps farther.
MOST_STEP_PPM: Final = 12_000
ORDER_LOTS: Final = {BTC: 1_000, ETH: 3_000, SOL: 120_000}


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One order."""

    trader: str
    market_id: int
    side: Side
    price_offset_ppm: int
    size_lots: int
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class PlannedCancels:
    """Cancels whatever the trader still has on one side of the book."""

    trader: str
    side: Side


@dataclass(frozen=True, slots=True)
class Act:
    """Steps that end up in one batch, at an oracle price `move_ppm` above the start.

    `fails` is who is liquidated in it, `auctioned` who is up for auction, until `bidder` bids.
    """

    title: str
    move_ppm: int
    steps: tuple[PlannedOrder | PlannedCancels, ...]
    fails: str | None = None
    auctioned: str | None = None
    bidder: str | None = None


def story() -> tuple[Act, ...]:
    """Return the four acts."""
    return (
        Act(
            "positions are opened",
            MOVE_PPM[0],
            (
                *_quotes(),
                *_quotes_of_the_new(),
                *_opening_trades(),
                _take("erin", SOL, Side.BUY, 60),
                _take(LEVERAGED, ETH, Side.SELL, 166),
                _take(TRAPPED, SOL, Side.SELL, 77),
            ),
        ),
        Act(
            "the market moves",
            MOVE_PPM[1],
            (*_momentum_trades(), *_cancels(Side.SELL), *_quotes()),
        ),
        Act(
            "two traders fail",
            MOVE_PPM[2],
            (*_cancels(Side.SELL), *_cancels(Side.BUY), *_quotes()),
            fails=LEVERAGED,
            auctioned=TRAPPED,
            bidder=BIDDER,
        ),
        Act(
            "positions are closed",
            MOVE_PPM[3],
            (
                *_cancels(Side.SELL),
                *_cancels(Side.BUY),
                *_quotes(),
                *_quotes_of_the_new(),
                *_closing_trades(),
            ),
        ),
    )


def steps_between(before_ppm: int, after_ppm: int) -> list[int]:
    """Return the moves by which the market gets from one to the other."""
    change_ppm = after_ppm - before_ppm
    n_steps = max(1, -(-abs(change_ppm) // MOST_STEP_PPM))
    return [before_ppm + change_ppm * i // n_steps for i in range(1, n_steps + 1)]


def price_in_ticks(reference: Fraction, tick_size: str, offset_ppm: int) -> int:
    """Return a limit price on the tick grid, rounded to the nearest tick."""
    return round(reference * (1_000_000 + offset_ppm) / 1_000_000 / Fraction(tick_size))


def _quotes() -> list[PlannedOrder]:
    """Two makers per market quote both sides on several levels; the inner ones trade first."""
    return [
        PlannedOrder(
            maker,
            market_id := index // 2,
            side,
            # The second maker of a market stands one notch behind the first.
            sign * (level * LEVEL_STEP_PPM + 100 * (index % 2)),
            ORDER_LOTS[market_id],
            TimeInForce.POST_ONLY,
        )
        for index, maker in enumerate(MAKERS)
        for level in range(1, LEVELS + 1)
        for side, sign in ((Side.BUY, -1), (Side.SELL, 1))
    ]


def _quotes_of_the_new() -> list[PlannedOrder]:
    """One maker quotes the market that was just listed, once on each side."""
    return [
        PlannedOrder(
            "alice", SOL, side, sign * LEVEL_STEP_PPM, ORDER_LOTS[SOL], TimeInForce.POST_ONLY
        )
        for side, sign in ((Side.BUY, -1), (Side.SELL, 1))
    ]


def _take(
    trader: str,
    market_id: int,
    side: Side,
    lots_percent: int,
    *,
    time_in_force: TimeInForce = TimeInForce.IOC,
    reduce_only: bool = False,
) -> PlannedOrder:
    sign = 1 if side is Side.BUY else -1
    size_lots = ORDER_LOTS[market_id] * lots_percent // 100
    return PlannedOrder(
        trader, market_id, side, sign * TAKER_REACH_PPM, size_lots, time_in_force, reduce_only
    )


def _opening_trades() -> list[PlannedOrder]:
    """Each taker takes a view on both markets; two of them sweep more than one maker.

    One takes what the new market has.
    """
    return [
        _take(trader, market_id, side, percent)
        for trader, side, percent in (
            ("erin", Side.BUY, 60),
            ("frank", Side.SELL, 60),
            ("grace", Side.BUY, 120),
            ("heidi", Side.SELL, 120),
        )
        for market_id in (BTC, ETH)
    ] + [_take("erin", SOL, Side.BUY, 60)]


def _momentum_trades() -> list[PlannedOrder]:
    """The quickest takers lift the offers that the makers have not withdrawn yet."""
    return [
        _take(trader, market_id, Side.BUY, percent)
        for trader, percent in (("erin", 90), ("heidi", 160))
        for market_id in (BTC, ETH)
    ]


def _cancels(side: Side) -> list[PlannedCancels]:
    return [PlannedCancels(maker, side) for maker in MAKERS]


def _closing_trades() -> list[PlannedOrder]:
    """Larger than any position: reduce-only cuts each order to what there is to close."""
    return [
        _take(trader, market_id, side, 500, reduce_only=True)
        for trader, side in (
            ("erin", Side.SELL),
            ("frank", Side.BUY),
            ("grace", Side.SELL),
            ("heidi", Side.SELL),
        )
        for market_id in (BTC, ETH, SOL)
        if market_id != SOL or trader == "erin"
    ] + [
        _take(trader, market_id, Side.BUY, 500, reduce_only=True)
        for trader, market_id in ((LEVERAGED, ETH), (TRAPPED, SOL))
    ]
