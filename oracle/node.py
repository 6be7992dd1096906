"""One oracle node: at every multiple of its interval it looks, signs, keeps, and hands over."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import aiohttp

from novation.client import LocalSigner
from novation.protocol.transactions import OracleReport
from oracle.archive import MinuteArchive
from oracle.clock import Clock, SystemClock, sleep_until
from oracle.config import MINUTE_MS
from oracle.config_file import ConfigFile
from oracle.durable import locked_folder
from oracle.errors import OracleError
from oracle.key_file import read_key
from oracle.observer import Observer
from oracle.server import StatusServer
from oracle.signed_state import Seat, SignedState
from oracle.status import status_json
from oracle.submitter import Submitter, WrongExchangeError, refuse_other_order
from oracle.watchers import Watchers

logger = logging.getLogger(__name__)

ARCHIVE_NAME: Final = "minutes.jsonl"
STATE_NAME: Final = "signed.json"
# How often a node looks whether its configuration has changed.
FOLLOW_MS: Final = 500


@dataclass(slots=True)
class Progress:
    """What the node has done last."""

    last_report: OracleReport | None = None
    silence: str = "starting"
    absences: tuple[str, ...] = ()
    n_reports: int = 0
    n_missed: int = 0


class OracleNode:
    """Signs with one key; sources, exchange and readers may fail without stopping it."""

    def __init__(
        self,
        file: ConfigFile,
        signer: LocalSigner,
        memory: tuple[MinuteArchive, SignedState],
        clock: Clock,
    ) -> None:
        """Go on after what the archive and the state file remember."""
        self._file = file
        self._config = file.config
        self._signer = signer
        self._archive, self._state = memory
        self._clock = clock
        self._observer = Observer()
        self._submitter = Submitter(self._config, signer, clock)
        self._progress = Progress()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] | None = None
        self.port = 0
        identity: dict[str, object] = {
            "public_key": hex(signer.public_key),
            "config_hash": hex(self._config.exchange.config_hash),
        }
        self._server = StatusServer(self._archive, identity, self._status)

    async def run(self, stop_requested: asyncio.Event) -> None:
        """Serve at `port` and report until asked to stop.

        Raises:
            OracleError: if the address cannot be listened on.
        """
        self._failure = asyncio.get_running_loop().create_future()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._server.stop)
            await self._listen()
            session = await stack.enter_async_context(_session())
            stack.push_async_callback(self._end_tasks)
            watchers = Watchers(session, self._clock, self._start)
            self._observer.underlyings = watchers.update(self._config.underlyings)
            loops = [
                self._start(work)
                for work in (
                    self._submitter.run(),
                    self._report_for_ever(),
                    self._follow_file(watchers),
                    _wait(stop_requested),
                )
            ]
            await asyncio.wait((*loops, self._failure), return_when=asyncio.FIRST_COMPLETED)
            if self._failure.done():
                self._failure.result()

    async def _listen(self) -> None:
        host, port = self._config.listen_host, self._config.listen_port
        try:
            self.port = await self._server.start(host, port)
        except OSError as error:
            raise OracleError(f"listen: cannot use {host}:{port}: {error.strerror}") from error
        logger.info("serving %s:%d with key %#x", host, self.port, self._signer.public_key)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)
        return task

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """Forget a task that has ended; a fault of ours in it ends the node."""
        self._tasks.discard(task)
        assert self._failure is not None
        if not task.cancelled() and task.exception() is not None and not self._failure.done():
            self._failure.set_exception(task.exception() or AssertionError("unreachable"))

    async def _end_tasks(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow_file(self, watchers: Watchers) -> None:
        """Take over underlyings that the operator adds, without a gap for the others."""
        while True:
            await self._clock.sleep_ms(FOLLOW_MS)
            if self._file.has_changed():
                self._config = self._submitter.config = self._file.config
                self._observer.underlyings = watchers.update(self._config.underlyings)
                symbols = ", ".join(setup.symbol for setup in self._config.underlyings)
                logger.info("configuration taken: %s", symbols)

    async def _report_for_ever(self) -> None:
        interval_ms = self._config.interval_ms
        last_ms = self._clock.now_ms() // interval_ms * interval_ms
        while True:
            await sleep_until(self._clock, last_ms + interval_ms)
            # Late by more than an interval, or put back: that is the past, which nobody saw.
            time_ms = self._clock.now_ms() // interval_ms * interval_ms
            self._progress.n_missed += max(0, (time_ms - last_ms) // interval_ms - 1)
            last_ms = time_ms
            self._report(time_ms)

    def _report(self, time_ms: int) -> None:
        """Make the report of a time, unless there cannot be one."""
        seat = self._submitter.seat or self._state.seat
        if seat is None:
            self._be_silent(self._submitter.delivery.last_failure)
            return
        try:
            # The operator may have changed the order since: then one price stands for another.
            refuse_other_order(self._config, seat.listed)
        except WrongExchangeError as error:
            self._be_silent(str(error))
            return
        if time_ms <= max(self._state.last_ms, self._archive.newest_ms):
            self._be_silent(f"{time_ms} is not after the last signed time")
        else:
            seen = self._observer.look(time_ms, len(seat.listed))
            if any(seen.prices_x16):
                self._publish(self._sign(seat, time_ms, seen.prices_x16), seat)
                self._note_absences(seen.absences)
            else:
                self._be_silent("; ".join(seen.absences))

    def _sign(self, seat: Seat, time_ms: int, prices_x16: tuple[int, ...]) -> OracleReport:
        report = OracleReport(seat.signer_index, time_ms, prices_x16)
        message_hash = report.message_hash(self._config.exchange)
        return replace(report, signature=self._signer.sign(message_hash))

    def _publish(self, report: OracleReport, seat: Seat) -> None:
        """Remember the report durably, then let it out."""
        try:
            if report.time_ms % MINUTE_MS == 0:
                # The archive remembers the time as well: a crash in between loses neither.
                self._archive.append(report)
            self._state.note(report.time_ms, seat)
        except OSError as error:
            folder = self._config.data_path
            raise OracleError(f"data_folder: cannot write into {folder}: {error}") from error
        self._submitter.offer(report)
        if self._progress.silence:
            logger.info("reporting %s", report.prices_x16)
        self._progress.last_report, self._progress.silence = report, ""
        self._progress.n_reports += 1

    def _note_absences(self, absences: tuple[str, ...]) -> None:
        """Say which underlyings a report has no price of."""
        if absences and absences != self._progress.absences:
            logger.warning("without a price: %s", "; ".join(absences))
        self._progress.absences = absences

    def _be_silent(self, reason: str) -> None:
        if reason != self._progress.silence:
            logger.warning("silent: %s", reason)
        self._progress.silence = reason

    def _status(self) -> dict[str, object]:
        progress = self._progress
        return {
            "time_ms": self._clock.now_ms(),
            "silence": progress.silence,
            "absences": list(progress.absences),
            "n_reports": progress.n_reports,
            "n_missed": progress.n_missed,
            **status_json(self._observer, self._submitter, self._archive, progress.last_report),
        }


async def run_node(path: Path, stop_requested: asyncio.Event, clock: Clock | None = None) -> None:
    """Run a node with a configuration file until asked to stop.

    `clock`: by default the machine's.

    Raises:
        OracleError: if a file or address of the configuration does not do.
    """
    file = ConfigFile(path)
    signer, data_path = read_key(file.config.key_path), file.config.data_path
    with locked_folder(data_path), MinuteArchive(data_path / ARCHIVE_NAME) as archive:
        state = SignedState(data_path / STATE_NAME)
        await OracleNode(file, signer, (archive, state), clock or SystemClock()).run(stop_requested)


def _session() -> aiohttp.ClientSession:
    # Each source has a connection of its own, so that none waits for another's.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
    )


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
