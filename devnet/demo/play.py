"""Plays the story through the SDK, as traders would: signed orders over gRPC."""

from __future__ import annotations

import asyncio
import functools
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Self, TypeVar

from devnet.amounts import quanta_from_usd
from devnet.demo.plan import (
    STORY_MARKETS,
    PlannedCancels,
    PlannedOrder,
    price_in_ticks,
    steps_between,
)
from devnet.errors import UserError
from devnet.prices import decimal_text, set_prices
from novation.client import (
    Client,
    LocalSigner,
    RejectedError,
    StalePriceError,
    UnknownMarketError,
)
from novation.client.auction_models import AuctionUpdate
from novation.client.models import LiquidationUpdate
from novation.protocol.constants import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from devnet.demo.plan import Act
    from devnet.demo.timeline import Timeline
    from devnet.keys import TraderKeys
    from novation.client.auction_models import BidFill, BidUpdate
    from novation.client.models import AccountUpdate
    from novation.client.streams import ResumingStream

T = TypeVar("T")

PPM: Final = 1_000_000
WAIT_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.1
# The players go by the machine's clock, and the devnet's is up to an hour ahead.
VALIDITY_MS: Final = 2 * HOUR_MS
# What the bidder wants at least, as a part of what he takes, and the most that he takes.
LEAST_DISCOUNT: Final = "0.0005"
MOST_NOTIONAL_USD: Final = 20_000
# How close the median must be to the price that the oracle nodes see.
PRICE_TOLERANCE_PPM: Final = 100


@dataclass(slots=True)
class Tally:
    """What the traders' own acknowledgements say."""

    orders: int = 0
    fills: int = 0
    cancels: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class FundingSeen:
    """What all positions together have paid and got, and what a lot held long has, by market."""

    n_payments: int = 0
    paid_quanta: int = 0
    received_quanta: int = 0
    quanta_per_lot: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the players were told of what the rules did."""

    funding: FundingSeen
    bids: tuple[BidFill, ...]


class Players:
    """One connected client per trader; use it with `async with`."""

    def __init__(
        self, sequencer: str, traders: Mapping[str, TraderKeys], timeline: Timeline
    ) -> None:
        """Name the server and the traders, whose deposits must have arrived."""
        self._sequencer = sequencer
        self._traders = traders
        self._timeline = timeline
        self._stack = AsyncExitStack()
        self.clients: dict[str, Client] = {}
        self.tally = Tally()
        self.bids: list[BidFill] = []
        self._move_ppm = 0

    async def __aenter__(self) -> Self:
        """Connect everybody."""
        for name, keys in self._traders.items():
            client = Client(
                self._sequencer,
                l1_address=keys.l1_address,
                signer=LocalSigner(keys.stark_private),
                validity_ms=VALIDITY_MS,
            )
            self.clients[name] = await self._stack.enter_async_context(client)
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self._stack.aclose()

    async def wait_for_prices(self) -> None:
        """Return when every market has a price, so that minutes are counted."""
        client = next(iter(self.clients.values()))
        for market_id, market in enumerate(STORY_MARKETS):
            await wait_for_mark(client, market.symbol, reference_price(market_id, 0))

    async def play(self, act: Act, prices_path: Path) -> None:
        """Move the market to where the act happens, then take its steps in order."""
        before = Tally(self.tally.orders, self.tally.fills, self.tally.cancels)
        failing = await self._follow(act.fails) if act.fails else None
        seen = (await self.clients[act.bidder].auctions()).sequence if act.bidder else 0
        for move_ppm in steps_between(self._move_ppm, act.move_ppm):
            await self._move_market(move_ppm, prices_path)
        self._move_ppm = act.move_ppm
        for step in act.steps:
            if isinstance(step, PlannedOrder):
                await self._place(step, act.move_ppm)
            else:
                await self._cancel(step)
        if failing:
            self._tell_of_liquidation(act, await first_liquidation(failing))
        if act.bidder and act.auctioned:
            await self._bid(act.bidder, act.auctioned, seen)
        self._timeline.add(
            "traders",
            f"{act.title}: {self.tally.orders - before.orders} orders, "
            f"{self.tally.fills - before.fills} fills, "
            f"{self.tally.cancels - before.cancels} cancels acknowledged",
        )

    async def withdraw_all(self, amount_usd: Decimal) -> dict[str, Decimal]:
        """Every trader takes the same amount out; return what was asked for, by trader."""
        for client in self.clients.values():
            await at_fresh_prices(functools.partial(client.withdraw, amount_usd))
        self._timeline.add("traders", f"{len(self.clients)} withdrawals of {amount_usd} USD signed")
        return dict.fromkeys(self.clients, amount_usd)

    async def tell_of_funding(self) -> FundingSeen:
        """Note what lots and traders have paid for the hours that are over; return all of it."""
        client = next(iter(self.clients.values()))
        payments = [
            payment for trader in self.clients.values() async for payment in trader.funding()
        ]
        paid_usd = -sum((p.amount for p in payments if p.amount < 0), Decimal(0))
        received_usd = sum((p.amount for p in payments if p.amount > 0), Decimal(0))
        quanta_per_lot = {}
        for market_id, market in enumerate(STORY_MARKETS):
            hours = [hour async for hour in client.market_funding(market.symbol)]
            quanta_per_lot[market_id] = sum(hour.quanta_per_lot for hour in hours)
            for hour in hours:
                self._timeline.add(
                    "rules",
                    f"an hour of {market.symbol} costs {hour.rate * 100:.6f} % of "
                    f"{hour.index_price:.2f} USD",
                )
        self._timeline.add(
            "rules", f"{len(payments)} positions: {paid_usd} USD paid, {received_usd} received"
        )
        paid_quanta, received_quanta = quanta_from_usd(paid_usd), quanta_from_usd(received_usd)
        return FundingSeen(len(payments), paid_quanta, received_quanta, quanta_per_lot)

    async def _follow(self, name: str) -> AsyncIterator[AccountUpdate]:
        """Return an account's stream from now on."""
        updates = aiter(self.clients[name].stream_account())
        await anext(updates)
        return updates

    def _tell_of_liquidation(self, act: Act, update: LiquidationUpdate) -> None:
        self._timeline.add(
            "rules",
            f"{act.fails} has {update.equity:.2f} USD, must have {update.required:.2f}: "
            f"{update.traded} {update.symbol} closed, {update.fee:.2f} USD to insurance",
        )

    async def _bid(self, bidder: str, failing: str, after_sequence: int) -> None:
        """Wait until an account is up for auction; take what it must lose."""
        client = self.clients[bidder]
        failing_id = (await self.clients[failing].account()).account_id
        begun = await first_auction(client.stream_auctions(after_sequence), failing_id)
        self._timeline.add(
            "rules",
            f"{failing} has {begun.equity:.2f} USD, must have {begun.required:.2f}, and nobody "
            f"quotes: up for auction",
        )
        acknowledgement = await at_fresh_prices(
            lambda: client.bid(
                failing_id, min_discount=LEAST_DISCOUNT, max_notional=MOST_NOTIONAL_USD
            )
        )
        fill = acknowledgement.fill
        self.bids.append(fill)
        for part in fill.taken:
            self._timeline.add(
                "traders",
                f"{bidder} bids, takes {part.size:f} {part.symbol} at {part.mark_price:.2f} and "
                f"gets {fill.discount - fill.fee:.2f} USD; {fill.fee:.2f} to insurance",
            )

    async def _move_market(self, move_ppm: int, prices_path: Path) -> None:
        references = [reference_price(i, move_ppm) for i in range(len(STORY_MARKETS))]
        set_prices(
            prices_path,
            {
                market.symbol: decimal_text(price)
                for market, price in zip(STORY_MARKETS, references, strict=True)
            },
        )
        client = next(iter(self.clients.values()))
        for market, reference in zip(STORY_MARKETS, references, strict=True):
            mark = await wait_for_mark(client, market.symbol, reference)
            self._timeline.add("oracle", f"{market.symbol} marked at {mark:.2f} USD")

    async def _place(self, step: PlannedOrder, move_ppm: int) -> None:
        market = STORY_MARKETS[step.market_id]
        reference = reference_price(step.market_id, move_ppm)
        ticks = price_in_ticks(reference, market.tick_size, step.price_offset_ppm)
        client = self.clients[step.trader]
        try:
            acknowledgement = await at_fresh_prices(
                lambda: client.place_order(
                    market.symbol,
                    step.side,
                    price=ticks * Decimal(market.tick_size),
                    size=step.size_lots * Decimal(market.lot_size),
                    time_in_force=step.time_in_force,
                    reduce_only=step.reduce_only,
                )
            )
        except RejectedError as error:
            self.tally.refused += 1
            self._timeline.add("sequencer", f"refused {step.trader}'s order: {error}")
            return
        self.tally.orders += 1
        self.tally.fills += len(acknowledgement.fills)

    async def _cancel(self, step: PlannedCancels) -> None:
        client = self.clients[step.trader]
        for order in await client.open_orders():
            if order.side is step.side:
                await client.cancel_order(order.order_id)
                self.tally.cancels += 1


async def first_liquidation(updates: AsyncIterator[AccountUpdate]) -> LiquidationUpdate:
    """Return the first liquidation that an account's stream tells of.

    Raises:
        UserError: if there is none in time.
    """
    try:
        async with asyncio.timeout(WAIT_TIMEOUT_S):
            async for update in updates:
                if isinstance(update, LiquidationUpdate):
                    return update
    except TimeoutError:
        pass
    raise UserError("sequencer: nobody was liquidated in time")


async def first_auction(
    updates: ResumingStream[AuctionUpdate | BidUpdate], account_id: int
) -> AuctionUpdate:
    """Return the start of an account's auction.

    Raises:
        UserError: if there is none in time.
    """
    try:
        async with asyncio.timeout(WAIT_TIMEOUT_S):
            async for update in updates:
                if isinstance(update, AuctionUpdate) and update.account_id == account_id:
                    return update
    except TimeoutError:
        pass
    raise UserError("sequencer: nobody was up for auction in time")


async def at_fresh_prices(act: Callable[[], Awaitable[T]]) -> T:
    """Act again while prices are stale: a prover that takes all processors delays the oracles.

    Raises:
        StalePriceError: if they stay away.
    """
    deadline_s = time.monotonic() + WAIT_TIMEOUT_S
    while True:
        try:
            return await act()
        except StalePriceError:
            if time.monotonic() > deadline_s:
                raise
        await asyncio.sleep(POLL_S)


def reference_price(market_id: int, move_ppm: int) -> Fraction:
    """Return the USD price that the oracle nodes see after a move from the start price."""
    return Fraction(STORY_MARKETS[market_id].start_price) * (PPM + move_ppm) / PPM


async def _mark_price(client: Client, symbol: str) -> Decimal | None:
    """Return the mark price, None before there is one, or before the market is listed."""
    try:
        return await client.mark_price(symbol)
    except UnknownMarketError:
        return None


async def wait_for_mark(client: Client, symbol: str, expected: Fraction) -> Decimal:
    """Return the mark price once it is close to what the oracle nodes see.

    Raises:
        UserError: if that does not happen in time.
    """
    deadline = asyncio.get_running_loop().time() + WAIT_TIMEOUT_S
    while asyncio.get_running_loop().time() < deadline:
        mark = await _mark_price(client, symbol)
        if mark is not None:
            difference = abs(Fraction(mark) - expected)
            if difference * PPM <= expected * PRICE_TOLERANCE_PPM:
                return Decimal(mark)
        await asyncio.sleep(POLL_S)
    raise UserError(f"oracle: {symbol} was not marked near {float(expected):.2f} USD in time")
