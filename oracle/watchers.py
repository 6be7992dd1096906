"""The adapters that run: one task for each source, kept as long as the configuration has it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from oracle.clock import Clock
from oracle.config import HttpSource, Source, UnderlyingSetup, WebSocketSource
from oracle.observer import WatchedUnderlying
from oracle.sources.feed import Feed
from oracle.sources.http import HttpAdapter
from oracle.sources.replay import ReplayAdapter
from oracle.sources.websocket import WebSocketAdapter

Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


@dataclass(frozen=True, slots=True)
class _Key:
    """What a feed depends on: while all of this stays, so does its history."""

    symbol: str
    frozen_ms: int
    source: Source


class Watchers:
    """Feeds and their tasks; `update` starts and stops what a configuration changes."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, start: Start) -> None:
        """Ask by `session`; `start` makes a task whose end somebody notices."""
        self._session = session
        self._clock = clock
        self._start = start
        self._running: dict[_Key, tuple[Feed, asyncio.Task[None]]] = {}

    def update(self, setups: Sequence[UnderlyingSetup]) -> list[WatchedUnderlying]:
        """Watch these underlyings from now on, and no others."""
        before, self._running = self._running, {}
        watched = []
        for setup in setups:
            keys = [_Key(setup.symbol, setup.frozen_ms, source) for source in setup.sources]
            for key in keys:
                self._running[key] = before.pop(key) if key in before else self._watch(key)
            watched.append(WatchedUnderlying(setup, [self._running[key][0] for key in keys]))
        for _feed, task in before.values():
            task.cancel()
        return watched

    def _watch(self, key: _Key) -> tuple[Feed, asyncio.Task[None]]:
        label = f"{key.symbol} {key.source.name}"
        feed = Feed(label, key.source, key.frozen_ms, self._clock)
        return feed, self._start(self._adapter(feed).run())

    def _adapter(self, feed: Feed) -> HttpAdapter | WebSocketAdapter | ReplayAdapter:
        setup = feed.source.adapter
        if isinstance(setup, HttpSource):
            return HttpAdapter(setup, feed, self._session, self._clock)
        if isinstance(setup, WebSocketSource):
            return WebSocketAdapter(setup, feed, self._session, self._clock)
        return ReplayAdapter(setup, feed, self._clock)
