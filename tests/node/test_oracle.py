"""Oracle reports: each becomes part of one update at most, and rounds do not mix."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

from novation.api.v1 import oracle_service_pb2
from novation.client.oracle import report_message
from novation.protocol.transactions import OracleReport, OracleUpdate
from sequencer.config import OraclePolicy
from sequencer.engine import Engine
from sequencer.oracle import build_update
from sequencer.oracle_rounds import RoundBook
from tests.node.support import POLICY, PRICE_TICKS, RunningNode, refusal, report_at, running_node

SPAN_MS = 1_000
PATIENT = replace(POLICY, oracle=OraclePolicy(grace_ms=500, min_interval_ms=1))


def report(signer_index: int, time_ms: int) -> OracleReport:
    return OracleReport(signer_index, time_ms, (1, 1))


def times(reports: list[OracleReport]) -> list[tuple[int, int]]:
    return [(item.signer_index, item.time_ms) for item in reports]


def book(*reports: tuple[int, int]) -> RoundBook:
    rounds = RoundBook(SPAN_MS, closed_ms=0)
    for signer_index, time_ms in reports:
        rounds.add(report(signer_index, time_ms))
    return rounds


def close(rounds: RoundBook, update: OracleUpdate) -> None:
    """Let an update of the first keys of a committee be applied."""
    rounds.close(update)
    newest_ms = {report.signer_index: report.time_ms for report in update.reports}
    rounds.spend([newest_ms.get(index, 0) for index in range(5)])


def test_round_when_it_becomes_an_update_then_none_of_its_reports_is_left() -> None:
    rounds = book((0, 10_000), (1, 10_001), (2, 10_900))
    close(rounds, build_update(rounds.best_round(0)))
    assert rounds.waiting(0) == []
    assert [rounds.newest_ms(index) for index in range(3)] == [10_900] * 3


def test_round_when_times_are_apart_then_only_those_within_the_span() -> None:
    rounds = book((2, 10_000), (0, 11_500), (1, 11_000))
    assert times(rounds.best_round(0)) == [(0, 11_500), (1, 11_000)]
    assert times(rounds.best_round(11_200)) == [(0, 11_500)]


def test_round_when_one_node_is_ahead_then_the_others_make_theirs_without_it() -> None:
    rounds = book((0, 10_000), (1, 10_000), (2, 60_000))
    first = rounds.best_round(0)
    assert times(first) == [(0, 10_000), (1, 10_000)]
    close(rounds, build_update(first))
    assert rounds.newest_ms(0) == 10_000
    assert times(rounds.waiting(0)) == [(2, 60_000)]


def test_round_when_a_relayer_mixes_in_the_future_then_it_ends_with_the_span() -> None:
    rounds = book()
    close(rounds, build_update([report(0, 10_000), report(1, 10_000), report(2, 60_000)]))
    assert [rounds.newest_ms(index) for index in range(3)] == [11_000, 11_000, 60_000]


def test_report_when_a_relayer_used_it_in_an_update_then_it_does_not_wait_any_more() -> None:
    rounds = book((0, 10_500), (1, 12_000), (2, 11_900))
    close(rounds, build_update([report(0, 10_000), report(1, 12_000)]))
    assert times(rounds.waiting(0)) == [(2, 11_900)]
    assert rounds.newest_ms(0) == 11_000


def test_reports_when_they_come_at_random_then_each_is_used_once_and_rounds_ascend() -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    rounds, used, end_ms, now_ms = book(), set(), 0, 10_000
    for _ in range(3_000):
        now_ms += rng.randrange(300)
        item = report(rng.randrange(5), now_ms - rng.randrange(800))
        if item.time_ms > rounds.newest_ms(item.signer_index):
            rounds.add(item)
        best = rounds.best_round(now_ms - 5_000)
        if len(best) >= 3:
            seen = [report_.time_ms for report_ in best]
            assert max(seen) - min(seen) <= SPAN_MS
            assert min(seen) > end_ms
            assert not used & set(best)
            used |= set(best)
            end_ms = max(seen)
            close(rounds, build_update(best))
    assert len(used) > 100


async def test_report_that_was_used_is_not_used_again_for_the_next_update(tmp_path: Path) -> None:
    async with running_node(tmp_path, policy=PATIENT) as node:
        start_ms = node.clock.now_ms()
        reports = [report_at(i, start_ms + i, PRICE_TICKS) for i in range(3)]
        for item in reports:
            await _submit(node, item)
        await node.until(lambda engine: engine.state.globals.oracle_time_ms == start_ms)
        # Newer than the update's time, which is that of its oldest report, and spent all the same.
        assert await _submit(node, report_at(0, start_ms + 10, PRICE_TICKS)) == 1
        await _expect_stale(node, reports[2])
        await asyncio.sleep(2 * PATIENT.oracle.grace_ms / 1000)
        assert await node.node.runner.call(_oracle_time_ms) == start_ms
        l1 = node.l1
        await node.node.runner.change(Engine.seal)
    async with running_node(tmp_path, policy=PATIENT, l1=l1) as node:
        for item in reports:
            await _expect_stale(node, item)


async def test_report_in_an_update_of_a_relayer_is_spent(tmp_path: Path) -> None:
    async with running_node(tmp_path, policy=PATIENT) as node:
        start_ms = node.clock.now_ms()
        pair = [report_at(i, start_ms + 100 * i, PRICE_TICKS) for i in range(2)]
        assert await _submit(node, pair[1]) == 1
        update = build_update(pair)
        await node.stubs.oracle.SubmitUpdate(
            oracle_service_pb2.SubmitUpdateRequest(
                oracle_time_ms=update.oracle_time_ms,
                prices_x16=update.prices_x16,
                reports=[report_message(item) for item in pair],
            )
        )
        await _expect_stale(node, pair[1])
        assert await _submit(node, report_at(2, start_ms + 200, PRICE_TICKS)) == 1


def _oracle_time_ms(engine: Engine) -> int:
    return engine.state.globals.oracle_time_ms


async def _submit(node: RunningNode, item: OracleReport) -> int:
    request = oracle_service_pb2.SubmitReportRequest(report=report_message(item))
    response = await node.stubs.oracle.SubmitReport(request)
    return int(response.n_waiting)


async def _expect_stale(node: RunningNode, item: OracleReport) -> None:
    _, detail = await refusal(_submit(node, item))
    assert detail.name == "STALE_REPORT"
