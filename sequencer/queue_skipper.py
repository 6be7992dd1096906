"""The operator's transactions that settle nothing: over holes in L1's queue, into gaps of nonces.

Deposits taken out of the queue's order leave holes, and each costs a settlement gas when the head
moves over it. Anybody can make thousands of them; so they are skipped apart, before a batch would
need more gas than a transaction may use.
"""

import logging
from typing import Final

from sequencer.l1 import L1
from sequencer.ledger import BatchLedger
from sequencer.submission import Progress, Submission

logger = logging.getLogger(__name__)

# The number of no batch: under it the skipping transaction is remembered.
SKIP_RECORD: Final = 0
# A hole costs about 3,600 gas: below half of what a transaction may use.
HOLES_PER_TRANSACTION: Final = 2_000
SKIP_GAS: Final = 2**24 * 9 // 10


class QueueSkipper:
    """Sends at most one such transaction at a time, and never beside a batch's."""

    def __init__(self, ledger: BatchLedger, l1: L1, submission: Submission) -> None:
        """Send through `submission`, which keeps nonces and fees."""
        self._ledger = ledger
        self._l1 = l1
        self._submission = submission
        self._call = l1.skip_call(HOLES_PER_TRANSACTION)

    async def is_busy(self) -> bool:
        """See that what was sent gets on; return whether it still waits."""
        progress = await self._submission.progress(SKIP_RECORD)
        if progress is Progress.UNDER_WAY:
            await self._submission.keep_moving(SKIP_RECORD, self._call)
            return True
        if progress is not Progress.NOT_SENT:
            # Done; or reverted, or behind a gap: whoever needs it asks again.
            await self._ledger.put_sent(SKIP_RECORD, ())
        return False

    async def skip(self, at_least: int) -> bool:
        """Skip holes if there are so many; return whether a transaction was sent."""
        n_holes = await self._l1.holes_at_head()
        if n_holes < at_least:
            return False
        logger.warning("the L1 queue has %d holes before its head: skipping", n_holes)
        await self._submission.start(SKIP_RECORD, self._call, SKIP_GAS)
        return True

    async def fill_gap(self, batch_number: int) -> None:
        """Use the nonce before a batch's, which a reorganisation has freed."""
        logger.warning("batch %d waits for a nonce before its own: filling", batch_number)
        await self._submission.start(SKIP_RECORD, self._call, SKIP_GAS)
