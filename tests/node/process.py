"""A sequencer in a process of its own, for crashes and benchmarks."""

import asyncio
import sys
from pathlib import Path

from novation.api.v1 import oracle_service_pb2, query_service_pb2
from novation.client.oracle import report_message
from sequencer.clock import SystemClock
from tests.node.support import PRICE_TICKS, Stubs, report_at
from tests.support.waiting import until, within_patience

ROOT = Path(__file__).resolve().parents[2]


async def start_process(
    folder: Path, deposits: Path, policy: str = "crash"
) -> asyncio.subprocess.Process:
    """Start the program of `tests.node.crash_node`; its first line of output is the port."""
    arguments = ("-m", "tests.node.crash_node", str(folder / "data"), str(deposits), policy)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def start_node(
    folder: Path, deposits: Path, policy: str = "crash"
) -> tuple[asyncio.subprocess.Process, int]:
    """Start a node and return it with its port."""
    process = await start_process(folder, deposits, policy)
    assert process.stdout is not None
    line = await within_patience(process.stdout.readline())
    assert line, (await process.communicate())[1].decode()
    return process, int(line)


async def wait_until_ready(stubs: Stubs, n_deposits: int) -> None:
    """Wait for the deposits and set the prices."""
    status = query_service_pb2.GetStatusRequest()

    async def are_deposited() -> bool:
        return (await stubs.queries.GetStatus(status)).l1_queue_position >= n_deposits

    await until(are_deposited)
    now_ms = SystemClock().now_ms()
    reports = [report_message(report_at(index, now_ms, PRICE_TICKS)) for index in (0, 1)]
    request = oracle_service_pb2.SubmitUpdateRequest(
        oracle_time_ms=now_ms,
        prices_x16=reports[0].prices_x16,
        reports=reports,
    )
    await stubs.oracle.SubmitUpdate(request)
