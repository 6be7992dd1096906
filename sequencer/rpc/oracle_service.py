"""OracleService: the committee's way in."""

from novation.api.v1 import oracle_service_pb2
from sequencer.clock import Clock
from sequencer.engine import Command
from sequencer.messages import receipt_message
from sequencer.oracle import OracleAggregator
from sequencer.rpc import decoding
from sequencer.rpc.registration import CONNECTION
from sequencer.runner import EngineRunner


class OracleService:
    """Each method has the name of its RPC."""

    def __init__(self, runner: EngineRunner, aggregator: OracleAggregator, clock: Clock) -> None:
        """Feed reports to the aggregator and whole updates to the engine."""
        self._runner = runner
        self._aggregator = aggregator
        self._clock = clock

    async def submit_report(
        self, request: oracle_service_pb2.SubmitReportRequest
    ) -> oracle_service_pb2.SubmitReportResponse:
        """Take one node's report."""
        if not request.HasField("report"):
            raise decoding.missing("report")
        report = decoding.oracle_report(request.report)
        n_waiting = self._aggregator.add(report, CONNECTION.get())
        return oracle_service_pb2.SubmitReportResponse(n_waiting=n_waiting)

    async def submit_update(
        self, request: oracle_service_pb2.SubmitUpdateRequest
    ) -> oracle_service_pb2.SubmitUpdateResponse:
        """Apply an update that somebody else put together."""
        update = decoding.oracle_update(request, self._runner.parameters)
        self._aggregator.check_relayed(update)
        accepted = await self._runner.enqueue(Command(update, self._clock.now_ms()))
        assert accepted.receipt is not None
        receipt = receipt_message(accepted.receipt)
        return oracle_service_pb2.SubmitUpdateResponse(receipt=receipt)
