"""A TCP relay between client and node that can fall silent, or cut connections."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """Relays bytes; `frozen` keeps them back without closing anything."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.n_connections = 0
        # The chance that what the node sends is lost together with the connection.
        self.loss = 0.0
        self._rng = random.Random(3)

    def freeze(self) -> None:
        """Pass nothing on any more, in both directions, on new connections too."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Pass on what was kept back, and what comes."""
        self._thawed.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until one side closes it."""
        self.n_connections += 1
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers |= {writer, up_writer}
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(
                    self._pipe(reader, up_writer), self._pipe(up_reader, writer, may_lose=True)
                )
        finally:
            for end in (writer, up_writer):
                end.close()
                self._writers.discard(end)

    async def _pipe(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        may_lose: bool = False,
    ) -> None:
        while data := await reader.read(65_536):
            await self._thawed.wait()
            if may_lose and self._rng.random() < self.loss:
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError


@asynccontextmanager
async def proxied(target: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Relay to a node; yield the relay and where it listens."""
    proxy = Proxy(int(target.rsplit(":", 1)[1]))
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    try:
        yield proxy, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        proxy.thaw()
        for writer in list(proxy._writers):
            writer.close()
