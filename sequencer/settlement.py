"""Brings proven batches to L1, in order, whatever L1 does meanwhile."""

import logging
from dataclasses import dataclass, field
from typing import NoReturn

from sequencer.backoff import BackoffPolicy
from sequencer.l1 import L1, L1RejectedError
from sequencer.ledger import BatchLedger
from sequencer.proof_queue import ProofQueue

logger = logging.getLogger(__name__)

# Public mempools refuse larger transactions; a local chain would not notice.
MAX_CALLDATA_BYTES = 131_072


class RootMismatchError(AssertionError):
    """L1 finalised a root that is not ours: the data folder does not belong to this contract."""


class SettlementWaitsError(Exception):
    """The next batch cannot settle now; trying again later may help."""


class SettlementHaltedError(Exception):
    """The next batch cannot settle with this proof; trying again cannot help."""

    def __init__(self, batch_number: int, reason: str) -> None:
        """Name the batch and L1's reason."""
        super().__init__(f"batch {batch_number} rejected: {reason}")
        self.batch_number = batch_number


@dataclass(frozen=True, slots=True)
class SettlementPolicy:
    """How settlement deals with L1.

    A rejection counts as permanent when the contract still rejects the batch `rejection_blocks`
    blocks later: until then a reorganisation of the chain can have caused it.
    """

    poll_ms: int = 500
    backoff: BackoffPolicy = field(default_factory=BackoffPolicy)
    rejection_blocks: int = 3


class Settlement:
    """Submits the next proven batch and learns from L1 what is final."""

    def __init__(
        self, ledger: BatchLedger, queue: ProofQueue, l1: L1, policy: SettlementPolicy
    ) -> None:
        """Work on the given ledger and chain; `queue` is told which batches are final."""
        self._ledger = ledger
        self._queue = queue
        self._l1 = l1
        self._policy = policy
        self._synchronised = False
        # The batch that L1 rejects now, and the first block at which it did.
        self._rejected_since: tuple[int, int] | None = None

    async def step(self) -> bool:
        """Make at most one submission; return whether the next batch may be ready at once.

        Raises:
            L1UnavailableError: L1 does not answer.
            SettlementWaitsError: L1 does not take the batch now.
            SettlementHaltedError: L1 will never take the batch.
            RootMismatchError: L1 holds a state that we never sealed.
        """
        _, last_final = await self._ledger.progress()
        calldata = await self._ledger.calldata(last_final + 1)
        if self._synchronised and calldata is None:
            return False
        batch_number = await self.synchronise() + 1
        calldata = await self._ledger.calldata(batch_number)
        if calldata is None:
            return False
        _check_size(batch_number, calldata)
        try:
            # A rejected transaction would cost gas each time, a question costs nothing.
            await self._l1.check_batch(calldata)
            transaction_hash = await self._l1.submit_batch(calldata)
        except L1RejectedError as rejection:
            self._judge(batch_number, rejection)
        self._rejected_since = None
        await self._finalise(batch_number, transaction_hash)
        return True

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
            await self._finalise(batch_number, b"")
        self._synchronised = True
        return state.batch_number

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
