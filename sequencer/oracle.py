"""Collects signed reports of the oracle nodes and makes updates of a quorum of them."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from novation.protocol.constants import PPM_ONE, PRICE_VALIDITY_MS
from novation.protocol.errors import InvalidTransaction
from novation.protocol.parameters import Parameters
from novation.protocol.signatures import check_signature
from novation.protocol.transactions import (
    Bid,
    Liquidate,
    MassQuote,
    OracleReport,
    OracleUpdate,
    PlaceOrder,
    SetAuction,
    TakeOver,
    Transfer,
    TriggerOrder,
    Unwind,
    Withdraw,
)
from novation.protocol.transactions.oracle_update import (
    build_update,
    check_report_time,
    validate_oracle_update,
)
from sequencer.clock import Clock
from sequencer.config import OraclePolicy
from sequencer.engine import Command, GroupResult
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.oracle_rounds import RoundBook
from sequencer.report_rates import ReportRates
from sequencer.runner import EngineRunner

if TYPE_CHECKING:
    from novation.protocol.config import ExchangeConfig

logger = logging.getLogger(__name__)

PRICED = Bid | MassQuote | PlaceOrder | Transfer | Withdraw
"""What people sign whose outcome may depend on prices."""
DUTIES = Liquidate | SetAuction | TakeOver | TriggerOrder | Unwind
"""What the node itself has to do at prices that hold: nobody else can send it."""


class OracleAggregator:
    """Collects reports and submits an update for each round, see `sequencer.oracle_rounds`."""

    def __init__(
        self, runner: EngineRunner, clock: Clock, policy: OraclePolicy, oracle_time_ms: int
    ) -> None:
        """Start with the time of the last update; `learn` and `spend` what the journal has."""
        self._runner = runner
        self._config: ExchangeConfig = runner.exchange
        self._clock = clock
        self._policy = policy
        self._rates = ReportRates(clock)
        self._rounds = RoundBook(policy.round_span_ms, oracle_time_ms)
        self._has_quorum = asyncio.Event()
        self._last_ms = oracle_time_ms
        self._last_prices_x16: Sequence[int] = ()
        self._parameters = runner.parameters
        runner.add_listener(self._hear)
        runner.take_prices_from(self)

    def add(self, report: OracleReport, connection: str = "") -> int:
        """Take a node's report and return how many fresh ones wait, this one included.

        `connection` names who brought it.

        Raises:
            InvalidTransaction: the report itself breaks a rule.
            RequestRefusedError: it is not newer than the node's last one, its round is over, or its
                key or the connection has sent too much.
        """
        alone = OracleUpdate(report.time_ms, report.prices_x16, (report,))
        parameters = self._parameters
        # One report must pass the rules of a whole update, but for the quorum.
        validate_oracle_update(alone, replace(parameters, oracle_quorum=1))
        self._check_time(report)
        key = parameters.oracle_keys[report.signer_index]
        with self._rates.admitted(key, connection):
            check_signature(report.message_hash(self._config), report.signature, key)
        self._rounds.add(report)
        if len(self._best_round()) >= parameters.oracle_quorum:
            self._has_quorum.set()
        return len(self._rounds.waiting(self._oldest_fresh_ms()))

    def check_relayed(self, update: OracleUpdate) -> None:
        """Refuse an update of somebody else that lacks a price which the last one had.

        Whoever relays chooses the reports: with one bad node he could take a price away.

        Raises:
            RequestRefusedError: it lacks one.
        """
        gone = self._silenced(update)
        if gone:
            sentence = f"the update has no price of underlying {gone[0]}, of which there was one"
            context = ErrorContext(f"prices_x16[{gone[0]}]", "1", "0")
            raise RequestRefusedError(NodeErrorCode.DOUBTFUL_UPDATE, sentence, context)

    def learn(self, update: OracleUpdate) -> None:
        """Take note of an update that the exchange has applied, the oldest first."""
        self._rounds.close(update)
        self._last_ms, self._last_prices_x16 = update.oracle_time_ms, update.prices_x16

    def spend(self, newest_ms: Sequence[int]) -> None:
        """Take note up to when the reports of each key of the committee are spent."""
        self._rounds.spend(newest_ms)

    async def run(self) -> None:
        """Submit updates as they become possible; never returns, cancel it to stop."""
        while True:
            await self._has_quorum.wait()
            self._has_quorum.clear()
            if len(self._best_round()) < len(self._parameters.oracle_keys):
                await self._clock.sleep_ms(self._policy.grace_ms)
            update = self._best_update()
            if update is not None and self._silenced(update):
                update = await self._wait_for_the_rest(update)
            if update is not None and self._is_due(update):
                await self._submit(update)
                await self._clock.sleep_ms(self._policy.min_interval_ms)

    def update_for(self, commands: Sequence[Command]) -> Command | None:
        """Return the update that must come before a group of commands, None if none must or can."""
        now_ms = self._clock.now_ms()
        if now_ms - self._last_ms <= self._policy.refresh_ms:
            return None
        if not any(_needs_a_price(command) for command in commands):
            return None
        update = self._best_update()
        if update is None or self._silenced(update):
            return None
        # Each was checked when it came; those of a replaced key are forgotten.
        return Command(update, now_ms, is_verified=True, committee=self._parameters.oracle_keys)

    def _is_due(self, update: OracleUpdate) -> bool:
        """Return whether an update is worth its place in a batch though nobody asks for it."""
        if update.oracle_time_ms - self._last_ms >= self._policy.idle_interval_ms:
            return True
        if len(update.prices_x16) != len(self._last_prices_x16):
            return True
        moves = zip(update.prices_x16, self._last_prices_x16, strict=False)
        ppm = self._policy.idle_move_ppm
        # A price that comes or goes is as far a move as can be.
        return any(new != old and abs(new - old) * PPM_ONE >= old * ppm for new, old in moves)

    def _silenced(self, update: OracleUpdate) -> list[int]:
        """Return of which underlyings a price goes that the last update had, as far as known."""
        known = self._last_prices_x16
        return [
            underlying_id
            for underlying_id, price_x16 in enumerate(update.prices_x16)
            if price_x16 == 0 and (underlying_id >= len(known) or known[underlying_id] > 0)
        ]

    async def _wait_for_the_rest(self, update: OracleUpdate) -> OracleUpdate | None:
        """Let the slower nodes of a round decide whether a price goes."""
        if len(update.reports) < len(self._parameters.oracle_keys):
            await self._clock.sleep_ms(self._policy.round_span_ms)
        return self._best_update()

    def _best_update(self) -> OracleUpdate | None:
        reports = self._best_round()
        if len(reports) < self._parameters.oracle_quorum:
            return None
        update = build_update(reports, self._parameters.oracle_quorum)
        # Without any price it would be of no use.
        return update if any(update.prices_x16) else None

    def refused(self, update: OracleUpdate, refusal: InvalidTransaction) -> None:
        """Forget reports that the exchange does not take: for instance, too old meanwhile."""
        self._rounds.drop(update.reports)
        logger.warning("oracle update refused: %s", refusal)

    async def _submit(self, update: OracleUpdate) -> None:
        try:
            await self._runner.enqueue(Command(update, self._clock.now_ms()))
        except RequestRefusedError as refusal:
            logger.warning("oracle update waits: %s", refusal)
            self._has_quorum.set()
        except InvalidTransaction as refusal:
            self.refused(update, refusal)

    def _check_time(self, report: OracleReport) -> None:
        newest_ms = self._rounds.newest_ms(report.signer_index)
        if report.time_ms <= newest_ms:
            context = ErrorContext("time_ms", str(newest_ms + 1), str(report.time_ms))
            sentence = f"report time {report.time_ms} is not after {newest_ms}"
            raise RequestRefusedError(NodeErrorCode.STALE_REPORT, sentence, context)
        max_age_ms = self._parameters.oracle_max_age_ms
        check_report_time(report.time_ms, self._clock.now_ms(), max_age_ms)

    def _best_round(self) -> list[OracleReport]:
        quorum = self._parameters.oracle_quorum
        return self._rounds.best_round(self._oldest_fresh_ms(), quorum)

    def _oldest_fresh_ms(self) -> int:
        # The exchange takes older ones, but nobody could trade at their prices.
        useful_ms = min(self._parameters.oracle_max_age_ms, PRICE_VALIDITY_MS)
        return self._clock.now_ms() - useful_ms

    def _hear(self, result: GroupResult) -> None:
        if result.parameters is not self._parameters:
            self._follow(result.parameters)
        for update in result.oracle_updates:
            self.learn(update)
        # By key: nothing that a replaced one signed counts, wherever in the group it was replaced.
        self.spend(result.spent_ms)

    def _follow(self, parameters: Parameters) -> None:
        """Forget the reports that nobody could use with other parameters."""
        before, self._parameters = self._parameters, parameters
        self._rounds.keep_of_length(len(parameters.underlyings))
        keys = zip(before.oracle_keys, parameters.oracle_keys, strict=False)
        for signer_index, (old_key, new_key) in enumerate(keys):
            if old_key != new_key:
                self._rounds.forget_node(signer_index)


def _needs_a_price(command: Command) -> bool:
    """Say whether the outcome may depend on prices; a stranger's message brings in none."""
    tx = command.transaction
    return isinstance(tx, DUTIES) or (command.is_verified and isinstance(tx, PRICED))
