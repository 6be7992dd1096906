"""`novation keys`: make and show traders' keys."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from devnet.amounts import quanta_from_usd, usd_from_quanta
from devnet.commands.options import HomeOption
from devnet.console import console
from devnet.keys import list_names, load_keys, random_keys, save_keys

if TYPE_CHECKING:
    from devnet.trader_l1 import TraderOnL1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Make and show traders' keys.",
)


@app.command()
def new(name: str, home: HomeOption) -> None:
    """Make a key for the exchange and a key for L1.

    Example: `novation keys new alice`
    """
    keys = random_keys(name)
    path = save_keys(home.keys_path, keys)
    console.print(f"{path}\nL1 address  {keys.l1_address}\nStark key   {keys.stark_public:#066x}")


@app.command("list")
def list_all(home: HomeOption) -> None:
    """List all key files.

    Example: `novation keys list`
    """
    table = Table("name", "L1 address", "Stark key")
    for name in list_names(home.keys_path):
        keys = load_keys(home.keys_path, name)
        table.add_row(name, keys.l1_address, f"{keys.stark_public:#066x}")
    console.print(table)


@app.command()
def show(name: str, home: HomeOption) -> None:
    """Show the public half of a trader's keys.

    Example: `novation keys show alice`
    """
    keys = load_keys(home.keys_path, name)
    console.print(f"L1 address  {keys.l1_address}\nStark key   {keys.stark_public:#066x}")


@app.command()
def fund(
    name: str,
    amount: Annotated[str, typer.Argument(metavar="USD", help="Test tokens to mint.")],
    home: HomeOption,
) -> None:
    """Give a trader ether for gas and test tokens; only a local chain can.

    Example: `novation keys fund alice 10000`
    """
    from devnet.l1_connection import on_l1

    quanta = quanta_from_usd(amount)

    def mint(trader: "TraderOnL1") -> int:
        trader.fund(quanta)
        return trader.balance()

    console.print(f"balance on L1 {usd_from_quanta(on_l1(home, name, mint))} USD")
