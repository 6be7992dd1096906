"""`novation deposit`, `withdraw`, `transfer`: money into the exchange, out of it, and inside."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import typer

from devnet.amounts import quanta_from_usd, quanta_of
from devnet.commands.options import AssetOption, HomeOption, KeyOption
from devnet.connection import ask_sequencer
from devnet.console import console, waiting
from devnet.errors import UserError
from devnet.home import Home
from devnet.progress import wait_for_deposit, wait_until_final
from novation.client import Client, InvalidInputError, check_stark_key

if TYPE_CHECKING:
    from devnet.trader_l1 import QueuedDeposit, TraderOnL1
    from novation.client import Asset

USD: Final = "USD"


def deposit(
    amount: Annotated[str, typer.Argument(help="Amount, of USD at most six decimals.")],
    key: KeyOption,
    home: HomeOption,
    stark_key: Annotated[
        str,
        typer.Option(
            metavar="HEX", help="Public key that shall sign for the account, if not the trader's."
        ),
    ] = "",
    asset: AssetOption = USD,
) -> None:
    """Deposit test tokens on L1 and wait until the exchange has credited them.

    Examples: `novation deposit 1000 --key alice`, `novation deposit 2 --asset TETH --key alice`
    """
    from devnet.l1_connection import on_l1

    if asset == USD:
        quanta_from_usd(amount)
    public_key = _parse_stark_key(stark_key) if stark_key else None

    def send(trader: "TraderOnL1") -> "tuple[QueuedDeposit, Asset]":
        of_asset = trader.with_asset(asset)
        meant = of_asset.asset.asset
        return of_asset.deposit(quanta_of(meant, amount), public_key), meant

    queued, meant = on_l1(home, key, send)
    console.print(
        f"deposited {amount} {meant.symbol} for account {queued.account_id}, "
        f"queue position {queued.position}"
    )

    async def credited(client: Client) -> Decimal:
        await wait_for_deposit(client, queued.position)
        account = await client.account(queued.account_id)
        return sum(b.amount for b in account.balances if b.asset_id == meant.asset_id) or Decimal(0)

    with waiting("waiting for the sequencer to credit it"):
        balance = ask_sequencer(home, credited)
    console.print(f"{'collateral' if asset == USD else 'balance'} {balance:f} {meant.symbol}")


def withdraw(
    amount: Annotated[
        str | None, typer.Argument(help="Amount to take out of the exchange.")
    ] = None,
    *,
    key: KeyOption,
    home: HomeOption,
    asset: AssetOption = USD,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the batch and fetch the payment on L1.")
    ] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Only fetch on L1 what final batches have credited.")
    ] = False,
) -> None:
    """Take an asset out of the exchange; L1 pays it once the batch is proven and final.

    Examples: `novation withdraw 100 --key alice --wait`, `novation withdraw --key alice --fetch`,
    `novation withdraw 0.5 --asset TETH --key alice`
    """
    if (amount is None) != fetch:
        raise UserError("withdraw: give an amount, or --fetch without one")
    if amount is not None:
        if asset == USD:
            quanta_from_usd(amount)
        meant = int(asset) if asset.isdecimal() else asset
        acknowledgement = ask_sequencer(home, lambda client: client.withdraw(amount, meant), key)
        console.print(
            f"withdrawal of {amount} {acknowledgement.asset} accepted, "
            f"receipt {acknowledgement.receipt.sequence}"
        )
        if not wait:
            return
        sequence = acknowledgement.receipt.sequence
        with waiting("waiting for the batch to be sealed, proven and final") as note:
            ask_sequencer(home, lambda client: wait_until_final(client, sequence, note))
    _fetch(home, key, asset)


def transfer(
    amount: Annotated[str, typer.Argument(help="Amount, of USD at most six decimals.")],
    to: Annotated[
        int, typer.Option("--to", min=0, metavar="ID", help="Number of the other account.")
    ],
    key: KeyOption,
    home: HomeOption,
    asset: AssetOption = USD,
) -> None:
    """Move an asset to another account of the same owner, at once.

    Examples: `novation transfer 100 --to 7 --key alice`,
    `novation transfer 0.5 --to 7 --asset TETH --key alice`
    """
    if asset == USD:
        quanta_from_usd(amount)
    meant = int(asset) if asset.isdecimal() else asset
    acknowledgement = ask_sequencer(home, lambda client: client.transfer(amount, to, meant), key)
    console.print(
        f"transferred {amount} {acknowledgement.asset} to account {to}, "
        f"receipt {acknowledgement.receipt.sequence}"
    )


def _parse_stark_key(text: str) -> int:
    try:
        return check_stark_key(int(text, 16))
    except ValueError:
        raise UserError(f"stark_key: {text!r} is not a hexadecimal number") from None
    except InvalidInputError as error:
        raise UserError(str(error)) from error


def _fetch(home: Home, key: str, asset: str) -> None:
    from devnet.l1_connection import on_l1

    def fetch(trader: "TraderOnL1") -> "tuple[Asset, int, int]":
        of_asset = trader.with_asset(asset)
        payable = of_asset.payable_quanta()
        if payable:
            of_asset.fetch_withdrawal()
        return of_asset.asset.asset, payable, of_asset.balance()

    meant, payable, balance = on_l1(home, key, fetch)
    console.print(
        f"paid {meant.amount(payable):f} {meant.symbol} on L1; "
        f"balance there {meant.amount(balance):f} {meant.symbol}"
    )
