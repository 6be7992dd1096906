"""Spent reports: none counts twice, and what a replaced key signed silences nobody."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import oracle_service_pb2
from novation.client.oracle import report_message
from novation.protocol.constants import PRICE_VALIDITY_MS, PRICE_X16_ONE, REPORT_SPREAD_MS
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.signing import signed
from novation.protocol.transactions import OracleReport, ParameterKind, SetParameter
from sequencer import journal
from sequencer.engine import Command, Engine
from tests.node.support import PRICE_TICKS, RunningNode, refusal, running_node, trading_node
from tests.support.builders import oracle_private_key, oracle_update, public_key

REPLACED = 2
OLD_KEY, NEW_KEY = oracle_private_key(REPLACED), oracle_private_key(99)
# As far as an update may be ahead, and its newest report before its oldest, but for a little.
AHEAD_MS = PRICE_VALIDITY_MS + REPORT_SPREAD_MS - 100
# Behind the end of such an update's round, and before what it has spent.
BETWEEN_MS = PRICE_VALIDITY_MS


def report(node: RunningNode, signer_index: int, ahead_ms: int, key: int) -> OracleReport:
    """Return a report that is some time ahead of now."""
    prices_x16 = (PRICE_TICKS * PRICE_X16_ONE,) * len(node.parameters.underlyings)
    unsigned = OracleReport(signer_index, node.clock.now_ms() + ahead_ms, prices_x16)
    return signed(unsigned, key, node.config)


def pair(node: RunningNode, ahead_ms: int, key: int) -> tuple[OracleReport, OracleReport]:
    """Return what a relayer makes an update of: one report is as far ahead of the other as may."""
    second = report(node, REPLACED, ahead_ms, key)
    first = replace(second, signer_index=0, time_ms=second.time_ms - REPORT_SPREAD_MS)
    return signed(first, oracle_private_key(0), node.config), second


async def relay(node: RunningNode, reports: Iterable[OracleReport]) -> None:
    """Let the exchange apply an update that the service would doubt: the protocol takes it."""
    update = oracle_update(tuple(reports))
    await node.node.runner.enqueue(Command(update, node.clock.now_ms()))


async def submit(node: RunningNode, item: OracleReport) -> int:
    """Send a report; return how many wait."""
    request = oracle_service_pb2.SubmitReportRequest(report=report_message(item))
    return int((await node.stubs.oracle.SubmitReport(request)).n_waiting)


async def assert_spent(node: RunningNode, item: OracleReport) -> None:
    """The report counts no more."""
    status, detail = await refusal(submit(node, item))
    assert (status, detail.name) == (grpc.StatusCode.FAILED_PRECONDITION, "STALE_REPORT")


async def replace_key(node: RunningNode) -> None:
    """Let L1's owner replace a key."""
    node.l1.set_parameter(ParameterKind.ORACLE_KEY, REPLACED, public_key(NEW_KEY))
    await node.until_consumed()
    node.move(500)


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_key_when_replaced_and_the_node_restarts_then_the_old_reports_silence_nobody(
    tmp_path: Path, *, is_sealed: bool
) -> None:
    async with trading_node(tmp_path) as node:
        node.move(10)
        future = pair(node, AHEAD_MS, OLD_KEY)
        await relay(node, future)
        node.move(BETWEEN_MS)
        await assert_spent(node, report(node, REPLACED, 0, OLD_KEY))
        await replace_key(node)
        assert await submit(node, report(node, REPLACED, 0, NEW_KEY)) == 1
        if is_sealed:
            await node.node.runner.change(Engine.seal)
        l1, clock = node.l1, node.clock
    async with running_node(tmp_path, l1=l1, clock=clock) as node:
        node.move(20)
        assert await submit(node, report(node, REPLACED, 0, NEW_KEY)) == 1
        # What the other keys signed is spent as before.
        await assert_spent(node, future[0])


@pytest.mark.parametrize("key_comes_first", [False, True])
async def test_key_when_replaced_in_the_group_of_an_update_then_only_its_own_reports_count(
    tmp_path: Path, *, key_comes_first: bool
) -> None:
    async with trading_node(tmp_path) as node:
        node.move(10)
        runner, now_ms = node.node.runner, node.clock.now_ms()
        reports = pair(node, AHEAD_MS, NEW_KEY if key_comes_first else OLD_KEY)
        index = await runner.call(lambda engine: engine.l1_cursor.next_index)
        parameter = SetParameter(ParameterKind.ORACLE_KEY, REPLACED, public_key(NEW_KEY))
        commands = [
            Command(oracle_update(tuple(reports)), now_ms),
            Command(parameter, now_ms, l1_index=index),
        ]
        if key_comes_first:
            commands.reverse()
        # Both wait before the engine takes the next group.
        answers = await asyncio.gather(*[runner.enqueue(command) for command in commands])
        assert all(answer.receipt for answer in answers)
        node.move(BETWEEN_MS)
        if key_comes_first:
            await assert_spent(node, reports[1])
            await assert_spent(node, report(node, REPLACED, 0, NEW_KEY))
        else:
            assert await submit(node, report(node, REPLACED, 0, NEW_KEY)) == 1


async def test_spent_report_when_the_age_was_lowered_and_the_node_restarts_then_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a great age nor a lowered one decides what is known, and how much is read."""
    day_ms = 86_400_000
    async with trading_node(tmp_path) as node:
        quorum = node.parameters.oracle_quorum
        word = oracle_rule_word(quorum, 30 * day_ms)
        node.l1.set_parameter(ParameterKind.ORACLE_RULE, 0, word)
        await node.until_consumed()
        node.move(10)
        future = pair(node, AHEAD_MS, OLD_KEY)
        await relay(node, future)
        for pause_ms in (*[4_000] * 7, 1_000):
            node.move(pause_ms)
            await relay(node, [report(node, i, 0, oracle_private_key(i)) for i in (0, 1)])
        # Nothing is left to replay.
        await node.node.runner.change(Engine.seal)
        l1, clock = node.l1, node.clock
    read: list[Any] = []
    decode = journal.decode_transaction
    monkeypatch.setattr(
        journal, "decode_transaction", lambda data: read.append(data) or decode(data)
    )
    async with running_node(tmp_path, l1=l1, clock=clock) as node:
        # The newest updates and one before them, not those of 30 days.
        assert 2 <= len(read) <= 4
        # The newest update is the last one, of those that were read.
        last_ms = await node.node.runner.call(lambda engine: engine.state.globals.oracle_time_ms)
        assert node.node._aggregator._last_ms == last_ms
        await assert_spent(node, future[1])
        node.l1.set_parameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(quorum, 1_000))
        await node.until_consumed()
    node.move(31_000)
    async with running_node(tmp_path, l1=l1, clock=clock) as node:
        await assert_spent(node, future[1])
