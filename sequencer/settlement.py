"""Brings proven batches to L1, in order, whatever L1 does meanwhile."""

import logging
from typing import Protocol

from sequencer.backoff import Backoff, BackoffPolicy
from sequencer.clock import Clock
from sequencer.l1 import L1, L1RejectedError, L1UnavailableError
from sequencer.proof_queue import ProofJob, ProofQueue

logger = logging.getLogger(__name__)

# Public mempools refuse larger transactions; a local chain would not notice.
MAX_CALLDATA_BYTES = 131_072


class RootMismatchError(AssertionError):
    """L1 finalised a root that is not ours: the data folder does not belong to this contract."""


class BatchLedger(Protocol):
    """The sealed batches, as settlement sees them."""

    async def progress(self) -> tuple[int, int]:
        """Return the numbers of the last sealed and the last final batch (0: none)."""
        ...

    async def new_root(self, batch_number: int) -> int:
        """Return the state root after a sealed batch."""
        ...

    async def calldata(self, batch_number: int) -> bytes | None:
        """Return the L1 input of a proven batch, None while it has no proof."""
        ...

    async def proof_job(self, batch_number: int) -> ProofJob:
        """Return what the prover needs."""
        ...

    async def mark_proven(self, batch_number: int, calldata: bytes) -> None:
        """Record that a batch is proven; recording it twice changes nothing."""
        ...

    async def mark_final(self, batch_number: int, transaction_hash: bytes) -> None:
        """Record that L1 accepted a batch; recording it twice changes nothing."""
        ...


class ProofCollector:
    """Offers sealed batches to the provers and fetches their proofs, in any order."""

    def __init__(self, ledger: BatchLedger, queue: ProofQueue) -> None:
        """Work on the given ledger and queue."""
        self._ledger = ledger
        self._queue = queue
        self._waiting: set[int] = set()
        self._last_seen = 0

    async def step(self) -> int:
        """Publish new batches and collect finished proofs; return how many proofs arrived."""
        last_sealed, last_final = await self._ledger.progress()
        for batch_number in range(max(self._last_seen, last_final) + 1, last_sealed + 1):
            if await self._ledger.calldata(batch_number) is None:
                self._queue.publish(await self._ledger.proof_job(batch_number))
                self._waiting.add(batch_number)
            self._last_seen = batch_number
        n_collected = 0
        for batch_number in sorted(self._waiting):
            calldata = self._queue.take_proof(batch_number)
            if calldata is not None:
                await self._ledger.mark_proven(batch_number, calldata)
                self._waiting.discard(batch_number)
                n_collected += 1
        return n_collected


class Settlement:
    """Submits the next proven batch and learns from L1 what is final."""

    def __init__(self, ledger: BatchLedger, queue: ProofQueue, l1: L1) -> None:
        """Work on the given ledger and chain; `queue` is told which batches are final."""
        self._ledger = ledger
        self._queue = queue
        self._l1 = l1
        self._synchronised = False

    async def step(self) -> bool:
        """Make at most one submission; return whether the next batch may be ready at once.

        Raises:
            L1UnavailableError: L1 does not answer.
            L1RejectedError: L1 refused the batch.
            RootMismatchError: L1 holds a state that we never sealed.
        """
        _, last_final = await self._ledger.progress()
        calldata = await self._ledger.calldata(last_final + 1)
        if self._synchronised and calldata is None:
            return False
        last_final = await self._synchronise()
        calldata = await self._ledger.calldata(last_final + 1)
        if calldata is None:
            return False
        if len(calldata) >= MAX_CALLDATA_BYTES:
            raise L1RejectedError(
                f"calldata of batch {last_final + 1} has {len(calldata)} bytes, "
                f"the limit is {MAX_CALLDATA_BYTES}"
            )
        transaction_hash = await self._l1.submit_batch(calldata)
        await self._finalise(last_final + 1, transaction_hash)
        return True

    async def _synchronise(self) -> int:
        """Take over what L1 finalised, also when our own submission's answer was lost."""
        state = await self._l1.read_state()
        last_sealed, last_final = await self._ledger.progress()
        if state.batch_number > last_sealed:
            raise RootMismatchError(
                f"L1 is at batch {state.batch_number}, this data folder ends at {last_sealed}"
            )
        our_root = await self._ledger.new_root(state.batch_number)
        if our_root != state.state_root:
            raise RootMismatchError(
                f"root after batch {state.batch_number}: L1 {state.state_root:#x}, "
                f"ours {our_root:#x}"
            )
        for batch_number in range(last_final + 1, state.batch_number + 1):
            await self._finalise(batch_number, b"")
        self._synchronised = True
        return state.batch_number

    async def _finalise(self, batch_number: int, transaction_hash: bytes) -> None:
        await self._ledger.mark_final(batch_number, transaction_hash)
        self._queue.discard(batch_number)
        logger.info("batch %d is final on L1", batch_number)


class SettlementLoop:
    """Runs collector and settlement for ever; failures of L1 only slow it down."""

    def __init__(
        self,
        collector: ProofCollector,
        settlement: Settlement,
        clock: Clock,
        *,
        poll_ms: int,
        backoff: BackoffPolicy,
    ) -> None:
        """Poll every `poll_ms` while there is nothing to do."""
        self._collector = collector
        self._settlement = settlement
        self._clock = clock
        self._poll_ms = poll_ms
        self._backoff = Backoff(backoff)
        self._not_before_ms = 0
        self.last_error = ""

    async def run(self) -> None:
        """Never returns; cancel it to stop."""
        while True:
            if not await self.step():
                await self._clock.sleep_ms(self._poll_ms)

    async def step(self) -> bool:
        """Do what can be done now; return whether more may be ready at once.

        Proofs keep being collected while settlement waits for L1 to come back.
        """
        await self._collector.step()
        if self._clock.now_ms() < self._not_before_ms:
            return False
        try:
            has_more = await self._settlement.step()
        except (L1UnavailableError, L1RejectedError) as error:
            delay_ms = self._backoff.after_failure_ms()
            self._not_before_ms = self._clock.now_ms() + delay_ms
            self.last_error = f"{type(error).__name__}: {error}"
            logger.warning("settlement waits %d ms: %s", delay_ms, self.last_error)
            return False
        self._backoff.reset()
        self.last_error = ""
        return has_more
