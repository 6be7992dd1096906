"""Feeds the L1 queue into the exchange, in queue order, once enough blocks stand on it."""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sequencer.backoff import Backoff, BackoffPolicy
from sequencer.clock import Clock
from sequencer.l1 import L1, L1Deposit, L1UnavailableError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WatcherPolicy:
    """How the queue is read."""

    confirmations: int = 3
    poll_ms: int = 1000
    deposits_per_read: int = 64
    backoff: BackoffPolicy = field(default_factory=BackoffPolicy)


class DepositSink(Protocol):
    """Where deposits go: the engine."""

    async def next_l1_index(self) -> int:
        """Return the index from which on no queue entry has been consumed or left out."""
        ...

    async def consume_deposits(self, deposits: Sequence[L1Deposit]) -> None:
        """Apply queue entries; returns when they are durable. Consumed ones are skipped."""
        ...


class DepositWatcher:
    """Polls the contract's queue."""

    def __init__(self, l1: L1, sink: DepositSink, clock: Clock, policy: WatcherPolicy) -> None:
        """Read `l1`, feed `sink`."""
        self._l1 = l1
        self._sink = sink
        self._clock = clock
        self._policy = policy
        self._backoff = Backoff(policy.backoff)

    async def run(self) -> None:
        """Never returns; cancel it to stop."""
        while True:
            delay_ms = await self.step()
            if delay_ms:
                await self._clock.sleep_ms(delay_ms)

    async def step(self) -> int:
        """Consume what is confirmed; return how long to wait before the next look."""
        first_index = await self._sink.next_l1_index()
        try:
            deposits = await self._l1.read_deposits(
                first_index, self._policy.deposits_per_read, self._policy.confirmations
            )
        except L1UnavailableError as error:
            logger.warning("cannot read the L1 queue: %s", error)
            return self._backoff.after_failure_ms()
        self._backoff.reset()
        _check_ascending(deposits, first_index)
        if deposits:
            await self._sink.consume_deposits(deposits)
        return 0 if len(deposits) == self._policy.deposits_per_read else self._policy.poll_ms


def _check_ascending(deposits: Sequence[L1Deposit], first_index: int) -> None:
    indices = [deposit.index for deposit in deposits]
    is_ascending = all(low < high for low, high in itertools.pairwise([first_index - 1, *indices]))
    assert is_ascending, f"L1 queue indices {indices}, expected from {first_index} on"
