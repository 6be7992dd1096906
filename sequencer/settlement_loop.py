"""Runs settlement for ever: slower while L1 fails, seldom while somebody must do something."""

import logging

from sequencer.backoff import Backoff
from sequencer.clock import Clock
from sequencer.condition import SettlementStatus
from sequencer.errors import SettlementHaltedError, SettlementWaitsError
from sequencer.l1 import L1UnavailableError
from sequencer.proof_collector import ProofCollector
from sequencer.settlement import Settlement, SettlementPolicy

logger = logging.getLogger(__name__)


class SettlementLoop:
    """Collector and settlement. Orders go on whatever happens here."""

    def __init__(
        self,
        collector: ProofCollector,
        settlement: Settlement,
        clock: Clock,
        policy: SettlementPolicy,
    ) -> None:
        """Poll at the policy's pace while there is nothing to do."""
        self._collector = collector
        self._settlement = settlement
        self._clock = clock
        self._policy = policy
        self._backoff = Backoff(policy.backoff)
        self._not_before_ms = 0
        self._halted_by: SettlementHaltedError | None = None
        self.status = SettlementStatus()

    async def run(self) -> None:
        """Never returns; cancel it to stop."""
        while True:
            if not await self.step():
                await self._clock.sleep_ms(self._policy.poll_ms)

    async def step(self) -> bool:
        """Do what can be done now; return whether more may be ready at once.

        Proofs keep being collected while settlement waits or is halted.
        """
        discarded = await self._collector.step()
        if self._halted_by is not None and self._halted_by.batch_number in discarded:
            self._resume()
        if self._clock.elapsed_ms() < self._not_before_ms:
            return False
        try:
            if self._halted_by is not None and not self._halted_by.may_ask_again:
                return await self._look_for_an_end(self._halted_by.batch_number)
            has_more = await self._settlement.step()
        except SettlementHaltedError as error:
            self._halt(error)
            return False
        except (L1UnavailableError, SettlementWaitsError) as error:
            self._wait(error)
            return False
        self._resume()
        return has_more

    async def _look_for_an_end(self, halted_batch: int) -> bool:
        """Go on if somebody else has settled the batch; look seldom."""
        _, settled = await self._settlement.synchronise()
        if settled < halted_batch:
            self._not_before_ms = self._clock.elapsed_ms() + self._policy.backoff.longest_ms
            return False
        self._resume()
        return True

    def _wait(self, error: Exception) -> None:
        delay_ms = self._backoff.after_failure_ms()
        if self._halted_by is not None:
            delay_ms = self._policy.backoff.longest_ms
        self._not_before_ms = self._clock.elapsed_ms() + delay_ms
        text = f"{type(error).__name__}: {error}"
        logger.warning("settlement waits %d ms: %s", delay_ms, text)
        if self._halted_by is None:
            self.status = SettlementStatus(text)

    def _halt(self, error: SettlementHaltedError) -> None:
        self._halted_by = error
        self._not_before_ms = self._clock.elapsed_ms() + self._policy.backoff.longest_ms
        status = SettlementStatus(str(error), is_halted=True, advice=error.advice)
        if status != self.status:
            logger.error("settlement is halted: %s; %s", error, error.advice)
        self.status = status

    def _resume(self) -> None:
        self._halted_by = None
        self._not_before_ms = 0
        self._backoff.reset()
        self.status = SettlementStatus(self._settlement.notice)
