"""The oracle node's side: sign a vector of prices and hand it to the exchange."""

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from novation.api.v1 import oracle_service_pb2
from novation.client import checks
from novation.client.errors import InvalidInputError, RejectedError
from novation.client.exchange import Exchange, ask
from novation.client.keys import Signer
from novation.client.messages import signature_message
from novation.client.transport import Transport
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import PRICE_X16_BOUND, TIME_BOUND
from novation.protocol.errors import ErrorCode
from novation.protocol.parameters import Parameters, Underlying
from novation.protocol.transactions import OracleReport

# What a report can break that was right when the client looked: a price for each underlying, a key
# of the committee.
_OUTDATED: Final = (ErrorCode.INVALID_FIELD, ErrorCode.UNKNOWN_SIGNER, ErrorCode.INVALID_SIGNATURE)


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
        parameters: that the exchange has now: its committee and its underlyings.
        signer: holds one of the committee's keys.
        time_ms: when the prices were seen, Unix milliseconds.
        prices_x16: one price per underlying, in ticks with 16 fraction bits; 0 stands for none.

    Raises:
        InvalidInputError: the key is not in the committee, or a value is out of range.
    """
    if signer.public_key not in parameters.oracle_keys:
        raise InvalidInputError(f"key {signer.public_key:#x} is not in the oracle committee")
    prices = checks.integers("prices_x16", prices_x16, 0, PRICE_X16_BOUND)
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
        self._exchange: Exchange | None = None

    async def __aenter__(self) -> Self:
        """Read the exchange's configuration and parameters."""
        self._exchange = Exchange.from_message(await ask(self._transport))
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self._transport.close()

    @property
    def config(self) -> ExchangeConfig:
        """The exchange that the server serves, as it says: compare it with the one you mean."""
        return self._connected().config

    @property
    def parameters(self) -> Parameters:
        """The committee and the underlyings, as of the last look."""
        return self._connected().parameters

    @property
    def underlyings(self) -> tuple[Underlying, ...]:
        """What a report must have prices of, in this order, as of the last look."""
        return self.parameters.underlyings

    async def submit(self, time_ms: int, prices_x16: Sequence[int]) -> int:
        """Sign and send a report; return how many fresh reports wait for the quorum.

        Raises:
            RejectedError: the exchange refused. If L1's owner has changed underlyings or committee
                since the last look, the client has looked again: see `underlyings`, and report.
        """
        exchange = self._connected()
        report = sign_report(
            exchange.config, exchange.parameters, self._signer, time_ms, prices_x16
        )
        return await self.send(report)

    async def send(self, report: OracleReport) -> int:
        """Send a report that was signed before; return and exceptions as of `submit`."""
        request = oracle_service_pb2.SubmitReportRequest(report=report_message(report))
        try:
            message = await self._transport.call(self._transport.oracle.SubmitReport, request)
        except RejectedError as refusal:
            if refusal.code in _OUTDATED:
                await self._connected().refresh(self._transport)
            raise
        return int(message.n_waiting)

    def _connected(self) -> Exchange:
        if self._exchange is None:
            raise InvalidInputError("the client is not connected; use `async with`")
        return self._exchange
