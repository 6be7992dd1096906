"""Waiting in tests: for what happens, never for a time in which it should have happened.

A test that counts what fits into a tenth of a second fails on a machine that is faster or busier
than its author's. Every wait ends when its condition holds; the limit only ends a test that is
broken.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE_S = 120.0
LOOK_S = 0.01

T = TypeVar("T")


async def until(condition: Callable[[], T | Awaitable[T]]) -> T:
    """Wait until the condition's result, or what it awaits, is true; return that."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            seen = condition()
            result = await seen if inspect.isawaitable(seen) else seen
            if result:
                return result
            await asyncio.sleep(LOOK_S)


async def within_patience(awaited: Awaitable[T]) -> T:
    """Await something that comes for certain unless the test is broken."""
    return await asyncio.wait_for(awaited, PATIENCE_S)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, in a test without an event loop."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(LOOK_S)
