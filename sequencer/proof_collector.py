"""Offers sealed batches to the provers, takes their proofs, discards proofs on request."""

import logging

from sequencer.ledger import BatchLedger
from sequencer.proof_queue import ProofQueue

logger = logging.getLogger(__name__)


class ProofCollector:
    """Brings batches to the proof queue and proofs back, in any order."""

    def __init__(self, ledger: BatchLedger, queue: ProofQueue) -> None:
        """Work on the given ledger and queue."""
        self._ledger = ledger
        self._queue = queue
        self._waiting: set[int] = set()
        self._last_seen = 0

    async def step(self) -> frozenset[int]:
        """Publish new batches, collect finished proofs; return whose proofs were discarded."""
        last_sealed, last_final = await self._ledger.progress()
        discarded = await self._discard_on_request()
        for batch_number in range(max(self._last_seen, last_final) + 1, last_sealed + 1):
            if await self._ledger.calldata(batch_number) is None:
                await self._publish(batch_number)
            self._last_seen = batch_number
        for batch_number in sorted(self._waiting):
            calldata = self._queue.take_proof(batch_number)
            if calldata is not None:
                await self._ledger.mark_proven(batch_number, calldata)
                self._waiting.discard(batch_number)
        return discarded

    async def _discard_on_request(self) -> frozenset[int]:
        """Do what the operator asked for; a crash in between is made good at the next start.

        The ledger forgets the proof first and the queue forgets the request last.
        """
        discarded = set()
        for batch_number in self._queue.reprove_requests():
            if await self._ledger.discard_proof(batch_number):
                self._queue.forget(batch_number)
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
