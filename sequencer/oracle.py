"""Collects signed reports of the oracle nodes and makes updates of a quorum of them."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from novation.protocol.errors import InvalidTransaction
from novation.protocol.signatures import check_signature
from novation.protocol.transactions import OracleReport, OracleUpdate
from novation.protocol.transactions.oracle_update import (
    check_report_time,
    lower_median,
    validate_oracle_update,
)
from sequencer.clock import Clock
from sequencer.config import OraclePolicy
from sequencer.engine import Command, GroupResult
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.oracle_rounds import RoundBook
from sequencer.runner import EngineRunner

if TYPE_CHECKING:
    from novation.protocol.config import ExchangeConfig

logger = logging.getLogger(__name__)


class OracleAggregator:
    """Collects reports and submits an update for each round, see `sequencer.oracle_rounds`."""

    def __init__(
        self, runner: EngineRunner, clock: Clock, policy: OraclePolicy, oracle_time_ms: int
    ) -> None:
        """Start with the time of the last update; `learn` what recent updates were made of."""
        self._runner = runner
        self._config: ExchangeConfig = runner.exchange
        # One report must pass the rules of a whole update, but for the quorum.
        self._config_of_one = replace(runner.exchange, oracle_quorum=1)
        self._clock = clock
        self._policy = policy
        self._rounds = RoundBook(policy.round_span_ms, oracle_time_ms)
        self._has_quorum = asyncio.Event()
        runner.add_listener(self._hear)

    def add(self, report: OracleReport) -> int:
        """Take a node's report and return how many fresh ones wait, this one included.

        Raises:
            InvalidTransaction: the report itself breaks a rule.
            RequestRefusedError: it is not newer than the node's last one, or its round is over.
        """
        alone = OracleUpdate(report.time_ms, report.prices_x16, (report,))
        validate_oracle_update(alone, self._config_of_one)
        self._check_time(report)
        key = self._config.oracle_keys[report.signer_index]
        check_signature(report.message_hash(self._config), report.signature, key)
        self._rounds.add(report)
        if len(self._best_round()) >= self._config.oracle_quorum:
            self._has_quorum.set()
        return len(self._rounds.waiting(self._oldest_fresh_ms()))

    def learn(self, update: OracleUpdate) -> None:
        """Take note of an update that the exchange has applied."""
        self._rounds.close(update)

    async def run(self) -> None:
        """Submit updates as they become possible; never returns, cancel it to stop."""
        while True:
            await self._has_quorum.wait()
            self._has_quorum.clear()
            if len(self._best_round()) < len(self._config.oracle_keys):
                await self._clock.sleep_ms(self._policy.grace_ms)
            reports = self._best_round()
            if len(reports) >= self._config.oracle_quorum:
                await self._submit(build_update(reports))
                await self._clock.sleep_ms(self._policy.min_interval_ms)

    async def _submit(self, update: OracleUpdate) -> None:
        try:
            await self._runner.enqueue(Command(update, self._clock.now_ms()))
        except RequestRefusedError as refusal:
            logger.warning("oracle update waits: %s", refusal)
            self._has_quorum.set()
        except InvalidTransaction as refusal:
            # For instance, reports that became too old meanwhile.
            self._rounds.drop(update.reports)
            logger.warning("oracle update refused: %s", refusal)

    def _check_time(self, report: OracleReport) -> None:
        newest_ms = self._rounds.newest_ms(report.signer_index)
        if report.time_ms <= newest_ms:
            context = ErrorContext("time_ms", str(newest_ms + 1), str(report.time_ms))
            sentence = f"report time {report.time_ms} is not after {newest_ms}"
            raise RequestRefusedError(NodeErrorCode.STALE_REPORT, sentence, context)
        check_report_time(report.time_ms, self._clock.now_ms(), self._config.oracle_max_age_ms)

    def _best_round(self) -> list[OracleReport]:
        return self._rounds.best_round(self._oldest_fresh_ms())

    def _oldest_fresh_ms(self) -> int:
        return self._clock.now_ms() - self._config.oracle_max_age_ms

    def _hear(self, result: GroupResult) -> None:
        for update in result.oracle_updates:
            self.learn(update)


def build_update(reports: Sequence[OracleReport]) -> OracleUpdate:
    """Return the update of some reports, sorted by signer: lower median per market."""
    prices_by_market = zip(*(report.prices_x16 for report in reports), strict=True)
    return OracleUpdate(
        oracle_time_ms=min(report.time_ms for report in reports),
        prices_x16=tuple(lower_median(prices) for prices in prices_by_market),
        reports=tuple(reports),
    )
