"""One node of the oracle committee: watches prices, signs its own view, reports it.

    python -m devnet.oracle_node --home FOLDER --index 0 --sequencer 127.0.0.1:50051

As price feeds usually do, it reports when a price has moved by a threshold, and otherwise at a slow
heartbeat: every report costs the proof a signature.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc

from devnet.deployment import Deployment
from devnet.home import Home
from devnet.keys import load_keys
from devnet.prices import read_prices
from novation.api.v1 import oracle_service_pb2 as messages
from novation.api.v1 import types_pb2
from novation.api.v1.oracle_service_pb2_grpc import OracleServiceStub
from novation.crypto import sign
from novation.protocol.signatures import Signature
from novation.protocol.transactions.oracle_update import OracleReport

if TYPE_CHECKING:
    from fractions import Fraction

    from devnet.markets import MarketSetup

logger = logging.getLogger("oracle")

POLL_S: Final = 0.2
CALL_TIMEOUT_S: Final = 5.0
PPM: Final = 1_000_000
# Nodes see slightly different markets: the largest deviation of one node from the common price.
MAX_DEVIATION_PPM: Final = 50
FELT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """When a node reports: a move of `threshold_ppm` since its last report, or its age."""

    threshold_ppm: int = 500
    heartbeat_s: float = 20.0


def observed_prices(
    index: int, second: int, markets: tuple[MarketSetup, ...], common: list[Fraction]
) -> tuple[int, ...]:
    """Return what node `index` sees in a given second, in ticks with 16 fraction bits."""
    observed = []
    for market, price in zip(markets, common, strict=True):
        digest = hashlib.sha256(f"{index}/{second}/{market.config.symbol}".encode()).digest()
        deviation_ppm = digest[0] % (2 * MAX_DEVIATION_PPM + 1) - MAX_DEVIATION_PPM
        observed.append(market.price_x16(price * (PPM + deviation_ppm) / PPM))
    return tuple(observed)


def is_worth_reporting(
    policy: ReportPolicy, common: list[Fraction], reported: list[Fraction] | None, age_s: float
) -> bool:
    """Return whether a price has moved by the threshold, or the last report is too old."""
    if reported is None or age_s >= policy.heartbeat_s:
        return True
    return any(
        abs(now - then) * PPM >= then * policy.threshold_ppm
        for now, then in zip(common, reported, strict=True)
    )


DEFAULT_POLICY: Final = ReportPolicy()


class OracleNode:
    """Signs with one key; a sequencer that is away only delays it."""

    def __init__(
        self, deployment: Deployment, index: int, private_key: int, prices_path: Path
    ) -> None:
        """Report as signer `index` of the deployment."""
        self._deployment = deployment
        self._config = deployment.config
        self._index = index
        self._private_key = private_key
        self._prices_path = prices_path

    def signed_report(self, common: list[Fraction], time_ms: int) -> OracleReport:
        """Return this node's report of the prices at a time."""
        prices_x16 = observed_prices(self._index, time_ms // 1000, self._deployment.markets, common)
        report = OracleReport(self._index, time_ms, prices_x16)
        r, s = sign(report.message_hash(self._config), self._private_key)
        return replace(report, signature=Signature(r, s))

    async def run(self, address: str, policy: ReportPolicy) -> None:
        """Report for ever."""
        reported: list[Fraction] | None = None
        reported_at = 0.0
        async with grpc.aio.insecure_channel(address) as channel:
            stub = OracleServiceStub(channel)  # type: ignore[no-untyped-call]
            while True:
                common = read_prices(self._prices_path, self._deployment.markets)
                if is_worth_reporting(policy, common, reported, time.monotonic() - reported_at):
                    report = self.signed_report(common, time.time_ns() // 1_000_000)
                    if await self._submit(stub, report):
                        reported, reported_at = common, time.monotonic()
                await asyncio.sleep(POLL_S)

    async def _submit(self, stub: OracleServiceStub, report: OracleReport) -> bool:
        request = messages.SubmitReportRequest(
            report=messages.OracleReport(
                signer_index=report.signer_index,
                time_ms=report.time_ms,
                prices_x16=report.prices_x16,
                signature=types_pb2.Signature(
                    r=report.signature.r.to_bytes(FELT_BYTES, "big"),
                    s=report.signature.s.to_bytes(FELT_BYTES, "big"),
                ),
            )
        )
        try:
            await stub.SubmitReport(request, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            logger.warning("report refused: %s %s", error.code().name, error.details())
            return False
        logger.info("reported %s", report.prices_x16)
        return True


def main() -> None:
    """Run one node until the process is ended."""
    parser = argparse.ArgumentParser(prog="devnet.oracle_node", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--index", type=int, required=True)
    parser.add_argument("--sequencer", required=True, metavar="HOST:PORT")
    parser.add_argument("--heartbeat", type=float, default=DEFAULT_POLICY.heartbeat_s)
    parser.add_argument("--threshold-ppm", type=int, default=DEFAULT_POLICY.threshold_ppm)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    home = Home(arguments.home)
    keys = load_keys(home.oracle_keys_path, f"oracle-{arguments.index}")
    deployment = Deployment.load(home.deployment_path)
    node = OracleNode(deployment, arguments.index, keys.stark_private, home.prices_path)
    policy = ReportPolicy(arguments.threshold_ppm, arguments.heartbeat)
    asyncio.run(node.run(arguments.sequencer, policy))


if __name__ == "__main__":
    main()
