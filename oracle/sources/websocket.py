"""Listens to a venue's stream of JSON messages."""

import asyncio
from typing import Final, Never

import aiohttp

from oracle.clock import Clock
from oracle.config import WebSocketSource
from oracle.sources.feed import Feed, PlacesInDocument

FIRST_RETRY_MS: Final = 200
LONGEST_RETRY_MS: Final = 10_000
FAREWELL_S: Final = 1.0


class WebSocketAdapter:
    """Connects again after a fault, ever more rarely until there is a price."""

    def __init__(
        self, setup: WebSocketSource, feed: Feed, session: aiohttp.ClientSession, clock: Clock
    ) -> None:
        """Connect by `session`."""
        self._setup = setup
        self._places = PlacesInDocument(setup.price, setup.time, setup.time_unit)
        self._feed = feed
        self._session = session
        self._clock = clock

    async def run(self) -> Never:
        """Listen for ever."""
        delay_ms = FIRST_RETRY_MS
        while True:
            n_before = self._feed.health.n_samples
            try:
                await self._listen()
            except TimeoutError:
                self._feed.fail(f"no price within {self._setup.timeout_ms} ms")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                self._feed.fail(f"{type(error).__name__}: {error}")
            if self._feed.health.n_samples > n_before:
                delay_ms = FIRST_RETRY_MS
            await self._clock.sleep_ms(delay_ms)
            delay_ms = min(2 * delay_ms, LONGEST_RETRY_MS)

    async def _listen(self) -> Never:
        limit_s = self._setup.timeout_ms / 1000
        async with asyncio.timeout(limit_s) as patience:
            async with self._session.ws_connect(
                self._setup.url,
                max_msg_size=self._setup.max_bytes,
                compress=0,
                # A venue that does not answer our farewell must not hold us.
                timeout=aiohttp.ClientWSTimeout(ws_close=FAREWELL_S),
            ) as socket:
                if self._setup.subscribe:
                    await socket.send_str(self._setup.subscribe)
                while True:
                    if self._take(await socket.receive()):
                        # Only prices count: heartbeats do not keep a connection that has none.
                        patience.reschedule(asyncio.get_running_loop().time() + limit_s)

    def _take(self, message: aiohttp.WSMessage) -> bool:
        """Return whether a message had a price: answers to a subscription have none."""
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ValueError(f"the connection has ended: {message.type.name} {message.data}")
        received_ms = self._clock.now_ms()
        found = self._places.read(message.data, received_ms)
        if found is None:
            return False
        price, time_ms = found
        self._feed.take(price, time_ms, received_ms)
        return True
