"""`novation deposit`, `withdraw`: money into the exchange and out of it."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from devnet.amounts import quanta_from_usd, usd_from_quanta
from devnet.commands.options import HomeOption, KeyOption
from devnet.connection import ask_sequencer
from devnet.console import console, waiting
from devnet.errors import UserError
from devnet.home import Home
from devnet.progress import wait_for_deposit, wait_until_final
from novation.client import Client, InvalidInputError, check_stark_key

if TYPE_CHECKING:
    from devnet.trader_l1 import TraderOnL1


def deposit(
    amount: Annotated[str, typer.Argument(metavar="USD", help="Amount, at most six decimals.")],
    key: KeyOption,
    home: HomeOption,
    stark_key: Annotated[
        str,
        typer.Option(
            metavar="HEX", help="Public key that shall sign for the account, if not the trader's."
        ),
    ] = "",
) -> None:
    """Deposit test tokens on L1 and wait until the exchange has credited them.

    Example: `novation deposit 1000 --key alice`
    """
    from devnet.l1_connection import on_l1

    quanta = quanta_from_usd(amount)
    public_key = _parse_stark_key(stark_key) if stark_key else None
    queued = on_l1(home, key, lambda trader: trader.deposit(quanta, public_key))
    console.print(
        f"deposited {amount} USD for account {queued.account_id}, queue position {queued.position}"
    )

    async def credited(client: Client) -> Decimal:
        await wait_for_deposit(client, queued.position)
        return (await client.account(queued.account_id)).collateral

    with waiting("waiting for the sequencer to credit it"):
        collateral = ask_sequencer(home, credited)
    console.print(f"collateral {collateral} USD")


def withdraw(
    amount: Annotated[
        str | None, typer.Argument(metavar="[USD]", help="Amount to take out of the exchange.")
    ] = None,
    *,
    key: KeyOption,
    home: HomeOption,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the batch and fetch the payment on L1.")
    ] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Only fetch on L1 what final batches have credited.")
    ] = False,
) -> None:
    """Take collateral out of the exchange; L1 pays it once the batch is proven and final.

    Examples: `novation withdraw 100 --key alice --wait`, `novation withdraw --key alice --fetch`
    """
    if (amount is None) != fetch:
        raise UserError("withdraw: give an amount, or --fetch without one")
    if amount is not None:
        quanta_from_usd(amount)
        acknowledgement = ask_sequencer(home, lambda client: client.withdraw(amount), key)
        console.print(
            f"withdrawal of {amount} USD accepted, receipt {acknowledgement.receipt.sequence}"
        )
        if not wait:
            return
        sequence = acknowledgement.receipt.sequence
        with waiting("waiting for the batch to be sealed, proven and final") as note:
            ask_sequencer(home, lambda client: wait_until_final(client, sequence, note))
    _fetch(home, key)


def _parse_stark_key(text: str) -> int:
    try:
        return check_stark_key(int(text, 16))
    except ValueError:
        raise UserError(f"stark_key: {text!r} is not a hexadecimal number") from None
    except InvalidInputError as error:
        raise UserError(str(error)) from error


def _fetch(home: Home, key: str) -> None:
    from devnet.l1_connection import on_l1

    def fetch(trader: "TraderOnL1") -> tuple[int, int]:
        payable = trader.payable_quanta()
        if payable:
            trader.fetch_withdrawal()
        return payable, trader.balance()

    payable, balance = on_l1(home, key, fetch)
    paid = usd_from_quanta(payable)
    console.print(f"paid {paid} USD on L1; balance there {usd_from_quanta(balance)} USD")
