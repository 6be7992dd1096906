"""Settlement and the L1 watcher, with a clock and an L1 that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from novation.client import Client
from novation.client.models import BatchState, Status
from sequencer.backoff import Backoff, BackoffPolicy
from sequencer.config import NodeConfig
from sequencer.engine import Engine
from sequencer.l1 import L1State
from sequencer.proof_queue import (
    CALLDATA_FILE,
    OUTPUT_FILE,
    WITNESS_FILE,
    FolderProofQueue,
    ProofJob,
)
from sequencer.settlement import SettlementPolicy
from sequencer.watcher import DeepReorgError, WatcherPolicy
from tests.node.support import POLICY, TRADERS, RunningNode, running_node, until_exists
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.simulation import ManualClock, deposit_entry, put_proof
from tests.support.waiting import until, within_patience

BACKOFF = BackoffPolicy(first_ms=100, longest_ms=1_000)
MANUAL = replace(POLICY, settlement=SettlementPolicy(poll_ms=10, backoff=BACKOFF))
FAST = replace(
    POLICY,
    settlement=SettlementPolicy(
        poll_ms=20, backoff=BackoffPolicy(first_ms=1, longest_ms=5), rejection_blocks=3
    ),
)


async def test_batches_reach_l1_in_order_whatever_order_the_proofs_come_in(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path) as node:
        await _seal_three_batches(node)
        queue = node.folder.proof_queue_path
        for batch_number in (3, 2):
            put_proof(queue, batch_number)
        await node.until(lambda engine: engine.batches.calldata(3) is not None)
        assert node.l1.finalised == []
        put_proof(queue, 1)
        await node.until(lambda engine: engine.batches.last_final == 3)
        assert node.l1.finalised == [1, 2, 3]
        root = await node.node.runner.call(lambda engine: engine.state.root)
        assert (await node.l1.read_state()).state_root == root


async def test_sequencer_goes_on_while_l1_is_down_and_catches_up_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    monkeypatch.setattr("novation.client.orders.now_ms", clock.now_ms)
    async with running_node(tmp_path, policy=MANUAL, clock=clock) as node:
        await _run_clock_until(clock, node.fund(*TRADERS))
        await node.node.runner.change(Engine.seal)
        await _run_clock_until(clock, until_exists(node.folder.proof_queue_path / "00000001"))
        node.l1.is_down = True
        put_proof(node.folder.proof_queue_path, 1)
        await _run_clock_until(clock, node.until(lambda e: e.batches.calldata(1) is not None))
        calls_before, start_ms = node.l1.n_calls, clock.now_ms()
        while clock.now_ms() < start_ms + 5_000:
            clock.move(10)
            await asyncio.sleep(0.002)
        # Backed off to one attempt per second; the watcher backs off on its own.
        assert node.l1.n_calls - calls_before < 60
        assert node.node.settlement.status.error.startswith("L1UnavailableError")
        assert not node.node.settlement.status.is_halted
        async with node.client(2) as client:
            await client.withdraw("1")
            assert "L1UnavailableError" in (await client.status()).settlement_error
        node.l1.is_down = False
        await _run_clock_until(clock, node.until(lambda e: e.batches.last_final == 1))
        assert node.node.settlement.status.error == ""


async def test_submission_whose_answer_was_lost_is_not_sent_twice(tmp_path: Path) -> None:
    async with running_node(tmp_path, policy=FAST) as node:
        await _seal_three_batches(node)
        node.l1.loses_answers = True
        for batch_number in (1, 2, 3):
            put_proof(node.folder.proof_queue_path, batch_number)
        await node.until(lambda engine: engine.batches.last_final == 3)
        assert node.l1.finalised == [1, 2, 3]


async def test_rejected_batch_halts_settlement_until_its_proof_is_made_again(
    tmp_path: Path,
) -> None:
    async with _sealed_node(tmp_path) as node, node.client(2) as client:
        queue = node.folder.proof_queue_path
        wrong = (queue / "00000002" / OUTPUT_FILE).read_bytes()
        (queue / "00000001" / "calldata.bin").write_bytes(wrong)
        put_proof(queue, 2)
        status = await _until_halted(client)
        assert status.settlement_error == (
            "batch 1 rejected: WrongBatchNumber(expected=1, actual=2)"
        )
        # Nothing is sent, orders go on, and a restart finds the same.
        await client.withdraw("1")
        await asyncio.sleep(0.2)
        assert node.l1.pool.seen == []
        assert (await client.status()).settlement_halted
        l1 = node.l1
    async with running_node(tmp_path, policy=FAST, l1=l1) as node, node.client(2) as client:
        await _until_halted(client)
        FolderProofQueue(queue).request_reprove(1)
        await node.until(lambda engine: engine.batches.calldata(1) is None)
        await until_exists(queue / "00000001" / WITNESS_FILE)
        assert (await client.batch(1)).state is BatchState.SEALED
        put_proof(queue, 1)
        await node.until(lambda engine: engine.batches.last_final == 2)
        assert node.l1.finalised == [1, 2]
        status = await client.status()
        assert (status.settlement_halted, status.settlement_error) == (False, "")
        assert not FolderProofQueue(queue).reprove_requests()


def test_request_when_its_number_has_other_zeros_then_dealt_with_once(tmp_path: Path) -> None:
    queue = FolderProofQueue(tmp_path)
    for name in ("7", "007", "00000007", "seven"):
        (tmp_path / f"{name}.reprove").touch()
    assert queue.reprove_requests() == [7]
    queue.close_request(7)
    assert queue.reprove_requests() == []
    assert (tmp_path / "seven.reprove").exists()


async def test_rejection_that_a_reorg_takes_back_does_not_halt(tmp_path: Path) -> None:
    async with _sealed_node(tmp_path) as node, node.client(2) as client:
        node.l1.stands_still = True
        node.l1.rejects_with = "OperationMismatch(index=0)"
        put_proof(node.folder.proof_queue_path, 1)
        await _until_error(client, "asked again until block")
        await asyncio.sleep(0.1)
        assert not (await client.status()).settlement_halted
        node.l1.rejects_with = ""
        node.l1.stands_still = False
        await node.until(lambda engine: engine.batches.last_final == 1)


async def test_halted_settlement_goes_on_when_somebody_else_settles_the_batch(
    tmp_path: Path,
) -> None:
    async with _sealed_node(tmp_path) as node, node.client(2) as client:
        queue = node.folder.proof_queue_path
        node.l1.rejects_with = "ProofRejected()"
        for batch_number in (1, 2):
            put_proof(queue, batch_number)
        await _until_halted(client)
        node.l1.rejects_with = ""
        node.l1.settle((queue / "00000001" / CALLDATA_FILE).read_bytes())
        await node.until(lambda engine: engine.batches.last_final == 2)


@pytest.mark.parametrize("batch_number", [1, 9])
async def test_request_to_prove_again_what_is_final_or_unknown_changes_nothing(
    tmp_path: Path, batch_number: int
) -> None:
    async with running_node(tmp_path, policy=FAST) as node:
        await _seal_three_batches(node)
        queue = FolderProofQueue(node.folder.proof_queue_path)
        put_proof(node.folder.proof_queue_path, 1)
        await node.until(lambda engine: engine.batches.last_final == 1)
        queue.request_reprove(batch_number)
        await until(lambda: not queue.reprove_requests())
        assert await node.node.runner.call(lambda engine: engine.batches.last_final) == 1
        assert (queue.folder(1) / CALLDATA_FILE).exists()


async def test_batches_that_a_reorg_takes_back_are_settled_again(tmp_path: Path) -> None:
    policy = replace(FAST, settlement=replace(FAST.settlement, idle_look_ms=20))
    async with running_node(tmp_path, policy=policy) as node:
        await _seal_three_batches(node)
        for batch_number in (1, 2):
            put_proof(node.folder.proof_queue_path, batch_number)
        await node.until(lambda engine: engine.batches.last_final == 2)
        node.l1.take_back(await node.node.runner.call(lambda engine: engine.root_after(0)))
        await until(lambda: node.l1.finalised == [1, 2])
        put_proof(node.folder.proof_queue_path, 3)
        await node.until(lambda engine: engine.batches.last_final == 3)


async def test_reorg_when_the_clock_was_set_back_then_still_noticed(tmp_path: Path) -> None:
    policy = replace(FAST, settlement=replace(FAST.settlement, idle_look_ms=20))
    async with running_node(tmp_path, policy=policy) as node:
        await _seal_three_batches(node)
        put_proof(node.folder.proof_queue_path, 1)
        await node.until(lambda engine: engine.batches.last_final == 1)
        node.move(-3_600_000)
        node.l1.take_back(await node.node.runner.call(lambda engine: engine.root_after(0)))
        await until(lambda: node.l1.finalised == [1])


async def test_batch_is_final_only_under_the_configured_confirmations(tmp_path: Path) -> None:
    settlement = replace(FAST.settlement, confirmations=5)
    async with running_node(tmp_path, policy=replace(FAST, settlement=settlement)) as node:
        await _seal_three_batches(node)
        node.l1.stands_still = True
        for batch_number in (1, 2):
            put_proof(node.folder.proof_queue_path, batch_number)
        await _until_sent(node, 1)
        node.l1.mine()
        # The next batch does not wait for confirmations.
        await _until_sent(node, 2)
        for _ in range(5):
            assert await node.node.runner.call(lambda engine: engine.batches.last_final) == 0
            node.l1.mine()
            await asyncio.sleep(0.05)
        await node.until(lambda engine: engine.batches.last_final == 1)
        node.l1.mine()
        await node.until(lambda engine: engine.batches.last_final == 2)


async def test_final_batch_that_l1_takes_back_is_not_final_any_more_and_told(
    tmp_path: Path,
) -> None:
    policy = replace(FAST, settlement=replace(FAST.settlement, idle_look_ms=20))
    async with _sealed_node(tmp_path, policy) as node, node.client(2) as client:
        for batch_number in (1, 2):
            put_proof(node.folder.proof_queue_path, batch_number)
        await node.until(lambda engine: engine.batches.last_final == 2)
        node.l1.stands_still = True
        node.l1.take_back(await node.node.runner.call(lambda engine: engine.root_after(0)))
        await node.until(lambda engine: engine.batches.last_final == 0)
        await _until_error(client, "batches 1 to 2 were final and L1 has taken")
        batch = await client.batch(2)
        assert (batch.state, batch.final_time_ms) == (BatchState.PROVEN, None)
        assert (await client.status()).final_batch_number == 0
        node.l1.stands_still = False
        await node.until(lambda engine: engine.batches.last_final == 2)
        await _until_error(client, "")


async def test_batch_of_another_prover_that_l1_takes_back_is_offered_to_ours(
    tmp_path: Path,
) -> None:
    policy = replace(FAST, settlement=replace(FAST.settlement, idle_look_ms=20))
    async with running_node(tmp_path, policy=policy) as node:
        await _seal_three_batches(node)
        folder = node.folder.proof_queue_path / "00000001"
        node.l1.settle((folder / OUTPUT_FILE).read_bytes())
        await node.until(lambda engine: engine.batches.last_final == 1)
        FolderProofQueue(node.folder.proof_queue_path).forget(1)
        node.l1.take_back(await node.node.runner.call(lambda engine: engine.root_after(0)))
        await until_exists(folder / WITNESS_FILE)
        put_proof(node.folder.proof_queue_path, 1)
        await node.until(lambda engine: engine.batches.last_final == 1)


async def test_l1_node_that_is_behind_takes_no_finality_back(tmp_path: Path) -> None:
    policy = replace(FAST, settlement=replace(FAST.settlement, idle_look_ms=20))
    async with _sealed_node(tmp_path, policy) as node, node.client(2) as client:
        put_proof(node.folder.proof_queue_path, 1)
        await node.until(lambda engine: engine.batches.last_final == 1)
        node.l1.stands_still = True
        states, block_number = list(node.l1._states), node.l1.block_number
        node.l1._states, node.l1.block_number = states[:1], 1
        await _until_error(client, "the L1 node is behind: it has confirmed block 0")
        assert await node.node.runner.call(lambda engine: engine.batches.last_final) == 1
        node.l1._states, node.l1.block_number = states, block_number
        await _until_error(client, "")


async def test_foreign_root_in_an_unconfirmed_block_is_waited_for(tmp_path: Path) -> None:
    async with _sealed_node(tmp_path) as node, node.client(2) as client:
        node.l1.stands_still = True
        good, bad = node.l1._states[0], L1State(1, 12345, node.config.config_hash)
        node.l1._states = [good, (node.l1.block_number, bad)]
        put_proof(node.folder.proof_queue_path, 1)
        await _until_error(client, "fewer than 3 confirmations")
        node.l1._states = [good]
        node.l1.stands_still = False
        await node.until(lambda engine: engine.batches.last_final == 1)


@pytest.mark.parametrize(
    "reason",
    [
        "BatchTimeOutOfRange(1700000100000, 0, 1700000060000)",
        "BatchTimeOutOfRange(timeMs=1700000100000, minMs=0, maxMs=1700000060000)",
    ],
)
async def test_batch_from_the_future_is_waited_for_however_long_it_takes(
    tmp_path: Path, reason: str
) -> None:
    async with _sealed_node(tmp_path) as node, node.client(2) as client:
        node.l1.rejects_with = reason
        put_proof(node.folder.proof_queue_path, 1)
        await _until_error(client, "clock has to catch up")
        first = node.l1.block_number
        await until(lambda: node.l1.block_number >= first + 10)
        assert not (await client.status()).settlement_halted
        node.l1.rejects_with = ""
        await node.until(lambda engine: engine.batches.last_final == 1)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("BatchTimeOutOfRange(5, 10, 20)", "too old"),
        ("OperatorOnly(sender=0x1, openFrom=9)", "setOperator"),
        ("OutOfDomainMismatch(composition=1, claimed=2)", "novation batch reprove 1"),
        ("OutOfGas(limit=16777216): needs more than 16777216 gas", "cheap-l1"),
        ("NeverHeardOf(1)", "no error that this version knows"),
    ],
)
async def test_rejection_that_halts_tells_what_to_do_and_ends_by_itself_when_done(
    tmp_path: Path, reason: str, advice: str
) -> None:
    async with _sealed_node(tmp_path) as node, node.client(2) as client:
        node.l1.rejects_with = reason
        put_proof(node.folder.proof_queue_path, 1)
        await _until_halted(client)
        assert advice in node.node.settlement.status.advice
        node.l1.rejects_with = ""
        await node.until(lambda engine: engine.batches.last_final == 1)
        assert not (await client.status()).settlement_halted


async def test_confirmed_foreign_root_halts_settlement_and_not_the_node(tmp_path: Path) -> None:
    async with _sealed_node(tmp_path) as node, node.client(2) as client:
        true_states = list(node.l1._states)
        node.l1._state = L1State(1, 12345, node.config.config_hash)
        put_proof(node.folder.proof_queue_path, 1)
        status = await _until_halted(client)
        assert status.settlement_error.startswith(
            "batch 1 is another one on L1: root after batch 1"
        )
        assert "--second-l1" in node.node.settlement.status.advice
        assert status.final_batch_number == 0
        await client.withdraw("1")
        assert node.node.failure is not None
        assert not node.node.failure.done()
        # It was the L1 node's mistake.
        node.l1._states = true_states
        await node.until(lambda engine: engine.batches.last_final == 1)
        assert not (await client.status()).settlement_halted


async def test_batches_beyond_what_was_sealed_halt_settlement_and_not_the_node(
    tmp_path: Path,
) -> None:
    async with _sealed_node(tmp_path) as node, node.client(2) as client:
        node.l1._state = L1State(9, 12345, node.config.config_hash)
        put_proof(node.folder.proof_queue_path, 1)
        status = await _until_halted(client)
        assert "L1 is at batch 9, this data folder ends at 3" in status.settlement_error
        assert node.node.failure is not None
        assert not node.node.failure.done()


async def test_l1_node_that_is_behind_at_a_restart_takes_no_finality_back(tmp_path: Path) -> None:
    policy = replace(FAST, settlement=replace(FAST.settlement, idle_look_ms=20))
    async with _sealed_node(tmp_path, policy) as node:
        put_proof(node.folder.proof_queue_path, 1)
        await node.until(lambda engine: engine.batches.last_final == 1)
        l1 = node.l1
    states, block_number = list(l1._states), l1.block_number
    l1.stands_still, l1._states, l1.block_number = True, states[:1], 1
    async with running_node(tmp_path, policy=policy, l1=l1) as node, node.client(2) as client:
        await _until_error(client, "the L1 node is behind: it has confirmed block 0")
        batch = await client.batch(1)
        assert batch.state is BatchState.FINAL
        l1._states, l1.block_number = states, block_number
        await _until_error(client, "")
        assert (await client.batch(1)).state is BatchState.FINAL


async def test_restarted_node_publishes_unproven_batches_again(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        await _seal_three_batches(node)
        l1, queue = node.l1, node.folder.proof_queue_path
        for name in (WITNESS_FILE, OUTPUT_FILE):
            (queue / "00000002" / name).unlink()
        (queue / "00000002").rmdir()
    async with running_node(tmp_path, l1=l1) as node:
        await until_exists(queue / "00000002" / WITNESS_FILE)
        for batch_number in (1, 2, 3):
            put_proof(queue, batch_number)
        await node.until(lambda engine: engine.batches.last_final == 3)


async def test_deposit_counts_only_when_it_is_confirmed(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        node.l1.n_confirmed = 1
        for account_id in TRADERS:
            node.l1.add_deposit(account_id)
        await node.until(lambda engine: engine.state.globals.l1_queue_position == 1)
        await asyncio.sleep(0.1)
        position = await node.node.runner.call(lambda e: e.state.globals.l1_queue_position)
        assert position == 1
        node.l1.n_confirmed = None
        await node.until(lambda engine: engine.state.globals.l1_queue_position == 3)


async def test_deposit_with_a_foreign_key_is_consumed_without_credit(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        await node.fund(2)
        foreign = replace(deposit_entry(1, 2, ONE_DOLLAR), l1_address=l1_address(3))
        node.l1.entries.append(foreign)
        await node.until(lambda engine: engine.state.globals.l1_queue_position == 2)
        async with node.client(2) as client:
            assert (await client.account()).collateral == 10_000
        await within_patience(node.node.runner.change(Engine.seal))


async def test_deposits_after_a_restart_are_not_credited_twice(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        await node.fund(*TRADERS)
        l1 = node.l1
    async with running_node(tmp_path, l1=l1) as node:
        await node.fund(5)
        custody = await node.node.runner.call(lambda engine: engine.state.globals.custody_quanta)
        assert custody == 4 * 10_000 * ONE_DOLLAR


async def test_deposit_whose_reclaim_was_requested_is_left_out(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        await node.fund(2)
        node.l1.n_confirmed = 1
        for account_id in (3, 4, 5):
            node.l1.add_deposit(account_id)
        node.l1.left_out = {1, 3}
        node.l1.n_confirmed = None
        await node.until(lambda engine: 4 in engine.state.accounts)
        l1 = node.l1
        l1.add_deposit(6)
        await node.until(lambda engine: 6 in engine.state.accounts)
    async with running_node(tmp_path, l1=l1) as node:
        l1.add_deposit(7)
        await node.until(lambda engine: 7 in engine.state.accounts)
        users = await node.node.runner.call(lambda e: [i for i in e.state.accounts if i > 1])
        assert users == [2, 4, 6, 7]
        position = await node.node.runner.call(lambda e: e.state.globals.l1_queue_position)
        assert position == 4


async def test_request_for_a_deposit_that_was_consumed_moves_no_other(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        await node.fund(2, 3)
        node.l1.left_out = {0}
        for account_id in (4, 5):
            node.l1.add_deposit(account_id)
        await node.until(lambda engine: 5 in engine.state.accounts)
        assert await node.node.runner.call(lambda engine: 4 in engine.state.accounts)
        custody = await node.node.runner.call(lambda engine: engine.state.globals.custody_quanta)
        assert custody == 4 * 10_000 * ONE_DOLLAR


@pytest.mark.parametrize("confirmations", [0, 2])
async def test_reorg_of_a_block_that_was_consumed_stops_the_node(
    tmp_path: Path, confirmations: int
) -> None:
    policy = replace(FAST, watcher=WatcherPolicy(confirmations=confirmations, poll_ms=5))
    async with running_node(tmp_path, policy=policy) as node:
        l1 = node.l1
        l1.stands_still, l1.block_number = True, 10
        await node.fund(2)
        looked_at = 10 - confirmations
        await node.until(lambda engine: engine.l1_cursor.block == l1._block(looked_at))
        # Shallower than the confirmations: nothing was consumed there.
        l1.replace_blocks(looked_at + 1)
        await node.fund(3)
        old, n_journalled = l1._block(looked_at), await node.node.runner.call(_last_sequence)
        l1.replace_blocks(looked_at)
        l1.add_deposit(4)
        words = f"L1 block {looked_at} was 0x{old.block_hash.hex()} .* and is 0x{{}} now"
        words = words.format(l1._block(looked_at).block_hash.hex())
        with pytest.raises(DeepReorgError, match=words):
            await within_patience(node.node.wait_for_failure())
    async with running_node(tmp_path, policy=policy, l1=l1) as node:
        with pytest.raises(DeepReorgError, match=words):
            await within_patience(node.node.wait_for_failure())
        assert await node.node.runner.call(_last_sequence) == n_journalled
    accepting = replace(policy, watcher=replace(policy.watcher, accepted_reorg_block=looked_at))
    async with running_node(tmp_path, policy=accepting, l1=l1) as node:
        await node.until(lambda engine: 4 in engine.state.accounts)
    async with running_node(tmp_path, policy=policy, l1=l1) as node:
        await node.fund(5)


async def test_l1_that_is_behind_what_was_consumed_is_waited_for(tmp_path: Path) -> None:
    policy = replace(
        FAST, watcher=WatcherPolicy(confirmations=0, poll_ms=5, backoff=BackoffPolicy(5, 10))
    )
    async with running_node(tmp_path, policy=policy) as node:
        node.l1.stands_still, node.l1.block_number = True, 10
        await node.until(lambda engine: engine.l1_cursor.block == node.l1._block(10))
        node.l1.block_number = 7
        node.l1.add_deposit(2)
        await asyncio.sleep(0.1)
        assert await node.node.runner.call(_last_sequence) == 0
        node.l1.block_number = 11
        await node.until(lambda engine: 2 in engine.state.accounts)


def test_backoff_when_attempts_fail_doubles_up_to_its_limit_and_starts_over() -> None:
    backoff = Backoff(BACKOFF)
    assert [backoff.after_failure_ms() for _ in range(5)] == [100, 200, 400, 800, 1000]
    backoff.reset()
    assert backoff.after_failure_ms() == 100


def test_published_job_when_published_again_is_left_alone(tmp_path: Path) -> None:
    queue = FolderProofQueue(tmp_path, keep_final=False)
    queue.publish(ProofJob(1, "{}", (1, 2)))
    put_proof(tmp_path, 1)
    queue.publish(ProofJob(1, "{other}", (3,)))
    assert queue.take_proof(1) == b'["0x1", "0x2"]'
    assert (queue.folder(1) / WITNESS_FILE).read_text() == "{}"
    queue.discard(1)
    assert queue.take_proof(1) is None
    assert list(tmp_path.iterdir()) == []


def _last_sequence(engine: Engine) -> int:
    return engine.last_sequence


@asynccontextmanager
async def _sealed_node(path: Path, policy: NodeConfig = FAST) -> AsyncIterator[RunningNode]:
    async with running_node(path, policy=policy) as node:
        await _seal_three_batches(node)
        yield node


async def _until_halted(client: Client) -> Status:
    async def looked() -> Status | None:
        return status if (status := await client.status()).settlement_halted else None

    status = await until(looked)
    assert status is not None
    return status


async def _until_error(client: Client, words: str) -> None:
    """Wait for an error with these words; with none, for no error."""

    async def looked() -> bool:
        error = (await client.status()).settlement_error
        return words in error if words else not error

    await until(looked)


async def _until_sent(node: RunningNode, n_transactions: int) -> None:
    await until(lambda: len(node.l1.pool.seen) >= n_transactions)


async def _seal_three_batches(node: RunningNode) -> None:
    for account_id in TRADERS:
        await node.fund(account_id)
        await node.node.runner.change(Engine.seal)
    for batch_number in (1, 2, 3):
        await until_exists(node.folder.proof_queue_path / f"{batch_number:08d}")


async def _run_clock_until(clock: ManualClock, work: Awaitable[None]) -> None:
    """Let time pass quickly while something is awaited."""
    task = asyncio.ensure_future(work)
    while not task.done():
        clock.move(20)
        await asyncio.sleep(0.002)
    await task
