"""A node between a venue and a real sequencer: what it signs, keeps, serves, and never says."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from novation.client import LocalSigner
from novation.protocol.signatures import check_signature
from novation.protocol.transactions import OracleReport
from oracle.archive import MinuteArchive
from oracle.config import MINUTE_MS
from oracle.config_file import ConfigFile
from oracle.errors import OracleError
from oracle.node import OracleNode
from oracle.records import parse_report
from oracle.signed_state import Seat, SignedState
from sequencer.clock import SystemClock
from tests.node.support import running_node
from tests.oracle.support import document, http_source, underlying
from tests.support.builders import exchange_config, oracle_private_key, parameters, public_key
from tests.support.waiting import until, within_patience

INTERVAL_MS = 200
HOUR_MS = 3_600_000
TICKS = [(terms.symbol, terms.tick_decimals) for terms in parameters().underlyings]


class MovableClock(SystemClock):
    """The machine's clock, which can be set."""

    def __init__(self) -> None:
        self._shift_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self._shift_ms

    def move(self, duration_ms: int) -> None:
        self._shift_ms += duration_ms


@dataclass
class Venue:
    """Says one price for each symbol; None is no answer."""

    prices: dict[str, str | None]
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.Response:
        symbol = request.match_info["symbol"]
        self.asked[symbol] += 1
        price = self.prices[symbol]
        return web.json_response({} if price is None else {"price": price})


@asynccontextmanager
async def open_venue() -> AsyncIterator[Venue]:
    venue = Venue({symbol: "100" for symbol, _ in TICKS})
    application = web.Application()
    application.router.add_get("/{symbol}", venue.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    venue.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield venue
    finally:
        await runner.cleanup()


@dataclass
class RunningOracle:
    """A node, and how to ask it."""

    node: OracleNode
    session: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        url = f"http://127.0.0.1:{self.node.port}{path}"
        async with self.session.get(url) as response:
            return response.status, await response.json()

    async def status(self) -> dict[str, Any]:
        status, values = await self.get("/status")
        assert status == 200
        return values

    async def until_silent(self, reason: str) -> None:
        async def is_silent() -> bool:
            return reason in (await self.status())["silence"]

        await until(is_silent)

    async def until_reported(self, more: int = 1) -> dict[str, Any]:
        """Wait for so many reports more; return the last."""
        n_before = (await self.status())["n_reports"]

        async def has_reported() -> Any:
            values = await self.status()
            return values["n_reports"] >= n_before + more and values["last_report"]

        report: dict[str, Any] = await until(has_reported)
        return report


@asynccontextmanager
async def running_oracle(
    folder: Path,
    venue: Venue,
    sequencer: str,
    clock: SystemClock,
    index: int = 0,
    ticks: list[tuple[str, int]] = TICKS,
    **changes: Any,
) -> AsyncIterator[RunningOracle]:
    """Run a node of the committee; its files stay in the folder."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test's own folder
    underlyings = [
        underlying(symbol, decimals, http_source(f"{venue.url}/{symbol}", timeout_ms=60_000))
        for symbol, decimals in ticks
    ]
    path = folder / "oracle.json"
    values = document(*underlyings, sequencer=sequencer, interval_ms=INTERVAL_MS) | changes
    path.write_text(json.dumps(values))
    signer = LocalSigner(oracle_private_key(index))
    stop_requested = asyncio.Event()
    with MinuteArchive(folder / "minutes.jsonl") as archive:
        state = SignedState(folder / "signed.json")
        node = OracleNode(ConfigFile(path), signer, (archive, state), clock)
        task = asyncio.create_task(node.run(stop_requested))
        async with aiohttp.ClientSession() as session:
            await until(lambda: node.port or task.done())
            try:
                yield RunningOracle(node, session)
            finally:
                stop_requested.set()
                await within_patience(task)


async def until_archived(clock: MovableClock, folder: Path) -> None:
    """Let full minutes come at once until a node has kept one more: a busy node may miss one."""
    n_before = len(archived(folder))

    def is_archived() -> bool:
        passed_ms = clock.now_ms() % MINUTE_MS
        if 4 * INTERVAL_MS < passed_ms < MINUTE_MS - 2 * INTERVAL_MS:
            clock.move(MINUTE_MS - 2 * INTERVAL_MS - passed_ms)
        return len(archived(folder)) > n_before

    await until(is_archived)


def archived(folder: Path) -> list[OracleReport]:
    return [
        parse_report(line)
        for line in (folder / "minutes.jsonl").read_bytes().splitlines(keepends=True)
    ]


async def test_nodes_when_they_agree_then_the_exchange_has_their_price(tmp_path: Path) -> None:
    clock = MovableClock()
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(open_venue())
        sequencer = await stack.enter_async_context(running_node(tmp_path / "seq", clock=clock))
        nodes = [
            await stack.enter_async_context(
                running_oracle(tmp_path / str(i), venue, sequencer.target, clock, i)
            )
            for i in range(2)
        ]
        scale = [10**decimals << 16 for _, decimals in TICKS]
        await sequencer.until(
            lambda engine: (
                [item.index_price_x16 for item in engine.state.underlyings]
                == [100 * one for one in scale]
            )
        )
        venue.prices[TICKS[0][0]] = "100.0625"
        await sequencer.until(
            lambda engine: (
                engine.state.underlyings[0].index_price_x16 == 1_000_625 * scale[0] // 10**4
            )
        )
        await until_archived(clock, tmp_path / "0")
        (report, *_) = archived(tmp_path / "0")
        assert report.time_ms % MINUTE_MS == 0
        check_signature(
            report.message_hash(exchange_config()),
            report.signature,
            public_key(oracle_private_key(0)),
        )
        status, served = await nodes[0].get(f"/minute/{report.time_ms}")
        assert status == 200
        assert served["prices_x16"] == list(report.prices_x16)
        assert served["config_hash"] == hex(exchange_config().config_hash)
        assert (await nodes[0].get(f"/minute/{report.time_ms + 1}"))[0] == 400
        assert (await nodes[0].get(f"/minute/{report.time_ms + MINUTE_MS * 10**6}"))[0] == 404
        assert (await nodes[0].get("/minute/12a"))[0] == 400
        seen = await nodes[0].status()
        assert seen["delivery"]["n_accepted"] > 0
        assert seen["minutes"]["first_ms"] == report.time_ms
        (source,) = seen["underlyings"][0]["sources"]
        assert (source["verdict"], source["price"], source["n_failures"]) == ("used", "100.0625", 0)


async def test_node_when_a_venue_has_no_price_then_reports_the_others_until_it_has(
    tmp_path: Path,
) -> None:
    clock = MovableClock()
    async with (
        open_venue() as venue,
        running_node(tmp_path / "seq", clock=clock) as sequencer,
        running_oracle(tmp_path / "0", venue, sequencer.target, clock) as node,
    ):
        await node.until_reported()
        venue.prices[TICKS[1][0]] = None
        first_x16, second_x16 = (await node.until_reported())["prices_x16"]
        while second_x16:
            first_x16, second_x16 = (await node.until_reported())["prices_x16"]
        assert first_x16 > 0
        status = await node.status()
        assert status["absences"] == [f"{TICKS[1][0]}: 0 sources left, wanted are 1"]
        assert not status["silence"]
        (source,) = status["underlyings"][1]["sources"]
        assert source["verdict"] == "stale"
        assert source["last_failure"] == "ValueError: no price in the answer"
        venue.prices[TICKS[0][0]] = None
        await node.until_silent(f"{TICKS[0][0]}: 0 sources left, wanted are 1; {TICKS[1][0]}")
        venue.prices[TICKS[0][0]] = "98"
        venue.prices[TICKS[1][0]] = "99"
        assert (await node.until_reported())["prices_x16"][1] == 99 * 10 ** TICKS[1][1] << 16


async def test_node_when_restarted_without_the_exchange_then_goes_on_behind_what_it_has_signed(
    tmp_path: Path,
) -> None:
    clock = MovableClock()
    folder = tmp_path / "0"
    async with open_venue() as venue:
        async with (
            running_node(tmp_path / "seq", clock=clock) as sequencer,
            running_oracle(folder, venue, sequencer.target, clock) as node,
        ):
            await until_archived(clock, folder)
            await node.until_reported(2)
        last_ms = SignedState(folder / "signed.json").last_ms
        before = archived(folder)
        # Its clock is put back: what it signs at these times it may have signed before.
        clock.move(-HOUR_MS)
        async with running_oracle(folder, venue, "127.0.0.1:1", clock) as node:
            await node.until_silent("is not after the last signed time")
            clock.move(HOUR_MS)
            assert (await node.until_reported())["time_ms"] > last_ms

            async def is_told() -> bool:
                return "UNAVAILABLE" in (await node.status())["delivery"]["last_failure"]

            await until(is_told)
            await until_archived(clock, folder)
    assert archived(folder)[: len(before)] == before


@pytest.mark.parametrize(
    ("ticks", "reason"),
    [
        (TICKS[::-1], "underlyings: the exchange has (symbol, tick_decimals)"),
        (TICKS[:1], "the configuration must begin with these"),
        ([(TICKS[0][0], TICKS[0][1] + 1), TICKS[1]], "underlyings: the exchange has"),
    ],
    ids=["order", "missing", "ticks"],
)
async def test_node_when_the_server_contradicts_its_operator_then_signs_nothing(
    tmp_path: Path, ticks: list[tuple[str, int]], reason: str
) -> None:
    clock = SystemClock()
    async with (
        open_venue() as venue,
        running_node(tmp_path / "seq", clock=clock) as sequencer,
        running_oracle(tmp_path / "0", venue, sequencer.target, clock, ticks=ticks) as node,
    ):
        await node.until_silent(reason)
        assert (await node.status())["n_reports"] == 0
    assert not (tmp_path / "0" / "signed.json").exists()


async def test_node_when_the_server_is_of_another_exchange_then_signs_nothing(
    tmp_path: Path,
) -> None:
    clock = SystemClock()
    async with (
        open_venue() as venue,
        running_node(tmp_path / "seq", clock=clock) as sequencer,
        running_oracle(tmp_path / "0", venue, sequencer.target, clock, chain_id=1) as node,
    ):
        await node.until_silent(f"the server serves chain {exchange_config().chain_id}")
        assert (await node.status())["n_reports"] == 0


@pytest.mark.parametrize("ticks", [TICKS[:1], TICKS[::-1]], ids=["fewer", "another order"])
async def test_node_when_its_operator_contradicts_what_the_exchange_had_then_signs_nothing(
    tmp_path: Path, ticks: list[tuple[str, int]]
) -> None:
    SignedState(tmp_path / "signed.json").note(1, Seat(0, tuple(TICKS)))
    async with (
        open_venue() as venue,
        running_oracle(tmp_path, venue, "127.0.0.1:1", SystemClock(), ticks=ticks) as node,
    ):
        await node.until_silent("underlyings: the exchange has")
    assert SignedState(tmp_path / "signed.json").last_ms == 1


async def test_node_when_it_is_not_in_the_committee_then_signs_nothing(tmp_path: Path) -> None:
    clock = SystemClock()
    async with (
        open_venue() as venue,
        running_node(tmp_path / "seq", clock=clock) as sequencer,
        running_oracle(tmp_path / "0", venue, sequencer.target, clock, index=7) as node,
    ):
        await node.until_silent("is not in the oracle committee")


async def test_node_when_it_knows_more_underlyings_than_are_listed_then_reports_the_listed(
    tmp_path: Path,
) -> None:
    clock = SystemClock()
    async with (
        open_venue() as venue,
        running_node(tmp_path / "seq", clock=clock) as sequencer,
        running_oracle(
            tmp_path / "0", venue, sequencer.target, clock, ticks=[*TICKS, ("NEW-USD", 2)]
        ) as node,
    ):
        venue.prices["NEW-USD"] = None
        assert len((await node.until_reported())["prices_x16"]) == len(TICKS)


async def test_node_when_a_crash_came_between_archive_and_state_then_the_archive_counts(
    tmp_path: Path,
) -> None:
    clock = MovableClock()
    folder = tmp_path / "0"
    async with open_venue() as venue, running_node(tmp_path / "seq", clock=clock) as sequencer:
        async with running_oracle(folder, venue, sequencer.target, clock):
            await until_archived(clock, folder)
        (folder / "signed.json").unlink()
        clock.move(-HOUR_MS)
        async with running_oracle(folder, venue, sequencer.target, clock) as node:
            await node.until_silent("is not after the last signed time")
        assert len(archived(folder)) == 1


async def test_node_when_the_disk_is_full_then_it_ends_and_nothing_has_left_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("oracle.signed_state.write_atomically", refuse)
    offered: list[OracleReport] = []
    monkeypatch.setattr(
        "oracle.submitter.Submitter.offer", lambda _self, item: offered.append(item)
    )
    clock = SystemClock()
    async with open_venue() as venue, running_node(tmp_path / "seq", clock=clock) as sequencer:
        with pytest.raises(OracleError, match=r"cannot write into .* No space left"):
            async with running_oracle(tmp_path / "0", venue, sequencer.target, clock) as node:
                await until(lambda: node.node._failure and node.node._failure.done())
    assert offered == []


async def test_node_when_its_operator_adds_an_underlying_then_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SystemClock()
    path = tmp_path / "0" / "oracle.json"
    async with (
        open_venue() as venue,
        running_node(tmp_path / "seq", clock=clock) as sequencer,
        running_oracle(tmp_path / "0", venue, sequencer.target, clock) as node,
    ):
        await node.until_reported()
        values = json.loads(path.read_text())
        added = underlying("NEW-USD", 2, http_source(f"{venue.url}/NEW-USD", timeout_ms=60_000))
        venue.prices["NEW-USD"] = "5"

        async def shown() -> list[tuple[str, str]]:
            underlyings = (await node.status())["underlyings"]
            return [(item["symbol"], item["sources"][0]["verdict"]) for item in underlyings]

        async def change(**changes: Any) -> None:
            other = path.with_suffix(".new")
            other.write_text(json.dumps(values | changes))
            other.replace(path)

        # Neither of these is taken; nor does it harm.
        await change(weight=1)
        await until(lambda: "configuration not taken: weight: unknown" in caplog.text)
        await change(interval_ms=1_000)
        await until(lambda: "start again to change more than underlyings" in caplog.text)
        n_samples = (await node.status())["underlyings"][0]["sources"][0]["n_samples"]
        await change(underlyings=[*values["underlyings"], added])

        async def is_added() -> bool:
            return (await shown())[-1] == ("NEW-USD", "used")

        await until(is_added)
        # The others have kept their history.
        source = (await node.status())["underlyings"][0]["sources"][0]
        assert source["n_samples"] >= n_samples
        assert len((await node.until_reported())["prices_x16"]) == len(TICKS)
        await change()

        async def is_gone() -> bool:
            return len(await shown()) == len(TICKS)

        await until(is_gone)
        n_asked, n_others = venue.asked["NEW-USD"], venue.asked[TICKS[0][0]]
        await until(lambda: venue.asked[TICKS[0][0]] > n_others + 5)
        # One question may have been on its way.
        assert venue.asked["NEW-USD"] <= n_asked + 1
        await change(underlyings=values["underlyings"][::-1])
        await node.until_silent("underlyings: the exchange has")
        await change()
        await node.until_reported()
