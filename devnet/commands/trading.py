"""`novation order`, `cancel`, `cancel-timer`: what a trader does."""

import enum
import time
from typing import Annotated

import typer

from devnet.commands.options import HomeOption, KeyOption
from devnet.connection import ask_sequencer
from devnet.console import console
from novation.client import Client, Side, TimeInForce
from novation.client.orders import DEFAULT_VALIDITY_MS
from novation.protocol.constants import MAX_VALIDITY_MS, RATE_BOUND

# A year: more is a mistake.
MAX_TIMER_S = 365 * 86_400


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
    max_fee_ppm: Annotated[
        int | None,
        typer.Option(
            "--max-fee-ppm",
            min=0,
            max=RATE_BOUND - 1,
            help="Highest fee to sign, in millionths; by default the market's, up to 10,000.",
        ),
    ] = None,
    validity_s: Annotated[
        int,
        typer.Option(
            "--valid-for",
            min=1,
            max=MAX_VALIDITY_MS // 1000,
            help="Seconds within which the exchange must take the message.",
        ),
    ] = DEFAULT_VALIDITY_MS // 1000,
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
            max_fee_ppm=max_fee_ppm,
        )
        console.print(
            f"order {acknowledgement.order_id}: {acknowledgement.result.name.lower()}, "
            f"filled {acknowledgement.filled}, resting {acknowledgement.resting}, "
            f"receipt {acknowledgement.receipt.sequence}"
        )
        for fill in acknowledgement.fills:
            console.print(f"  {fill.size} at {fill.price} USD, fee {fill.fee} USD")

    ask_sequencer(home, place, key, 1000 * validity_s)


def cancel(
    key: KeyOption,
    home: HomeOption,
    order_id: Annotated[
        int | None, typer.Argument(min=1, help="Number of a resting order.")
    ] = None,
    *,
    is_all: Annotated[bool, typer.Option("--all", help="Cancel every order.")] = False,
    market: Annotated[
        str | None,
        typer.Option("--market", "-m", metavar="SYMBOL", help="With --all: of this market only."),
    ] = None,
) -> None:
    """Cancel a resting order, or all of them.

    Examples: `novation cancel 17 --key alice`, `novation cancel --all --key alice`,
    `novation cancel --all --market BTC-USD --key alice`
    """
    if is_all == (order_id is not None):
        raise typer.BadParameter("name an order, or give --all")
    if market is not None and not is_all:
        raise typer.BadParameter("--market: only with --all")
    if order_id is None:
        gone = ask_sequencer(home, lambda client: client.cancel_all(market), key)
        console.print(f"cancelled orders: {gone.n_cancelled}, receipt {gone.receipt.sequence}")
        return
    acknowledgement = ask_sequencer(home, lambda client: client.cancel_order(order_id), key)
    console.print(f"order {order_id}: cancelled {acknowledgement.cancelled}")


def _parse_timer(value: str | int) -> int:
    """Return the seconds, 0 for off."""
    if value == "off":
        return 0
    try:
        seconds = int(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is neither a number of seconds nor off") from None
    if not 0 < seconds <= MAX_TIMER_S:
        raise typer.BadParameter(f"{seconds} is not from 1 to {MAX_TIMER_S}")
    return seconds


def cancel_timer(
    seconds: Annotated[
        int,
        typer.Argument(parser=_parse_timer, metavar="SECONDS|off", help="From now on; off: never."),
    ],
    key: KeyOption,
    home: HomeOption,
) -> None:
    """Cancel all orders after some seconds, unless this is said again before.

    Examples: `novation cancel-timer 60 --key alice`, `novation cancel-timer off --key alice`
    """
    time_ms = time.time_ns() // 1_000_000 + 1000 * seconds if seconds else None
    acknowledgement = ask_sequencer(home, lambda client: client.set_cancel_timer(time_ms), key)
    at_ms, receipt = acknowledgement.cancel_all_at_ms, acknowledgement.receipt.sequence
    when = "no timer" if at_ms is None else f"all orders are cancelled at {at_ms}"
    console.print(f"{when}, receipt {receipt}")
