"""SetParameter: the L1 contract's owner set a parameter of the exchange."""

from dataclasses import dataclass
from enum import IntEnum

from novation.crypto import FIELD_PRIME
from novation.protocol.constants import (
    MAX_ORACLES,
    MAX_UNDERLYINGS,
    OPERATION_END_MARKET,
    OPERATION_SET_FEE_SCHEDULE,
    OPERATION_SET_LIMITS,
    OPERATION_SET_ORACLE_KEY,
    OPERATION_SET_ORACLE_RULE,
    OPERATION_SET_OUTFLOW_SHARE,
    OPERATION_SET_UNDERLYING,
)


class ParameterKind(IntEnum):
    """What an operation sets, by its kind in the L1 queue."""

    UNDERLYING = OPERATION_SET_UNDERLYING
    ORACLE_KEY = OPERATION_SET_ORACLE_KEY
    ORACLE_RULE = OPERATION_SET_ORACLE_RULE
    LIMITS = OPERATION_SET_LIMITS
    OUTFLOW_SHARE = OPERATION_SET_OUTFLOW_SHARE
    FEE_SCHEDULE = OPERATION_SET_FEE_SCHEDULE
    END = OPERATION_END_MARKET


@dataclass(frozen=True, slots=True)
class SetParameter:
    """An operation of the L1 queue; it is always consumed and always done.

    `word` is an underlying's word, an oracle's key, quorum and age, an underlying's limits, a
    share, all tiers of fees, or when a market ends; `index` is which, the number of those that
    exist to append a key or underlying, else 0.
    """

    kind: ParameterKind
    index: int
    word: int


def validate_set_parameter(tx: SetParameter) -> None:
    """Assert what the L1 contract guarantees, whatever the state."""
    bounds = {
        ParameterKind.UNDERLYING: MAX_UNDERLYINGS,
        ParameterKind.LIMITS: MAX_UNDERLYINGS,
        ParameterKind.END: MAX_UNDERLYINGS,
        ParameterKind.ORACLE_KEY: MAX_ORACLES,
    }
    assert 0 <= tx.index < bounds.get(tx.kind, 1)
    assert 0 <= tx.word < FIELD_PRIME
