"""Runs settlement for ever: slower while L1 fails, stopped while L1 rejects a proof."""

import logging
from dataclasses import dataclass

from sequencer.backoff import Backoff
from sequencer.clock import Clock
from sequencer.errors import SettlementHaltedError, SettlementWaitsError
from sequencer.l1 import L1UnavailableError
from sequencer.proof_collector import ProofCollector
from sequencer.settlement import Settlement, SettlementPolicy

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SettlementStatus:
    """Why nothing settles, empty while all is well; halted: somebody must do something."""

    error: str = ""
    is_halted: bool = False


WELL = SettlementStatus()


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
        self._halted_batch: int | None = None
        self.status = WELL

    async def run(self) -> None:
        """Never returns; cancel it to stop."""
        while True:
            if not await self.step():
                await self._clock.sleep_ms(self._policy.poll_ms)

    async def step(self) -> bool:
        """Do what can be done now; return whether more may be ready at once.

        Proofs keep being collected while settlement waits or is halted.
        """
        if self._halted_batch in await self._collector.step():
            self._resume()
        if self._clock.now_ms() < self._not_before_ms:
            return False
        try:
            if self._halted_batch is not None:
                return await self._look_for_an_end(self._halted_batch)
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
        if await self._settlement.synchronise() < halted_batch:
            self._not_before_ms = self._clock.now_ms() + self._policy.backoff.longest_ms
            return False
        self._resume()
        return True

    def _wait(self, error: Exception) -> None:
        delay_ms = self._backoff.after_failure_ms()
        self._not_before_ms = self._clock.now_ms() + delay_ms
        text = f"{type(error).__name__}: {error}"
        logger.warning("settlement waits %d ms: %s", delay_ms, text)
        if self._halted_batch is None:
            self.status = SettlementStatus(text)

    def _halt(self, error: SettlementHaltedError) -> None:
        self._halted_batch = error.batch_number
        self._not_before_ms = self._clock.now_ms() + self._policy.backoff.longest_ms
        self.status = SettlementStatus(str(error), is_halted=True)
        logger.error("settlement has stopped: %s", error)

    def _resume(self) -> None:
        self._halted_batch = None
        self._not_before_ms = 0
        self._backoff.reset()
        self.status = WELL
