"""Liquidate: rules alone say whose position is reduced, by how much and down to which price."""

from dataclasses import replace
from typing import Final

from novation.protocol.accounts import Account
from novation.protocol.batch import LiquidateHints, TransactionResult
from novation.protocol.constants import INSURANCE_ACCOUNT_ID, MAX_MAKERS_PER_LIQUIDATION
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, Event, Liquidated, OrderPlaced
from novation.protocol.liquidation import (
    liquidation_fee_quanta,
    restoring_lots,
    zero_price_ticks,
)
from novation.protocol.margin import Margin, margin_of
from novation.protocol.mark import initial_margin_ppm
from novation.protocol.orders import RestingOrder, SelfTradeMode, Side, TimeInForce
from novation.protocol.rules.dead_orders import apply_timer, cancellations, cancelled
from novation.protocol.rules.failing import (
    check_failing,
    check_not_bankrupt,
    follow_auction,
    known_account,
)
from novation.protocol.rules.list_market import not_listed
from novation.protocol.rules.market_modes import check_not_halted
from novation.protocol.rules.matching import walk_book
from novation.protocol.rules.pools import credit_insurance
from novation.protocol.rules.price_validity import (
    check_not_resuming,
    check_not_silent,
    check_prices_are_valid,
)
from novation.protocol.rules.triggers import check_none_due
from novation.protocol.rules.walk import Taker, Walk
from novation.protocol.state import State
from novation.protocol.transactions.liquidate import Liquidate, validate_liquidate

_REASONS: Final = {
    ResultCode.IOC_CANCELLED: CancelReason.IMMEDIATE_OR_CANCEL,
    ResultCode.MAKER_LIMIT: CancelReason.MAKER_LIMIT,
}


def check_liquidate(state: State, tx: Liquidate) -> Margin:
    """Check that the account fails, is not bankrupt, and has a position; return its margin."""
    account = known_account(state, tx.account_id)
    if tx.market_id not in state.markets:
        raise not_listed(state, tx.market_id)
    check_not_halted(state, tx.market_id)
    check_not_silent(state, tx.market_id)
    check_prices_are_valid(state)
    check_not_resuming(state, TimeInForce.IOC)
    if account.position(tx.market_id).size_lots == 0:
        raise InvalidTransaction(
            ErrorCode.NO_POSITION,
            f"account {tx.account_id} has no position in market {tx.market_id}",
            Broken("size_lots", 0, 1),
        )
    check_none_due(state, tx.market_id)
    margin = margin_of(account, state.underlyings, state.parameters)
    check_failing(tx.account_id, margin)
    check_not_bankrupt(tx.account_id, margin)
    return margin


def apply_liquidate(state: State, tx: Liquidate) -> TransactionResult:
    """Let all orders of the account die, then trade down to the zero price and no further.

    If it still fails then, its positions are up for auction.
    """
    validate_liquidate(tx)
    timed_out = apply_timer(state, tx.account_id)
    check_liquidate(state, tx)
    state.open_market(tx.market_id)
    gone = cancellations(state, tx.account_id, CancelReason.LIQUIDATION)
    order_id = state.globals.next_order_id
    state.globals = replace(state.globals, next_order_id=order_id + 1)
    before = state.account(tx.account_id).with_all_cancelled(order_id)
    state.set_account(tx.account_id, before)
    margin = margin_of(before, state.underlyings, state.parameters)
    order = _reducing_order(state, tx, before, margin)
    mode = SelfTradeMode.CANCEL_RESTING
    walk = walk_book(state, Taker(order, mode, None, 0, MAX_MAKERS_PER_LIQUIDATION))
    fee_quanta = _charge_fee(state, tx, before, margin)
    result_code = result_code_of(walk)
    hints = LiquidateHints(order_id, tuple(walk.visits))
    liquidated = Liquidated(
        account_id=tx.account_id,
        market_id=tx.market_id,
        order_id=order_id,
        equity_x16=margin.equity_x16,
        maintenance_x16_ppm=margin.maintenance_x16_ppm,
        mark_price_x16=state.mark_price_x16(tx.market_id),
        zero_price_ticks=order.price_ticks,
        size_lots=order.remaining_lots,
        traded_lots=walk.traded_lots,
        fee_quanta=fee_quanta,
    )
    margin_left = margin_of(state.account(tx.account_id), state.underlyings, state.parameters)
    auction = follow_auction(state, tx.account_id, margin_left)
    # Behind that: if it is the fund that fails, its own fee does not save it.
    credit_insurance(state, fee_quanta)
    told = (told_as_placed(order), *walk.events, liquidated, *auction)
    events: tuple[Event, ...] = (*timed_out, *gone, *told)
    if result_code in _REASONS:
        left = cancelled(order, walk.remaining_lots, _REASONS[result_code])
        events = (*events, left)
    n_slots = len(before.positions) + walk.n_slots
    n_slots += len(state.account(INSURANCE_ACCOUNT_ID).positions)
    return TransactionResult(
        result_code, events, hints, n_slots, guard_slots=tuple(walk.guard_slots)
    )


def _reducing_order(state: State, tx: Liquidate, account: Account, margin: Margin) -> RestingOrder:
    mark_x16, terms = state.mark_price_x16(tx.market_id), state.underlying_of(tx.market_id)
    initial_ppm = initial_margin_ppm(state.price_of(tx.market_id), terms)
    size_lots = account.position(tx.market_id).size_lots
    side = Side.SELL if size_lots > 0 else Side.BUY
    return RestingOrder(
        order_id=state.globals.next_order_id - 1,
        account_id=tx.account_id,
        market_id=tx.market_id,
        side=side,
        reduce_only=True,
        remaining_lots=restoring_lots(margin, size_lots, mark_x16 * terms.multiplier * initial_ppm),
        price_ticks=zero_price_ticks(margin, side, mark_x16, terms),
        expiry_time_ms=state.globals.time_ms + 1,
        max_fee_ppm=0,
        key_index=0,
        nonce=0,
    )


def _charge_fee(state: State, tx: Liquidate, before: Account, margin: Margin) -> int:
    """Take the insurance fund's share from the account; return it."""
    account = state.account(tx.account_id)
    # No other fee was paid: what the balance changed by is what was traded, and what the position
    # does not count as paid any more.
    prices = state.price_of(tx.market_id)
    settled_quanta = prices.paid_quanta(before.position(tx.market_id).size_lots)
    settled_quanta -= prices.paid_quanta(account.position(tx.market_id).size_lots)
    got_quanta = account.collateral_quanta - before.collateral_quanta
    notional_quanta = abs(got_quanta + settled_quanta)
    after = margin_of(account, state.underlyings, state.parameters)
    fee_quanta = liquidation_fee_quanta(margin, after, notional_quanta)
    state.set_account(tx.account_id, account.with_balance(account.collateral_quanta - fee_quanta))
    return fee_quanta


def result_code_of(walk: Walk) -> ResultCode:
    """Return the result of an order that cannot rest, once it has met the book."""
    if walk.remaining_lots == 0:
        return ResultCode.FILLED
    return ResultCode.MAKER_LIMIT if walk.hit_limit else ResultCode.IOC_CANCELLED


def told_as_placed(order: RestingOrder) -> OrderPlaced:
    """Return the event of an order that nobody signed."""
    return OrderPlaced(
        order_id=order.order_id,
        account_id=order.account_id,
        nonce=0,
        market_id=order.market_id,
        side=order.side,
        price_ticks=order.price_ticks,
        size_lots=order.remaining_lots,
        resting_lots=0,
    )
