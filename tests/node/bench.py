"""The node's benchmark: a sequencer process on this machine, loaded through gRPC.

python -m tests.node.bench
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import grpc

from novation.client import Client, LocalSigner
from novation.client.load import LoadPlan, LoadResult, measure_load
from tests.node.process import start_node, wait_until_ready
from tests.node.support import Stubs
from tests.support.builders import private_key

ACCOUNTS = tuple(range(2, 18))
PLAN = LoadPlan(market="BTC-USD", price="100.0", n_orders=200, window=32)


async def measure(plan: LoadPlan = PLAN) -> LoadResult:
    """Start a node in a fresh folder, load it and stop it."""
    with tempfile.TemporaryDirectory(prefix="novation-bench-") as folder:
        async with _serving(Path(folder)) as target, AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    Client(target, account_id=i, signer=LocalSigner(private_key(i)))
                )
                for i in ACCOUNTS
            ]
            return await measure_load(clients, target, plan)


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[str]:
    deposits = folder / "deposits.json"
    deposits.write_text(json.dumps([[account_id, 10**13] for account_id in ACCOUNTS]))
    process, port = await start_node(folder, deposits, policy="bench")
    try:
        target = f"127.0.0.1:{port}"
        async with grpc.aio.insecure_channel(target) as channel:
            await wait_until_ready(Stubs(channel), len(ACCOUNTS))
        yield target
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(measure())), sys.stdout, indent=2)
