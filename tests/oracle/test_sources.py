"""Adapters against real servers on loopback, which do what venues do on bad days."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from oracle.clock import SystemClock
from oracle.config import HttpSource, ReplaySource, Source, WebSocketSource
from oracle.history import Sample
from oracle.sources.feed import Feed
from oracle.sources.http import HttpAdapter
from oracle.sources.replay import ReplayAdapter, rows
from oracle.sources.websocket import WebSocketAdapter
from tests.oracle.support import config, http_source, underlying
from tests.support.waiting import until

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve one page on loopback; yields host and port."""
    application = web.Application()
    application.router.add_get("/", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def source_of(**changes: Any) -> Source:
    read = config(Path(), underlying("BTC-USD", 1, http_source(**changes)))
    return read.underlyings[0].sources[0]


@asynccontextmanager
async def watching(source: Source) -> AsyncIterator[Feed]:
    """Run an adapter; yields its feed."""
    clock = SystemClock()
    feed = Feed("test", source, 1_000, clock)
    setup = source.adapter
    async with aiohttp.ClientSession() as session:
        adapter: HttpAdapter | WebSocketAdapter | ReplayAdapter
        if isinstance(setup, HttpSource):
            adapter = HttpAdapter(setup, feed, session, clock)
        elif isinstance(setup, WebSocketSource):
            adapter = WebSocketAdapter(setup, feed, session, clock)
        else:
            adapter = ReplayAdapter(setup, feed, clock)
        task = asyncio.create_task(adapter.run())
        try:
            yield feed
        finally:
            task.cancel()
            ended = await asyncio.gather(task, return_exceptions=True)
            assert ended == [None] or isinstance(ended[0], asyncio.CancelledError), ended


def newest(feed: Feed) -> Sample:
    assert feed.history.newest is not None
    return feed.history.newest


def answering(*answers: str | Handler) -> Handler:
    """Return a page that gives one answer after the other, the last one again and again."""
    left = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        now = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(text=now) if isinstance(now, str) else await now(request)

    return answer


async def test_venue_when_it_says_price_and_time_then_both_exact() -> None:
    page = answering('{"data": [{"last": "95000.123456789", "ts": 1700000000123456}]}')
    async with serving(page) as host:
        source = source_of(
            url=f"http://{host}/", price="/data/0/last", time="/data/0/ts", time_unit="us"
        )
        async with watching(source) as feed:
            await until(lambda: feed.health.n_samples >= 2)
            assert newest(feed).price == Fraction("95000.123456789")
            assert newest(feed).time_ms == 1_700_000_000_123


async def test_venue_when_it_says_no_time_then_that_of_the_question() -> None:
    before_ms = SystemClock().now_ms()
    async with (
        serving(answering('{"price": 9.5e4}')) as host,
        watching(source_of(url=f"http://{host}/")) as feed,
    ):
        await until(lambda: feed.health.n_samples)
        sample = newest(feed)
    assert sample.price == 95_000
    assert before_ms <= sample.time_ms <= sample.received_ms <= SystemClock().now_ms()


async def drip(request: web.Request) -> web.StreamResponse:
    """Send a byte now and then, for ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


async def redirect(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


async def refuse(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, text='{"price": 1}')


async def zipped(_request: web.Request) -> web.StreamResponse:
    response = web.Response(text='{"price": 1, "filling": "' + "0" * 10_000_000 + '"}')
    response.enable_compression(web.ContentCoding.gzip)
    return response


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("<html>", "Expecting value"),
        ("[" * 30_000, "nested deeper than 32"),
        ('{"price": NaN}', "NaN is no JSON number"),
        ('{"price": -1}', "'-1' is not a decimal"),
        ('{"price": true}', "price: a bool, not a number"),
        ('{"price": {}}', "price: a dict, not a number"),
        ('{"last": 1}', "no price in the answer"),
        (" " * 70_000, "more than 65536 bytes"),
        (drip, "no answer within 300 ms"),
        (redirect, "status 302, not 200"),
        (refuse, "status 500, not 200"),
        (zipped, "more than 65536 bytes"),
    ],
    # Every worker must find the same names.
    ids=lambda value: getattr(value, "__name__", str(value)[:30]),
)
async def test_venue_when_it_misbehaves_then_a_failure_and_prices_afterwards(
    fault: str | Handler, reason: str
) -> None:
    page = answering('{"price": 1}', fault, '{"price": 2}')
    async with serving(page) as host:
        # Patient on a loaded machine, where the fault is not a time.
        timeout_ms = 300 if fault is drip else 60_000
        async with watching(source_of(url=f"http://{host}/", timeout_ms=timeout_ms)) as feed:
            await until(lambda: feed.history.newest is not None and feed.history.newest.price == 2)
            assert reason in feed.health.last_failure
            assert not feed.health.is_failing


async def test_venue_when_nobody_listens_then_a_failure() -> None:
    async with watching(source_of(url="http://127.0.0.1:1/")) as feed:
        await until(lambda: feed.health.n_failures > 1)
        assert feed.history.newest is None


def socket_source(host: str, **changes: Any) -> Source:
    changes = {"subscribe": "prices please", "timeout_ms": 60_000} | changes
    source = http_source(f"ws://{host}/", kind="websocket", **changes)
    del source["poll_ms"]
    return config(Path(), underlying("BTC-USD", 1, source)).underlyings[0].sources[0]


class Stream:
    """A venue's WebSocket: each connection says what `script` has for it, then does `then`."""

    def __init__(self, *scripts: list[str | bytes], silent_at_end: bool = True) -> None:
        self._scripts = list(scripts)
        self._silent_at_end = silent_at_end
        self.subscriptions: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        self.subscriptions.append(await socket.receive_str())
        is_last = len(self._scripts) == 1
        for message in self._scripts[0] if is_last else self._scripts.pop(0):
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_str(message)
        if is_last or self._silent_at_end:
            await socket.receive()
        return socket


async def test_stream_when_it_speaks_of_other_things_then_only_prices_count() -> None:
    stream = Stream(['{"event": "subscribed"}', '{"price": "1"}', "[]", '{"price": "2.5"}'])
    async with serving(stream.answer) as host, watching(socket_source(host)) as feed:
        await until(lambda: feed.health.n_samples == 2)
        assert newest(feed).price == Fraction(5, 2)
        assert stream.subscriptions == ["prices please"]
        assert feed.health.n_failures == 0


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (["garbage"], "Expecting value"),
        ([b'{"price": 1}'], "the connection has ended: BINARY"),
        (['{"price": "' + "1" * 70_000 + '"}'], "the connection has ended"),
        (['{"price": "x"}'], "'x' is not a decimal"),
        ([], "the connection has ended: CLOSE"),
    ],
    ids=["garbage", "bytes", "large", "no-number", "closed"],
)
async def test_stream_when_it_breaks_then_connected_again(
    script: list[str | bytes], reason: str
) -> None:
    stream = Stream(script, ['{"price": "2"}'], silent_at_end=False)
    async with serving(stream.answer) as host, watching(socket_source(host)) as feed:
        await until(lambda: feed.health.n_samples)
        assert reason in feed.health.last_failure
        assert len(stream.subscriptions) == 2


async def test_stream_when_it_breaks_again_and_again_then_not_given_up() -> None:
    stream = Stream(["garbage"], ["garbage"], ['{"price": "2"}'])
    async with serving(stream.answer) as host, watching(socket_source(host)) as feed:
        await until(lambda: feed.health.n_samples)
        assert feed.health.n_failures == 2


async def test_stream_when_it_only_has_heartbeats_then_connected_again() -> None:
    connections: list[web.WebSocketResponse] = []

    async def beat(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        connections.append(socket)
        while not socket.closed:
            await socket.send_str('{"event": "heartbeat"}')
            with contextlib.suppress(TimeoutError):
                await socket.receive(timeout=0.02)
        return socket

    async with serving(beat) as host, watching(socket_source(host, timeout_ms=200)) as feed:
        await until(lambda: len(connections) > 1)
        assert feed.health.last_failure == "no price within 200 ms"


async def test_stream_when_it_falls_silent_then_connected_again() -> None:
    stream = Stream(['{"price": "1"}'], ['{"price": "2"}'])
    async with (
        serving(stream.answer) as host,
        watching(socket_source(host, timeout_ms=200)) as feed,
    ):
        await until(lambda: feed.history.newest is not None and feed.history.newest.price == 2)
        assert feed.health.last_failure == "no price within 200 ms"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prices.csv", "time_ms,price\n0,1.5\n20,2.5\n"),
        ("prices.jsonl", '{"time_ms": 0, "price": "1.5"}\n{"price": 2.5, "time_ms": 20}\n'),
    ],
)
async def test_file_when_replayed_then_each_price_at_its_time(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    source = Source("file", 1, 3_000, ReplaySource(tmp_path / name, is_relative=True))
    start_ms = SystemClock().now_ms()
    async with watching(source) as feed:
        await until(lambda: feed.health.n_failures)
        assert feed.health.n_samples == 2
        assert newest(feed).price == Fraction(5, 2)
        assert newest(feed).time_ms >= start_ms + 20
        assert "no price after the last line" in feed.health.last_failure


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "time,price\n", "line 1: the header must be time_ms,price"),
        ("a.csv", "", "line 1: the header"),
        ("a.csv", "time_ms,price\n1,2,3\n", "line 2: 3 columns, not 2"),
        ("a.csv", "time_ms,price\n5,1\n5,1\n", "line 3: time 5 is not after 5"),
        ("a.csv", "time_ms,price\n-5,1\n", "line 2: time '-5' is not in milliseconds"),
        ("a.csv", 'time_ms,price\n"5,1\n', "line 2: unexpected end of data"),
        ("a.jsonl", "[]\n", "line 1: wanted is an object with time_ms, price"),
        ("a.jsonl", '{"time_ms": 1, "price": 1, "x": 1}\n', "line 1: wanted is an object"),
        ("a.jsonl", '{"time_ms": 1, "price": null}\n', "'None' is not a decimal"),
        ("a.txt", "", "suffix '.txt' is neither .csv nor .jsonl"),
    ],
)
def test_file_when_it_is_wrong_then_refused_by_line(
    tmp_path: Path, name: str, content: str, reason: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared below
        list(rows(ReplaySource(tmp_path / name, is_relative=True)))
    assert reason in str(caught.value)
