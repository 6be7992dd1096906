"""What a node shows: the reports of full minutes, and how it and its sources are doing."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from oracle.archive import MinuteArchive
from oracle.config import MINUTE_MS
from oracle.records import report_json

MAX_DIGITS: Final = 15
SHUTDOWN_S: Final = 1.0


class StatusServer:
    """`GET /minute/<time_ms>` and `GET /status`; both answer with JSON."""

    def __init__(
        self,
        archive: MinuteArchive,
        identity: dict[str, object],
        status: Callable[[], dict[str, object]],
    ) -> None:
        """Add `identity`, which says what a report's signature is over, to each report."""
        self._archive = archive
        self._identity = identity
        self._status = status
        # A request has no body, and no business to be long.
        application = web.Application(client_max_size=1_024)
        application.router.add_get("/minute/{time_ms}", self._minute)
        application.router.add_get("/status", self._show_status)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=SHUTDOWN_S, keepalive_timeout=5.0
        )

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port; OSError if the address cannot be listened on."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """End all connections."""
        await self._runner.cleanup()

    async def _minute(self, request: web.Request) -> web.Response:
        text = request.match_info["time_ms"]
        if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
            return _fault(400, f"time_ms: {text[:MAX_DIGITS]!r} is no time in milliseconds")
        time_ms = int(text)
        if time_ms % MINUTE_MS:
            return _fault(400, f"time_ms: {time_ms} is no full minute, a multiple of {MINUTE_MS}")
        report = self._archive.find(time_ms)
        if report is None:
            return _fault(404, f"time_ms: no report of {time_ms}")
        return web.json_response({**self._identity, **report_json(report)})

    async def _show_status(self, _request: web.Request) -> web.Response:
        return web.json_response({**self._identity, **self._status()})


def _fault(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
