"""The sequencer's process: joins the node to its database, its clock, L1 and the proof queue.

python -m devnet.node_process --home FOLDER --listen 127.0.0.1:50051 --l1 http://127.0.0.1:8545
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devnet.batch_policy import batch_policy
from devnet.contracts import Chain
from devnet.deployment import Deployment
from devnet.errors import UserError
from devnet.home import Home
from devnet.keys import load_keys
from devnet.l1_exchange import ExchangeOnL1
from devnet.shared_clock import SharedClock
from prover.profiles import PROFILES
from sequencer.config import BatchPolicy, NodeConfig, OraclePolicy
from sequencer.data_folder import DataFolder, DataFolderInUseError
from sequencer.node import Node, NodeParts, run_node
from sequencer.proof_queue import FolderProofQueue
from sequencer.rates import RatePolicy
from sequencer.settlement import SettlementPolicy
from sequencer.store import WrongExchangeError
from sequencer.watcher import DeepReorgError, WatcherPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

SEQUENCER_KEYS: Final = "sequencer"
OPERATOR_KEYS: Final = "operator"
DEFAULT_BATCH: Final = BatchPolicy()
RATES: Final = {item.name: item.default for item in fields(RatePolicy)}
# What no restart cures: one line for the operator as the log's last.
OPERATORS_MATTER: Final = (
    DataFolderInUseError,
    DeepReorgError,
    UserError,
    WrongExchangeError,
)
SECOND_L1_HELP: Final = "another node, which must hold a deposit or batch, too, before it counts"
PROFILE_HELP: Final = "the prover's: batches are sealed so that its proofs fit beside them"
RATE_HELP: Final = "how much one key or connection may send; docs/spec/api.md"
CLOCK_HELP: Final = "how far this devnet's clock is ahead of the machine's"
ACCEPT_HELP: Final = "go on although L1 replaced this block; only after docs/spec/settlement.md"


def node_config(arguments: argparse.Namespace, key: int) -> NodeConfig:
    """Return the node's settings for a local chain.

    Raises:
        UserError: one of them is out of range.
    """
    try:
        return _node_config(arguments, key)
    except ValueError as error:
        raise UserError(str(error)) from error


def _node_config(arguments: argparse.Namespace, key: int) -> NodeConfig:
    return NodeConfig(
        listen_address=arguments.listen,
        sequencer_private_key=key,
        batch=batch_policy(arguments.profile, arguments.batch_steps, arguments.batch_age_ms),
        rates=RatePolicy(**{name: getattr(arguments, name) for name in RATES}),
        # Long enough for the whole committee, so that one update carries all reports.
        oracle=OraclePolicy(
            grace_ms=500,
            idle_interval_ms=1000 * arguments.oracle_heartbeat,
            idle_move_ppm=arguments.oracle_threshold_ppm,
        ),
        watcher=WatcherPolicy(
            confirmations=arguments.confirmations,
            poll_ms=250,
            accepted_reorg_block=arguments.accept_l1_reorg,
        ),
        settlement=SettlementPolicy(confirmations=arguments.confirmations),
    )


async def serve(arguments: argparse.Namespace) -> None:
    """Run the node until SIGTERM or SIGINT."""
    home = Home(arguments.home)
    deployment = Deployment.load(home.deployment_path)
    chain = Chain(arguments.l1)
    witness = None if arguments.second_l1 is None else Chain(arguments.second_l1)
    operator = load_keys(home.service_keys_path, OPERATOR_KEYS).l1_account
    sequencer_key = load_keys(home.service_keys_path, SEQUENCER_KEYS).stark_private
    stop_requested = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    with DataFolder(home.sequencer_path) as data_folder:
        parts = NodeParts(
            data_folder=data_folder,
            clock=SharedClock(arguments.clock),
            l1=ExchangeOnL1(chain, deployment, operator, witness),
            proof_queue=FolderProofQueue(data_folder.proof_queue_path),
        )
        config = node_config(arguments, sequencer_key)
        node = Node(config, deployment.config, deployment.genesis, parts)
        await run_node(node, stop_requested)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="devnet.node_process", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--l1", required=True, metavar="URL")
    parser.add_argument("--second-l1", metavar="URL", help=SECOND_L1_HELP)
    parser.add_argument("--confirmations", type=int, default=2)
    parser.add_argument("--accept-l1-reorg", type=int, metavar="BLOCK", help=ACCEPT_HELP)
    parser.add_argument(
        "--profile", choices=sorted(PROFILES), default="balanced", help=PROFILE_HELP
    )
    parser.add_argument("--clock", type=Path, metavar="FILE", help=CLOCK_HELP)
    parser.add_argument("--batch-age-ms", type=int, default=DEFAULT_BATCH.max_age_ms)
    parser.add_argument("--batch-steps", type=int, default=DEFAULT_BATCH.max_cost_steps)
    parser.add_argument("--oracle-heartbeat", type=int, default=20, metavar="SECONDS")
    parser.add_argument("--oracle-threshold-ppm", type=int, default=500, metavar="PPM")
    for name, default in RATES.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=default, metavar="N", help=RATE_HELP)
    return parser.parse_args(arguments)


def main() -> None:
    """Run the sequencer."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(serve(parse_arguments()))
    except OPERATORS_MATTER as error:
        sys.exit(f"sequencer: stopped: {error}")


if __name__ == "__main__":
    main()
