"""An upper bound of the Cairo steps of a batch, so that it is sealed before its step budget.

A transaction is charged for what it does and for every leaf that it is the first of its batch to
open. The numbers are measured on the Cairo program and rounded up. The trace has one signature for
every 512 steps (circuits/cairo_air/layout.json), so none is charged less: a batch of cheap signed
transactions would be padded to several times its steps.
"""

from typing import Final

from novation.protocol.batch import OpenBatch, PlaceOrderHints, TransactionResult
from novation.protocol.constants import MAX_POSITIONS
from novation.protocol.transactions import (
    CancelOrder,
    Deposit,
    OracleUpdate,
    PlaceOrder,
    SetParameter,
    Transaction,
    Withdraw,
)

# The loader hashes the batch program, whatever the batch is; it grows with the program.
LOADER_STEPS: Final = 13_000
BATCH_STEPS: Final = 1_500
UNDERLYING_STEPS: Final = 220
ACCOUNT_LEAF_STEPS: Final = 650
# Of a position slot in a leaf, of which 11 values are range-checked too: see sequencer/l1_cost.py.
SLOT_LEAF_STEPS: Final = 90
ORDER_LEAF_STEPS: Final = 560
MARKET_LEAF_STEPS: Final = 420
DEPOSIT_STEPS: Final = 150
# The last of 16 underlyings: the whole table of prices is written anew.
SET_PARAMETER_STEPS: Final = 1_000
LIST_MARKET_STEPS: Final = 100
WITHDRAW_STEPS: Final = 220
CANCEL_STEPS: Final = 350
PLACE_STEPS: Final = 480
VISIT_STEPS: Final = 400
# What each slot of an account adds: to a sum over all slots; to that and the search for one of them
# and the copies of those before it; to the rule that an account which only reduces risk is held to.
SLOT_SUM_STEPS: Final = 16
SLOT_CHANGE_STEPS: Final = 56
SLOT_RULE_STEPS: Final = 40
ORACLE_STEPS: Final = 450
ORACLE_REPORT_STEPS: Final = 130
ORACLE_PRICE_STEPS: Final = 30
SIGNATURE_STEPS: Final = 512


def empty_batch_steps(n_underlyings: int) -> int:
    """Return what every batch costs before its first transaction."""
    # The fee account is opened when the batch is sealed.
    fee_account = leaf_steps(1, most_slots(n_underlyings))
    return LOADER_STEPS + BATCH_STEPS + fee_account + n_underlyings * UNDERLYING_STEPS


def transaction_steps(tx: Transaction, result: TransactionResult, opened_steps: int) -> int:
    """Return an upper bound of what an included transaction adds to its batch.

    Args:
        tx: the transaction.
        result: what became of it.
        opened_steps: of the leaves that it was the first to open, from `opened_leaf_steps`.
    """
    n_slots = result.n_slots
    if isinstance(tx, PlaceOrder):
        assert isinstance(result.hints, PlaceOrderHints)
        steps = order_steps(len(result.hints.visits), n_slots)
        return steps + opened_steps + (ORDER_LEAF_STEPS if result.hints.resting_lots else 0)
    if isinstance(tx, OracleUpdate):
        prices = (1 + len(tx.reports)) * len(tx.prices_x16) * ORACLE_PRICE_STEPS
        steps = ORACLE_STEPS + len(tx.reports) * ORACLE_REPORT_STEPS + prices
        return max(steps, len(tx.reports) * SIGNATURE_STEPS) + opened_steps
    if isinstance(tx, Withdraw):
        return max(WITHDRAW_STEPS + n_slots * SLOT_SUM_STEPS, SIGNATURE_STEPS) + opened_steps
    if isinstance(tx, CancelOrder):
        steps = CANCEL_STEPS + n_slots * SLOT_CHANGE_STEPS
        return max(steps, SIGNATURE_STEPS) + opened_steps
    if isinstance(tx, SetParameter):
        return SET_PARAMETER_STEPS
    return (DEPOSIT_STEPS if isinstance(tx, Deposit) else LIST_MARKET_STEPS) + opened_steps


def order_steps(n_visits: int, n_slots: int) -> int:
    """Return what an order costs that meets so many makers, besides leaves.

    `n_slots` are those of all their accounts, see `TransactionResult`.
    """
    slots = n_slots * (SLOT_CHANGE_STEPS + SLOT_RULE_STEPS)
    return max(PLACE_STEPS + n_visits * VISIT_STEPS + slots, SIGNATURE_STEPS)


def opened_leaf_steps(batch: OpenBatch) -> int:
    """Return what the leaves opened by the batch so far cost."""
    accounts = leaf_steps(len(batch.opened_accounts), batch.n_slots)
    orders = len(batch.opened_orders) * ORDER_LEAF_STEPS
    return accounts + orders + len(batch.opened_markets) * MARKET_LEAF_STEPS


def leaf_steps(n_accounts: int, n_slots: int) -> int:
    """Return what the leaves of accounts with so many slots together cost."""
    return n_accounts * ACCOUNT_LEAF_STEPS + n_slots * SLOT_LEAF_STEPS


def most_slots(n_underlyings: int) -> int:
    """Return how many slots an account can have: each underlying has one market."""
    return min(n_underlyings, MAX_POSITIONS)
