"""`novation funding`, `funding-rates`, `liquidations`: what risk has cost, newest first."""

from rich.table import Table

from devnet.commands.lists import (
    AccountArgument,
    LimitOption,
    MarketOption,
    OwnerOption,
    chosen_account,
    first_of,
    utc_time,
)
from devnet.commands.options import HomeOption
from devnet.commands.watch import SymbolArgument
from devnet.connection import ask_sequencer
from devnet.console import console
from novation.client import Client


def funding(
    home: HomeOption,
    account_id: AccountArgument = None,
    key: OwnerOption = "",
    market: MarketOption = None,
    limit: LimitOption = 20,
) -> None:
    """List what an account has got for its positions each hour; what it has paid is negative.

    Examples: `novation funding --key alice`, `novation funding 2 --market BTC-USD`
    """

    async def show(client: Client) -> None:
        owner = await chosen_account(client, home, account_id, key)
        table = Table("time", "for", "market", "position", "USD")
        listed = client.funding(owner, market=market, page_size=limit)
        for item in await first_of(listed, limit):
            table.add_row(
                utc_time(item.time_ms),
                item.kind.value,
                item.symbol,
                str(item.position),
                f"{item.amount:f}",
            )
        console.print(table)

    ask_sequencer(home, show)


def funding_rates(market: SymbolArgument, home: HomeOption, limit: LimitOption = 20) -> None:
    """List what holding a market has cost each hour.

    Example: `novation funding-rates BTC-USD --limit 24`
    """

    async def show(client: Client) -> None:
        table = Table("time", "rate", "index", "10^-6 USD a lot", "in all")
        for hour in await first_of(client.market_funding(market, page_size=limit), limit):
            table.add_row(
                utc_time(hour.time_ms),
                f"{hour.rate:f}",
                str(hour.index_price),
                str(hour.quanta_per_lot),
                str(hour.funding_quanta_per_lot),
            )
        console.print(table)

    ask_sequencer(home, show)


def liquidations(market: SymbolArgument, home: HomeOption, limit: LimitOption = 20) -> None:
    """List what the rules did to failing accounts in a market.

    Example: `novation liquidations BTC-USD`
    """

    async def show(client: Client) -> None:
        table = Table("time", "account", "equity", "required", "mark", "traded", "price", "fee USD")
        for item in await first_of(client.liquidations(market, page_size=limit), limit):
            table.add_row(
                utc_time(item.time_ms),
                str(item.account_id),
                f"{item.equity:.6f}",
                f"{item.required:.6f}",
                str(item.mark_price),
                f"{item.traded} of {item.size}",
                "-" if item.average_price is None else f"{item.average_price:f}",
                str(item.fee),
            )
        console.print(table)

    ask_sequencer(home, show)
