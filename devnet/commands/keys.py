"""`novation keys`: make and show traders' keys."""

import typer
from rich.table import Table

from devnet.commands.options import HomeOption
from devnet.console import console
from devnet.keys import list_names, load_keys, random_keys, save_keys

app = typer.Typer(no_args_is_help=True, help="Make and show traders' keys.")


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
