"""Venues that do not exist, for devnets and tests, with faults that can be switched on.

    python -m devnet.simulated_venue --listen 127.0.0.1:8900 --prices build/devnet/prices.json
    curl -X POST 127.0.0.1:8900/kraken/fault/lying

One process plays as many venues as are asked for: each name is one, and sees the market a little
differently. `/NAME/price/SYMBOL` answers with JSON, `/NAME/stream/SYMBOL` is a WebSocket.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from devnet.price_paths import PPM, FileMarket, SeededMarket, draw
from devnet.prices import decimal_text
from devnet.shared_clock import SharedClock

if TYPE_CHECKING:
    from devnet.price_paths import Market

# Venues see slightly different markets: the largest deviation of one from the common price.
MAX_DEVIATION_PPM: Final = 50
LAG_MS: Final = 15_000
LIE_PPM: Final = 300_000
FLAP_MS: Final = 1_000
STREAM_MS: Final = 500
DRIP_S: Final = 0.2
HEARTBEAT_S: Final = 5.0
GARBAGE: Final = '{"price": "95\x00, <html>'


class Fault(StrEnum):
    """What a venue may do wrong."""

    NONE = "none"
    SILENT = "silent"
    LAGGING = "lagging"
    LYING = "lying"
    FLAPPING = "flapping"
    FROZEN = "frozen"
    GARBAGE = "garbage"
    SLOW = "slow"


@dataclass(slots=True)
class Venue:
    """One venue; a fault holds from `since_ms` on."""

    name: str
    market: Market
    fault: Fault = Fault.NONE
    since_ms: int = 0

    def document(self, symbol: str, now_ms: int) -> str:
        """Return what the venue says of a price."""
        if self.fault is Fault.GARBAGE:
            return GARBAGE
        seen_ms = now_ms
        if self.fault is Fault.LAGGING:
            seen_ms -= LAG_MS
        if self.fault is Fault.FROZEN:
            seen_ms = self.since_ms
        price = self._price(symbol, seen_ms) * (PPM + self._lie_ppm(now_ms)) / PPM
        # A frozen venue still puts today's date on its price; one that lags says of when it is.
        said_ms = now_ms if self.fault is Fault.FROZEN else seen_ms
        return json.dumps({"symbol": symbol, "price": decimal_text(price), "time_ms": said_ms})

    def _price(self, symbol: str, time_ms: int) -> Fraction:
        deviation = draw(f"{self.name}/{time_ms // 1000}/{symbol}", MAX_DEVIATION_PPM)
        return self.market.price(symbol, time_ms) * (PPM + deviation) / PPM

    def _lie_ppm(self, now_ms: int) -> int:
        is_lying = self.fault is Fault.LYING
        if self.fault is Fault.FLAPPING:
            is_lying = (now_ms - self.since_ms) // FLAP_MS % 2 == 0
        return LIE_PPM if is_lying else 0


class VenueServer:
    """Serves all venues; one that nobody has asked for yet has no fault."""

    def __init__(self, market: Market, clock: SharedClock) -> None:
        """Let every venue look at one market."""
        self._market = market
        self._clock = clock
        self._venues: dict[str, Venue] = {}
        self.application = web.Application()
        self.application.router.add_get("/{venue}/price/{symbol}", self._price)
        self.application.router.add_get("/{venue}/stream/{symbol}", self._stream)
        self.application.router.add_post("/{venue}/fault/{fault}", self._set_fault)

    def venue(self, name: str) -> Venue:
        """Return a venue by its name."""
        return self._venues.setdefault(name, Venue(name, self._market))

    async def _price(self, request: web.Request) -> web.StreamResponse:
        venue = self.venue(request.match_info["venue"])
        if venue.fault is Fault.SLOW:
            return await _drip(request)
        while venue.fault is Fault.SILENT and request.transport is not None:  # noqa: ASYNC110 - the other side may go, too
            await asyncio.sleep(DRIP_S)
        try:
            document = venue.document(request.match_info["symbol"], self._clock.now_ms())
        except (ValueError, OSError) as error:
            return web.json_response({"error": str(error)}, status=404)
        return web.Response(text=document, content_type="application/json")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        venue, symbol = self.venue(request.match_info["venue"]), request.match_info["symbol"]
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S)
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                if venue.fault not in (Fault.SILENT, Fault.SLOW):
                    with contextlib.suppress(ValueError, OSError):
                        await socket.send_str(venue.document(symbol, self._clock.now_ms()))
                # Listening is how it notices that the other side has gone.
                with contextlib.suppress(TimeoutError):
                    await socket.receive(timeout=STREAM_MS / 1000)
        return socket

    async def _set_fault(self, request: web.Request) -> web.Response:
        name = request.match_info["fault"]
        if name not in list(Fault):
            raise web.HTTPBadRequest(text=f"fault: {name!r} is none of {', '.join(Fault)}")
        venue = self.venue(request.match_info["venue"])
        venue.fault, venue.since_ms = Fault(name), self._clock.now_ms()
        return web.Response(text=f"{venue.name}: {venue.fault}\n")


async def _drip(request: web.Request) -> web.StreamResponse:
    """Answer a byte at a time, until the other side has had enough."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await asyncio.sleep(DRIP_S)
    return response


async def serve(server: VenueServer, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; print the port that was taken."""
    stop_requested = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    runner = web.AppRunner(server.application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        print(runner.addresses[0][1], flush=True)  # noqa: T201 - for whoever asked for any port
        await stop_requested.wait()
    finally:
        await runner.cleanup()


def parse_start(text: str) -> tuple[str, Fraction]:
    """Read `BTC-USD=95000`."""
    symbol, _, price = text.partition("=")
    return symbol, Fraction(price)


def main() -> None:
    """Serve simulated venues until the process is ended."""
    parser = argparse.ArgumentParser(
        prog="devnet.simulated_venue",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--prices", type=Path, metavar="FILE", help="a devnet's prices.json")
    parser.add_argument("--clock", type=Path, metavar="FILE", help="of a devnet that is ahead")
    parser.add_argument("--seed", type=int, default=1, help="of the path, where there is no file")
    parser.add_argument(
        "--start", action="append", type=parse_start, default=[], metavar="SYMBOL=PRICE"
    )
    arguments = parser.parse_args()
    market: Market
    if arguments.prices is not None:
        market = FileMarket(arguments.prices)
    else:
        market = SeededMarket(arguments.seed, dict(arguments.start))
    host, _, port = arguments.listen.rpartition(":")
    server = VenueServer(market, SharedClock(arguments.clock))
    asyncio.run(serve(server, host, int(port)))


if __name__ == "__main__":
    main()
