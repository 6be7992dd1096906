"""The engine as settlement and the L1 watcher see it."""

import asyncio
from collections.abc import Sequence

from novation.protocol.transactions import Deposit, L1Operation, SetParameter
from sequencer.clock import Clock
from sequencer.engine import Command
from sequencer.l1 import L1Block, L1Entry, L1Parameter, SentTransaction
from sequencer.proof_queue import ProofJob
from sequencer.runner import EngineRunner


class EngineLedger:
    """Implements `ledger.BatchLedger`."""

    def __init__(self, runner: EngineRunner) -> None:
        """Read and write through `runner`."""
        self._runner = runner

    async def progress(self) -> tuple[int, int]:
        """Return the numbers of the last sealed and the last final batch."""
        return await self._runner.call(
            lambda engine: (engine.batches.last_sealed, engine.batches.last_final)
        )

    async def new_root(self, batch_number: int) -> int:
        """Return the root after a batch; batch 0 is genesis."""
        return await self._runner.call(lambda engine: engine.root_after(batch_number))

    async def calldata(self, batch_number: int) -> bytes | None:
        """Return the L1 input of a proven batch."""
        return await self._runner.call(lambda engine: engine.batches.calldata(batch_number))

    async def proof_job(self, batch_number: int) -> ProofJob:
        """Return what the prover needs."""
        return await self._runner.call(lambda engine: engine.batches.proof_job(batch_number))

    async def mark_proven(self, batch_number: int, calldata: bytes) -> None:
        """Record a proof."""
        await self._runner.change(lambda engine: engine.mark_proven(batch_number, calldata))

    async def discard_proof(self, batch_number: int) -> bool:
        """Forget a proof."""
        archive = await self._runner.call(lambda engine: engine.batches)
        if not archive.last_final < batch_number <= archive.last_sealed:
            return False
        await self._runner.change(lambda engine: engine.discard_proof(batch_number))
        return True

    async def sent(self, batch_number: int) -> tuple[SentTransaction, ...]:
        """Return the remembered transactions."""
        return await self._runner.call(lambda engine: engine.batches.sent(batch_number))

    async def put_sent(self, batch_number: int, sent: tuple[SentTransaction, ...]) -> None:
        """Remember transactions."""
        await self._runner.call(lambda engine: engine.batches.put_sent(batch_number, sent))

    async def mark_taken_back(self, batch_number: int) -> None:
        """Record that the last final batch is not on L1 any more."""
        await self._runner.change(lambda engine: engine.mark_taken_back(batch_number))

    async def mark_final(
        self, batch_number: int, transaction_hash: bytes, block_number: int
    ) -> None:
        """Record that L1 holds a batch."""
        await self._runner.change(
            lambda engine: engine.mark_final(batch_number, transaction_hash, block_number)
        )

    async def final_at(self) -> int:
        """Return the newest block in which L1 held what is final."""
        return await self._runner.call(lambda engine: engine.batches.final_at)


class EngineQueueSink:
    """Implements `watcher.QueueSink`."""

    def __init__(self, runner: EngineRunner, clock: Clock) -> None:
        """Feed queue entries to `runner`."""
        self._runner = runner
        self._clock = clock

    async def next_l1_index(self) -> int:
        """Return the index of the contract's queue at which to go on."""
        return await self._runner.call(lambda engine: engine.l1_cursor.next_index)

    async def last_l1_block(self) -> L1Block | None:
        """Return the newest block whose entries may have been consumed."""
        return await self._runner.call(lambda engine: engine.l1_cursor.block)

    async def note_l1_block(self, block: L1Block) -> None:
        """Remember a newer one."""
        await self._runner.call(lambda engine: engine.l1_cursor.note_block(block))

    async def consume_entries(self, entries: Sequence[L1Entry]) -> None:
        """Apply queue entries in order."""
        now_ms = self._clock.now_ms()
        answers = [
            self._runner.enqueue(Command(_operation(entry), now_ms, l1_index=entry.index))
            for entry in entries
        ]
        await asyncio.gather(*answers)


def _operation(entry: L1Entry) -> L1Operation:
    if isinstance(entry, L1Parameter):
        return SetParameter(entry.kind, entry.parameter_index, entry.word)
    return Deposit(
        account_id=entry.account_id,
        l1_address=entry.l1_address,
        stark_key=entry.stark_key,
        amount_quanta=entry.amount_quanta,
        asset_id=entry.asset_id,
    )
