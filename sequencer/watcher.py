"""Feeds the L1 queue into the exchange, in queue order, once enough blocks stand on it."""

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

    async def l1_queue_position(self) -> int:
        """Return the position of the first queue entry that is not consumed yet."""
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
        position = await self._sink.l1_queue_position()
        try:
            deposits = await self._l1.read_deposits(
                position, self._policy.deposits_per_read, self._policy.confirmations
            )
        except L1UnavailableError as error:
            logger.warning("cannot read the L1 queue: %s", error)
            return self._backoff.after_failure_ms()
        self._backoff.reset()
        _check_consecutive(deposits, position)
        if deposits:
            await self._sink.consume_deposits(deposits)
        return 0 if len(deposits) == self._policy.deposits_per_read else self._policy.poll_ms


def _check_consecutive(deposits: Sequence[L1Deposit], first_position: int) -> None:
    positions = [deposit.queue_position for deposit in deposits]
    expected = list(range(first_position, first_position + len(deposits)))
    assert positions == expected, f"L1 queue positions {positions}, expected {expected}"
