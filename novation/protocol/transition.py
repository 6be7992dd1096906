"""The state transition function. START READING HERE.

    open_batch(state)
    result = apply_transaction(state, tx, time_ms)     # or InvalidTransaction, nothing changed
    sealed = seal_batch(state)                         # output, witness, writes

A transaction is refused with `InvalidTransaction` when it is its author's fault. A failed `assert`
is our fault and must stop the process.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from novation.protocol.batch import BatchEntry, TransactionResult
from novation.protocol.constants import TIME_BOUND
from novation.protocol.cost import (
    RARE_TRANSACTIONS,
    opened_leaf_steps,
    rest_steps,
    signer_steps,
    timer_steps,
    transaction_steps,
)
from novation.protocol.errors import BatchFull, InvalidTransaction
from novation.protocol.rules.bid import apply_bid
from novation.protocol.rules.cancel_all import apply_cancel_all, apply_set_cancel_timer
from novation.protocol.rules.cancel_order import apply_cancel_order
from novation.protocol.rules.change_keys import apply_key_change
from novation.protocol.rules.deposit import apply_deposit
from novation.protocol.rules.liquidate import apply_liquidate
from novation.protocol.rules.list_market import apply_list_market
from novation.protocol.rules.mass_quote import apply_mass_quote
from novation.protocol.rules.minute_tick import apply_minute_tick, is_tick_due
from novation.protocol.rules.oracle_update import apply_oracle_update
from novation.protocol.rules.place_bracket import apply_place_bracket
from novation.protocol.rules.place_order import apply_place_order
from novation.protocol.rules.place_trigger import apply_place_trigger
from novation.protocol.rules.prune_order import apply_prune_order
from novation.protocol.rules.replace_order import apply_replace_order
from novation.protocol.rules.set_auction import apply_set_auction
from novation.protocol.rules.set_parameter import apply_set_parameter
from novation.protocol.rules.settle_position import apply_settle_position
from novation.protocol.rules.take_over import apply_take_over
from novation.protocol.rules.transfer import apply_transfer
from novation.protocol.rules.trigger_order import apply_trigger_order
from novation.protocol.rules.unwind import apply_unwind
from novation.protocol.rules.withdraw import apply_withdraw
from novation.protocol.sealing import SealedBatch, open_batch, seal_batch
from novation.protocol.state import State
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    Deposit,
    L1Operation,
    Liquidate,
    ListMarket,
    MassQuote,
    MinuteTick,
    OracleUpdate,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    PruneOrder,
    RemoveKey,
    ReplaceOrder,
    SetAuction,
    SetCancelTimer,
    SetParameter,
    SettlePosition,
    TakeOver,
    Transaction,
    Transfer,
    TriggerOrder,
    Unsigned,
    Unwind,
    UserTransaction,
    Withdraw,
)

__all__ = ["apply_batch", "apply_transaction", "open_batch", "seal_batch"]


def apply_batch(state: State, transactions: Iterable[tuple[int, Transaction]]) -> SealedBatch:
    """Apply `(time_ms, transaction)` pairs, all of which must be valid, as one batch."""
    open_batch(state)
    for time_ms, tx in transactions:
        apply_transaction(state, tx, time_ms)
    return seal_batch(state)


def apply_transaction(
    state: State,
    tx: Transaction,
    time_ms: int,
    *,
    verify_signature: bool = True,
    steps_limit: int | None = None,
    check_room: Callable[[TransactionResult], None] | None = None,
) -> TransactionResult:
    """Apply one transaction to the open batch.

    Args:
        state: with an open batch.
        tx: the transaction.
        time_ms: not before that of the previous transaction. While a tick is due (`is_tick_due`)
            the transaction must be one.
        verify_signature: False if the caller has verified it already.
        steps_limit: what the transaction may add to the batch's cost, None for any amount.
        check_room: sees the state that it leads to, and raises BatchFull if the batch has no room.

    Raises:
        InvalidTransaction: it breaks a rule; nothing has changed.
        BatchFull: it costs more than `steps_limit`, or has no room; nothing has changed.
    """
    assert state.batch is not None
    assert state.globals.time_ms <= time_ms < TIME_BOUND
    assert isinstance(tx, MinuteTick) == is_tick_due(state, time_ms), time_ms
    opened_before = opened_leaf_steps(state.batch)
    by_signer = 0
    if isinstance(tx, UserTransaction):
        by_signer = signer_steps(state.get_account(tx.account_id), tx)
    state.begin()
    state.globals = replace(state.globals, time_ms=time_ms)
    try:
        result = _dispatch(state, tx, verify_signature=verify_signature)
        opened = opened_leaf_steps(state.batch) - opened_before
        steps = transaction_steps(tx, result, by_signer, opened) + timer_steps(
            map(state.account, state.batch.timed_out)
        )
        result = replace(result, cost_steps=steps + rest_steps(state.batch, tx))
        _check_steps(result.cost_steps, steps_limit)
        if check_room is not None:
            check_room(result)
    except (InvalidTransaction, BatchFull):
        state.rollback()
        raise
    state.commit()
    timed_out = state.batch.timed_out
    entry = BatchEntry(time_ms, tx, result.result_code, result.hints, timed_out)
    state.batch.entries.append(entry)
    state.batch.has_rest |= isinstance(tx, RARE_TRANSACTIONS)
    return result


def _check_steps(cost_steps: int, steps_limit: int | None) -> None:
    if steps_limit is not None and cost_steps > steps_limit:
        raise BatchFull(cost_steps, steps_limit)


def _dispatch(state: State, tx: Transaction, *, verify_signature: bool) -> TransactionResult:
    if isinstance(tx, OracleUpdate):
        return apply_oracle_update(state, tx, verify_signature=verify_signature)
    if isinstance(tx, UserTransaction):
        return _SIGNED[type(tx)](state, tx, verify_signature=verify_signature)
    return _apply_unsigned(state, tx)


# What each signed message does.
_SIGNED: Final[Mapping[type, Callable[..., TransactionResult]]] = {
    PlaceOrder: apply_place_order,
    PlaceTrigger: apply_place_trigger,
    PlaceBracket: apply_place_bracket,
    ReplaceOrder: apply_replace_order,
    MassQuote: apply_mass_quote,
    CancelOrder: apply_cancel_order,
    CancelAll: apply_cancel_all,
    SetCancelTimer: apply_set_cancel_timer,
    Withdraw: apply_withdraw,
    Transfer: apply_transfer,
    AddKey: apply_key_change,
    RemoveKey: apply_key_change,
    Bid: apply_bid,
}


def _apply_unsigned(state: State, tx: L1Operation | Unsigned) -> TransactionResult:
    if isinstance(tx, Deposit):
        return apply_deposit(state, tx)
    if isinstance(tx, SetParameter):
        return apply_set_parameter(state, tx)
    if isinstance(tx, MinuteTick):
        return apply_minute_tick(state)
    return _UNSIGNED[type(tx)](state, tx)


# What each transaction does that nobody signs, besides a tick.
_UNSIGNED: Final[Mapping[type, Callable[..., TransactionResult]]] = {
    ListMarket: apply_list_market,
    PruneOrder: apply_prune_order,
    Liquidate: apply_liquidate,
    SetAuction: apply_set_auction,
    SettlePosition: apply_settle_position,
    TakeOver: apply_take_over,
    TriggerOrder: apply_trigger_order,
    Unwind: apply_unwind,
}
