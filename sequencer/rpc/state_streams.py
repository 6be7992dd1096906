"""Streams of states: a market or an account as it is, whenever that has changed.

Unlike events a state needs no history: who reads slowly, or seldom, misses only what is over.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeVar

from novation.api.v1 import stream_service_pb2
from sequencer.engine import Engine
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.feed import Scope
from sequencer.state_changes import StateChanges

State = TypeVar(
    "State",
    stream_service_pb2.StreamMarketResponse,
    stream_service_pb2.StreamPortfolioResponse,
)
# A market can change a thousand times a second; nobody can look more often than this.
INTERVAL_LOW_MS: Final = 100
INTERVAL_BOUND_MS: Final = 60_001
_MS_PER_S: Final = 1_000
# What is different in every message does not make a state another one.
_NOT_THE_STATE: Final = ("sequence", "previous_sequence", "time_ms")


async def follow(
    changes: StateChanges,
    scope: Scope,
    read: Callable[[Engine], State],
    interval_s: float,
    beat_s: float | None,
) -> AsyncIterator[State]:
    """Yield a state, and again when it has changed, but not before `interval_s` has passed.

    `beat_s`: after so long without a message a heartbeat comes, if it is given.
    """
    with changes.follow(scope) as changed:
        shown, sequence, not_before_s = b"", 0, 0.0
        while True:
            # What comes from now on is in the answer, or sets this again.
            changed.clear()
            answer: State = await changes.read(scope, read)
            message = type(answer)()
            message.CopyFrom(answer)
            state = _state_of(answer)
            if state != shown:
                message.previous_sequence = sequence
                shown, sequence = state, message.sequence
                yield message
                not_before_s = asyncio.get_running_loop().time() + interval_s
            while not await _has_changed(changed, not_before_s, beat_s):
                yield type(answer)(sequence=sequence, previous_sequence=sequence, is_heartbeat=True)


def interval_s(interval_ms: int) -> float:
    """Return the least time between two messages; it is refused if it is out of range."""
    if interval_ms == 0:
        return INTERVAL_LOW_MS / _MS_PER_S
    if not INTERVAL_LOW_MS <= interval_ms < INTERVAL_BOUND_MS:
        nearest_ms = INTERVAL_LOW_MS if interval_ms < INTERVAL_LOW_MS else INTERVAL_BOUND_MS - 1
        context = ErrorContext("interval_ms", str(nearest_ms), str(interval_ms))
        sentence = f"interval_ms is {interval_ms}, the limit is {nearest_ms}"
        raise RequestRefusedError(NodeErrorCode.FIELD_OUT_OF_RANGE, sentence, context)
    return interval_ms / _MS_PER_S


async def _has_changed(changed: asyncio.Event, not_before_s: float, beat_s: float | None) -> bool:
    """Wait for a change, and until it may be told; False if that takes longer than `beat_s`."""
    try:
        async with asyncio.timeout(beat_s):
            await asyncio.sleep(max(0.0, not_before_s - asyncio.get_running_loop().time()))
            await changed.wait()
    except TimeoutError:
        return False
    return True


def _state_of(message: State) -> bytes:
    state = type(message)()
    state.CopyFrom(message)
    for name in _NOT_THE_STATE:
        state.ClearField(name)
    return state.SerializeToString(deterministic=True)
