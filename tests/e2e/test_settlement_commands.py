"""`novation status` and `novation batch reprove` with a node whose batch L1 rejects."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from devnet.commands.batches import reprove
from devnet.commands.settlement import status
from devnet.endpoints import Endpoints
from devnet.errors import UserError
from devnet.home import Home
from sequencer.backoff import BackoffPolicy
from sequencer.engine import Engine
from sequencer.settlement import SettlementPolicy
from tests.node.support import POLICY, running_node, until_exists
from tests.support.simulation import put_proof
from tests.support.waiting import until

FAST = replace(
    POLICY,
    settlement=SettlementPolicy(poll_ms=20, backoff=BackoffPolicy(first_ms=1, longest_ms=5)),
)


async def test_operator_when_l1_rejects_a_proof_sees_why_and_has_it_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path)
    with pytest.raises(UserError, match="there is no folder"):
        reprove(1, home)
    async with running_node(home.sequencer_path, policy=FAST) as node:
        Endpoints(sequencer=node.target, l1="http://127.0.0.1:1").save(home.endpoints_path)
        await asyncio.to_thread(status, home)
        assert "settlement         working" in capsys.readouterr().out
        await node.fund(2)
        await node.node.runner.change(Engine.seal)
        await until_exists(home.proof_queue_path / "00000001")
        node.l1.rejects_with = "ProofRejected(step=7)"
        put_proof(home.proof_queue_path, 1)
        await until(lambda: node.node.settlement.status.is_halted)
        with pytest.raises(UserError, match="novation batch reprove 1") as caught:
            await asyncio.to_thread(status, home)
        assert caught.value.exit_code == 1
        assert "halted: batch 1 rejected: ProofRejected(step=7)" in capsys.readouterr().out
        node.l1.rejects_with = ""
        await asyncio.to_thread(reprove, 1, home)
        assert "waits for a new proof" in capsys.readouterr().out
        put_proof(home.proof_queue_path, 1)
        await node.until(lambda engine: engine.batches.last_final == 1)
        with pytest.raises(UserError, match="batch 1 is final"):
            await asyncio.to_thread(reprove, 1, home)
