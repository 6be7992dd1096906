"""Offers sealed batches to the provers, takes their proofs, discards proofs on request.

It also tells what is wrong with the oldest batch without a proof: the ones behind it cannot settle
before it.
"""

import logging
from dataclasses import dataclass

from sequencer.clock import Clock
from sequencer.condition import ProofStatus
from sequencer.ledger import BatchLedger
from sequencer.proof_queue import JobState, ProofQueue

logger = logging.getLogger(__name__)

MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class ProofPolicy:
    """When a prover that says nothing is missed.

    A batch that no prover takes for `untaken_ms`, whose prover gives no sign of life for
    `silent_ms`, or that is not proven after `slow_ms`, is told. What a prover cannot read is
    written again, at most `max_rewrites` times.
    """

    untaken_ms: int = 120_000
    silent_ms: int = 60_000
    slow_ms: int = 1_800_000
    max_rewrites: int = 3


class ProofCollector:
    """Brings batches to the proof queue and proofs back, in any order."""

    def __init__(
        self, ledger: BatchLedger, queue: ProofQueue, clock: Clock, policy: ProofPolicy
    ) -> None:
        """Work on the given ledger and queue."""
        self._ledger = ledger
        self._queue = queue
        self._clock = clock
        self._policy = policy
        self._waiting: set[int] = set()
        self._last_seen = 0
        self._last_final = 0
        # The oldest batch without a proof, since when it is that, its prover's last sign of life,
        # and when that came.
        self._oldest = (0, 0)
        self._sign: tuple[bytes | None, int] = (None, 0)
        self._rewrites: dict[int, int] = {}
        self.status = ProofStatus()

    async def step(self) -> frozenset[int]:
        """Publish new batches, collect finished proofs; return whose proofs were discarded.

        A folder that cannot be read or written is told in `status` and tried again.
        """
        try:
            discarded = await self._exchange_with_provers()
            status = await self._status_of_oldest()
        except OSError as error:
            discarded, status = frozenset[int](), ProofStatus(f"proof queue: {error}")
        if status != self.status and status.error:
            logger.warning("%s", status.error)
        self.status = status
        return discarded

    async def _exchange_with_provers(self) -> frozenset[int]:
        last_sealed, last_final = await self._ledger.progress()
        discarded = await self._discard_on_request()
        if last_final < self._last_final:
            # L1 took back what perhaps somebody else had proven: then we have no proof.
            self._last_seen = min(self._last_seen, last_final)
        self._last_final = last_final
        for batch_number in range(max(self._last_seen, last_final) + 1, last_sealed + 1):
            if await self._ledger.calldata(batch_number) is None:
                await self._publish(batch_number)
            self._last_seen = batch_number
        for batch_number in sorted(self._waiting):
            calldata = self._queue.take_proof(batch_number)
            if calldata is not None:
                await self._ledger.mark_proven(batch_number, calldata)
            if calldata is not None or batch_number <= last_final:
                self._waiting.discard(batch_number)
                self._rewrites.pop(batch_number, None)
        return discarded

    async def _status_of_oldest(self) -> ProofStatus:
        if not self._waiting:
            return ProofStatus()
        batch_number = min(self._waiting)
        job = self._queue.state_of(batch_number)
        failure, prefix = job.failure, f"batch {batch_number}"
        if failure is not None and failure.is_unreadable:
            return await self._rewrite(batch_number, failure.error)
        if failure is not None and failure.gave_up:
            return ProofStatus(
                f"{prefix} cannot be proven: {failure.error}; given up after attempt "
                f"{failure.attempt}; once the cause is gone, `novation batch reprove "
                f"{batch_number}` or restart the prover",
                is_halted=True,
            )
        silence = self._silence(batch_number, job)
        if silence:
            return ProofStatus(f"{prefix}{silence}")
        if failure is not None:
            return ProofStatus(
                f"{prefix}: attempt {failure.attempt} failed: {failure.error}; tried again"
            )
        return ProofStatus()

    def _silence(self, batch_number: int, job: JobState) -> str:
        """Return for how long the prover has given no sign of life, if that is too long."""
        elapsed_ms = self._clock.elapsed_ms()
        if self._oldest[0] != batch_number:
            self._oldest = (batch_number, elapsed_ms)
            self._sign = (job.sign_of_life, elapsed_ms)
        if self._sign[0] != job.sign_of_life:
            self._sign = (job.sign_of_life, elapsed_ms)
        silent_ms, waits_ms = elapsed_ms - self._sign[1], elapsed_ms - self._oldest[1]
        if job.sign_of_life is None and silent_ms >= self._policy.untaken_ms:
            return f" has waited {silent_ms // MS_PER_S} s for a prover: is one running?"
        if job.sign_of_life is not None and silent_ms >= self._policy.silent_ms:
            return f": its prover has been silent for {silent_ms // MS_PER_S} s: ended or hanging"
        if waits_ms >= self._policy.slow_ms:
            return f" is not proven after {waits_ms // MS_PER_S} s, though a prover works on it"
        return ""

    async def _rewrite(self, batch_number: int, error: str) -> ProofStatus:
        """Give the prover the job anew: what it could not read is in our database, too."""
        n_rewrites = self._rewrites.get(batch_number, 0)
        reason = f"batch {batch_number}: the prover cannot read its files: {error}"
        if n_rewrites == self._policy.max_rewrites:
            return ProofStatus(f"{reason}; written anew {n_rewrites} times", is_halted=True)
        self._rewrites[batch_number] = n_rewrites + 1
        self._queue.forget(batch_number)
        await self._publish(batch_number)
        return ProofStatus(f"{reason}; they are written anew")

    async def _discard_on_request(self) -> frozenset[int]:
        """Do what the operator asked for; a crash in between is made good at the next start.

        The ledger forgets the proof first and the queue forgets the request last.
        """
        discarded = set()
        for batch_number in self._queue.reprove_requests():
            if await self._ledger.discard_proof(batch_number):
                self._queue.forget(batch_number)
                self._rewrites.pop(batch_number, None)
                await self._publish(batch_number)
                discarded.add(batch_number)
                logger.warning("proof of batch %d discarded on request", batch_number)
            else:
                logger.warning("batch %d is final or not sealed: nothing to discard", batch_number)
            self._queue.close_request(batch_number)
        return frozenset(discarded)

    async def _publish(self, batch_number: int) -> None:
        self._queue.publish(await self._ledger.proof_job(batch_number))
        self._waiting.add(batch_number)
