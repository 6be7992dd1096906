"""`novation watch`: a market or an account whenever it has changed, funding, liquidations."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Annotated, TypeVar

import typer

from devnet.commands.lists import AccountArgument, OwnerOption, chosen_account, utc_time
from devnet.commands.options import HomeOption
from devnet.connection import ask_sequencer
from devnet.console import console
from novation.client import Client, Side
from novation.client.auction_models import AuctionUpdate, BidUpdate
from novation.client.funding_models import MarketFunding, PoolShare, Unwinding
from novation.client.models import (
    BookLevel,
    LiquidationUpdate,
    MarketState,
    Portfolio,
)
from novation.client.streams import ResumingStream

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Follow a market, an account, funding or liquidations, until Ctrl-C.",
)

State = TypeVar("State")

SymbolArgument = Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")]
IntervalOption = Annotated[
    int,
    typer.Option(
        "--interval", min=100, max=60_000, metavar="MS", help="Between two lines at least."
    ),
]
CountOption = Annotated[int | None, typer.Option(min=1, help="End after so many lines.")]


@app.command("market")
def watch_market(
    market: SymbolArgument,
    home: HomeOption,
    interval_ms: IntervalOption = 1_000,
    count: CountOption = None,
) -> None:
    """Follow prices, funding, best orders and open interest of a market.

    Examples: `novation watch market BTC-USD`, `novation watch market BTC-USD --interval 100`
    """

    async def show(client: Client) -> None:
        stream = client.stream_market(market, interval_ms=interval_ms)
        await _print_each(stream, _market_line, count)

    ask_sequencer(home, show)


@app.command("funding")
def watch_funding(market: SymbolArgument, home: HomeOption, count: CountOption = None) -> None:
    """Follow what a lot of a market pays each hour; begins with the last time.

    Example: `novation watch funding BTC-USD`
    """

    async def show(client: Client) -> None:
        await _print_each(client.stream_funding(market), _funding_line, count)

    ask_sequencer(home, show)


@app.command("liquidations")
def watch_liquidations(market: SymbolArgument, home: HomeOption, count: CountOption = None) -> None:
    """Follow what the rules do to failing accounts in a market.

    Example: `novation watch liquidations BTC-USD`
    """

    async def show(client: Client) -> None:
        await _print_each(client.stream_liquidations(market), _liquidation_line, count)

    ask_sequencer(home, show)


@app.command("auctions")
def watch_auctions(home: HomeOption, count: CountOption = None) -> None:
    """Follow auctions that begin and end, and bids.

    Example: `novation watch auctions`
    """

    async def show(client: Client) -> None:
        await _print_each(client.stream_auctions(), _auction_line, count)

    ask_sequencer(home, show)


@app.command("account")
def watch_account(
    home: HomeOption,
    account_id: AccountArgument = None,
    key: OwnerOption = "",
    interval_ms: IntervalOption = 1_000,
    count: CountOption = None,
) -> None:
    """Follow equity, margin and positions of an account.

    Examples: `novation watch account --key alice`, `novation watch account 2 --count 10`
    """

    async def show(client: Client) -> None:
        owner = await chosen_account(client, home, account_id, key)
        stream = client.stream_portfolio(owner, interval_ms=interval_ms)
        await _print_each(stream, _account_line, count)

    ask_sequencer(home, show)


async def _print_each(
    stream: ResumingStream[State], line: Callable[[State], str], count: int | None
) -> None:
    n_printed = 0
    async with aclosing(stream.__aiter__()) as states:
        async for state in states:
            console.print(line(state), markup=False, highlight=False, soft_wrap=True)
            n_printed += 1
            if n_printed == count:
                return


def _auction_line(update: AuctionUpdate | BidUpdate) -> str:
    if isinstance(update, BidUpdate):
        fill = update.fill
        taken = ", ".join(f"{part.size:f} {part.symbol}" for part in fill.taken)
        given = fill.discount - fill.fee
        who = f"account {fill.bidder_account_id} took {taken} of {fill.failing_account_id}"
        return f"{who} for {given:f} USD"
    begun = "ended" if update.start_time_ms is None else f"began {utc_time(update.start_time_ms)}"
    worth = f"equity {update.equity:.6f}, required {update.required:.6f}"
    return f"auction of account {update.account_id} {begun}: {worth}"


def _market_line(state: MarketState) -> str:
    bid, ask = _level(state.best_bid), _level(state.best_ask)
    is_resolving = state.time_ms < state.prices.resolving_until_ms
    is_settled = state.prices.is_settled
    return (
        f"{utc_time(state.time_ms)}  {state.symbol}  mark {state.prices.mark_price}  "
        f"index {state.prices.index_price}  funding {state.prices.funding_rate}  "
        f"bid {bid}  ask {ask}  open interest {state.open_interest}"
        f"{'  post-only after a jump' if is_resolving else ''}"
        f"{'  without a price' if state.prices.is_silent else ''}"
        f"{'' if state.is_active else '  not active'}"
        f"{'  settled' if is_settled else ''}"
    )


def _level(level: BookLevel | None) -> str:
    return "-" if level is None else f"{level.size} at {level.price}"


def _funding_line(paid: MarketFunding | PoolShare | Unwinding) -> str:
    if isinstance(paid, Unwinding):
        return (
            f"{utc_time(paid.time_ms)}  {paid.symbol}  "
            f"{'the pool' if paid.is_pool else 'the insurance fund'} traded {paid.traded} of "
            f"{paid.size}, none worse than {paid.limit_price}, and has {paid.left} left"
        )
    if isinstance(paid, PoolShare):
        return (
            f"{utc_time(paid.time_ms)}  {paid.symbol}  the pool gives each lot "
            f"{'long' if paid.side is Side.BUY else 'short'} {paid.quanta_per_lot} (10^-6 USD), "
            f"missing {paid.recorded} USD"
        )
    if paid.sequence == 0:
        return f"{paid.symbol}  has never paid funding"
    return (
        f"{utc_time(paid.time_ms)}  {paid.symbol}  rate {paid.rate:f}  index {paid.index_price}  "
        f"a lot has paid {paid.quanta_per_lot}, in all {paid.funding_quanta_per_lot} (10^-6 USD)"
    )


def _liquidation_line(event: LiquidationUpdate) -> str:
    price = "" if event.average_price is None else f" at {event.average_price:f}"
    return (
        f"{utc_time(event.time_ms)}  {event.symbol}  account {event.account_id}  "
        f"equity {event.equity:f}  required {event.required:f}  mark {event.mark_price}  "
        f"traded {event.traded} of {event.size}{price}  fee {event.fee}"
    )


def _account_line(state: Portfolio) -> str:
    account = state.account
    positions = "".join(f"  {p.symbol} {p.size}" for p in account.positions)
    return (
        f"{utc_time(state.time_ms)}  account {account.account_id}  equity {account.equity}  "
        f"initial {account.initial_margin}  maintenance {account.maintenance_margin}  "
        f"orders {account.n_open_orders}{positions}"
    )
