"""`novation quote`: what a market maker does."""

import time
from typing import Annotated

import typer

from devnet.commands.options import HomeOption, KeyOption
from devnet.connection import ask_sequencer
from devnet.console import console
from novation.client import CancelRequest, Client, QuoteRequest, Side
from novation.client.models import QuotesAck
from novation.protocol.constants import LABEL_BOUND, MAX_QUOTES


def _parse_quote(value: str) -> tuple[str, str]:
    """Return size and price."""
    size, at, price = value.partition("@")
    if not (size and at and price):
        raise typer.BadParameter(f"{value!r} is no SIZE@PRICE, for instance 0.01@94990.5")
    return size, price


async def _named(client: Client, order_id: int) -> CancelRequest:
    """Return where an order rests."""
    order = await client.order(order_id)
    return CancelRequest(order.side, order.price, order_id)


def quote(  # noqa: PLR0913 - one option per field of the message
    market: Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")],
    key: KeyOption,
    home: HomeOption,
    *,
    bids: Annotated[
        list[str] | None,
        typer.Option("--bid", "-b", metavar="SIZE@PRICE", help="A buy; as often as wanted."),
    ] = None,
    asks: Annotated[
        list[str] | None,
        typer.Option("--ask", "-a", metavar="SIZE@PRICE", help="A sell; as often as wanted."),
    ] = None,
    cancel: Annotated[
        list[int] | None,
        typer.Option(help="The number of an order to cancel; as often as wanted. Others stay."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Do not cancel the orders in the market before.")
    ] = False,
    reject: Annotated[
        bool,
        typer.Option(
            "--reject", help="If one would trade at once, refuse all; else it rests behind."
        ),
    ] = False,
    lifetime_s: Annotated[
        int, typer.Option("--lifetime", min=1, help="Seconds until the orders expire.")
    ] = 86_400,
    guard: Annotated[
        str | None,
        typer.Option(help="Cancel all that you have in the market once so much of it was filled."),
    ] = None,
    label: Annotated[
        int, typer.Option(min=0, max=LABEL_BOUND - 1, help="A number of your own.")
    ] = 0,
) -> None:
    """Quote a market anew, up to 16 orders under one signature: all are placed, or none.

    Your orders in the market are cancelled first; what you quote only rests.

    Examples: `novation quote BTC-USD --bid 0.01@94990 --ask 0.01@95010 --key alice`,
    `novation quote BTC-USD -b 0.02@94980 -a 0.02@95020 --guard 0.03 --key alice`,
    `novation quote BTC-USD -b 0.02@94980 -b 0.02@94970 --keep --reject --key alice`,
    `novation quote BTC-USD -b 0.02@94980 --cancel 17 --cancel 18 --key alice`
    """
    sides = ((Side.BUY, bids or ()), (Side.SELL, asks or ()))
    sized = [(side, *_parse_quote(value)) for side, values in sides for value in values]
    if not 1 <= len(sized) <= MAX_QUOTES:
        raise typer.BadParameter(f"give 1 to {MAX_QUOTES} of --bid and --ask, not {len(sized)}")
    quotes = [QuoteRequest(side, price, size) for side, size, price in sized]
    until_ms = time.time_ns() // 1_000_000 + 1000 * lifetime_s

    async def send(client: Client) -> QuotesAck:
        return await client.mass_quote(
            market,
            quotes,
            expiry_time_ms=until_ms,
            cancels_first=not (keep or cancel),
            slides=not reject,
            label=label,
            guard=guard,
            cancels=[await _named(client, order_id) for order_id in cancel or ()],
        )

    placed = ask_sequencer(home, send, key)
    for request, order_id, price in zip(quotes, placed.order_ids, placed.prices, strict=True):
        console.print(f"order {order_id}: {request.side.name.lower()} {request.size} at {price}")
    console.print(f"cancelled orders: {placed.n_cancelled}, receipt {placed.receipt.sequence}")
