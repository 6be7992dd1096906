"""Orders per second and acknowledgement latencies of a sequencer process, loaded through gRPC.

Twice: alone with the traders that load it, and with a crowd of accounts, a deep book and readers.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devnet.bench.crowd import Crowd, crowded_state, fill_database
from devnet.bench.subscribers import Subscribers
from devnet.contracts import Chain
from devnet.demo.play import wait_for_mark
from devnet.deployment import Deployment
from devnet.home import Home
from devnet.keys import derive_keys
from devnet.markets import MARKETS
from devnet.progress import wait_for_deposit
from devnet.system import Devnet, DevnetOptions
from devnet.trader_l1 import TraderOnL1, deposit_all, fund_all
from novation.client import Client, LocalSigner
from novation.client.load import LoadPlan, LoadResult, measure_load
from sequencer.data_folder import DataFolder

if TYPE_CHECKING:
    from devnet.keys import TraderKeys

N_TRADERS: Final = 8
DEPOSIT_QUANTA: Final = 10**13
# Eleven lots are 104 USD, and an order is worth 100 at least.
PLAN: Final = LoadPlan("BTC-USD", "95000", min_lots=11, max_lots=30, n_orders=200, window=32)
# Batches seal by the default budget, as in production; prices enter them when orders need them.
OPTIONS: Final = DevnetOptions(with_prover=False, oracle_heartbeat_s=240)
CROWD_ACCOUNTS: Final = 100_000
CROWD_ORDERS: Final = 10_000
# A trader's account, a book, its trades; all others follow accounts to which nothing happens.
CROWD_SUBSCRIBERS: Final = 100


@dataclass(frozen=True, slots=True)
class NodeLoad:
    """A load and what it took: CPU time of the sequencer's process, messages to subscribers."""

    result: LoadResult
    cpu_us_per_order: float
    messages_per_order: float


def measure_node() -> NodeLoad:
    """Start a system without a prover in a scratch folder, load its sequencer, and stop it."""
    return _measure(OPTIONS, n_subscribers=0)


def measure_crowded_node() -> NodeLoad:
    """The same with 10^5 accounts, 10^4 resting orders and 100 subscribers."""
    options = replace(OPTIONS, before_sequencer=_put_crowd)
    return _measure(options, CROWD_SUBSCRIBERS)


def _put_crowd(home: Home) -> None:
    deployment = Deployment.load(home.deployment_path)
    prices_x16 = tuple(market.price_x16(market.start_price) for market in MARKETS)
    crowd = Crowd(CROWD_ACCOUNTS, CROWD_ORDERS, prices_x16, time.time_ns() // 1_000_000)
    state = crowded_state(deployment.config, deployment.genesis, crowd)
    with DataFolder(home.sequencer_path) as folder:
        fill_database(folder.database_path, state)


def _measure(options: DevnetOptions, n_subscribers: int) -> NodeLoad:
    with tempfile.TemporaryDirectory(prefix="novation-bench-") as folder:
        home = Home(Path(folder))
        with Devnet(home, options) as system:
            assert system.endpoints is not None
            traders = [derive_keys(f"load-{index}", seed=1) for index in range(N_TRADERS)]
            chain = Chain(system.endpoints.l1)
            deployment = Deployment.load(home.deployment_path)
            amounts = [(TraderOnL1(chain, deployment, keys), DEPOSIT_QUANTA) for keys in traders]
            fund_all(chain, amounts)
            deposit_all(chain, amounts)
            pid = system.processes["sequencer"].pid
            return asyncio.run(_load(system.endpoints.sequencer, pid, traders, n_subscribers))


async def _load(
    sequencer: str, pid: int, traders: list[TraderKeys], n_subscribers: int
) -> NodeLoad:
    async with AsyncExitStack() as stack:
        observer = await stack.enter_async_context(Client(sequencer))
        await wait_for_deposit(observer, len(traders) - 1)
        await wait_for_mark(observer, str(PLAN.market), Fraction(str(PLAN.price)))
        clients = [
            await stack.enter_async_context(
                Client(
                    sequencer,
                    l1_address=keys.l1_address,
                    signer=LocalSigner(keys.stark_private),
                )
            )
            for keys in traders
        ]
        readers = None
        if n_subscribers:
            account_ids = _followed(clients[0].account_id, n_subscribers - 2)
            market_id = clients[0].exchange.market(PLAN.market).market_id
            readers = await stack.enter_async_context(
                Subscribers(sequencer, account_ids, market_id)
            )
        before_s = _cpu_seconds(pid)
        result = await measure_load(clients, sequencer, PLAN)
        n_orders = result.n_accepted + result.n_refused
        return NodeLoad(
            result,
            cpu_us_per_order=1e6 * (_cpu_seconds(pid) - before_s) / n_orders,
            messages_per_order=0 if readers is None else readers.n_messages / n_orders,
        )


def _followed(trader_id: int, count: int) -> list[int]:
    """Return the accounts to follow: a trader, and others spread over the crowd."""
    crowd = Crowd(CROWD_ACCOUNTS, CROWD_ORDERS, (), 0).account_ids
    return [trader_id, *crowd[:: len(crowd) // (count - 1)][: count - 1]]


def _cpu_seconds(pid: int) -> float:
    """Return user and system time of a process (proc(5): fields 14 and 15 of `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
