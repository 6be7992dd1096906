"""`novation orders`, `fills`, `transfers`, `trades`: what has happened, newest first."""

from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from devnet.commands.options import HomeOption
from devnet.commands.views import account_of_key
from devnet.connection import ask_sequencer
from devnet.console import console
from devnet.errors import UserError
from devnet.home import Home
from devnet.keys import load_keys
from novation.client import Client
from novation.client.models import Transfer
from novation.client.paged_list import PagedList

Item = TypeVar("Item")

AccountArgument = Annotated[
    int | None, typer.Argument(min=0, metavar="[ID]", help="Number of the account.")
]
OwnerOption = Annotated[str, typer.Option("--key", "-k", help="A trader's key instead.")]
MarketOption = Annotated[
    str | None, typer.Option("--market", "-m", metavar="SYMBOL", help="Only of this market.")
]
LimitOption = Annotated[int, typer.Option(min=1, max=100_000, help="So many, the newest.")]


def orders(
    home: HomeOption,
    account_id: AccountArgument = None,
    key: OwnerOption = "",
    market: MarketOption = None,
    *,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that rest.")] = False,
    limit: LimitOption = 20,
) -> None:
    """List the orders of an account, open and closed.

    Examples: `novation orders --key alice`, `novation orders 2 --market BTC-USD --open`
    """

    async def show(client: Client) -> None:
        owner = await chosen_account(client, home, account_id, key)
        table = Table("order", "market", "side", "price", "size", "filled", "status", "batch")
        listed = client.orders(owner, market=market, open_only=is_open, page_size=limit)
        for order in await first_of(listed, limit):
            status = order.status.value
            if order.cancel_reason is not None:
                status = f"{status}: {order.cancel_reason}"
            table.add_row(
                str(order.order_id),
                order.symbol,
                order.side.name.lower(),
                str(order.price),
                str(order.size),
                str(order.filled),
                status,
                f"{order.batch_number or '-'} {order.lifecycle.value}",
            )
        console.print(table)

    ask_sequencer(home, show)


def fills(
    home: HomeOption,
    account_id: AccountArgument = None,
    key: OwnerOption = "",
    market: MarketOption = None,
    limit: LimitOption = 20,
) -> None:
    """List the matches of an account.

    Examples: `novation fills --key alice`, `novation fills 2 --market BTC-USD --limit 100`
    """

    async def show(client: Client) -> None:
        owner = await chosen_account(client, home, account_id, key)
        table = Table("time", "order", "market", "side", "price", "size", "fee USD", "role")
        listed = client.fills(owner, market=market, page_size=limit)
        for item in await first_of(listed, limit):
            fill = item.fill
            table.add_row(
                utc_time(item.time_ms),
                str(fill.order_id),
                fill.symbol,
                fill.side.name.lower(),
                str(fill.price),
                str(fill.size),
                str(fill.fee),
                "maker" if fill.is_maker else "taker",
            )
        console.print(table)
        _tell_what_is_gone(listed)

    ask_sequencer(home, show)


def transfers(
    home: HomeOption,
    account_id: AccountArgument = None,
    key: OwnerOption = "",
    limit: LimitOption = 20,
) -> None:
    """List the deposits, withdrawals and transfers of an account, and how far they have come.

    Examples: `novation transfers --key alice`, `novation transfers 2`
    """

    async def show(client: Client) -> None:
        owner = await chosen_account(client, home, account_id, key)
        table = Table("time", "kind", "asset", "amount", "batch")
        for item in await first_of(client.transfers(owner, page_size=limit), limit):
            table.add_row(
                utc_time(item.matched_time_ms),
                _kind_of(item),
                item.asset,
                f"{item.amount:f}",
                f"{item.batch_number or '-'} {item.lifecycle.value}",
            )
        console.print(table)

    ask_sequencer(home, show)


def _kind_of(item: Transfer) -> str:
    """Return what came or left, with the other account of a transfer."""
    kind = item.kind.replace("_", " ")
    return kind if item.other_account_id is None else f"{kind} {item.other_account_id}"


def trades(
    market: Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")],
    home: HomeOption,
    limit: LimitOption = 20,
) -> None:
    """List the public trades of a market.

    Example: `novation trades BTC-USD --limit 50`
    """

    async def show(client: Client) -> None:
        table = Table("time", "price", "size", "taker", "number")
        listed = client.trades(market, page_size=limit)
        for trade in await first_of(listed, limit):
            table.add_row(
                utc_time(trade.time_ms),
                str(trade.price),
                str(trade.size),
                trade.taker_side.name.lower(),
                str(trade.sequence),
            )
        console.print(table)
        _tell_what_is_gone(listed)

    ask_sequencer(home, show)


async def chosen_account(client: Client, home: Home, account_id: int | None, key: str) -> int:
    """Return the account that is named by its number or by a trader's key."""
    if (account_id is not None) + bool(key) != 1:
        raise UserError("account: give one of a number and --key")
    if account_id is not None:
        return account_id
    return await account_of_key(client, load_keys(home.keys_path, key))


async def first_of(listed: PagedList[Item], limit: int) -> list[Item]:
    """Return the newest items of a list."""
    found: list[Item] = []
    async with aclosing(listed.__aiter__()) as items:
        async for item in items:
            found.append(item)
            if len(found) == limit:
                break
    return found


def _tell_what_is_gone(listed: PagedList[Item]) -> None:
    if listed.first_sequence:
        console.print(f"what is older than number {listed.first_sequence} is no longer kept")


def utc_time(time_ms: int) -> str:
    """Return a time as one reads it."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(" ", "milliseconds")
