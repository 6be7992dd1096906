"""Deposit: the L1 contract received an amount of an asset for an account."""

from dataclasses import dataclass

from novation.crypto import FIELD_PRIME
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    AMOUNT_BOUND,
    L1_ADDRESS_BOUND,
    MAX_ASSETS,
    USD_ASSET_ID,
)


@dataclass(frozen=True, slots=True)
class Deposit:
    """An operation of the L1 queue; it is always consumed, in queue order."""

    account_id: int
    l1_address: int
    stark_key: int
    amount_quanta: int
    asset_id: int = USD_ASSET_ID


def validate_deposit(tx: Deposit) -> None:
    """Assert what the L1 contract guarantees."""
    assert 0 <= tx.account_id < ACCOUNT_ID_BOUND
    assert 0 <= tx.l1_address < L1_ADDRESS_BOUND
    assert 0 <= tx.stark_key < FIELD_PRIME
    assert 0 < tx.amount_quanta < AMOUNT_BOUND
    assert 0 <= tx.asset_id < MAX_ASSETS
