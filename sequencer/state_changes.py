"""Who follows a market or an account hears that it has changed, and reads it once for all of them.

What the streams of events carry is written down; this is not: it tells only that something is
different now. Nobody who does not follow costs anything.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from novation.protocol.events import (
    CancelTimerSet,
    FundingPaid,
    KeyChanged,
    MarketListed,
    MarkSampled,
    ParameterSet,
)
from sequencer.engine import Engine, GroupResult
from sequencer.feed import Channel, Scope
from sequencer.runner import EngineRunner

# What changes a market besides prices: its book and its open interest.
_OF_MARKET: Final = (Channel.BOOK, Channel.TRADES)


@dataclass(slots=True)
class _Followed:
    """A market or an account with its readers, and what they read since it changed last."""

    readers: set[asyncio.Event] = field(default_factory=set)
    answer: "asyncio.Task[Any] | None" = None


class StateChanges:
    """A listener of the engine. Lives in the event loop.

    The scope of a market is that of its book, whatever changes it.
    """

    def __init__(self, runner: EngineRunner) -> None:
        """Read through `runner`."""
        self._runner = runner
        self._followed: dict[Scope, _Followed] = {}

    def publish(self, result: GroupResult) -> None:
        """Wake who follows what a durable result has changed."""
        if not self._followed:
            return
        for scope in self._changed_by(result):
            followed = self._followed.get(scope)
            if followed is not None:
                followed.answer = None
                for reader in followed.readers:
                    reader.set()

    @contextlib.contextmanager
    def follow(self, scope: Scope) -> Iterator[asyncio.Event]:
        """Give an event that is set when the scope has changed; who waits for it clears it."""
        reader = asyncio.Event()
        followed = self._followed.setdefault(scope, _Followed())
        followed.readers.add(reader)
        try:
            yield reader
        finally:
            followed.readers.discard(reader)
            if not followed.readers:
                del self._followed[scope]

    async def read(self, scope: Scope, question: Callable[[Engine], Any]) -> Any:  # noqa: ANN401
        """Return what the engine answers, to all who follow the scope with one question."""
        followed = self._followed[scope]
        answer = followed.answer
        if answer is None or (answer.done() and (answer.cancelled() or answer.exception())):
            answer = followed.answer = asyncio.create_task(self._runner.call(question))
        return await asyncio.shield(answer)

    def _changed_by(self, result: GroupResult) -> set[Scope]:
        changed: set[Scope] = set()
        for event in result.feed:
            if event.channel in _OF_MARKET:
                changed.add((Channel.BOOK, event.scope_id))
            else:
                changed.add(event.scope)
        for happened in result.events:
            if isinstance(happened, KeyChanged | CancelTimerSet):
                changed.add((Channel.ACCOUNT, happened.account_id))
            elif isinstance(happened, ParameterSet | MarketListed | MarkSampled | FundingPaid):
                return set(self._followed)
        # New prices change every market, and what every position is worth.
        return set(self._followed) if result.oracle_updates else changed
