"""The sequencer's process on a chain that takes back blocks whose deposits it has consumed."""

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devnet.anvil import Anvil
from devnet.contracts import Chain
from devnet.deployment import Deployment
from devnet.home import Home
from devnet.keys import derive_keys
from devnet.ports import LOOPBACK, free_port
from devnet.processes import ManagedProcess
from devnet.system import ask_status, deploy, oracle_keys, service_keys, wait_until_it_serves
from devnet.trader_l1 import TraderOnL1
from novation.client import Client
from tests.support.waiting import PATIENCE_S

AMOUNT = 5_000_000
CONFIRMATIONS = 2


@dataclass
class OnChain:
    home: Home
    chain: Chain
    deployment: Deployment

    def start_sequencer(self, *options: str) -> tuple[ManagedProcess, str]:
        address = f"{LOOPBACK}:{free_port()}"
        command = [sys.executable, "-m", "devnet.node_process", "--home", str(self.home.path)]
        command += ["--listen", address, "--l1", self.chain.url]
        command += ["--confirmations", str(CONFIRMATIONS), *options]
        name = f"sequencer-{address.rsplit(':', 1)[1]}"
        return ManagedProcess(name, command, self.home.log_path(name)), address

    def deposit(self, name: str) -> None:
        trader = TraderOnL1(self.chain, self.deployment, derive_keys(name, seed=3))
        trader.fund(AMOUNT)
        trader.deposit(AMOUNT)


@pytest.fixture
def on_chain(tmp_path: Path) -> Iterator[OnChain]:
    home = Home(tmp_path)
    anvil = Anvil(home.chain_path)
    chain = Chain(anvil.url)
    deployment = deploy(chain, home, service_keys(home), oracle_keys(home))
    yield OnChain(home, chain, deployment)
    anvil.stop()


async def test_sequencer_when_l1_takes_back_consumed_blocks_then_stops_and_names_them(
    on_chain: OnChain,
) -> None:
    on_chain.deposit("alice")
    on_chain.chain.local("anvil_mine", [CONFIRMATIONS])
    process, address = on_chain.start_sequencer()
    try:
        await wait_until_it_serves(process, address)
        async with Client(address) as client:
            deadline = time.monotonic() + PATIENCE_S
            while (await client.status()).l1_queue_position == 0:
                assert time.monotonic() < deadline
        # As deep as the confirmations only: goes on.
        on_chain.chain.local("anvil_reorg", [CONFIRMATIONS, []])
        await asyncio.sleep(1)
        assert await ask_status(address) == 0
        on_chain.chain.local("anvil_reorg", [CONFIRMATIONS + 1, []])
        wait_for_end(process)
    finally:
        process.stop()
    number = on_chain.chain.web3.eth.block_number - CONFIRMATIONS
    found = on_chain.chain.web3.eth.get_block(number)["hash"].hex()
    last_line = process.log_tail().splitlines()[-1]
    assert f"sequencer: stopped: L1 block {number} was 0x" in last_line
    assert f"and is 0x{found} now" in last_line

    again, _ = on_chain.start_sequencer()
    wait_for_end(again)
    assert f"L1 block {number} was 0x" in again.log_tail()
    accepting, address = on_chain.start_sequencer("--accept-l1-reorg", str(number))
    try:
        await wait_until_it_serves(accepting, address)
        await asyncio.sleep(1)
        assert accepting.exit_code() is None
    finally:
        accepting.stop()


def wait_for_end(process: ManagedProcess) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.exit_code() is None:
        assert time.monotonic() < deadline, process.log_tail()
        time.sleep(0.05)
    assert process.exit_code() == 1
