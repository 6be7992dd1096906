"""Two nodes of nine send whatever a program can: the others' rounds become updates all the same."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from novation.api.v1 import oracle_service_pb2
from novation.client.oracle import report_message
from novation.protocol.constants import PRICE_X16_BOUND
from novation.protocol.signatures import Signature
from novation.protocol.transactions import OracleReport
from sequencer.report_rates import REPORTS_BURST
from tests.node.support import PRICE_TICKS, RunningNode, Stubs, refusal, report_at, running_node
from tests.support.builders import genesis, oracle_private_key, parameters, public_key

N_ORACLES = 9
N_HONEST = QUORUM = 7
ROUNDS = 12
# Channels to one address share a connection otherwise.
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
NINE = replace(
    parameters(),
    oracle_keys=tuple(public_key(oracle_private_key(index)) for index in range(N_ORACLES)),
    oracle_quorum=QUORUM,
)


def at(index: int, time_ms: int, price_ticks: int = PRICE_TICKS) -> OracleReport:
    return report_at(index, time_ms, price_ticks, NINE)


def accepted(index: int, time_ms: int, turn: int) -> Iterator[OracleReport]:
    """What a bad node may send in its turn, and gets taken."""
    offsets_ms = (-1_000, -999, -500, -1, 0, 1, 500, 999, 1_000, 1_001, 2_999, 59_000)
    yield at(index, time_ms + offsets_ms[turn], (1, PRICE_TICKS, 2**31)[turn % 3])


def refused(index: int, time_ms: int) -> Iterator[tuple[OracleReport, str]]:
    """What is refused at any time, with its code."""
    good = at(index, time_ms + 59_500)
    yield replace(good, signature=Signature(good.signature.r, 1)), "INVALID_SIGNATURE"
    yield replace(good, signature=Signature(0, good.signature.s)), "INVALID_SIGNATURE"
    # In another's name.
    yield replace(good, signer_index=0), "INVALID_SIGNATURE"
    yield replace(good, signer_index=N_ORACLES), "UNKNOWN_SIGNER"
    yield replace(good, prices_x16=good.prices_x16[:1]), "INVALID_FIELD"
    yield replace(good, prices_x16=(1, PRICE_X16_BOUND)), "INVALID_FIELD"
    yield at(index, time_ms + 70_000), "REPORT_TIME_OUTSIDE_WINDOW"
    yield at(index, time_ms - 3_000_000), "STALE_REPORT"


async def send(node: RunningNode, report: OracleReport) -> None:
    request = oracle_service_pb2.SubmitReportRequest(report=report_message(report))
    await node.stubs.oracle.SubmitReport(request)


@pytest.mark.parametrize("are_first", [True, False])
async def test_round_when_two_of_nine_send_anything_then_it_becomes_an_update_of_the_market(
    tmp_path: Path,
    are_first: bool,  # noqa: FBT001
) -> None:
    async with running_node(tmp_path, first=genesis(NINE)) as node:
        # Rounds are whole seconds, as those of real nodes.
        start_ms = node.clock.now_ms() // 1_000 * 1_000
        for turn in range(ROUNDS):
            time_ms = start_ms + 1_000 * turn
            node.move(max(0, time_ms - node.clock.now_ms()))
            if are_first:
                await misbehave(node, time_ms, turn)
            for index in range(N_HONEST):
                # With a bad node in it the round may be full before the last honest node reports.
                await send_if_newer(node, at(index, time_ms, PRICE_TICKS + turn))
                if not are_first and index == N_HONEST // 2:
                    await misbehave(node, time_ms, turn)
            price_x16 = PRICE_TICKS + turn << 16
            await node.until(
                lambda engine, price_x16=price_x16: (
                    engine.state.underlyings[0].index_price_x16 == price_x16
                )
            )


async def misbehave(node: RunningNode, time_ms: int, turn: int) -> None:
    """Let both bad nodes do their worst."""
    for index in (7, 8):
        for report in accepted(index, time_ms, turn):
            await send_if_newer(node, report)
            # The same once more.
            _, detail = await refusal(send(node, report))
            assert detail.name == "STALE_REPORT"
        for report, code in refused(index, time_ms):
            _, detail = await refusal(send(node, report))
            assert detail.name in (code, "STALE_REPORT"), (report, detail)


async def send_if_newer(node: RunningNode, report: OracleReport) -> None:
    """Send a report that may come too late."""
    try:
        await send(node, report)
    except grpc.aio.AioRpcError as error:
        if "STALE_REPORT" not in (error.details() or ""):
            raise


async def test_flood_when_forged_then_the_connection_is_refused_and_nobody_else(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path, first=genesis(NINE)) as node:
        time_ms = node.clock.now_ms()
        forged = replace(at(0, time_ms), signer_index=1)
        assert await codes(node, [forged] * (REPORTS_BURST + 20)) == {
            "INVALID_SIGNATURE",
            "RATE_LIMITED",
        }
        async with grpc.aio.insecure_channel(
            node.target, [("grpc.use_local_subchannel_pool", 1)]
        ) as other:
            for index in range(N_HONEST):
                request = oracle_service_pb2.SubmitReportRequest(
                    report=report_message(at(index, time_ms))
                )
                await Stubs(other).oracle.SubmitReport(request)
        await node.until(lambda engine: engine.state.globals.oracle_time_ms == time_ms)


async def test_flood_when_a_key_of_the_committee_signs_it_then_only_that_key_is_refused(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path, first=genesis(NINE)) as node:
        time_ms = node.clock.now_ms()
        flood = [at(8, time_ms + i) for i in range(REPORTS_BURST + 20)]
        assert await codes(node, flood) == {"", "RATE_LIMITED"}
        for index in range(N_HONEST):
            await send(node, at(index, time_ms))
        await node.until(lambda engine: engine.state.globals.oracle_time_ms == time_ms)


async def codes(node: RunningNode, reports: list[OracleReport]) -> set[str]:
    """Send reports; return with which codes they are refused, "" for one that is taken."""
    seen = set()
    for report in reports:
        try:
            await send(node, report)
            seen.add("")
        except grpc.aio.AioRpcError as error:
            seen.add((error.details() or "").partition(":")[0])
    return seen
