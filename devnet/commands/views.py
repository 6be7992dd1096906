"""`novation book`, `prices`, `account`: what the exchange knows."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from devnet.commands.options import HomeOption
from devnet.connection import ask_sequencer
from devnet.console import console
from devnet.errors import UserError
from devnet.keys import TraderKeys, load_keys
from novation.client import AccountChoiceError, Client
from novation.client.models import Account


def book(
    market: Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")],
    home: HomeOption,
    depth: Annotated[int, typer.Option(min=1, max=500, help="Levels per side.")] = 10,
) -> None:
    """Show the order book of a market.

    Example: `novation book BTC-USD --depth 5`
    """

    async def show(client: Client) -> None:
        mark = await client.mark_price(market)
        levels = await client.book(market, depth)
        table = Table("side", "price", "size", "orders", title=f"{market}, mark {mark}")
        for level in reversed(levels.asks):
            table.add_row("ask", str(level.price), str(level.size), str(level.n_orders))
        for level in levels.bids:
            table.add_row("bid", str(level.price), str(level.size), str(level.n_orders))
        console.print(table)

    ask_sequencer(home, show)


def prices(home: HomeOption) -> None:
    """Show index, mark and funding of all markets.

    Example: `novation prices`
    """

    async def show(client: Client) -> None:
        table = Table("market", "index", "mark", "funding in an hour", "next")
        for market in await client.markets():
            now = await client.prices(market.market_id)
            time = datetime.fromtimestamp(now.next_funding_time_ms / 1000, tz=UTC)
            table.add_row(
                now.symbol,
                f"{now.index_price:f}",
                f"{now.mark_price.quantize(market.tick_size):f}",
                f"{now.funding_rate * 100:+.5f} %",
                f"{time:%H:%M} UTC",
            )
        console.print(table)

    ask_sequencer(home, show)


def account(
    home: HomeOption,
    account_id: Annotated[
        int | None, typer.Argument(min=0, metavar="[ID]", help="Number of the account.")
    ] = None,
    key: Annotated[str, typer.Option("--key", "-k", help="A trader's key instead.")] = "",
    l1_address: Annotated[
        str,
        typer.Option(metavar="0x...", help="Or the L1 address whose deposits have opened it."),
    ] = "",
) -> None:
    """Show balance, margin, positions and resting orders of an account.

    Examples: `novation account --key alice`, `novation account 2`
    """
    if (account_id is not None) + bool(key) + bool(l1_address) != 1:
        raise UserError("account: give one of a number, --key and --l1-address")

    async def show(client: Client) -> None:
        if account_id is not None:
            wanted = account_id
        elif key:
            wanted = await account_of_key(client, load_keys(home.keys_path, key))
        else:
            wanted, *others = await _accounts_of_address(client, l1_address)
            if others:
                numbers = ", ".join(str(number) for number in (wanted, *others))
                console.print(f"accounts {numbers}; `novation account ID` shows one")
                return
        _print_account(await client.account(wanted))
        orders = Table("order", "market", "side", "price", "size", "left", title="resting orders")
        for order in await client.open_orders(wanted):
            orders.add_row(
                str(order.order_id),
                order.symbol,
                order.side.name.lower(),
                str(order.price),
                str(order.size),
                str(order.remaining),
            )
        console.print(orders)

    ask_sequencer(home, show)


async def account_of_key(client: Client, keys: TraderKeys) -> int:
    """Return the account that deposits from a key file's L1 address have opened for its key."""
    try:
        return await client.find_account(keys.stark_public, l1_address=keys.l1_address)
    except AccountChoiceError as error:
        if not error.account_ids:
            raise UserError(f"account: {keys.name!r} has none; deposit first") from error
        raise UserError(f"{error}: `novation account ID`") from error


async def _accounts_of_address(client: Client, l1_address: str) -> tuple[int, ...]:
    found = await client.find_accounts(l1_address=l1_address)
    if not found:
        raise UserError(f"account: {l1_address} has none; deposit first")
    return found


def _print_account(account: Account) -> None:
    fees, missing = account.fees, account.fees.to_next_tier
    fields = {
        "account": account.account_id,
        "L1 address": account.l1_address,
        "collateral": f"{account.collateral} USD",
        "equity": f"{account.equity} USD",
        "unsettled gain": f"{account.unsettled_gain} USD",
        "initial margin": f"{account.initial_margin} USD",
        "of new risk": f"{account.opening_margin} USD",
        "maintenance margin": f"{account.maintenance_margin} USD",
        "available": f"{account.available} USD",
        "fee tier": f"{fees.tier}, {fees.returned_permille} thousandths come back",
        "fees that count": f"{fees.counted} USD",
        "fees of this batch": f"{fees.in_batch} USD, {fees.returned} USD come back",
        "to the next tier": "there is none" if missing is None else f"{missing} USD of fees",
    }
    for name, value in fields.items():
        console.print(f"{name:<20} {value}", markup=False)
    positions = Table("market", "size", "open buys", "open sells", title="positions")
    for position in account.positions:
        sizes = (position.size, position.open_buy, position.open_sell)
        positions.add_row(position.symbol, *(str(size) for size in sizes))
    console.print(positions)
