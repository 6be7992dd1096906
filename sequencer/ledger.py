"""The sealed batches, as the proof collector and settlement see them."""

from typing import Protocol

from sequencer.l1 import SentTransaction
from sequencer.proof_queue import ProofJob


class BatchLedger(Protocol):
    """Durable: what was recorded is there after a crash."""

    async def progress(self) -> tuple[int, int]:
        """Return the numbers of the last sealed and the last final batch (0: none)."""
        ...

    async def new_root(self, batch_number: int) -> int:
        """Return the state root after a sealed batch."""
        ...

    async def calldata(self, batch_number: int) -> bytes | None:
        """Return the L1 input of a proven batch, None while it has no proof."""
        ...

    async def proof_job(self, batch_number: int) -> ProofJob:
        """Return what the prover needs."""
        ...

    async def mark_proven(self, batch_number: int, calldata: bytes) -> None:
        """Record that a batch is proven; recording it twice changes nothing."""
        ...

    async def discard_proof(self, batch_number: int) -> bool:
        """Forget the proof of a sealed batch; False if there is no such batch or it is final."""
        ...

    async def sent(self, batch_number: int) -> tuple[SentTransaction, ...]:
        """Return the remembered transactions of a batch, oldest first."""
        ...

    async def put_sent(self, batch_number: int, sent: tuple[SentTransaction, ...]) -> None:
        """Remember exactly these transactions of a batch, until it is final."""
        ...

    async def mark_taken_back(self, batch_number: int) -> None:
        """Record that the last final batch is not on L1 any more."""
        ...

    async def mark_final(
        self, batch_number: int, transaction_hash: bytes, block_number: int
    ) -> None:
        """Record that L1 holds a batch in a confirmed block; twice changes nothing."""
        ...

    async def final_at(self) -> int:
        """Return the newest block in which L1 held what was recorded as final, 0 at first."""
        ...
