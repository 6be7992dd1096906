"""`novation auctions`, `bid`: what failing accounts hold is for sale."""

from typing import Annotated

import typer
from rich.table import Table

from devnet.commands.lists import LimitOption, utc_time
from devnet.commands.options import HomeOption, KeyOption
from devnet.connection import ask_sequencer
from devnet.console import console
from novation.client import Client


def auctions(home: HomeOption, limit: LimitOption = 20) -> None:
    """List the accounts that are up for auction, the oldest auctions first.

    Example: `novation auctions`
    """

    async def show(client: Client) -> None:
        listed = await client.auctions(limit)
        table = Table("account", "since", "discount", "enough", "equity", "required", "positions")
        for item in listed.auctions:
            table.add_row(
                str(item.account_id),
                utc_time(item.start_time_ms),
                f"{item.discount:.2%}",
                "-" if item.enough_share is None else f"{item.enough_share:.2%}",
                f"{item.equity:.6f}",
                f"{item.maintenance_margin:.6f}",
                ", ".join(f"{held.size} {held.symbol}" for held in item.positions),
            )
        console.print(table)
        if listed.n_auctions > len(listed.auctions):
            console.print(f"{listed.n_auctions} in all")

    ask_sequencer(home, show)


def bid(
    account_id: Annotated[int, typer.Argument(help="The account that is up for auction.")],
    key: KeyOption,
    home: HomeOption,
    min_discount: Annotated[
        str, typer.Option(help="At least this part of what is taken at the mark.")
    ],
    max_notional: Annotated[str, typer.Option(help="Take no more than so many USD at the mark.")],
    share: Annotated[str, typer.Option(help="Part of each position.")] = "1",
) -> None:
    """Take a share of each position of an account that is up for auction.

    Example: `novation bid 5 --min-discount 0.002 --max-notional 10000 --key alice`
    """

    async def send(client: Client) -> None:
        acknowledgement = await client.bid(
            account_id, share=share, min_discount=min_discount, max_notional=max_notional
        )
        fill = acknowledgement.fill
        for part in fill.taken:
            console.print(f"took {part.size:f} {part.symbol} at {part.mark_price:f}")
        console.print(
            f"share {fill.share:.4%}, {fill.price:f} USD at the mark, "
            f"{fill.discount - fill.fee:f} less paid, receipt {acknowledgement.receipt.sequence}"
        )

    ask_sequencer(home, send, key)
