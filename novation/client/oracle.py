"""The oracle node's side: sign a vector of prices and hand it to the exchange."""

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from novation.api.v1 import oracle_service_pb2, query_service_pb2
from novation.client import checks
from novation.client.errors import InvalidInputError
from novation.client.exchange import Exchange
from novation.client.keys import Signer
from novation.client.orders import signature_message
from novation.client.transport import Transport
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import PRICE_X16_BOUND, TIME_BOUND
from novation.protocol.parameters import Parameters
from novation.protocol.transactions import OracleReport


def sign_report(
    config: ExchangeConfig,
    parameters: Parameters,
    signer: Signer,
    time_ms: int,
    prices_x16: Sequence[int],
) -> OracleReport:
    """Return a signed report.

    Args:
        config: of the exchange that the report is for.
        parameters: that hold now.
        signer: holds one of the committee's keys.
        time_ms: when the prices were seen, Unix milliseconds.
        prices_x16: one price per underlying, in ticks with 16 fraction bits.

    Raises:
        InvalidInputError: the key is not in the committee, or a value is out of range.
    """
    if signer.public_key not in parameters.oracle_keys:
        raise InvalidInputError(f"key {signer.public_key:#x} is not in the oracle committee")
    prices = checks.integers("prices_x16", prices_x16, 1, PRICE_X16_BOUND)
    if len(prices) != len(parameters.underlyings):
        raise InvalidInputError(
            f"prices_x16: {len(prices)} prices; wanted is one for each of "
            f"{len(parameters.underlyings)} underlyings"
        )
    checks.integer("time_ms", time_ms, 0, TIME_BOUND)
    signer_index = parameters.oracle_keys.index(signer.public_key)
    report = OracleReport(signer_index, time_ms, prices)
    return replace(report, signature=signer.sign(report.message_hash(config)))


def report_message(report: OracleReport) -> oracle_service_pb2.OracleReport:
    """Return the API message of a signed report."""
    return oracle_service_pb2.OracleReport(
        signer_index=report.signer_index,
        time_ms=report.time_ms,
        prices_x16=report.prices_x16,
        signature=signature_message(report.signature),
    )


class OracleClient:
    """Submits reports of one oracle node."""

    def __init__(self, target: str, signer: Signer) -> None:
        """Name the server and the node's key."""
        self._transport = Transport(checks.text("target", target))
        self._signer = signer
        self._config: ExchangeConfig | None = None
        self._parameters: Parameters | None = None

    async def __aenter__(self) -> Self:
        """Read the exchange's configuration."""
        request = query_service_pb2.GetExchangeRequest()
        message = await self._transport.call(self._transport.queries.GetExchange, request)
        exchange = Exchange.from_message(message)
        self._config, self._parameters = exchange.config, exchange.parameters
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self._transport.close()

    async def submit(self, time_ms: int, prices_x16: Sequence[int]) -> int:
        """Sign and send a report; return how many fresh reports wait for the quorum."""
        if self._config is None or self._parameters is None:
            raise InvalidInputError("the client is not connected; use `async with`")
        report = sign_report(self._config, self._parameters, self._signer, time_ms, prices_x16)
        request = oracle_service_pb2.SubmitReportRequest(report=report_message(report))
        message = await self._transport.call(self._transport.oracle.SubmitReport, request)
        return int(message.n_waiting)
