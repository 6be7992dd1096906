"""`novation deposit`, `order`, `cancel`, `withdraw`: what a trader does."""

import enum
import time
from decimal import Decimal
from typing import Annotated

import typer

from devnet.commands.options import HomeOption, KeyOption
from devnet.connection import ask_sequencer, on_l1
from devnet.console import console, waiting
from devnet.errors import UserError
from devnet.home import Home
from devnet.progress import wait_for_deposit, wait_until_final
from devnet.trader_l1 import TraderOnL1, quanta_from_usd, usd_from_quanta
from novation.client import Client, Side, TimeInForce


class SideName(enum.StrEnum):
    """Direction of an order."""

    BUY = "buy"
    SELL = "sell"


class TimeInForceName(enum.StrEnum):
    """What happens to the part that is not filled at once."""

    GTC = "gtc"
    IOC = "ioc"
    POST_ONLY = "post-only"


TIMES_IN_FORCE = {
    TimeInForceName.GTC: TimeInForce.GTC,
    TimeInForceName.IOC: TimeInForce.IOC,
    TimeInForceName.POST_ONLY: TimeInForce.POST_ONLY,
}


def deposit(
    amount: Annotated[str, typer.Argument(metavar="USD", help="Amount, at most six decimals.")],
    key: KeyOption,
    home: HomeOption,
) -> None:
    """Deposit test tokens on L1 and wait until the exchange has credited them.

    Example: `novation deposit 1000 --key alice`
    """
    quanta = quanta_from_usd(amount)
    queued = on_l1(home, key, lambda trader: trader.deposit(quanta))
    console.print(
        f"deposited {amount} USD for account {queued.account_id}, queue position {queued.position}"
    )

    async def credited(client: Client) -> Decimal:
        await wait_for_deposit(client, queued.position)
        return (await client.account(queued.account_id)).collateral

    with waiting("waiting for the sequencer to credit it"):
        collateral = ask_sequencer(home, credited)
    console.print(f"collateral {collateral} USD")


def order(  # noqa: PLR0913 - one option per field of an order
    market: Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")],
    side: Annotated[SideName, typer.Argument(help="buy or sell")],
    size: Annotated[str, typer.Argument(help="In the base asset, on the lot grid.")],
    price: Annotated[str, typer.Argument(help="In USD, on the tick grid.")],
    key: KeyOption,
    home: HomeOption,
    *,
    time_in_force: Annotated[
        TimeInForceName, typer.Option("--time-in-force", "-t", help="What happens to the rest.")
    ] = TimeInForceName.GTC,
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="Only make the position smaller.")
    ] = False,
    lifetime_s: Annotated[
        int, typer.Option("--lifetime", min=1, help="Seconds until the order expires.")
    ] = 86_400,
) -> None:
    """Place a signed limit order.

    Examples: `novation order BTC-USD buy 0.01 95000 --key alice`,
    `novation order ETH-USD sell 1 3400.5 --key bob -t ioc --reduce-only`
    """

    async def place(client: Client) -> None:
        acknowledgement = await client.place_order(
            market,
            Side.BUY if side is SideName.BUY else Side.SELL,
            price=price,
            size=size,
            time_in_force=TIMES_IN_FORCE[time_in_force],
            reduce_only=reduce_only,
            expiry_time_ms=time.time_ns() // 1_000_000 + 1000 * lifetime_s,
        )
        console.print(
            f"order {acknowledgement.order_id}: {acknowledgement.result.name.lower()}, "
            f"filled {acknowledgement.filled}, resting {acknowledgement.resting}, "
            f"receipt {acknowledgement.receipt.sequence}"
        )
        for fill in acknowledgement.fills:
            console.print(f"  {fill.size} at {fill.price} USD, fee {fill.fee} USD")

    ask_sequencer(home, place, key)


def cancel(
    order_id: Annotated[int, typer.Argument(min=1, help="Number of a resting order.")],
    key: KeyOption,
    home: HomeOption,
) -> None:
    """Cancel a resting order.

    Example: `novation cancel 17 --key alice`
    """
    acknowledgement = ask_sequencer(home, lambda client: client.cancel_order(order_id), key)
    console.print(f"order {order_id}: cancelled {acknowledgement.cancelled}")


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


def _fetch(home: Home, key: str) -> None:
    def fetch(trader: TraderOnL1) -> tuple[int, int]:
        payable = trader.payable_quanta()
        if payable:
            trader.fetch_withdrawal()
        return payable, trader.balance()

    payable, balance = on_l1(home, key, fetch)
    paid = usd_from_quanta(payable)
    console.print(f"paid {paid} USD on L1; balance there {usd_from_quanta(balance)} USD")
