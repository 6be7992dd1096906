"""Feeds the L1 queue into the exchange, in queue order, once enough blocks stand on it.

What was consumed cannot be given back: receipts and batches build upon it. A reorganisation that
replaces a block from which entries may have been consumed therefore stops the node.
"""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sequencer.backoff import Backoff, BackoffPolicy
from sequencer.clock import Clock
from sequencer.l1 import L1, L1Block, L1Entry, L1Queue, L1UnavailableError

logger = logging.getLogger(__name__)


class DeepReorgError(RuntimeError):
    """L1 replaced a block from which queue entries may have been consumed."""

    def __init__(self, known: L1Block, found_hash: bytes, confirmations: int) -> None:
        """Name the block, what it was and what it is."""
        super().__init__(
            f"L1 block {known.number} was 0x{known.block_hash.hex()} when its queue entries were "
            f"consumed and is 0x{found_hash.hex()} now: a reorganisation of L1 deeper than "
            f"{confirmations} confirmations; see docs/spec/settlement.md"
        )


@dataclass(frozen=True, slots=True)
class WatcherPolicy:
    """How the queue is read.

    `accepted_reorg_block`: number of a block whose replacement the operator has examined.
    """

    confirmations: int = 3
    poll_ms: int = 1000
    entries_per_read: int = 64
    backoff: BackoffPolicy = field(default_factory=BackoffPolicy)
    accepted_reorg_block: int | None = None


class QueueSink(Protocol):
    """Where queue entries go: the engine."""

    async def next_l1_index(self) -> int:
        """Return the index from which on no queue entry has been consumed or left out."""
        ...

    async def last_l1_block(self) -> L1Block | None:
        """Return the newest block whose entries may have been consumed, None at first."""
        ...

    async def note_l1_block(self, block: L1Block) -> None:
        """Remember such a block; durable not later than what is consumed afterwards."""
        ...

    async def consume_entries(self, entries: Sequence[L1Entry]) -> None:
        """Apply queue entries; returns when they are durable. Consumed ones are skipped."""
        ...


class QueueWatcher:
    """Polls the contract's queue."""

    def __init__(self, l1: L1, sink: QueueSink, clock: Clock, policy: WatcherPolicy) -> None:
        """Read `l1`, feed `sink`."""
        self._l1 = l1
        self._sink = sink
        self._clock = clock
        self._policy = policy
        self._backoff = Backoff(policy.backoff)
        # Why the queue cannot be read now, empty while it can.
        self.error = ""

    async def run(self) -> None:
        """Never returns; cancel it to stop."""
        while True:
            delay_ms = await self.step()
            if delay_ms:
                await self._clock.sleep_ms(delay_ms)

    async def step(self) -> int:
        """Consume what is confirmed; return how long to wait before the next look.

        Raises:
            DeepReorgError: what was consumed may not be on L1 any more.
        """
        first_index = await self._sink.next_l1_index()
        known = await self._sink.last_l1_block()
        try:
            queue = await self._l1.read_queue(
                first_index, self._policy.entries_per_read, self._policy.confirmations
            )
            # Afterwards, because a reorganisation can come while the queue is read.
            is_one_chain = await self._is_on_chain(queue.block) and await self._follows(known)
        except L1UnavailableError as error:
            return self._wait(str(error))
        if not is_one_chain:
            return self._wait("L1 is behind a block that was looked at before, or was changing")
        self._backoff.reset()
        self.error = ""
        await self._consume(queue, known, first_index)
        is_full = len(queue.entries) == self._policy.entries_per_read
        return 0 if is_full else self._policy.poll_ms

    def _wait(self, reason: str) -> int:
        self.error = reason
        delay_ms = self._backoff.after_failure_ms()
        logger.warning("cannot read the L1 queue, again in %d ms: %s", delay_ms, reason)
        return delay_ms

    async def _is_on_chain(self, block: L1Block) -> bool:
        return await self._l1.block_hash(block.number) == block.block_hash

    async def _follows(self, known: L1Block | None) -> bool:
        """Return whether the known block is on the chain; no answer yet if the chain is shorter."""
        if known is None:
            return True
        found_hash = await self._l1.block_hash(known.number)
        if found_hash is None:
            return False
        if found_hash != known.block_hash:
            error = DeepReorgError(known, found_hash, self._policy.confirmations)
            if known.number != self._policy.accepted_reorg_block:
                raise error
            logger.warning("accepted by the operator: %s", error)
            await self._sink.note_l1_block(L1Block(known.number, found_hash))
        return True

    async def _consume(self, queue: L1Queue, known: L1Block | None, first_index: int) -> None:
        """Note the block first, so that no entry is consumed without it."""
        _check_ascending(queue.entries, first_index)
        if known is None or queue.block.number > known.number:
            await self._sink.note_l1_block(queue.block)
        if queue.entries:
            await self._sink.consume_entries(queue.entries)


def _check_ascending(entries: Sequence[L1Entry], first_index: int) -> None:
    indices = [entry.index for entry in entries]
    is_ascending = all(low < high for low, high in itertools.pairwise([first_index - 1, *indices]))
    assert is_ascending, f"L1 queue indices {indices}, expected from {first_index} on"
