"""Deposits that the contract consumed for equal ones: whoever makes two can bring that about."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devnet.anvil import Anvil
from devnet.contracts import Chain
from devnet.l1_queue import QueueOnL1
from tests.e2e.test_l1_cost import AMOUNT, DEPLOYER, KEY, Settling, deposit_record


@pytest.fixture
def settling(tmp_path: Path) -> Iterator[Settling]:
    anvil = Anvil(tmp_path / "chain.json")
    made = Settling(Chain(anvil.url))
    made.deploy()
    yield made
    anvil.stop()


def test_call_that_its_blocks_time_makes_dearer_than_estimated_passes(settling: Settling) -> None:
    chain, functions = settling.chain, settling.contract.functions
    deposit = functions.deposit(0, KEY, AMOUNT)
    chain.transact(deposit, DEPLOYER)
    request = chain.transact(functions.requestReclaim(0, 0, 2, KEY, AMOUNT), DEPLOYER)
    # At the request's own time, for which gas is estimated, the deposit would write nothing anew.
    block_time = chain.web3.eth.get_block(request["blockNumber"])["timestamp"]
    chain.local("evm_setNextBlockTimestamp", [block_time + 100])
    receipt = chain.transact(deposit, DEPLOYER)
    assert receipt["status"] == 1
    assert functions.queue().call() == [0, 2, 0]


def test_entry_that_a_batch_consumed_for_an_equal_one_is_left_out(settling: Settling) -> None:
    chain, functions = settling.chain, settling.contract.functions
    deposit, other = functions.deposit(0, KEY, AMOUNT), functions.deposit(0, KEY, AMOUNT + 1)
    owner = int(DEPLOYER.address, 16)
    queue = QueueOnL1(settling.contract, 0, None)
    chain.transact(deposit, DEPLOYER)
    assert [found.index for found in queue.read(0, 10, 0).entries] == [0]
    # The first entry is in a batch. Before it settles come the request for it and an equal entry.
    chain.transact(functions.requestReclaim(0, 0, 2, KEY, AMOUNT), DEPLOYER)
    chain.transact(deposit, DEPLOYER)
    chain.transact(other, DEPLOYER)
    settling.settle([deposit_record(AMOUNT, owner)], [])
    assert functions.queue().call() == [2, 3, 1]
    for reader in (queue, QueueOnL1(settling.contract, 0, None)):
        for _ in range(2):
            assert [found.index for found in reader.read(1, 10, 0).entries] == [2]
    # The next batch goes on behind it.
    settling.settle([deposit_record(AMOUNT + 1, owner)], [])
    assert functions.queue().call() == [3, 3, 2]
