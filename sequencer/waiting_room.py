"""Commands in front of the signature check, and who is next.

They leave in the order in which they came, but for those of connections that have sent too much
that no key pays for: of these a few go with each group, and only so many may wait.
"""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from sequencer.admission import Admission
from sequencer.config import ServerLimits
from sequencer.engine import Accepted, Command
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError

# Of a group, of the places that may be waited in, and of nothing else.
DOUBTFUL_PART_OF_GROUP: Final = 8
DOUBTFUL_PART_OF_QUEUE: Final = 4


@dataclass(frozen=True, slots=True)
class Ticket:
    """A command, who brought it, and the answer to come."""

    command: Command
    connection: str = ""
    answer: asyncio.Future[Accepted] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class WaitingRoom:
    """A bounded queue that gives out groups; every ticket is answered once."""

    def __init__(self, limits: ServerLimits, admission: Admission) -> None:
        """Ask `admission` who may go on."""
        self._admission = admission
        self._max_waiting = limits.max_pending_commands
        self._group_size = limits.max_group_commands
        self._doubtful_of_group = max(1, self._group_size // DOUBTFUL_PART_OF_GROUP)
        self._max_doubtful = max(1, self._max_waiting // DOUBTFUL_PART_OF_QUEUE)
        self._queue: asyncio.Queue[Ticket] = asyncio.Queue(self._max_waiting)
        self._doubtful: deque[Ticket] = deque()
        self._n_doubtful_of: Counter[str] = Counter()

    @property
    def n_waiting(self) -> int:
        """Commands whose signature is not checked yet."""
        return self._queue.qsize() + len(self._doubtful)

    def enter(self, ticket: Ticket) -> None:
        """Take a place.

        Raises:
            RequestRefusedError: there is none, or the key has no token left.
        """
        refusal = self._admission.refusal(ticket.command)
        if refusal is not None:
            raise refusal
        try:
            self._queue.put_nowait(ticket)
        except asyncio.QueueFull:
            raise _queue_full(self._max_waiting) from None

    async def next_group(self) -> list[Ticket]:
        """Return the next ones, at least one; what cannot go on any more is answered instead."""
        while True:
            group: list[Ticket] = []
            if not self._doubtful:
                self._sort(await self._queue.get(), group)
            while len(group) < self._group_size and not self._queue.empty():
                self._sort(self._queue.get_nowait(), group)
            group.extend(self._next_doubtful())
            if group:
                return group
            # A flood that is only refused must not keep others from the event loop.
            await asyncio.sleep(0)

    def settle(self, ticket: Ticket) -> bool:
        """Let the key pay for a checked message; if it cannot, answer that, and return False."""
        refusal = self._admission.pay(ticket.command, ticket.connection)
        if refusal is not None:
            self._refuse(ticket, refusal)
        return refusal is None

    def leave(self) -> None:
        """Note that a ticket of some group has been answered."""
        self._queue.task_done()

    async def emptied(self) -> None:
        """Return when all tickets are answered."""
        await self._queue.join()

    def close(self) -> None:
        """Cancel what still waits."""
        while not self._queue.empty():
            self._doubtful.append(self._queue.get_nowait())
        while self._doubtful:
            self._doubtful.popleft().answer.cancel()

    def _sort(self, ticket: Ticket, group: list[Ticket]) -> None:
        if self._refuses(ticket):
            return
        # Behind those of its connection that wait: a connection's messages stay in order.
        waits = self._n_doubtful_of[ticket.connection] > 0
        if not (waits or self._admission.is_doubtful(ticket.connection)):
            group.append(ticket)
        elif len(self._doubtful) < self._max_doubtful:
            self._doubtful.append(ticket)
            self._n_doubtful_of[ticket.connection] += 1
        else:
            self._refuse(ticket, _queue_full(self._max_doubtful))

    def _next_doubtful(self) -> list[Ticket]:
        taken = []
        for _ in range(min(len(self._doubtful), self._doubtful_of_group)):
            ticket = self._doubtful.popleft()
            self._n_doubtful_of[ticket.connection] -= 1
            if not self._n_doubtful_of[ticket.connection]:
                del self._n_doubtful_of[ticket.connection]
            if not self._refuses(ticket):
                taken.append(ticket)
        return taken

    def _refuses(self, ticket: Ticket) -> bool:
        """Answer a message whose key has used its last token meanwhile."""
        refusal = self._admission.refusal(ticket.command)
        if refusal is not None:
            self._refuse(ticket, refusal)
        return refusal is not None

    def _refuse(self, ticket: Ticket, refusal: RequestRefusedError) -> None:
        if not ticket.answer.done():
            ticket.answer.set_exception(refusal)
        self.leave()


def _queue_full(n_waiting: int) -> RequestRefusedError:
    context = ErrorContext("pending_commands", str(n_waiting), str(n_waiting))
    return RequestRefusedError(
        NodeErrorCode.QUEUE_FULL, f"{n_waiting} commands wait already; try again", context
    )
