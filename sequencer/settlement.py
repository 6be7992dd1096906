"""Brings proven batches to L1, in order, whatever L1 does meanwhile."""

import logging
from dataclasses import dataclass, field
from typing import NoReturn

from sequencer.backoff import BackoffPolicy
from sequencer.clock import Clock
from sequencer.errors import SettlementHaltedError, SettlementWaitsError
from sequencer.fees import FeePolicy
from sequencer.l1 import L1, L1RejectedError
from sequencer.ledger import BatchLedger
from sequencer.proof_queue import ProofQueue
from sequencer.submission import Progress, Submission

logger = logging.getLogger(__name__)

# Public mempools refuse larger transactions; a local chain would not notice.
MAX_CALLDATA_BYTES = 131_072


class RootMismatchError(AssertionError):
    """L1 finalised a root that is not ours: the data folder does not belong to this contract."""


@dataclass(frozen=True, slots=True)
class SettlementPolicy:
    """How settlement deals with L1.

    A rejection counts as permanent when the contract still rejects the batch `rejection_blocks`
    blocks later: until then a reorganisation of the chain can have caused it. With nothing to
    settle, L1 is looked at every `idle_look_ms`.
    """

    poll_ms: int = 500
    backoff: BackoffPolicy = field(default_factory=BackoffPolicy)
    rejection_blocks: int = 3
    idle_look_ms: int = 30_000
    fees: FeePolicy = field(default_factory=FeePolicy)


class Settlement:
    """Submits the next proven batch and learns from L1 what is final."""

    def __init__(
        self,
        ledger: BatchLedger,
        queue: ProofQueue,
        l1: L1,
        clock: Clock,
        policy: SettlementPolicy,
    ) -> None:
        """Work on the given ledger and chain; `queue` is told which batches are final."""
        self._ledger = ledger
        self._queue = queue
        self._l1 = l1
        self._submission = Submission(ledger, l1, clock, policy.fees)
        self._policy = policy
        self._clock = clock
        self._next_look_ms = 0
        # The batch that L1 rejects now, and the first block at which it did.
        self._rejected_since: tuple[int, int] | None = None

    async def step(self) -> bool:
        """Move the next batch on; return whether there may be more to do at once.

        Raises:
            L1UnavailableError: L1 does not answer.
            SettlementWaitsError: L1 does not take the batch now.
            SettlementHaltedError: L1 will never take the batch.
            RootMismatchError: L1 holds a state that we never sealed.
        """
        _, last_final = await self._ledger.progress()
        calldata = await self._ledger.calldata(last_final + 1)
        if calldata is None and self._clock.now_ms() < self._next_look_ms:
            return False
        batch_number = await self.synchronise() + 1
        if batch_number > last_final + 1:
            return True
        calldata = await self._ledger.calldata(batch_number)
        if calldata is None:
            return False
        _check_size(batch_number, calldata)
        await self._submit(batch_number, calldata)
        return False

    async def synchronise(self) -> int:
        """Take over what L1 finalised, by whomever; return the number of its last batch.

        Raises:
            L1UnavailableError: L1 does not answer.
            RootMismatchError: L1 holds a state that we never sealed.
        """
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
            transaction_hash = await self._submission.included_hash(batch_number)
            await self._finalise(batch_number, transaction_hash)
        self._next_look_ms = self._clock.now_ms() + self._policy.idle_look_ms
        return state.batch_number

    async def _submit(self, batch_number: int, calldata: bytes) -> None:
        """Send the batch or see that what was sent gets on; `synchronise` notices the success."""
        progress = await self._submission.progress(batch_number)
        if progress is Progress.REVERTED:
            # Although the contract had agreed before, and has not moved on since.
            raise SettlementHaltedError(batch_number, "its transaction was reverted in a block")
        if progress is Progress.UNDER_WAY:
            await self._submission.keep_moving(batch_number, calldata)
        if progress is Progress.NOT_SENT:
            # A rejected transaction would cost gas each time, a question costs nothing.
            gas_limit = await self._gas_if_accepted(batch_number, calldata)
            await self._submission.start(batch_number, calldata, gas_limit)

    async def _gas_if_accepted(self, batch_number: int, calldata: bytes) -> int:
        try:
            gas_limit = await self._l1.check_batch(calldata)
        except L1RejectedError as rejection:
            self._judge(batch_number, rejection)
        self._rejected_since = None
        return gas_limit

    def _judge(self, batch_number: int, rejection: L1RejectedError) -> NoReturn:
        since = self._rejected_since
        if since is None or since[0] != batch_number or since[1] > rejection.block_number:
            since = self._rejected_since = (batch_number, rejection.block_number)
        permanent_from = since[1] + self._policy.rejection_blocks
        if rejection.block_number >= permanent_from:
            self._rejected_since = None
            raise SettlementHaltedError(batch_number, str(rejection)) from rejection
        raise SettlementWaitsError(
            f"batch {batch_number} rejected at block {rejection.block_number}: {rejection}; "
            f"asked again until block {permanent_from}"
        ) from rejection

    async def _finalise(self, batch_number: int, transaction_hash: bytes) -> None:
        await self._ledger.mark_final(batch_number, transaction_hash)
        self._queue.discard(batch_number)
        logger.info("batch %d is final on L1", batch_number)


def _check_size(batch_number: int, calldata: bytes) -> None:
    if len(calldata) >= MAX_CALLDATA_BYTES:
        raise SettlementHaltedError(
            batch_number, f"calldata of {len(calldata)} bytes, the limit is {MAX_CALLDATA_BYTES}"
        )
