"""Orders per second and acknowledgement latencies of a sequencer process, loaded through gRPC."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devnet.contracts import Chain
from devnet.demo.play import wait_for_mark
from devnet.deployment import Deployment
from devnet.home import Home
from devnet.keys import derive_keys
from devnet.progress import wait_for_deposit
from devnet.system import Devnet, DevnetOptions
from devnet.trader_l1 import deposit_all, fund_all
from novation.client import Client, LocalSigner
from novation.client.load import LoadPlan, LoadResult, measure_load

if TYPE_CHECKING:
    from devnet.keys import TraderKeys

N_ACCOUNTS: Final = 8
DEPOSIT_QUANTA: Final = 10**13
PLAN: Final = LoadPlan(market="BTC-USD", price="95000", n_orders=200, window=32)
# Batches seal by the default budget, as in production; the oracles report once, at the start.
OPTIONS: Final = DevnetOptions(with_prover=False, oracle_heartbeat_s=86_400)


def measure_node() -> LoadResult:
    """Start a system without a prover in a scratch folder, load its sequencer, and stop it."""
    with tempfile.TemporaryDirectory(prefix="novation-bench-") as folder:
        home = Home(Path(folder))
        with Devnet(home, OPTIONS) as system:
            assert system.endpoints is not None
            traders = [derive_keys(f"load-{index}", seed=1) for index in range(N_ACCOUNTS)]
            amounts = [(keys, DEPOSIT_QUANTA) for keys in traders]
            chain = Chain(system.endpoints.l1)
            deployment = Deployment.load(home.deployment_path)
            fund_all(chain, deployment, amounts)
            deposit_all(chain, deployment, amounts)
            return asyncio.run(_load(system.endpoints.sequencer, traders))


async def _load(sequencer: str, traders: list[TraderKeys]) -> LoadResult:
    async with AsyncExitStack() as stack:
        observer = await stack.enter_async_context(Client(sequencer))
        await wait_for_deposit(observer, len(traders) - 1)
        await wait_for_mark(observer, str(PLAN.market), Fraction(str(PLAN.price)))
        clients = [
            await stack.enter_async_context(
                Client(sequencer, signer=LocalSigner(keys.stark_private))
            )
            for keys in traders
        ]
        return await measure_load(clients, sequencer, PLAN)
