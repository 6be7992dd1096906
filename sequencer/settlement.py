"""Brings proven batches to L1, in order, whatever L1 does meanwhile."""

from dataclasses import dataclass, field
from typing import NoReturn

from sequencer.backoff import BackoffPolicy
from sequencer.clock import Clock
from sequencer.errors import SettlementHaltedError, SettlementWaitsError
from sequencer.fees import FeePolicy
from sequencer.finality import Finality, RootMismatchError
from sequencer.l1 import (
    L1,
    OUT_OF_GAS,
    L1RefusedError,
    L1RejectedError,
    Remedy,
    Treatment,
    treatment_of_rejection,
)
from sequencer.l1_cost import ENVELOPE_BYTES, HOLES_AT_HEAD, MAX_TRANSACTION_BYTES
from sequencer.ledger import BatchLedger
from sequencer.proof_queue import ProofQueue
from sequencer.queue_skipper import QueueSkipper
from sequencer.submission import Progress, Submission

__all__ = ["RootMismatchError", "Settlement", "SettlementPolicy"]

TOO_LARGE_ADVICE = "`novation batch reprove N` with a prover of profile cheap-l1"
REVERTED_ADVICE = "find out why its transactions are reverted, then restart the sequencer"


@dataclass(frozen=True, slots=True)
class SettlementPolicy:
    """How settlement deals with L1.

    A batch is final when L1 holds it in a block upon which `confirmations` blocks have been built.
    A rejection that time does not heal counts when the contract still rejects the batch
    `rejection_blocks` blocks later: until then a reorganisation of the chain can have caused it.
    A transaction that is reverted although the contract agrees to it is sent again, at most
    `max_reverts` times. With nothing to settle, L1 is looked at every `idle_look_ms`. As many holes
    as `max_queue_holes` at the head of the contract's queue are left to the batch's transaction.
    """

    poll_ms: int = 500
    backoff: BackoffPolicy = field(default_factory=BackoffPolicy)
    confirmations: int = 3
    rejection_blocks: int = 3
    max_reverts: int = 10
    max_queue_holes: int = HOLES_AT_HEAD
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
        self._l1 = l1
        self._submission = Submission(ledger, l1, clock, policy.fees)
        self._finality = Finality(ledger, queue, l1, self._submission, policy.confirmations)
        self._skipper = QueueSkipper(ledger, l1, self._submission)
        self._policy = policy
        self._clock = clock
        self._next_look_ms = 0
        # The batch that L1 rejects now, and the first block at which it did.
        self._rejected_since: tuple[int, int] | None = None
        # The batch whose transactions were reverted last, and how many of them.
        self._reverts = (0, 0)

    @property
    def notice(self) -> str:
        """What the operator should know although settlement works; empty if nothing."""
        return self._finality.notice

    async def step(self) -> bool:
        """Move the next batch on; return whether there may be more to do at once.

        Raises:
            L1UnavailableError: L1 does not answer.
            SettlementWaitsError: L1 does not take the batch now.
            SettlementHaltedError: L1 will not take the batch before somebody does something.
            RootMismatchError: L1 has confirmed a state that we never sealed.
        """
        _, last_final = await self._ledger.progress()
        calldata = await self._ledger.calldata(last_final + 1)
        if calldata is None and self._clock.elapsed_ms() < self._next_look_ms:
            return False
        final, settled = await self.synchronise()
        if final > last_final:
            return True
        batch_number = settled + 1
        calldata = await self._ledger.calldata(batch_number)
        if calldata is None:
            return False
        _check_size(batch_number, len(calldata) + ENVELOPE_BYTES)
        try:
            await self._submit(batch_number, calldata)
        except L1RefusedError as refusal:
            _raise_refusal(batch_number, refusal)
        return False

    async def synchronise(self) -> tuple[int, int]:
        """Take over what L1 holds, by whomever it was settled.

        Returns:
            The last final batch, and the last one in any block.

        Raises:
            L1UnavailableError: L1 does not answer.
            SettlementWaitsError: L1's newest blocks contradict what was read before.
            RootMismatchError: L1 has confirmed a state that we never sealed.
        """
        numbers = await self._finality.take_over()
        self._next_look_ms = self._clock.elapsed_ms() + self._policy.idle_look_ms
        return numbers

    async def _submit(self, batch_number: int, calldata: bytes) -> None:
        """Send the batch or see that what was sent gets on; `synchronise` notices the success."""
        if await self._skipper.is_busy():
            return
        progress = await self._submission.progress(batch_number)
        if progress is Progress.REVERTED:
            self._note_revert(batch_number)
        if progress is Progress.BEHIND_A_GAP:
            await self._skipper.fill_gap(batch_number)
        if progress is Progress.UNDER_WAY:
            await self._submission.keep_moving(batch_number, calldata)
        if progress is Progress.NOT_SENT:
            if await self._skipper.skip(self._policy.max_queue_holes + 1):
                return
            # A rejected transaction would cost gas each time, a question costs nothing.
            gas_limit = await self._gas_if_accepted(batch_number, calldata)
            await self._submission.start(batch_number, calldata, gas_limit)

    def _note_revert(self, batch_number: int) -> NoReturn:
        """The contract had agreed before; what it says now decides what happens next."""
        last_batch, count = self._reverts
        count = count + 1 if last_batch == batch_number else 1
        self._reverts = (batch_number, count)
        if count > self._policy.max_reverts:
            reason = f"{count} of its transactions were reverted in blocks"
            raise SettlementHaltedError(batch_number, reason, REVERTED_ADVICE, may_ask_again=False)
        raise SettlementWaitsError(
            f"batch {batch_number}: its transaction was reverted in a block ({count} so far, at "
            f"most {self._policy.max_reverts}); the contract is asked again"
        )

    async def _gas_if_accepted(self, batch_number: int, calldata: bytes) -> int:
        try:
            gas_limit = await self._l1.check_batch(calldata)
        except L1RejectedError as rejection:
            if str(rejection).startswith(OUT_OF_GAS) and await self._skipper.skip(1):
                raise SettlementWaitsError(
                    f"batch {batch_number}: {rejection}; holes in the queue are skipped first"
                ) from rejection
            self._judge(batch_number, rejection)
        self._rejected_since = None
        return gas_limit

    def _judge(self, batch_number: int, rejection: L1RejectedError) -> NoReturn:
        treatment = treatment_of_rejection(str(rejection))
        known = f"batch {batch_number} rejected at block {rejection.block_number}: {rejection}"
        if treatment.remedy is Remedy.WAIT:
            raise SettlementWaitsError(f"{known}; {treatment.advice}") from rejection
        since = self._rejected_since
        if since is None or since[0] != batch_number or since[1] > rejection.block_number:
            since = self._rejected_since = (batch_number, rejection.block_number)
        permanent_from = since[1] + self._policy.rejection_blocks
        if rejection.block_number >= permanent_from:
            raise _halted(batch_number, str(rejection), treatment) from rejection
        raise SettlementWaitsError(f"{known}; asked again until block {permanent_from}") from (
            rejection
        )


def _raise_refusal(batch_number: int, refusal: L1RefusedError) -> NoReturn:
    """Translate a node's refusal of a transaction; the same one costs nothing when sent again."""
    if refusal.treatment.remedy is Remedy.WAIT:
        raise SettlementWaitsError(
            f"batch {batch_number}: the L1 node says: {refusal}; {refusal.treatment.advice}"
        ) from refusal
    raise _halted(batch_number, f"the L1 node says: {refusal}", refusal.treatment) from refusal


def _halted(batch_number: int, reason: str, treatment: Treatment) -> SettlementHaltedError:
    advice = treatment.advice.replace("reprove N", f"reprove {batch_number}")
    return SettlementHaltedError(batch_number, reason, advice)


def _check_size(batch_number: int, n_bytes: int) -> None:
    if n_bytes > MAX_TRANSACTION_BYTES:
        raise SettlementHaltedError(
            batch_number,
            f"a transaction of up to {n_bytes} bytes, the limit is {MAX_TRANSACTION_BYTES}",
            TOO_LARGE_ADVICE.replace("reprove N", f"reprove {batch_number}"),
        )
