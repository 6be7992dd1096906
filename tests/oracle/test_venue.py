"""Simulated venues: the same seed draws the same path, and each fault is what its name says."""

import asyncio
import itertools
import json
from fractions import Fraction
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from devnet.price_paths import PPM, FileMarket, SeededMarket
from devnet.prices import set_prices
from devnet.shared_clock import SharedClock
from devnet.simulated_venue import (
    FLAP_MS,
    LAG_MS,
    LIE_PPM,
    MAX_DEVIATION_PPM,
    Fault,
    Venue,
    VenueServer,
)

NOW_MS = 1_700_000_000_000
START = {"BTC-USD": Fraction(95_000)}


def test_path_when_drawn_again_then_the_same_and_without_jumps() -> None:
    one, again, other = SeededMarket(1, START), SeededMarket(1, START), SeededMarket(2, START)
    path = [one.price("BTC-USD", NOW_MS + 100 * step) for step in range(3_000)]
    assert path == [again.price("BTC-USD", NOW_MS + 100 * step) for step in range(3_000)]
    assert path[0] != other.price("BTC-USD", NOW_MS)
    # 450 ppm a second at most.
    assert all(
        abs(after - before) * PPM <= 50 * before for before, after in itertools.pairwise(path)
    )
    assert max(path) * PPM > min(path) * (PPM + 1_000)
    with pytest.raises(ValueError, match="no price of X"):
        one.price("X", NOW_MS)


def test_file_when_it_changes_then_the_venue_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    set_prices(path, {"BTC-USD": "95000"})
    market = FileMarket(path)
    assert market.price("BTC-USD", 0) == 95_000
    set_prices(path, {"BTC-USD": "96000.5", "ETH-USD": "1"})
    assert market.price("BTC-USD", 0) == Fraction("96000.5")
    with pytest.raises(ValueError, match="no price of X"):
        market.price("X", 0)


def said(venue: Venue, now_ms: int) -> tuple[Fraction, int]:
    document = json.loads(venue.document("BTC-USD", now_ms))
    return Fraction(document["price"]), document["time_ms"]


def is_close(price: Fraction, truth: Fraction) -> bool:
    return abs(price - truth) * PPM <= truth * MAX_DEVIATION_PPM


def test_venue_when_it_has_a_fault_then_it_says_what_the_fault_means() -> None:
    market = SeededMarket(1, START)
    later_ms = NOW_MS + 60_000

    def truth(time_ms: int) -> Fraction:
        return market.price("BTC-USD", time_ms)

    price, time_ms = said(Venue("a", market), NOW_MS)
    assert is_close(price, truth(NOW_MS))
    assert time_ms == NOW_MS
    assert price != said(Venue("b", market), NOW_MS)[0]
    price, time_ms = said(Venue("a", market, Fault.LAGGING, NOW_MS), later_ms)
    assert is_close(price, truth(later_ms - LAG_MS))
    assert time_ms == later_ms - LAG_MS
    frozen = Venue("a", market, Fault.FROZEN, NOW_MS)
    assert said(frozen, later_ms)[0] == said(frozen, NOW_MS)[0]
    assert said(frozen, later_ms)[1] == later_ms
    lie = Fraction(PPM + LIE_PPM, PPM)
    assert is_close(said(Venue("a", market, Fault.LYING), NOW_MS)[0] / lie, truth(NOW_MS))
    flapping = Venue("a", market, Fault.FLAPPING, NOW_MS)
    assert is_close(said(flapping, NOW_MS)[0] / lie, truth(NOW_MS))
    assert is_close(said(flapping, NOW_MS + FLAP_MS)[0], truth(NOW_MS + FLAP_MS))
    with pytest.raises(ValueError, match="control character"):
        said(Venue("a", market, Fault.GARBAGE), NOW_MS)


async def test_server_when_faults_are_switched_then_each_venue_has_its_own() -> None:
    server = VenueServer(SeededMarket(1, START), SharedClock(None))
    runner = web.AppRunner(server.application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as session:

            async def ask(path: str) -> int:
                async with session.get(base + path) as response:
                    await response.json()
                    return response.status

            async def change(path: str) -> int:
                async with session.post(base + path) as response:
                    return response.status

            assert await ask("/a/price/BTC-USD") == 200
            assert await ask("/a/price/X") == 404
            assert await change("/a/fault/silent") == 200
            assert await change("/a/fault/nonsense") == 400
            asked = asyncio.create_task(ask("/a/price/BTC-USD"))
            assert await ask("/b/price/BTC-USD") == 200
            assert not asked.done()
            assert await change("/a/fault/none") == 200
            assert await asked == 200
            async with session.ws_connect(f"{base}/a/stream/BTC-USD") as socket:
                assert json.loads(await socket.receive_str())["symbol"] == "BTC-USD"
    finally:
        await runner.cleanup()
