"""Gets one batch's transaction into a block: one nonce, rising fees, nothing forgotten in a crash.

Every transaction is recorded before it is sent. All of a batch have the same nonce, so that at most
one of them is ever included. The operator's account does nothing but settle; its next nonce is
the number of its transactions in blocks.
"""

import enum
import logging
from dataclasses import replace

from sequencer.clock import Clock
from sequencer.errors import SettlementWaitsError
from sequencer.fees import FeePolicy
from sequencer.l1 import L1, Fees, SendAnswer, SentTransaction, TransactionFate, TransactionTerms
from sequencer.ledger import BatchLedger

logger = logging.getLogger(__name__)


class Progress(enum.Enum):
    """How far a batch's transaction has come."""

    NOT_SENT = enum.auto()
    UNDER_WAY = enum.auto()
    BEHIND_A_GAP = enum.auto()
    INCLUDED = enum.auto()
    REVERTED = enum.auto()


class Submission:
    """The operator's transactions for the batch that is next on L1."""

    def __init__(self, ledger: BatchLedger, l1: L1, clock: Clock, policy: FeePolicy) -> None:
        """Remember transactions in `ledger`, send them to `l1`."""
        self._ledger = ledger
        self._l1 = l1
        self._clock = clock
        self._policy = policy

    async def progress(self, batch_number: int) -> Progress:
        """Look at L1; what cannot be included any more is forgotten.

        Raises:
            L1UnavailableError: L1 does not answer.
        """
        sent = await self._ledger.sent(batch_number)
        if not sent:
            return Progress.NOT_SENT
        # In this order: a nonce that is used now has its receipt now.
        next_nonce = await self._l1.next_nonce()
        fates = [await self._l1.fate(tx.transaction_hash) for tx in sent]
        if TransactionFate.SUCCEEDED in fates:
            return Progress.INCLUDED
        if TransactionFate.REVERTED in fates:
            await self._ledger.put_sent(batch_number, ())
            return Progress.REVERTED
        nonce = sent[-1].terms.nonce
        if next_nonce > nonce:
            logger.warning("batch %d: another transaction has used nonce %d", batch_number, nonce)
            await self._ledger.put_sent(batch_number, ())
            return Progress.NOT_SENT
        # A reorganisation took back an earlier transaction, and the pool has lost it.
        return Progress.UNDER_WAY if next_nonce == nonce else Progress.BEHIND_A_GAP

    async def included_hash(self, batch_number: int) -> bytes:
        """Return the hash of our transaction that settled a final batch, empty if none of ours."""
        for tx in await self._ledger.sent(batch_number):
            if await self._l1.fate(tx.transaction_hash) is TransactionFate.SUCCEEDED:
                return tx.transaction_hash
        return b""

    async def start(self, batch_number: int, calldata: bytes, gas_limit: int) -> None:
        """Send a batch's first transaction.

        Raises:
            L1UnavailableError: L1 does not answer; the transaction is remembered.
            SettlementWaitsError: another transaction has the nonce and pays the cap.
        """
        fees = self._policy.first(await self._l1.fees())
        terms = TransactionTerms(await self._l1.next_nonce(), gas_limit, fees)
        await self._send(batch_number, calldata, terms)

    async def keep_moving(self, batch_number: int, calldata: bytes) -> None:
        """Send again what L1 has lost, and replace what has waited too long by a dearer one.

        Raises:
            L1UnavailableError: L1 does not answer.
            SettlementWaitsError: the last transaction waits and may not become dearer.
        """
        last = (await self._ledger.sent(batch_number))[-1]
        waits_ms = self._clock.now_ms() - last.sent_time_ms
        fees = None
        if waits_ms >= self._policy.replace_after_ms:
            fees = self._policy.bumped(last.terms.fees, await self._l1.fees())
        if fees is not None:
            await self._send(batch_number, calldata, replace(last.terms, fees=fees))
            return
        if await self._l1.fate(last.transaction_hash) is TransactionFate.UNKNOWN:
            await self._send(batch_number, calldata, last.terms)
        if waits_ms >= self._policy.replace_after_ms:
            raise self._at_cap(batch_number, last.terms)

    async def _send(self, batch_number: int, calldata: bytes, terms: TransactionTerms) -> None:
        """Send, with higher fees as long as a transaction that we do not know has the nonce."""
        while await self._send_once(batch_number, calldata, terms) is SendAnswer.UNDERPRICED:
            fees = self._policy.bumped(terms.fees, await self._l1.fees())
            if fees is None:
                raise self._at_cap(batch_number, terms)
            terms = replace(terms, fees=fees)

    async def _send_once(
        self, batch_number: int, calldata: bytes, terms: TransactionTerms
    ) -> SendAnswer:
        signed = await self._l1.sign_batch(calldata, terms)
        sent = await self._ledger.sent(batch_number)
        if signed.transaction_hash not in (tx.transaction_hash for tx in sent):
            new = SentTransaction(signed.transaction_hash, terms, self._clock.now_ms())
            await self._ledger.put_sent(batch_number, (*sent, new))
        answer = await self._l1.send(signed.raw)
        logger.info(
            "batch %d: transaction %s, nonce %d, %s: %s",
            batch_number,
            signed.transaction_hash.hex(),
            terms.nonce,
            _shown(terms.fees),
            answer.name.lower(),
        )
        return answer

    def _at_cap(self, batch_number: int, terms: TransactionTerms) -> SettlementWaitsError:
        return SettlementWaitsError(
            f"batch {batch_number}: nonce {terms.nonce} waits with {_shown(terms.fees)}; "
            f"the cap of {self._policy.cap_wei} wei forbids more"
        )


def _shown(fees: Fees) -> str:
    return f"at most {fees.max_fee_wei} wei per gas, tip {fees.priority_fee_wei} wei"
