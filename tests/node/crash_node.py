"""A sequencer process for tests: real node, real LevelDB, L1 simulated from a file.

    python -m tests.node.crash_node DATA_FOLDER DEPOSITS_FILE POLICY

Prints the port and serves until it is killed.
"""

import asyncio
import contextlib
import json
import sys
from dataclasses import fields, replace
from pathlib import Path

from novation.protocol.errors import InvalidTransaction
from novation.protocol.state import State
from sequencer.clock import SystemClock
from sequencer.config import BatchPolicy
from sequencer.data_folder import DataFolder, DataFolderInUseError
from sequencer.engine import Command
from sequencer.errors import RequestRefusedError
from sequencer.node import Node, NodeParts, exempt_from_collection
from sequencer.proof_queue import FolderProofQueue
from sequencer.rates import RatePolicy
from tests.node.support import POLICY, report_at
from tests.support.builders import exchange_config, genesis, oracle_update, parameters
from tests.support.simulation import SimulatedL1, deposit_entry

UNLIMITED = RatePolicy(*[10**6] * len(fields(RatePolicy)))
BENCH = BatchPolicy(max_cost_steps=2**20, max_age_ms=10_000)
# Small and young batches, so that many kills fall into a seal.
POLICIES = {
    "crash": replace(POLICY, batch=BatchPolicy(max_transactions=40, max_age_ms=300)),
    "bench": replace(POLICY, batch=BENCH),
    "unlimited": replace(POLICY, batch=BENCH, rates=UNLIMITED),
}


async def keep_prices(node: Node) -> None:
    """Let the oracles report the prices that hold again and again, once there are any."""
    signers = range(parameters().oracle_quorum)
    while True:
        await SystemClock().sleep_ms(500)
        # A second behind the clock, so that a test's own update is newer.
        time_ms = SystemClock().now_ms() - 1000
        bitcoin = (await node.runner.call(lambda engine: engine.state.underlyings))[0]
        if bitcoin.index_price_x16 == 0:
            continue
        price_ticks = bitcoin.index_price_x16 >> 16
        reports = tuple(report_at(i, time_ms, price_ticks) for i in signers)
        with contextlib.suppress(InvalidTransaction, RequestRefusedError):
            await node.runner.enqueue(Command(oracle_update(reports), time_ms))


async def serve(data_folder: Path, deposits: list[list[int]], policy: str) -> None:
    """Run until killed."""
    config = exchange_config()
    l1 = SimulatedL1(State.genesis(config, genesis()).root, config.config_hash)
    l1.entries = [
        deposit_entry(position, account_id, amount_quanta)
        for position, (account_id, amount_quanta) in enumerate(deposits)
    ]
    with DataFolder(data_folder) as folder:
        queue = FolderProofQueue(folder.proof_queue_path)
        parts = NodeParts(folder, SystemClock(), l1, queue)
        node = Node(POLICIES[policy], config, genesis(), parts)
        exempt_from_collection()
        print(await node.start(), flush=True)
        prices = asyncio.create_task(keep_prices(node))
        await node.wait_for_failure()
        prices.cancel()


if __name__ == "__main__":
    try:
        asyncio.run(
            serve(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), sys.argv[3])
        )
    except DataFolderInUseError as error:
        sys.exit(str(error))
