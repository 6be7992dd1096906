"""Follows deposits and batches until they are where they should be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from devnet.errors import UserError
from novation.client.models import Batch, BatchState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from novation.client import Client

DEPOSIT_TIMEOUT_S: Final = 60.0
PROOF_TIMEOUT_S: Final = 1_800.0
POLL_S: Final = 0.2


async def wait_for_deposit(client: Client, position: int) -> None:
    """Return when the sequencer has consumed the queue entry at `position`.

    Raises:
        UserError: if that takes too long; the deposit stays in the queue.
    """

    async def is_consumed() -> bool:
        return (await client.status()).l1_queue_position > position

    await wait_until(is_consumed, DEPOSIT_TIMEOUT_S, f"deposit {position}: not credited")


async def wait_until_final(client: Client, sequence: int, note: Callable[[str], object]) -> Batch:
    """Return the batch that holds a journal entry, once L1 has accepted it.

    Raises:
        UserError: if that takes too long; nothing is lost.
    """
    found: list[Batch] = []

    async def is_final() -> bool:
        batch = await find_batch(client, sequence)
        if batch is None:
            note("in the open batch")
            return False
        note(f"batch {batch.batch_number} {batch.state.value}")
        found[:] = [batch]
        return batch.state is BatchState.FINAL

    await wait_until(is_final, PROOF_TIMEOUT_S, f"journal entry {sequence}: not final")
    return found[0]


async def find_batch(client: Client, sequence: int) -> Batch | None:
    """Return the sealed batch that holds a journal entry, None while it is open."""
    async for batch in client.batches():
        if batch.first_sequence <= sequence <= batch.last_sequence:
            return batch
        if batch.last_sequence < sequence:
            break
    return None


async def wait_until(
    condition: Callable[[], Awaitable[bool]], timeout_s: float, complaint: str
) -> None:
    """Poll until the condition holds.

    Raises:
        UserError: `complaint`, if it does not hold in time.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not await condition():
        if asyncio.get_running_loop().time() > deadline:
            raise UserError(f"{complaint} within {timeout_s:.0f} s")
        await asyncio.sleep(POLL_S)
