"""What is final: what L1 holds under enough blocks, for as long as it holds it."""

import logging

from sequencer.errors import SettlementHaltedError, SettlementWaitsError
from sequencer.l1 import L1, L1State
from sequencer.ledger import BatchLedger
from sequencer.proof_queue import ProofQueue
from sequencer.submission import Submission

logger = logging.getLogger(__name__)


FOREIGN_ADVICE = (
    "ask another L1 node (--second-l1 lets both decide); if it says the same, this data folder is "
    "not the one that settled: stop the sequencer"
)


class RootMismatchError(SettlementHaltedError):
    """L1 has confirmed a state that we never sealed.

    Either the data folder does not belong to this contract or the L1 node does not tell the truth.
    """

    verdict = "is another one on L1"


class Finality:
    """Compares the ledger with the contract's state, now and `confirmations` blocks ago."""

    def __init__(
        self,
        ledger: BatchLedger,
        queue: ProofQueue,
        l1: L1,
        submission: Submission,
        confirmations: int,
    ) -> None:
        """Record in `ledger` what `l1` holds; `queue` is told which batches are final."""
        self._ledger = ledger
        self._queue = queue
        self._l1 = l1
        self._submission = submission
        self._confirmations = confirmations
        # Batches that were final and are not any more.
        self._taken_back: range = range(0)

    @property
    def notice(self) -> str:
        """Which batches L1 has taken back and does not hold yet again; empty if none."""
        if not self._taken_back:
            return ""
        first, last = self._taken_back[0], self._taken_back[-1]
        which = f"batch {first} was" if first == last else f"batches {first} to {last} were"
        return f"{which} final and L1 has taken it back; settled again"

    async def take_over(self) -> tuple[int, int]:
        """Record what is final now; return the last final batch and the last one in any block.

        Raises:
            L1UnavailableError: L1 does not answer.
            SettlementWaitsError: L1's blocks contradict what was read before.
            RootMismatchError: L1 has confirmed a state that we never sealed.
        """
        # In this order: what is confirmed is in the newest block, unless the chain changes.
        confirmed = await self._l1.confirmed_state(self._confirmations)
        newest = await self._l1.read_state()
        if confirmed is not None:
            await self._check(confirmed, is_confirmed=True)
        await self._check(newest, is_confirmed=False)
        number = 0 if confirmed is None else confirmed.batch_number
        _, last_final = await self._ledger.progress()
        if number < last_final:
            block_number = -1 if confirmed is None else confirmed.block_number
            await self._take_back(number, last_final, block_number)
        for batch_number in range(last_final + 1, number + 1):
            assert confirmed is not None
            await self._finalise(batch_number, confirmed.block_number)
        self._taken_back = range(max(self._taken_back.start, number + 1), self._taken_back.stop)
        return number, newest.batch_number

    async def _check(self, state: L1State, *, is_confirmed: bool) -> None:
        last_sealed, _ = await self._ledger.progress()
        problem = ""
        if state.batch_number > last_sealed:
            problem = f"L1 is at batch {state.batch_number}, this data folder ends at {last_sealed}"
        elif (ours := await self._ledger.new_root(state.batch_number)) != state.state_root:
            problem = (
                f"root after batch {state.batch_number}: L1 {state.state_root:#x}, ours {ours:#x}"
            )
        if problem and is_confirmed:
            raise RootMismatchError(state.batch_number, problem, FOREIGN_ADVICE)
        if problem:
            raise SettlementWaitsError(
                f"{problem}, in a block that has fewer than {self._confirmations} confirmations"
            )

    async def _take_back(self, number: int, last_final: int, block_number: int) -> None:
        """Say no longer that batches behind `number` are final, unless the node is behind.

        `block_number` is that of the confirmed block that does not hold them, -1 if the contract
        did not exist in it.
        """
        final_at = await self._ledger.final_at()
        if block_number < final_at:
            shown = f"block {block_number}" if block_number >= 0 else "a block without the contract"
            raise SettlementWaitsError(
                f"the L1 node is behind: it has confirmed {shown}, and batch {last_final} was "
                f"final at block {final_at}"
            )
        logger.error("L1 has taken back batches %d to %d", number + 1, last_final)
        for batch_number in range(last_final, number, -1):
            await self._ledger.mark_taken_back(batch_number)
        self._taken_back = range(number + 1, max(last_final + 1, self._taken_back.stop))

    async def _finalise(self, batch_number: int, block_number: int) -> None:
        transaction_hash = await self._submission.included_hash(batch_number)
        await self._ledger.mark_final(batch_number, transaction_hash, block_number)
        self._queue.discard(batch_number)
        logger.info("batch %d is final on L1", batch_number)
