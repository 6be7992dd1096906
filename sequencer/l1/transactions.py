"""Values of the operator's transactions on L1."""

import enum
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Fees:
    """Prices per gas, EIP-1559: `0 <= priority_fee_wei <= max_fee_wei`."""

    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class TransactionTerms:
    """What a transaction says besides its call."""

    nonce: int
    gas_limit: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready to be sent; the same call and terms give the same hash."""

    transaction_hash: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """What is remembered of a transaction, from before it is sent for the first time."""

    transaction_hash: bytes
    terms: TransactionTerms
    sent_time_ms: int


class SendAnswer(enum.Enum):
    """What an L1 node says to a transaction."""

    TAKEN = enum.auto()
    NONCE_USED = enum.auto()
    UNDERPRICED = enum.auto()


class TransactionFate(enum.Enum):
    """What an L1 node knows of a transaction."""

    UNKNOWN = enum.auto()
    PENDING = enum.auto()
    SUCCEEDED = enum.auto()
    REVERTED = enum.auto()


def sent_to_json(sent: Sequence[SentTransaction]) -> bytes:
    """Return transactions as a record."""
    records = [
        {
            "hash": tx.transaction_hash.hex(),
            "sent_time_ms": tx.sent_time_ms,
            "nonce": tx.terms.nonce,
            "gas_limit": tx.terms.gas_limit,
            "fees": asdict(tx.terms.fees),
        }
        for tx in sent
    ]
    return json.dumps(records).encode("ascii")


def sent_from_json(data: bytes) -> tuple[SentTransaction, ...]:
    """Return the transactions of a record that `sent_to_json` wrote."""
    return tuple(
        SentTransaction(
            bytes.fromhex(record["hash"]),
            TransactionTerms(record["nonce"], record["gas_limit"], Fees(**record["fees"])),
            record["sent_time_ms"],
        )
        for record in json.loads(data)
    )
