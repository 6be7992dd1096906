"""`novation keys`: make and show traders' keys, and say which ones may sign for an account."""

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from devnet.amounts import quanta_of
from devnet.commands.options import AssetOption, HomeOption, KeyOption
from devnet.connection import ask_sequencer
from devnet.console import console
from devnet.errors import UserError
from devnet.keys import list_names, load_keys, random_keys, save_keys
from novation.client import Client, Permission

if TYPE_CHECKING:
    from devnet.trader_l1 import TraderOnL1
    from novation.client.models import AccountKey, KeyAck

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Make and show traders' keys, and let others sign for an account.",
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
def list_all(
    home: HomeOption,
    key: Annotated[
        str, typer.Option("--key", help="List the keys of this trader's account instead.")
    ] = "",
) -> None:
    """List all key files, or the keys that may sign for an account.

    Examples: `novation keys list`, `novation keys list --key alice`
    """
    if key:
        _show_slots(ask_sequencer(home, _slots, key))
        return
    table = Table("name", "L1 address", "Stark key")
    for name in list_names(home.keys_path):
        keys = load_keys(home.keys_path, name)
        table.add_row(name, keys.l1_address, f"{keys.stark_public:#066x}")
    console.print(table)


async def _slots(client: Client) -> "tuple[AccountKey, ...]":
    return (await client.account()).keys


def _show_slots(keys: "tuple[AccountKey, ...]") -> None:
    table = Table("slot", "Stark key", "may", "until (Unix ms)", "last nonce")
    for key in keys:
        granted = ", ".join(p.name.lower() for p in Permission if key.allows(p)) or "nothing"
        until = "ever" if key.never_expires else str(key.expiry_time_ms)
        shown = f"{key.public_key:#066x}", granted, until, str(key.last_nonce)
        table.add_row(str(key.slot), *shown)
    console.print(table)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose Stark key: a key file.")],
    key: KeyOption,
    home: HomeOption,
    permissions: Annotated[
        str, typer.Option("--may", help="Of trade, withdraw, admin: separated by commas.")
    ] = "trade",
    lifetime_s: Annotated[
        int, typer.Option("--lifetime", min=0, help="Seconds until it expires; 0: it does not.")
    ] = 0,
    slot: Annotated[
        int, typer.Option("--slot", min=0, help="Where it goes; 0: the first free one.")
    ] = 0,
) -> None:
    """Let another key sign for an account.

    Examples: `novation keys add bot --key alice`,
    `novation keys add bot --key alice --may trade,withdraw --lifetime 86400`
    """
    public_key = load_keys(home.keys_path, name).stark_public
    granted = _permissions(permissions)
    end = {"expiry_time_ms": time.time_ns() // 1_000_000 + 1000 * lifetime_s} if lifetime_s else {}

    async def change(client: Client) -> "KeyAck":
        return await client.add_key(public_key, granted, slot=slot or None, **end)

    acknowledgement = ask_sequencer(home, change, key)
    console.print(f"slot {acknowledgement.slot}: receipt {acknowledgement.receipt.sequence}")


def _permissions(names: str) -> int:
    known = {permission.name.lower(): permission for permission in Permission}
    chosen = {name.strip() for name in names.split(",")}
    if not chosen <= known.keys():
        wrong = ", ".join(sorted(chosen - known.keys()))
        raise UserError(f"--may: {wrong!r} is none of {', '.join(known)}")
    return sum(known[name] for name in chosen)


@app.command()
def remove(
    slot: Annotated[int, typer.Argument(min=0, help="Slot of the key: `keys list --key NAME`.")],
    key: KeyOption,
    home: HomeOption,
) -> None:
    """Take the permissions of a key; the orders that it has placed stay.

    Example: `novation keys remove 1 --key alice`
    """
    acknowledgement = ask_sequencer(home, lambda client: client.remove_key(slot), key)
    console.print(f"slot {slot}: removed, receipt {acknowledgement.receipt.sequence}")


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
    amount: Annotated[str, typer.Argument(help="Test tokens to mint.")],
    home: HomeOption,
    asset: AssetOption = "USD",
) -> None:
    """Give a trader ether for gas and test tokens; only a local chain can.

    Examples: `novation keys fund alice 10000`, `novation keys fund alice 5 --asset TETH`
    """
    from devnet.l1_connection import on_l1

    def mint(trader: "TraderOnL1") -> str:
        of_asset = trader.with_asset(asset)
        meant = of_asset.asset.asset
        of_asset.fund(quanta_of(meant, amount))
        return f"{meant.amount(of_asset.balance()):f} {meant.symbol}"

    console.print(f"balance on L1 {on_l1(home, name, mint)}")
