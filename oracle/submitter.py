"""The connection to the exchange: learns the node's seat, and hands reports over, the newest only.

A report that is some seconds old is of no use, so nothing queues: while the exchange is away, or
slow, a newer report takes the place of the one that waits. Signing never waits for any of this.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from novation.client import LocalSigner, NovationError, OracleClient, RejectedError
from novation.protocol.parameters import Parameters
from novation.protocol.transactions import OracleReport
from oracle.clock import Clock
from oracle.config import OracleConfig
from oracle.signed_state import Listed, Seat

logger = logging.getLogger(__name__)

RECONNECT_MS: Final = 1_000
# Beyond it the report is too old for anybody to trade at.
SEND_TIMEOUT_S: Final = 3.0


class WrongExchangeError(Exception):
    """What the server says contradicts the operator's configuration: nothing is signed by it."""


@dataclass(slots=True)
class Delivery:
    """How handing over is going."""

    n_accepted: int = 0
    n_refused: int = 0
    last_accepted_ms: int = 0
    last_failure: str = "not connected yet"


class Submitter:
    """Runs beside the node's loop."""

    def __init__(self, config: OracleConfig, signer: LocalSigner, clock: Clock) -> None:
        """Connect in `run`."""
        self.config = config
        self._signer = signer
        self._clock = clock
        self._waiting: OracleReport | None = None
        self._has_report = asyncio.Event()
        self.seat: Seat | None = None
        self.delivery = Delivery()

    def offer(self, report: OracleReport) -> None:
        """Hand over this report next, in place of one that still waits."""
        self._waiting = report
        self._has_report.set()

    async def run(self) -> None:
        """Deliver for ever; connects again after every fault."""
        while True:
            try:
                async with OracleClient(self.config.sequencer, self._signer) as client:
                    await self._deliver(client)
            except (NovationError, TimeoutError, WrongExchangeError) as error:
                self._fail(str(error) or f"no answer within {SEND_TIMEOUT_S:.0f} s")
            await self._clock.sleep_ms(RECONNECT_MS)

    async def _deliver(self, client: OracleClient) -> None:
        while True:
            self.seat = find_seat(self.config, self._signer.public_key, client)
            await self._has_report.wait()
            self._has_report.clear()
            assert self._waiting is not None
            report, self._waiting = self._waiting, None
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await client.send(report)
            except RejectedError as refusal:
                # The client has looked again what the exchange wants, if that was the reason.
                self.delivery.n_refused += 1
                self._fail(str(refusal))
            else:
                self._succeed(report)

    def _succeed(self, report: OracleReport) -> None:
        delivery = self.delivery
        if delivery.last_failure:
            logger.info("reports are taken by %s", self.config.sequencer)
        delivery.n_accepted += 1
        delivery.last_accepted_ms, delivery.last_failure = report.time_ms, ""

    def _fail(self, reason: str) -> None:
        if reason != self.delivery.last_failure:
            logger.warning("not delivered: %s", reason)
        self.delivery.last_failure = reason


def find_seat(config: OracleConfig, public_key: int, client: OracleClient) -> Seat:
    """Return the node's place in the committee, and the underlyings that a report must price.

    A report has no symbols: its prices are those of the exchange's underlyings in their order. The
    server must not choose that order, or honest nodes would sign one market's price for another's.

    Raises:
        WrongExchangeError: if the server's exchange is another one than the operator's, lists other
            underlyings, or has not this key.
    """
    if client.config != config.exchange:
        raise WrongExchangeError(
            f"the server serves chain {client.config.chain_id}, exchange "
            f"{client.config.exchange_address:#042x}; the configuration has "
            f"{config.exchange.chain_id}, {config.exchange.exchange_address:#042x}"
        )
    listed = _listed(config, client.parameters)
    keys = client.parameters.oracle_keys
    if public_key not in keys:
        raise WrongExchangeError(f"key {public_key:#x} is not in the oracle committee")
    return Seat(keys.index(public_key), listed)


def _listed(config: OracleConfig, parameters: Parameters) -> Listed:
    listed = tuple((terms.symbol, terms.tick_decimals) for terms in parameters.underlyings)
    refuse_other_order(config, listed)
    return listed


def refuse_other_order(config: OracleConfig, listed: Listed) -> None:
    """Raise WrongExchangeError unless the configuration begins with what the exchange lists."""
    known = config.known()
    if listed != known[: len(listed)]:
        raise WrongExchangeError(
            f"underlyings: the exchange has (symbol, tick_decimals) {list(listed)}; the "
            f"configuration must begin with these, it has {list(known)}"
        )
