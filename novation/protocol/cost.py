"""An upper bound of the Cairo steps of a batch, so that it is sealed before its step budget.

A transaction is charged for what it does, for every leaf that it is the first of its batch to open,
and for the leaf of every order that it leaves in the book: who takes an order of the same batch off
gives that back. The numbers are measured on the Cairo program and rounded up. The trace has one
signature for every 512 steps (circuits/cairo_air/layout.json), so none is charged less: a batch of
cheap signed transactions would be padded to several times its steps.
"""

from collections.abc import Iterable
from typing import Final

from novation.protocol.accounts import Account
from novation.protocol.assets import AMOUNT_WORDS
from novation.protocol.batch import (
    BracketHints,
    LiquidateHints,
    MassQuoteHints,
    OpenBatch,
    PlaceOrderHints,
    ReplaceOrderHints,
    TransactionResult,
    TriggerOrderHints,
)
from novation.protocol.constants import MAX_KEYS, MAX_POSITIONS, USD_ASSET_ID
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    Deposit,
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
from novation.protocol.transactions.oracle_update import is_parted

# The loader hashes the core of the batch program, whatever the batch is, and the rest of it in a
# batch that has a transaction for it; both grow with the program.
LOADER_STEPS: Final = 46_700
REST_STEPS: Final = 48_800
BATCH_STEPS: Final = 1_500
# At the end of a batch, if something of every asset comes or goes.
OUTFLOW_STEPS: Final = 1_400
UNDERLYING_STEPS: Final = 480
ACCOUNT_LEAF_STEPS: Final = 650
# Of a position slot in a leaf, of which 16 values are range-checked too: see sequencer/l1_cost.py.
SLOT_LEAF_STEPS: Final = 112
# Of a leaf with several keys or with holdings; of each key behind the first, of each word of
# holdings.
LONGER_LEAF_STEPS: Final = 240
KEY_LEAF_STEPS: Final = 40
HOLDING_LEAF_STEPS: Final = 40
ORDER_LEAF_STEPS: Final = 520
MARKET_LEAF_STEPS: Final = 420
DEPOSIT_STEPS: Final = 180
# The last of 16 underlyings: a row of the table of prices, and pointers to the others.
SET_PARAMETER_STEPS: Final = 890
# As that of the parameters, and of a tick: they write such a table, too.
LIST_MARKET_STEPS: Final = 660
TICK_STEPS: Final = 1_360
# Of an order that a tick looks at.
SAMPLE_STEPS: Final = 150
WITHDRAW_STEPS: Final = 260
TRANSFER_STEPS: Final = 330
# What a deposit or a withdrawal of another asset than USD costs more.
OTHER_ASSET_STEPS: Final = 300
PRUNE_STEPS: Final = 350
LIQUIDATE_STEPS: Final = 900
# With a table of prices of 16 underlyings.
UNWIND_STEPS: Final = 400
SET_AUCTION_STEPS: Final = 200
# With a table of prices of 16 underlyings, and the insurance fund's slots.
SETTLE_STEPS: Final = 1_500
# Beside what the slots of both accounts take: they are summed up, and copied with what changes.
BID_STEPS: Final = 850
BID_SLOT_STEPS: Final = 200
# With a table of prices of 16 underlyings; of each position, those of the pools too.
TAKE_OVER_STEPS: Final = 1_500
LEG_STEPS: Final = 810
# Of a pool that passes on what it is worth; and of the table that is then written anew.
POOL_STEPS: Final = 560
POOL_TABLE_STEPS: Final = 20
# Of a dormant order that is due, beside what it places; of a visit that is taken back.
TRIGGER_STEPS: Final = 700
TAKE_BACK_STEPS: Final = 80
# Of a stop and a take-profit, beside the order that they come with.
BRACKET_STEPS: Final = 900
TIMER_STEPS: Final = 120
CANCEL_STEPS: Final = 370
# Beside what is placed instead.
REPLACE_STEPS: Final = 450
# Of a message with quotes; of each of them; of each dead order that goes.
MASS_QUOTE_STEPS: Final = 400
QUOTE_STEPS: Final = 200
CLEAR_STEPS: Final = 120
# Of a visit to an account with a guard; of each of its slots.
GUARD_STEPS: Final = 300
GUARD_SLOT_STEPS: Final = 60
KEY_CHANGE_STEPS: Final = 900
PLACE_STEPS: Final = 590
VISIT_STEPS: Final = 400
# Of a message that another key than the first signed; of one whose nonce is not the next, or whose
# window has gaps.
OTHER_KEY_STEPS: Final = 180
GAP_STEPS: Final = 125
# What each slot of an account adds: to a sum over all slots; to that and the search for one of them
# and the copies of those before it; to the rule that an account which only reduces risk is held to.
SLOT_SUM_STEPS: Final = 16
# That sum, the other one that a withdrawal or a transfer needs, and whether the last jump of the
# market is settled.
SLOT_LEAVING_STEPS: Final = 51
SLOT_CHANGE_STEPS: Final = 56
SLOT_RULE_STEPS: Final = 40
# Of an update; of each underlying, whose row of the table is written anew; of each report, and of
# each price in it; and what an underlying, and a price, takes more where not all reports are close.
ORACLE_STEPS: Final = 310
ORACLE_UNDERLYING_STEPS: Final = 435
ORACLE_REPORT_STEPS: Final = 120
ORACLE_PRICE_STEPS: Final = 17
ORACLE_PARTED_STEPS: Final = 40
ORACLE_PARTED_PRICE_STEPS: Final = 38
SIGNATURE_STEPS: Final = 512

# What few batches have: `circuits/cairo/execute_rare.cairo`, in the rest of the batch program.
RARE_TRANSACTIONS: Final = (
    AddKey,
    Bid,
    Liquidate,
    ListMarket,
    PlaceBracket,
    PlaceTrigger,
    RemoveKey,
    SetAuction,
    SetParameter,
    SettlePosition,
    TakeOver,
    Transfer,
    TriggerOrder,
    Unwind,
)


def empty_batch_steps(n_underlyings: int) -> int:
    """Return what every batch costs before its first transaction."""
    # The fee account and the insurance fund are opened when the batch is sealed.
    n_slots = 2 * most_slots(n_underlyings)
    funds = leaf_steps(2, n_slots, 2, 2 * (MAX_KEYS - 1), 2 * AMOUNT_WORDS)
    return LOADER_STEPS + BATCH_STEPS + OUTFLOW_STEPS + funds + n_underlyings * UNDERLYING_STEPS


def signer_steps(account: Account | None, tx: UserTransaction) -> int:
    """Return what key and nonce of a transaction cost, given its account before."""
    windows = () if account is None else account.windows[tx.key_index :][:1]
    is_next = any(window.is_next(tx.nonce) for window in windows)
    return (OTHER_KEY_STEPS if tx.key_index else 0) + (0 if is_next else GAP_STEPS)


def transaction_steps(
    tx: Transaction, result: TransactionResult, by_signer: int, opened_steps: int
) -> int:
    """Return an upper bound of what an included transaction adds to its batch.

    Args:
        tx: the transaction.
        result: what became of it.
        by_signer: from `signer_steps`, before it was applied.
        opened_steps: of the leaves that it was the first to open, from `opened_leaf_steps`.
    """
    if isinstance(tx, OracleUpdate):
        n_underlyings = len(tx.prices_x16)
        each = ORACLE_REPORT_STEPS + n_underlyings * ORACLE_PRICE_STEPS
        table = n_underlyings * ORACLE_UNDERLYING_STEPS
        columns = zip(*(report.prices_x16 for report in tx.reports), strict=True)
        n_parted = sum(map(is_parted, columns, tx.prices_x16))
        each += n_parted * ORACLE_PARTED_PRICE_STEPS
        steps = ORACLE_STEPS + table + n_parted * ORACLE_PARTED_STEPS + len(tx.reports) * each
        steps = max(steps, len(tx.reports) * SIGNATURE_STEPS)
        if result.n_visits:
            steps += n_underlyings * POOL_TABLE_STEPS + result.n_visits * POOL_STEPS
        return steps + opened_steps
    if isinstance(tx, SetParameter):
        return SET_PARAMETER_STEPS
    other_steps = opened_steps + sum(map(guard_steps, result.guard_slots))
    if isinstance(tx, UserTransaction):
        return max(_user_steps(tx, result) + by_signer, SIGNATURE_STEPS) + other_steps
    return _unsigned_steps(tx, result) + other_steps


def _unsigned_steps(tx: Deposit | Unsigned, result: TransactionResult) -> int:
    """Return what a transaction costs that nobody signed, besides leaves."""
    if isinstance(tx, SetAuction | SettlePosition):
        steps = SET_AUCTION_STEPS if isinstance(tx, SetAuction) else SETTLE_STEPS
        return steps + result.n_slots * (SLOT_CHANGE_STEPS + SLOT_SUM_STEPS)
    if isinstance(tx, PruneOrder):
        return PRUNE_STEPS + result.n_slots * SLOT_CHANGE_STEPS
    if isinstance(tx, TakeOver):
        slots = result.n_slots * (SLOT_CHANGE_STEPS + 2 * SLOT_SUM_STEPS)
        return TAKE_OVER_STEPS + result.n_visits * LEG_STEPS + slots
    if isinstance(tx, MinuteTick):
        return TICK_STEPS + result.n_visits * SAMPLE_STEPS + result.n_slots * SLOT_SUM_STEPS
    if isinstance(tx, Liquidate | TriggerOrder | Unwind):
        return _meeting_steps(tx, result)
    return DEPOSIT_STEPS + _asset_steps(tx) if isinstance(tx, Deposit) else LIST_MARKET_STEPS


def _meeting_steps(tx: Liquidate | TriggerOrder | Unwind, result: TransactionResult) -> int:
    """Return what an order costs that nobody signs; all of a dormant one may be taken back."""
    hints = result.hints
    assert isinstance(hints, LiquidateHints | TriggerOrderHints)
    n_visits = len(hints.visits)
    steps = order_steps(n_visits, result.n_slots)
    if isinstance(hints, LiquidateHints):
        return steps + (UNWIND_STEPS if isinstance(tx, Unwind) else LIQUIDATE_STEPS)
    return TRIGGER_STEPS + steps + (n_visits * TAKE_BACK_STEPS if hints.is_taken_back else 0)


def _asset_steps(tx: Deposit | Withdraw | Transfer) -> int:
    return 0 if tx.asset_id == USD_ASSET_ID else OTHER_ASSET_STEPS


def _user_steps(tx: UserTransaction, result: TransactionResult) -> int:
    """Return what a transaction costs that its account's first key signed, besides leaves."""
    n_slots = result.n_slots
    if isinstance(tx, ReplaceOrder):
        assert isinstance(result.hints, ReplaceOrderHints)
        placed = result.hints.placed
        return REPLACE_STEPS + (
            n_slots * SLOT_CHANGE_STEPS
            if placed is None
            else order_steps(len(placed.visits), n_slots)
        )
    if isinstance(tx, PlaceBracket):
        assert isinstance(result.hints, BracketHints)
        return BRACKET_STEPS + order_steps(len(result.hints.entry.visits), n_slots)
    if isinstance(tx, PlaceOrder):
        assert isinstance(result.hints, PlaceOrderHints)
        trigger = CANCEL_STEPS if isinstance(tx, PlaceTrigger) else 0
        return trigger + order_steps(len(result.hints.visits), n_slots)
    if isinstance(tx, MassQuote):
        assert isinstance(result.hints, MassQuoteHints)
        return quoting_steps(len(tx.quotes), len(result.hints.cleared), n_slots)
    return _steps_without_order(tx, n_slots)


def _steps_without_order(tx: UserTransaction, n_slots: int) -> int:
    """Return what a transaction costs that places none."""
    if isinstance(tx, Bid):
        return BID_STEPS + n_slots * BID_SLOT_STEPS
    if isinstance(tx, Withdraw | Transfer):
        steps = WITHDRAW_STEPS if isinstance(tx, Withdraw) else TRANSFER_STEPS
        return steps + n_slots * SLOT_LEAVING_STEPS + _asset_steps(tx)
    if isinstance(tx, CancelOrder | CancelAll | SetCancelTimer):
        return CANCEL_STEPS + n_slots * SLOT_CHANGE_STEPS
    return KEY_CHANGE_STEPS


def timer_steps(accounts: Iterable[Account]) -> int:
    """Return what the timers of accounts cost that a transaction applied."""
    return sum(TIMER_STEPS + len(a.positions) * SLOT_CHANGE_STEPS for a in accounts)


def guard_steps(n_slots: int) -> int:
    """Return what a visit costs more if the account, which has so many slots, has a guard."""
    return GUARD_STEPS + n_slots * GUARD_SLOT_STEPS


def order_steps(n_visits: int, n_slots: int) -> int:
    """Return what an order costs that meets so many makers, besides leaves.

    `n_slots` are those of all their accounts, see `TransactionResult`.
    """
    slots = n_slots * (SLOT_CHANGE_STEPS + SLOT_RULE_STEPS)
    return max(PLACE_STEPS + n_visits * VISIT_STEPS + slots, SIGNATURE_STEPS)


def quoting_steps(n_quotes: int, n_cleared: int, n_slots: int) -> int:
    """Return what a message with quotes costs, besides leaves."""
    quotes = n_quotes * QUOTE_STEPS + n_cleared * CLEAR_STEPS
    return MASS_QUOTE_STEPS + quotes + n_slots * (SLOT_CHANGE_STEPS + SLOT_RULE_STEPS)


def rest_steps(batch: OpenBatch, tx: Transaction) -> int:
    """Return what a transaction costs as the first of its batch that needs the whole program."""
    return REST_STEPS if isinstance(tx, RARE_TRANSACTIONS) and not batch.has_rest else 0


def opened_leaf_steps(batch: OpenBatch) -> int:
    """Return what the leaves cost that the batch has opened so far, or will at its end."""
    longer = len(batch.longer_leaves), batch.n_more_keys, batch.n_holding_words
    accounts = leaf_steps(len(batch.opened_accounts), batch.n_slots, *longer)
    orders = (len(batch.opened_orders) + batch.n_born) * ORDER_LEAF_STEPS
    return accounts + orders + len(batch.opened_markets) * MARKET_LEAF_STEPS


def leaf_steps(
    n_accounts: int, n_slots: int, n_longer: int, n_more_keys: int, n_holding_words: int
) -> int:
    """Return what the leaves of accounts cost.

    Args:
        n_accounts: how many.
        n_slots: position slots of all together.
        n_longer: those among them with more than one key, or with holdings.
        n_more_keys: all keys but the first of each account.
        n_holding_words: of all together.
    """
    keys = n_longer * LONGER_LEAF_STEPS + n_more_keys * KEY_LEAF_STEPS
    holdings = n_holding_words * HOLDING_LEAF_STEPS
    return n_accounts * ACCOUNT_LEAF_STEPS + n_slots * SLOT_LEAF_STEPS + keys + holdings


def most_slots(n_underlyings: int) -> int:
    """Return how many slots an account can have: each underlying has one market."""
    return min(n_underlyings, MAX_POSITIONS)
