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
from sequencer.oracle_rounds import RoundBook
from tests.node.support import POLICY, PRICE_TICKS, RunningNode, refusal, report_at, running_node
from tests.support.builders import oracle_update

SPAN_MS = 1_000
QUORUM = 2
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
    close(rounds, oracle_update(tuple(rounds.best_round(0, QUORUM))))
    assert rounds.waiting(0) == []
    assert [rounds.newest_ms(index) for index in range(3)] == [10_001, 10_001, 10_900]


def test_round_when_times_are_apart_then_only_those_within_the_span() -> None:
    rounds = book((2, 10_000), (0, 11_500), (1, 11_000))
    assert times(rounds.best_round(0, QUORUM)) == [(0, 11_500), (1, 11_000)]
    assert times(rounds.best_round(11_200, QUORUM)) == [(0, 11_500)]


def test_round_when_one_node_is_ahead_then_the_others_make_theirs_without_it() -> None:
    rounds = book((0, 10_000), (1, 10_000), (2, 60_000))
    first = rounds.best_round(0, QUORUM)
    assert times(first) == [(0, 10_000), (1, 10_000)]
    close(rounds, oracle_update(tuple(first)))
    assert rounds.newest_ms(0) == 10_000
    assert times(rounds.waiting(0)) == [(2, 60_000)]


def test_round_when_a_relayer_mixes_in_the_future_then_it_ends_where_most_say() -> None:
    rounds = book()
    close(rounds, oracle_update((report(0, 10_000), report(1, 10_000), report(2, 60_000))))
    assert [rounds.newest_ms(index) for index in range(3)] == [10_000, 10_000, 60_000]


def test_round_when_two_of_nine_are_always_ahead_then_the_next_second_is_not_closed() -> None:
    rounds = RoundBook(SPAN_MS, closed_ms=0)
    for second in range(10, 20):
        for index in (7, 8):
            rounds.add(report(index, 1_000 * second + SPAN_MS))
        for index in range(7):
            rounds.add(report(index, 1_000 * second))
        best = rounds.best_round(0, 7)
        assert len(best) == 9
        close(rounds, oracle_update(tuple(best)))


def test_round_when_two_of_nine_lag_then_the_update_is_not_as_old_as_they() -> None:
    lagging = [(7, 9_400), (8, 9_499)]
    rounds = book(*((index, 10_000) for index in range(7)), *lagging)
    assert [time_ms for _, time_ms in times(rounds.best_round(0, 7))] == [10_000] * 7
    # Where the quorum needs them, they are in; what is half a span behind at most always is.
    assert len(rounds.best_round(0, 8)) == 8
    assert times(rounds.best_round(0, 8))[-1] == (8, 9_499)
    close_ones = book(*((index, 10_000) for index in range(8)), (8, 9_500))
    assert len(close_ones.best_round(0, 7)) == 9


async def test_quorum_when_its_nodes_contradict_each_other_then_no_price_until_a_third_decides(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path) as node:
        start_ms = node.clock.now_ms()
        await _submit(node, report_at(0, start_ms, PRICE_TICKS))
        await _submit(node, report_at(1, start_ms, PRICE_TICKS // 2))
        assert await node.node.runner.call(_oracle_time_ms) == 0
        await _submit(node, report_at(2, start_ms, PRICE_TICKS))
        await node.until(lambda engine: engine.state.globals.oracle_time_ms == start_ms)
        prices = await node.node.runner.call(lambda engine: engine.state.underlyings)
        assert prices[0].index_price_x16 == PRICE_TICKS << 16


def test_report_when_a_relayer_used_it_in_an_update_then_it_does_not_wait_any_more() -> None:
    rounds = book((0, 10_500), (1, 12_000), (2, 11_900))
    close(rounds, oracle_update((report(0, 10_500), report(1, 12_000))))
    assert times(rounds.waiting(0)) == [(2, 11_900)]
    assert rounds.newest_ms(0) == 10_500


def test_reports_when_they_come_at_random_then_each_is_used_once_and_rounds_ascend() -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    rounds, used, oldest_ms, now_ms = book(), set(), 0, 10_000
    for _ in range(3_000):
        now_ms += rng.randrange(300)
        item = report(rng.randrange(5), now_ms - rng.randrange(800))
        if item.time_ms > rounds.newest_ms(item.signer_index):
            rounds.add(item)
        best = rounds.best_round(now_ms - 5_000, 3)
        if len(best) >= 3:
            seen = [report_.time_ms for report_ in best]
            assert max(seen) - min(seen) <= SPAN_MS
            assert min(seen) > oldest_ms
            assert not used & set(best)
            used |= set(best)
            oldest_ms = min(seen)
            close(rounds, oracle_update(tuple(best)))
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
        await relay(node, pair)
        await _expect_stale(node, pair[1])
        assert await _submit(node, report_at(2, start_ms + 200, PRICE_TICKS)) == 1


async def relay(node: RunningNode, reports: list[OracleReport]) -> None:
    update = oracle_update(tuple(reports))
    await node.stubs.oracle.SubmitUpdate(
        oracle_service_pb2.SubmitUpdateRequest(
            oracle_time_ms=update.oracle_time_ms,
            prices_x16=update.prices_x16,
            reports=[report_message(item) for item in reports],
        )
    )


async def test_relayer_when_he_takes_a_lucky_quorum_then_refused_as_a_round_would_be(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path) as node:
        start_ms = node.clock.now_ms()
        lie = [report_at(0, start_ms, PRICE_TICKS), report_at(1, start_ms, PRICE_TICKS // 2)]
        _, detail = await refusal(relay(node, lie))
        assert (detail.name, detail.field) == ("DOUBTFUL_UPDATE", "prices_x16[0]")
        assert (detail.value, detail.limit) == ("0", "1")
        assert await node.node.runner.call(_oracle_time_ms) == 0
        # Nothing of it counts as used.
        await relay(node, [lie[0], report_at(2, start_ms - SPAN_MS, PRICE_TICKS)])


def _oracle_time_ms(engine: Engine) -> int:
    return engine.state.globals.oracle_time_ms


async def _submit(node: RunningNode, item: OracleReport) -> int:
    request = oracle_service_pb2.SubmitReportRequest(report=report_message(item))
    response = await node.stubs.oracle.SubmitReport(request)
    return int(response.n_waiting)


async def _expect_stale(node: RunningNode, item: OracleReport) -> None:
    _, detail = await refusal(_submit(node, item))
    assert detail.name == "STALE_REPORT"
