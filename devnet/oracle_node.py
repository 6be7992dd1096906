"""One node of the oracle committee: watches prices, signs its own view, reports it.

    python -m devnet.oracle_node --home FOLDER --index 0 --sequencer 127.0.0.1:50051

It reports every second, for prices expire after three: whoever trades needs fresh ones. Reports
cost nothing until the sequencer puts them into a batch, and it leaves out what nobody needs. With a
slower heartbeat it reports earlier when a price has moved by a threshold.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devnet.home import Home
from devnet.keys import load_keys
from devnet.markets import price_x16
from devnet.prices import read_prices
from novation.client import LocalSigner, NovationError, OracleClient, RejectedError

if TYPE_CHECKING:
    from fractions import Fraction

    from novation.protocol.parameters import Underlying

logger = logging.getLogger("oracle")

POLL_S: Final = 0.2
RECONNECT_S: Final = 0.5
PPM: Final = 1_000_000
# Nodes see slightly different markets: the largest deviation of one node from the common price.
MAX_DEVIATION_PPM: Final = 50


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """When a node reports: a move of `threshold_ppm` since its last report, or its age."""

    threshold_ppm: int = 500
    heartbeat_s: int = 1


def observed_prices(
    index: int, second: int, underlyings: tuple[Underlying, ...], common: list[Fraction]
) -> tuple[int, ...]:
    """Return what node `index` sees in a given second, in ticks with 16 fraction bits."""
    observed = []
    for terms, price in zip(underlyings, common, strict=True):
        digest = hashlib.sha256(f"{index}/{second}/{terms.symbol}".encode()).digest()
        deviation_ppm = digest[0] % (2 * MAX_DEVIATION_PPM + 1) - MAX_DEVIATION_PPM
        observed.append(price_x16(terms, price * (PPM + deviation_ppm) / PPM))
    return tuple(observed)


@dataclass(frozen=True, slots=True)
class Observation:
    """The common prices at a whole second of Unix time."""

    second: int
    prices: list[Fraction]


def is_worth_reporting(policy: ReportPolicy, now: Observation, last: Observation | None) -> bool:
    """Return whether a heartbeat has passed since the last report, or a price has moved enough.

    So has one that is new. Heartbeats are multiples of Unix time: all nodes report together.
    """
    if last is None or now.second // policy.heartbeat_s > last.second // policy.heartbeat_s:
        return True
    if len(now.prices) != len(last.prices):
        return True
    return now.second > last.second and any(
        abs(price - then) * PPM >= then * policy.threshold_ppm
        for price, then in zip(now.prices, last.prices, strict=True)
    )


DEFAULT_POLICY: Final = ReportPolicy()


class OracleNode:
    """Signs with one key; a sequencer or a price that is away only delays it."""

    def __init__(self, index: int, private_key: int, prices_path: Path) -> None:
        """Watch the prices in a file; `index` makes this node's view of them its own."""
        self._index = index
        self._signer = LocalSigner(private_key)
        self._prices_path = prices_path

    async def run(self, address: str, policy: ReportPolicy) -> None:
        """Report for ever."""
        while True:
            try:
                async with OracleClient(address, self._signer) as client:
                    await self._report(client, policy)
            except (NovationError, ValueError) as error:
                logger.warning("%s", error)
                await asyncio.sleep(RECONNECT_S)

    async def _report(self, client: OracleClient, policy: ReportPolicy) -> None:
        last: Observation | None = None
        while True:
            # Whole seconds: the reports of one round carry one time, so that the round which an
            # update closes leaves no node's next report behind.
            second = time.time_ns() // 1_000_000_000
            underlyings = client.underlyings
            symbols = [terms.symbol for terms in underlyings]
            now = Observation(second, read_prices(self._prices_path, symbols))
            if is_worth_reporting(policy, now, last):
                prices_x16 = observed_prices(self._index, second, underlyings, now.prices)
                try:
                    await client.submit(second * 1000, prices_x16)
                except RejectedError:
                    if client.underlyings == underlyings:
                        raise
                    # One was added: at once again, with its price.
                    continue
                logger.info("reported %s", prices_x16)
                last = now
            await asyncio.sleep(POLL_S)


def main() -> None:
    """Run one node until the process is ended."""
    parser = argparse.ArgumentParser(prog="devnet.oracle_node", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--index", type=int, required=True)
    parser.add_argument("--sequencer", required=True, metavar="HOST:PORT")
    parser.add_argument("--heartbeat", type=int, default=DEFAULT_POLICY.heartbeat_s)
    parser.add_argument("--threshold-ppm", type=int, default=DEFAULT_POLICY.threshold_ppm)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    home = Home(arguments.home)
    keys = load_keys(home.oracle_keys_path, f"oracle-{arguments.index}")
    node = OracleNode(arguments.index, keys.stark_private, home.prices_path)
    policy = ReportPolicy(arguments.threshold_ppm, arguments.heartbeat)
    asyncio.run(node.run(arguments.sequencer, policy))


if __name__ == "__main__":
    main()
