"""Settlement transactions that wait, get lost, are outbid or revert: one nonce, one inclusion."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sequencer.backoff import BackoffPolicy
from sequencer.engine import Engine
from sequencer.fees import FeePolicy
from sequencer.l1 import Fees, SentTransaction, TransactionTerms
from sequencer.settlement import SettlementPolicy
from tests.node.support import POLICY, RunningNode, running_node, until_exists
from tests.support.simulated_pool import GWEI, signed
from tests.support.simulation import SKIP_PREFIX, SimulatedL1, put_proof
from tests.support.waiting import until

PATIENT_MS = 3_600_000
FIRST_FEE_WEI = 3 * GWEI


def test_bumped_fees_when_random_then_outbid_and_stay_within_the_cap() -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    policy = FeePolicy(cap_wei=100 * GWEI)
    for _ in range(2_000):
        market = Fees(rng.randrange(1, 150 * GWEI), rng.randrange(5 * GWEI))
        last = policy.first(Fees(rng.randrange(1, 150 * GWEI), rng.randrange(5 * GWEI)))
        bumped = policy.bumped(last, market)
        if bumped is None:
            assert 8 * policy.cap_wei < 9 * last.max_fee_wei
            continue
        assert 9 * last.max_fee_wei <= 8 * bumped.max_fee_wei
        assert 9 * last.priority_fee_wei <= 8 * bumped.priority_fee_wei
        assert bumped.priority_fee_wei <= bumped.max_fee_wei <= policy.cap_wei


async def test_transaction_that_waits_is_replaced_with_the_same_nonce_and_higher_fees(
    tmp_path: Path,
) -> None:
    async with _node_with_waiting_batch(tmp_path, FeePolicy(replace_after_ms=30)) as node:
        await until(lambda: len(node.l1.pool.seen) >= 3)
        seen = node.l1.pool.seen
        assert {tx.terms.nonce for tx in seen} == {0}
        assert {tx.terms.gas_limit for tx in seen} == {1_000_000}
        fees = [tx.terms.fees for tx in seen]
        assert fees[0] == Fees(FIRST_FEE_WEI, GWEI)
        for old, new in itertools.pairwise(fees):
            assert 8 * new.max_fee_wei >= 9 * old.max_fee_wei
            assert 8 * new.priority_fee_wei >= 9 * old.priority_fee_wei
        await _mine_and_check(node)


async def test_transaction_whose_fees_reach_the_cap_waits_and_says_so(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=30, cap_wei=4 * GWEI)
    async with _node_with_waiting_batch(tmp_path, policy) as node:
        await until(lambda: "cap of 4000000000 wei" in node.node.settlement.status.error)
        assert [tx.terms.fees.max_fee_wei for tx in node.l1.pool.seen] == [
            FIRST_FEE_WEI,
            FIRST_FEE_WEI * 9 // 8,
            FIRST_FEE_WEI * 81 // 64,
        ]
        assert not node.node.settlement.status.is_halted
        await _mine_and_check(node)


async def test_restart_goes_on_with_the_transaction_that_was_sent(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node_with_waiting_batch(tmp_path, policy) as node:
        await until(lambda: len(node.l1.pool.seen) == 1)
        l1 = node.l1
    async with _node(tmp_path, policy, l1) as node:
        await asyncio.sleep(0.2)
        assert len(l1.pool.seen) == 1
        await _mine_and_check(node)


async def test_transaction_recorded_before_a_crash_is_sent_after_it(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node_with_waiting_batch(tmp_path, policy, drops_sent=True) as node:
        await node.until(lambda engine: bool(engine.batches.sent(1)))
        sent = await _sent(node)
        l1 = node.l1
    assert l1.pool.seen == []
    l1.drops_sent = False
    # The market moves; the same transaction is sent nevertheless.
    l1.pool.base_fee_wei += 1
    async with _node(tmp_path, policy, l1) as node:
        await until(lambda: len(l1.pool.seen) == 1)
        assert [l1.pool.seen[0].transaction_hash] == [tx.transaction_hash for tx in sent]
        await _mine_and_check(node)


async def test_transaction_that_the_pool_lost_is_sent_again(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node_with_waiting_batch(tmp_path, policy) as node:
        await until(lambda: len(node.l1.pool.seen) == 1)
        node.l1.pool.pending.clear()
        await until(lambda: len(node.l1.pool.seen) == 2)
        first, second = node.l1.pool.seen
        assert first == second
        await _mine_and_check(node)


async def test_unknown_transaction_with_our_nonce_is_outbid(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    l1 = None
    async with _node_with_waiting_batch(tmp_path, policy, drops_sent=True) as node:
        l1 = node.l1
    # What an earlier life of the operator sent, of which no record is left.
    terms = TransactionTerms(0, 21_000, Fees(10 * GWEI, 2 * GWEI))
    l1.pool.send(signed(b"old", terms).raw)
    l1.drops_sent = False
    async with _node(tmp_path, policy, l1) as node:
        await until(lambda: len(l1.pool.seen) == 2)
        ours = l1.pool.seen[1].terms
        assert (ours.nonce, ours.fees.max_fee_wei > 11 * GWEI) == (0, True)
        await _mine_and_check(node)


async def test_nonce_that_another_transaction_used_is_given_up(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node_with_waiting_batch(tmp_path, policy) as node:
        await until(lambda: len(node.l1.pool.seen) == 1)
        node.l1.pool.pending.clear()
        node.l1.pool.next_nonce = 1
        await until(lambda: len(node.l1.pool.seen) == 2)
        assert node.l1.pool.seen[1].terms.nonce == 1
        await _mine_and_check(node)


async def test_transaction_reverted_for_what_the_contract_rejects_halts_until_it_agrees(
    tmp_path: Path,
) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node_with_waiting_batch(tmp_path, policy) as node:
        await until(lambda: len(node.l1.pool.seen) == 1)
        node.l1.rejects_with = "ProofRejected()"
        node.l1.mine()
        await until(lambda: "asked again until block 4" in node.node.settlement.status.error)
        node.l1.block_number += 3
        await until(lambda: node.node.settlement.status.is_halted)
        assert len(node.l1.pool.seen) == 1
        node.l1.rejects_with = ""
        await until(lambda: len(node.l1.pool.seen) == 2)
        await _mine_and_check(node)


async def test_transaction_reverted_although_the_contract_agrees_is_sent_again(
    tmp_path: Path,
) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node_with_waiting_batch(tmp_path, policy) as node:
        await until(lambda: len(node.l1.pool.seen) == 1)
        node.l1.reverts_left = 3
        for n_sent in (2, 3, 4):
            node.l1.mine()
            await until(lambda: len(node.l1.pool.seen) == n_sent)  # noqa: B023
        assert [tx.terms.nonce for tx in node.l1.pool.seen] == [0, 1, 2, 3]
        assert not node.node.settlement.status.is_halted
        await _mine_and_check(node)


async def test_transaction_that_is_always_reverted_costs_gas_a_bounded_number_of_times(
    tmp_path: Path,
) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node_with_waiting_batch(tmp_path, policy) as node:
        node.l1.reverts_left = 1_000
        node.l1.stands_still = False
        await until(lambda: node.node.settlement.status.is_halted)
        assert "11 of its transactions were reverted" in node.node.settlement.status.error
        await asyncio.sleep(0.1)
        assert len(node.l1.pool.seen) == 11


async def test_node_refusal_is_told_with_its_remedy_and_ends_when_the_node_agrees(
    tmp_path: Path,
) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node(tmp_path, policy) as node:
        node.l1.refuses_with = "insufficient funds for gas * price + value"
        await _prove_a_batch(node)
        await until(lambda: node.node.settlement.status.is_halted)
        status = node.node.settlement.status
        assert "insufficient funds for gas" in status.error
        assert "needs ether" in status.advice
        node.l1.refuses_with = "nonce too high"
        await asyncio.sleep(0.1)
        node.l1.refuses_with = ""
        await node.until(lambda engine: engine.batches.last_final == 1)
        await until(lambda: node.node.settlement.status.error == "")


async def test_node_whose_pool_is_full_is_waited_for_without_a_halt(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node(tmp_path, policy) as node:
        node.l1.refuses_with = "txpool is full"
        await _prove_a_batch(node)
        await until(lambda: "txpool is full" in node.node.settlement.status.error)
        assert not node.node.settlement.status.is_halted
        node.l1.refuses_with = ""
        await node.until(lambda engine: engine.batches.last_final == 1)


async def test_holes_at_the_head_of_the_queue_are_skipped_before_the_batch(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node(tmp_path, policy) as node:
        node.l1.n_holes = 4_300
        await _prove_a_batch(node)
        await node.until(lambda engine: engine.batches.last_final == 1)
        seen = node.l1.pool.seen
        assert [tx.calldata.startswith(SKIP_PREFIX) for tx in seen] == [True, True, True, False]
        assert [tx.terms.nonce for tx in seen] == [0, 1, 2, 3]
        assert node.l1.n_holes == 0


async def test_few_holes_are_left_to_the_batch_unless_it_runs_out_of_gas(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node(tmp_path, policy) as node:
        node.l1.n_holes = 100
        await _prove_a_batch(node)
        await node.until(lambda engine: engine.batches.last_final == 1)
        assert node.l1.n_holes == 100
        node.l1.rejects_with = "OutOfGas(limit=16777216): needs more than 16777216 gas"
        await _prove_a_batch(node, 2)
        await until(lambda: node.l1.n_holes == 0)
        node.l1.rejects_with = ""
        await node.until(lambda engine: engine.batches.last_final == 2)


async def test_gap_of_nonces_that_a_reorg_left_is_filled(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node(tmp_path, policy) as node:
        node.l1.n_holes = 1_000
        node.l1.stands_still = True
        await _prove_a_batch(node)
        await until(lambda: len(node.l1.pool.seen) == 1)
        node.l1.mine()
        await until(lambda: len(node.l1.pool.seen) == 2)
        # The block with the first transaction goes, and the pool has lost it.
        node.l1.pool.next_nonce = 0
        await until(lambda: len(node.l1.pool.seen) == 3)
        assert [tx.terms.nonce for tx in node.l1.pool.seen] == [0, 1, 0]
        node.l1.stands_still = False
        await node.until(lambda engine: engine.batches.last_final == 1)
        assert node.l1.finalised == [1]


async def test_batch_settled_by_somebody_else_is_final_without_our_hash(tmp_path: Path) -> None:
    policy = FeePolicy(replace_after_ms=PATIENT_MS)
    async with _node_with_waiting_batch(tmp_path, policy) as node:
        await until(lambda: len(node.l1.pool.seen) == 1)
        node.l1.settle(node.l1.pool.seen[0].calldata)
        node.l1.stands_still = False
        node.l1.pool.pending.clear()
        await node.until(lambda engine: engine.batches.last_final == 1)
        record = await node.node.runner.call(lambda engine: engine.batches.get(1))
        assert record.l1_transaction_hash == b""
        assert await _sent(node) == ()


@asynccontextmanager
async def _node(
    path: Path, fees: FeePolicy, l1: SimulatedL1 | None = None
) -> AsyncIterator[RunningNode]:
    backoff = BackoffPolicy(first_ms=1, longest_ms=20)
    settlement = SettlementPolicy(poll_ms=10, backoff=backoff, fees=fees)
    async with running_node(path, policy=replace(POLICY, settlement=settlement), l1=l1) as node:
        yield node


@asynccontextmanager
async def _node_with_waiting_batch(
    path: Path, fees: FeePolicy, *, drops_sent: bool = False
) -> AsyncIterator[RunningNode]:
    """Start a node with one proven batch on an L1 that makes no blocks."""
    async with _node(path, fees) as node:
        node.l1.stands_still = True
        node.l1.drops_sent = drops_sent
        await _prove_a_batch(node)
        yield node


async def _prove_a_batch(node: RunningNode, batch_number: int = 1) -> None:
    await node.fund(batch_number + 1)
    await node.node.runner.change(Engine.seal)
    await until_exists(node.folder.proof_queue_path / f"{batch_number:08d}")
    put_proof(node.folder.proof_queue_path, batch_number)


async def _mine_and_check(node: RunningNode) -> None:
    """Let the newest transaction be included: it settles the batch, alone, and is recorded."""
    node.l1.mine()
    node.l1.stands_still = False
    await node.until(lambda engine: engine.batches.last_final == 1)
    assert node.l1.finalised == [1]
    record = await node.node.runner.call(lambda engine: engine.batches.get(1))
    assert record.l1_transaction_hash == node.l1.pool.seen[-1].transaction_hash
    assert await _sent(node) == ()
    await until(lambda: node.node.settlement.status.error == "")


async def _sent(node: RunningNode) -> tuple[SentTransaction, ...]:
    return await node.node.runner.call(lambda engine: engine.batches.sent(1))
