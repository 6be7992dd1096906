"""`novation order`, `replace`, `cancel`, `stop`, `bracket`, `cancel-timer`: what a trader does."""

import enum
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from devnet.commands.options import HomeOption, KeyOption
from devnet.connection import ask_sequencer
from devnet.console import console
from devnet.home import Home
from novation.client import Client, SelfTradeMode, SelfTradeScope, Side, TimeInForce
from novation.client.client import DEFAULT_SLIPPAGE_PPM
from novation.client.orders import DEFAULT_VALIDITY_MS
from novation.client.trigger_models import TriggerAck
from novation.protocol.constants import LABEL_BOUND, MAX_VALIDITY_MS, PPM_ONE, RATE_BOUND

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
    FOK = "fok"
    SLIDE = "slide"


class SelfTradeName(enum.StrEnum):
    """What happens instead of a trade with oneself."""

    CANCEL_RESTING = "cancel-resting"
    CANCEL_TAKING = "cancel-taking"
    CANCEL_BOTH = "cancel-both"
    DECREMENT = "decrement"


DIRECTIONS = {SideName.BUY: Side.BUY, SideName.SELL: Side.SELL}
TIMES_IN_FORCE = {
    TimeInForceName.GTC: TimeInForce.GTC,
    TimeInForceName.IOC: TimeInForce.IOC,
    TimeInForceName.POST_ONLY: TimeInForce.POST_ONLY,
    TimeInForceName.FOK: TimeInForce.FOK,
    TimeInForceName.SLIDE: TimeInForce.POST_ONLY_SLIDE,
}
SELF_TRADE_MODES = {
    SelfTradeName.CANCEL_RESTING: SelfTradeMode.CANCEL_RESTING,
    SelfTradeName.CANCEL_TAKING: SelfTradeMode.CANCEL_TAKING,
    SelfTradeName.CANCEL_BOTH: SelfTradeMode.CANCEL_BOTH,
    SelfTradeName.DECREMENT: SelfTradeMode.DECREMENT,
}
# Instead of a price.
MARKET_ORDER = "market"


def order(  # noqa: PLR0913 - one option per field of an order
    market: Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")],
    side: Annotated[SideName, typer.Argument(help="buy or sell")],
    size: Annotated[str, typer.Argument(help="In the base asset, on the lot grid.")],
    price: Annotated[
        str, typer.Argument(help="In USD, on the tick grid; or `market`: the best there is, now.")
    ],
    key: KeyOption,
    home: HomeOption,
    *,
    time_in_force: Annotated[
        TimeInForceName | None,
        typer.Option("--time-in-force", "-t", help="What happens to the rest; gtc by default."),
    ] = None,
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
    slippage_ppm: Annotated[
        int,
        typer.Option(
            min=0,
            max=PPM_ONE - 1,
            help="With price `market`: how much worse than the mark price, in millionths.",
        ),
    ] = DEFAULT_SLIPPAGE_PPM,
    self_trade: Annotated[
        SelfTradeName, typer.Option(help="What happens instead of a trade with yourself.")
    ] = SelfTradeName.CANCEL_RESTING,
    spare_owner: Annotated[
        bool,
        typer.Option("--spare-owner", help="Yourself: every account of your L1 address."),
    ] = False,
    label: Annotated[
        int, typer.Option(min=0, max=LABEL_BOUND - 1, help="A number of your own.")
    ] = 0,
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
    """Place a signed order.

    Examples: `novation order BTC-USD buy 0.01 95000 --key alice`,
    `novation order BTC-USD buy 0.01 market --key alice`,
    `novation order ETH-USD sell 1 3400.5 --key bob -t ioc --reduce-only`
    """
    if price == MARKET_ORDER and time_in_force is not None:
        raise typer.BadParameter("--time-in-force: a market order is ioc")

    async def place(client: Client) -> None:
        fields: dict[str, Any] = {
            "size": size,
            "reduce_only": reduce_only,
            "expiry_time_ms": time.time_ns() // 1_000_000 + 1000 * lifetime_s,
            "max_fee_ppm": max_fee_ppm,
            "self_trade_mode": SELF_TRADE_MODES[self_trade],
            "self_trade_scope": SelfTradeScope.OWNER if spare_owner else SelfTradeScope.ACCOUNT,
            "label": label,
        }
        direction = DIRECTIONS[side]
        if price == MARKET_ORDER:
            acknowledgement = await client.place_market_order(
                market, direction, slippage_ppm=slippage_ppm, **fields
            )
        else:
            force = TIMES_IN_FORCE[time_in_force or TimeInForceName.GTC]
            acknowledgement = await client.place_order(
                market, direction, price=price, time_in_force=force, **fields
            )
        console.print(
            f"order {acknowledgement.order_id}: {acknowledgement.result.name.lower()}, "
            f"filled {acknowledgement.filled}, resting {acknowledgement.resting}"
            f"{' at ' + str(acknowledgement.price) if acknowledgement.resting else ''}, "
            f"receipt {acknowledgement.receipt.sequence}"
        )
        for fill in acknowledgement.fills:
            console.print(f"  {fill.size} at {fill.price} USD, fee {fill.fee} USD")

    ask_sequencer(home, place, key, 1000 * validity_s)


def replace(
    order_id: Annotated[int, typer.Argument(min=1, help="Number of a resting order.")],
    key: KeyOption,
    home: HomeOption,
    *,
    size: Annotated[
        str | None, typer.Option("--size", "-s", help="What may still be filled of it.")
    ] = None,
    price: Annotated[str | None, typer.Option("--price", "-p", help="In USD.")] = None,
) -> None:
    """Change size or price of a resting order: both of the old and the new one, or nothing.

    An order that only shrinks keeps its number and its place.

    Example: `novation replace 17 --price 94900 --key alice`
    """
    if size is None and price is None:
        raise typer.BadParameter("give --size or --price, or both")
    replaced = ask_sequencer(
        home, lambda client: client.replace_order(order_id, price=price, size=size), key
    )
    console.print(
        f"order {order_id}: {replaced.result.name.lower()}, now order {replaced.order_id}, "
        f"filled {replaced.filled}, resting {replaced.resting}, receipt {replaced.receipt.sequence}"
    )


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


EndsOthersOption = Annotated[
    bool,
    typer.Option(
        "--ends-others",
        help="Once it has closed the position, cancel all your other orders in the market.",
    ),
]


def _place_exit(
    place: Callable[..., Awaitable[TriggerAck]],
    market: str,
    side: SideName,
    fields: dict[str, Any],
    sender: tuple[Home, str],
) -> None:
    home, key = sender
    direction = DIRECTIONS[side]
    dormant = ask_sequencer(home, lambda client: place(client, market, direction, **fields), key)
    console.print(
        f"order {dormant.order_id}: dormant until the mark price reaches "
        f"{fields['trigger_price']}, receipt {dormant.receipt.sequence}"
    )


def stop(  # noqa: PLR0913 - one argument per field of an order
    market: Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")],
    side: Annotated[SideName, typer.Argument(help="sell ends a long position, buy a short one")],
    size: Annotated[str, typer.Argument(help="At most; it only makes the position smaller.")],
    trigger_price: Annotated[str, typer.Argument(help="Mark price in USD, against the position.")],
    key: KeyOption,
    home: HomeOption,
    *,
    price: Annotated[
        str | None, typer.Option("--price", "-p", help="Limit of the order; by default the market.")
    ] = None,
    ends_others: EndsOthersOption = False,
) -> None:
    """End a position when the mark price goes against it.

    Examples: `novation stop BTC-USD sell 0.01 90000 --key alice`,
    `novation stop BTC-USD sell 0.01 90000 --price 89900 --key alice`
    """
    fields: dict[str, Any] = {"size": size, "trigger_price": trigger_price, "price": price}
    fields |= {"ends_others": ends_others}
    _place_exit(Client.place_stop, market, side, fields, (home, key))


def take_profit(  # noqa: PLR0913 - one argument per field of an order
    market: Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")],
    side: Annotated[SideName, typer.Argument(help="sell ends a long position, buy a short one")],
    size: Annotated[str, typer.Argument(help="At most; it only makes the position smaller.")],
    trigger_price: Annotated[str, typer.Argument(help="Mark price in USD, the position's way.")],
    key: KeyOption,
    home: HomeOption,
    *,
    price: Annotated[
        str | None, typer.Option("--price", "-p", help="Limit of the order; by default the market.")
    ] = None,
    ends_others: EndsOthersOption = False,
) -> None:
    """End a position when the mark price has gone its way.

    Example: `novation take-profit BTC-USD sell 0.01 99000 --key alice`
    """
    fields: dict[str, Any] = {"size": size, "trigger_price": trigger_price, "price": price}
    fields |= {"ends_others": ends_others}
    _place_exit(Client.place_take_profit, market, side, fields, (home, key))


def bracket(  # noqa: PLR0913, PLR0917 - one argument per field of an order
    market: Annotated[str, typer.Argument(help="Symbol, for instance BTC-USD.")],
    side: Annotated[SideName, typer.Argument(help="buy or sell")],
    size: Annotated[str, typer.Argument(help="In the base asset.")],
    price: Annotated[str, typer.Argument(help="Limit in USD.")],
    stop_price: Annotated[str, typer.Argument(help="Mark price in USD at which a loss ends.")],
    profit_price: Annotated[str, typer.Argument(help="Mark price in USD at which a profit ends.")],
    key: KeyOption,
    home: HomeOption,
) -> None:
    """Place an order with a stop and a take-profit.

    Example: `novation bracket BTC-USD buy 0.01 94000 90000 99000 --key alice`
    """
    direction = DIRECTIONS[side]
    fields: dict[str, Any] = {"size": size, "price": price}
    fields |= {"stop_price": stop_price, "profit_price": profit_price}
    placed = ask_sequencer(
        home, lambda client: client.place_bracket(market, direction, **fields), key
    )
    order = placed.order
    console.print(
        f"order {order.order_id}: filled {order.filled}, resting {order.resting}, "
        f"stop {placed.stop_order_id}, take-profit {placed.profit_order_id}, "
        f"receipt {order.receipt.sequence}"
    )
