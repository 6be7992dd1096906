"""Collects signed reports of the oracle nodes and makes updates of a quorum of them."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.events import PricesUpdated
from novation.protocol.signatures import check_signature
from novation.protocol.transactions import OracleReport, OracleUpdate
from novation.protocol.transactions.oracle_update import (
    lower_median,
    validate_oracle_update,
)
from sequencer.clock import Clock
from sequencer.config import OraclePolicy
from sequencer.engine import Command, GroupResult
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.runner import EngineRunner

if TYPE_CHECKING:
    from novation.protocol.config import ExchangeConfig

logger = logging.getLogger(__name__)


class OracleAggregator:
    """Keeps the newest report of each node; a quorum of fresh ones becomes a transaction."""

    def __init__(
        self, runner: EngineRunner, clock: Clock, policy: OraclePolicy, oracle_time_ms: int
    ) -> None:
        """Start with the time of the last update."""
        self._runner = runner
        self._config: ExchangeConfig = runner.exchange
        # One report must pass the rules of a whole update, but for the quorum.
        self._config_of_one = replace(runner.exchange, oracle_quorum=1)
        self._clock = clock
        self._policy = policy
        self._oracle_time_ms = oracle_time_ms
        self._reports: dict[int, OracleReport] = {}
        self._has_quorum = asyncio.Event()
        runner.add_listener(self._learn)

    def add(self, report: OracleReport) -> int:
        """Take a node's report and return how many fresh ones wait, this one included.

        Raises:
            InvalidTransaction: the report itself breaks a rule.
            RequestRefusedError: it is older than what is known already.
        """
        alone = OracleUpdate(report.time_ms, report.prices_x16, (report,))
        validate_oracle_update(alone, self._config_of_one)
        self._check_time(report)
        key = self._config.oracle_keys[report.signer_index]
        check_signature(report.message_hash(self._config), report.signature, key)
        self._reports[report.signer_index] = report
        n_waiting = len(self._fresh_reports())
        if n_waiting >= self._config.oracle_quorum:
            self._has_quorum.set()
        return n_waiting

    async def run(self) -> None:
        """Submit updates as they become possible; never returns, cancel it to stop."""
        while True:
            await self._has_quorum.wait()
            self._has_quorum.clear()
            if len(self._fresh_reports()) < len(self._config.oracle_keys):
                await self._clock.sleep_ms(self._policy.grace_ms)
            reports = self._fresh_reports()
            if len(reports) >= self._config.oracle_quorum:
                await self._submit(build_update(reports))
                await self._clock.sleep_ms(self._policy.min_interval_ms)

    async def _submit(self, update: OracleUpdate) -> None:
        try:
            await self._runner.enqueue(Command(update, self._clock.now_ms()))
        except (InvalidTransaction, RequestRefusedError) as refusal:
            # For instance, an update of the same reports came in by another way.
            logger.warning("oracle update refused: %s", refusal)

    def _check_time(self, report: OracleReport) -> None:
        known = self._reports.get(report.signer_index)
        newest_ms = max(self._oracle_time_ms, known.time_ms if known else 0)
        if report.time_ms <= newest_ms:
            context = ErrorContext("time_ms", str(newest_ms + 1), str(report.time_ms))
            sentence = f"report time {report.time_ms} is not after {newest_ms}"
            raise RequestRefusedError(NodeErrorCode.STALE_REPORT, sentence, context)
        now_ms = self._clock.now_ms()
        if abs(report.time_ms - now_ms) > self._config.oracle_max_age_ms:
            raise InvalidTransaction(
                ErrorCode.REPORT_TIME_OUTSIDE_WINDOW,
                f"report time {report.time_ms} not within {self._config.oracle_max_age_ms} "
                f"of {now_ms}",
            )

    def _fresh_reports(self) -> list[OracleReport]:
        """Return the reports that may be part of the next update, by ascending signer."""
        oldest_ms = max(
            self._oracle_time_ms + 1, self._clock.now_ms() - self._config.oracle_max_age_ms
        )
        reports = (self._reports[index] for index in sorted(self._reports))
        return [report for report in reports if report.time_ms >= oldest_ms]

    def _learn(self, result: GroupResult) -> None:
        for event in result.events:
            if isinstance(event, PricesUpdated):
                self._oracle_time_ms = event.oracle_time_ms


def build_update(reports: Sequence[OracleReport]) -> OracleUpdate:
    """Return the update of some reports, sorted by signer: lower median per market."""
    prices_by_market = zip(*(report.prices_x16 for report in reports), strict=True)
    return OracleUpdate(
        oracle_time_ms=min(report.time_ms for report in reports),
        prices_x16=tuple(lower_median(prices) for prices in prices_by_market),
        reports=tuple(reports),
    )
