"""The operator's account and an L1 node's pool, with the node's rules about nonces and fees."""

import hashlib
import json
from dataclasses import dataclass, field

from sequencer.l1 import (
    Fees,
    SendAnswer,
    SignedTransaction,
    TransactionFate,
    TransactionTerms,
)

GWEI = 10**9


@dataclass
class PoolTransaction:
    """What the pool knows of a transaction."""

    transaction_hash: bytes
    calldata: bytes
    terms: TransactionTerms


@dataclass
class SimulatedPool:
    """At most one pending transaction per nonce; a replacement pays a tenth more, as with geth."""

    base_fee_wei: int = GWEI
    next_nonce: int = 0
    pending: dict[int, PoolTransaction] = field(default_factory=dict)
    seen: list[PoolTransaction] = field(default_factory=list)
    mined: dict[bytes, TransactionFate] = field(default_factory=dict)

    def send(self, raw: bytes) -> SendAnswer:
        new = _decoded(raw)
        if new.terms.nonce < self.next_nonce:
            return SendAnswer.NONCE_USED
        old = self.pending.get(new.terms.nonce)
        if old is not None and old.transaction_hash == new.transaction_hash:
            return SendAnswer.TAKEN
        if old is not None and not _outbids(new.terms.fees, old.terms.fees):
            return SendAnswer.UNDERPRICED
        self.pending[new.terms.nonce] = new
        self.seen.append(new)
        return SendAnswer.TAKEN

    def fate(self, transaction_hash: bytes) -> TransactionFate:
        if any(tx.transaction_hash == transaction_hash for tx in self.pending.values()):
            return TransactionFate.PENDING
        return self.mined.get(transaction_hash, TransactionFate.UNKNOWN)

    def take_next(self) -> PoolTransaction | None:
        """Return what the next block can include."""
        tx = self.pending.get(self.next_nonce)
        if tx is None or tx.terms.fees.max_fee_wei < self.base_fee_wei:
            return None
        del self.pending[self.next_nonce]
        self.next_nonce += 1
        return tx


def signed(calldata: bytes, terms: TransactionTerms) -> SignedTransaction:
    fees = (terms.fees.max_fee_wei, terms.fees.priority_fee_wei)
    raw = json.dumps([calldata.hex(), terms.nonce, terms.gas_limit, *fees]).encode()
    return SignedTransaction(hashlib.sha256(raw).digest(), raw)


def _decoded(raw: bytes) -> PoolTransaction:
    calldata, nonce, gas_limit, *fees = json.loads(raw)
    terms = TransactionTerms(nonce, gas_limit, Fees(*fees))
    return PoolTransaction(hashlib.sha256(raw).digest(), bytes.fromhex(calldata), terms)


def _outbids(new: Fees, old: Fees) -> bool:
    return (
        10 * new.max_fee_wei >= 11 * old.max_fee_wei
        and 10 * new.priority_fee_wei >= 11 * old.priority_fee_wei
    )
