"""SetParameter: an operation of L1 replaces or appends a parameter, which holds at once."""

from dataclasses import replace

from novation.protocol.batch import TransactionResult
from novation.protocol.errors import ResultCode
from novation.protocol.events import ParameterSet
from novation.protocol.limits import Limits
from novation.protocol.markets import UnderlyingState
from novation.protocol.parameters import Parameters, Underlying
from novation.protocol.rules.l1_queue import consume_operation
from novation.protocol.state import State
from novation.protocol.transactions.set_parameter import (
    ParameterKind,
    SetParameter,
    validate_set_parameter,
)


def changed_parameters(parameters: Parameters, tx: SetParameter) -> Parameters:
    """Return the parameters after an operation; ValueError if L1 would not have taken it."""
    if tx.kind is ParameterKind.UNDERLYING:
        underlying, known = Underlying.from_word(tx.word), parameters.underlyings
        _check_index(tx, len(known))
        if tx.index < len(known):
            if not underlying.is_same_thing(known[tx.index]):
                raise ValueError(f"{underlying} is not the same thing as {known[tx.index]}")
            before = known[tx.index]
            underlying = replace(underlying, limits=before.limits, ends_ms=before.ends_ms)
        return parameters.with_underlying(tx.index, underlying)
    if tx.kind in {ParameterKind.LIMITS, ParameterKind.END}:
        _check_index(tx, len(parameters.underlyings) - 1)
        return parameters.with_underlying(tx.index, _bounded(parameters.underlyings[tx.index], tx))
    if tx.kind is ParameterKind.ORACLE_KEY:
        _check_index(tx, len(parameters.oracle_keys))
        return parameters.with_oracle_key(tx.index, tx.word)
    _check_index(tx, 0)
    if tx.kind is ParameterKind.OUTFLOW_SHARE:
        return replace(parameters, outflow_share_ppm=tx.word)
    if tx.kind is ParameterKind.FEE_SCHEDULE:
        return parameters.with_fee_schedule(tx.word)
    return parameters.with_oracle_rule(tx.word)


def _bounded(terms: Underlying, tx: SetParameter) -> Underlying:
    """Return an underlying with other limits, or with an end, of which there is one for good."""
    if tx.kind is ParameterKind.LIMITS:
        return replace(terms, limits=Limits.from_word(tx.word))
    if terms.ends_ms:
        raise ValueError(f"{terms.symbol} ends at {terms.ends_ms}")
    return terms.with_end(tx.word)


def _check_index(tx: SetParameter, highest: int) -> None:
    if not 0 <= tx.index <= highest:
        raise ValueError(f"{tx.kind.name} {tx.index}, at most {highest}")


def apply_set_parameter(state: State, tx: SetParameter) -> TransactionResult:
    """Set the parameter and move the queue on.

    Who rests has signed a limit of fees, and no order is filled above it: see `matching`.
    """
    validate_set_parameter(tx)
    n_underlyings = len(state.parameters.underlyings)
    try:
        state.parameters = changed_parameters(state.parameters, tx)
    except ValueError as error:
        raise AssertionError(f"L1 took {tx}: {error}") from error
    consume_operation(state)
    if tx.kind is ParameterKind.UNDERLYING and tx.index == n_underlyings:
        state.set_underlying(tx.index, UnderlyingState())
    return TransactionResult(ResultCode.DONE, (ParameterSet(tx.kind, tx.index, tx.word),))
