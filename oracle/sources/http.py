"""Asks a venue for a JSON document again and again."""

import asyncio

import aiohttp

from oracle.clock import Clock
from oracle.config import HttpSource
from oracle.sources.feed import Feed, PlacesInDocument

OK = 200


class HttpAdapter:
    """One request at a time; a venue that does not answer in time has said nothing."""

    def __init__(
        self, setup: HttpSource, feed: Feed, session: aiohttp.ClientSession, clock: Clock
    ) -> None:
        """Ask by `session`."""
        self._setup = setup
        self._places = PlacesInDocument(setup.price, setup.time, setup.time_unit)
        self._feed = feed
        self._session = session
        self._clock = clock

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            asked_ms = self._clock.now_ms()
            try:
                # Over the whole answer: a venue that sends a byte a second must not hold us.
                async with asyncio.timeout(self._setup.timeout_ms / 1000):
                    content = await self._ask()
                self._take(content, asked_ms)
            except TimeoutError:
                self._feed.fail(f"no answer within {self._setup.timeout_ms} ms")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                self._feed.fail(f"{type(error).__name__}: {error}")
            passed_ms = self._clock.now_ms() - asked_ms
            await self._clock.sleep_ms(min(self._setup.poll_ms, self._setup.poll_ms - passed_ms))

    async def _ask(self) -> bytes:
        # Redirects lead where the operator has not looked, compression to more than was sent.
        async with self._session.get(
            self._setup.url,
            allow_redirects=False,
            headers={"Accept-Encoding": "identity"},
        ) as response:
            if response.status != OK:
                raise ValueError(f"status {response.status}, not {OK}")
            content = b""
            async for chunk in response.content.iter_any():
                content += chunk
                if len(content) > self._setup.max_bytes:
                    raise ValueError(f"more than {self._setup.max_bytes} bytes")
            return content

    def _take(self, content: bytes, asked_ms: int) -> None:
        found = self._places.read(content, asked_ms)
        if found is None:
            raise ValueError("no price in the answer")
        price, time_ms = found
        self._feed.take(price, time_ms, self._clock.now_ms())
