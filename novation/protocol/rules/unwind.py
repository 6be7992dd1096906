"""Unwind: what a pool or the insurance fund took goes back to the book, at the mark or better.

docs/spec/protocol.md, section 19. Rules alone say whose lots, how many and at which price. None is
worse than the mark and than the index, so that nobody pays for it: the pool, or the fund, is worth
what it was, and more by what the book bids better. Nobody is charged, and no margin is needed.
"""

from dataclasses import replace

from novation.protocol.batch import LiquidateHints, TransactionResult
from novation.protocol.constants import (
    INSURANCE_ACCOUNT_ID,
    MAX_MAKERS_PER_LIQUIDATION,
    PRICE_X16_ONE,
    UNWIND_EVERY_MS,
    UNWIND_SHARE,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.events import CancelReason, Unwound
from novation.protocol.numeric import div_ceil, div_floor
from novation.protocol.orders import RestingOrder, SelfTradeMode, Side, TimeInForce, crosses
from novation.protocol.rules.dead_orders import apply_timer, cancelled
from novation.protocol.rules.liquidate import result_code_of, told_as_placed
from novation.protocol.rules.list_market import not_listed
from novation.protocol.rules.market_modes import check_not_halted, check_not_post_only
from novation.protocol.rules.matching import walk_book
from novation.protocol.rules.pools import credit_insurance, end_pool, opposite_side
from novation.protocol.rules.price_validity import (
    check_not_resuming,
    check_not_silent,
    check_prices_are_valid,
)
from novation.protocol.rules.resolving import check_may_trade
from novation.protocol.rules.triggers import check_none_due, may_take
from novation.protocol.rules.walk import Taker
from novation.protocol.state import State
from novation.protocol.transactions.unwind import Unwind, validate_unwind


def lots_to_unwind(state: State, market_id: int) -> int:
    """Return what the pool of a market has, with its sign; if it has none, what the fund has."""
    pool_lots = state.price_of(market_id).pool_lots
    return pool_lots or state.account(INSURANCE_ACCOUNT_ID).position(market_id).size_lots


def unwinding_price_ticks(state: State, market_id: int, side: Side) -> int:
    """Return the limit: no price is worse for the pool, or the fund, than the mark or the index."""
    prices_x16 = state.mark_price_x16(market_id), state.price_of(market_id).index_price_x16
    if side is Side.SELL:
        return div_ceil(max(prices_x16), PRICE_X16_ONE)
    return div_floor(min(prices_x16), PRICE_X16_ONE)


def wanted_markets(state: State, time_ms: int) -> list[int]:
    """Return the markets in which something can be unwound at a time: the book bids enough."""
    return [market_id for market_id in state.markets if _is_wanted(state, market_id, time_ms)]


def _is_wanted(state: State, market_id: int, time_ms: int) -> bool:
    lots, market = lots_to_unwind(state, market_id), state.market(market_id)
    from_ms = max(market.unwound_ms + UNWIND_EVERY_MS, state.globals.post_only_until_ms)
    if lots == 0 or time_ms < from_ms or not may_take(state, market_id, time_ms):
        return False
    side = opposite_side(lots)
    head_id, head_price_ticks = market.head(side.other)
    limit_ticks = unwinding_price_ticks(state, market_id, side)
    return head_id != 0 and crosses(side, limit_ticks, head_price_ticks)


def apply_unwind(state: State, tx: Unwind) -> TransactionResult:
    """Trade a part of what the pool has, or the fund, with whoever pays the mark or more."""
    validate_unwind(tx)
    market_id = tx.market_id
    if market_id not in state.markets:
        raise not_listed(state, market_id)
    is_pool = state.price_of(market_id).pool_lots != 0
    timed_out = () if is_pool else apply_timer(state, INSURANCE_ACCOUNT_ID)
    _check_may_unwind(state, market_id)
    order_id = state.globals.next_order_id
    state.globals = replace(state.globals, next_order_id=order_id + 1)
    market = state.open_market(market_id)
    state.set_market(market_id, replace(market, unwound_ms=state.globals.time_ms))
    order = _order(state, market_id, order_id)
    mode = SelfTradeMode.CANCEL_RESTING
    n_slots = len(state.account(INSURANCE_ACCOUNT_ID).positions)
    walk = walk_book(state, Taker(order, mode, None, 0, MAX_MAKERS_PER_LIQUIDATION, is_pool))
    if walk.traded_lots == 0:
        raise _nothing(market_id, "nobody pays the mark and the index")
    left_lots = _left_lots(state, market_id, is_pool=is_pool)
    income_quanta = end_pool(state, market_id) if is_pool else 0
    credit_insurance(state, income_quanta)
    unwound = Unwound(
        market_id=market_id,
        order_id=order_id,
        is_pool=is_pool,
        mark_price_x16=state.mark_price_x16(market_id),
        index_price_x16=state.price_of(market_id).index_price_x16,
        limit_price_ticks=order.price_ticks,
        size_lots=order.remaining_lots,
        traded_lots=walk.traded_lots,
        left_lots=left_lots,
        income_quanta=income_quanta,
    )
    events = (*timed_out, told_as_placed(order), *walk.events, unwound)
    if walk.remaining_lots:
        reason = CancelReason.MAKER_LIMIT if walk.hit_limit else CancelReason.IMMEDIATE_OR_CANCEL
        events = (*events, cancelled(order, walk.remaining_lots, reason))
    return TransactionResult(
        result_code_of(walk),
        events,
        LiquidateHints(order_id, tuple(walk.visits)),
        n_slots + walk.n_slots,
        guard_slots=tuple(walk.guard_slots),
    )


def _check_may_unwind(state: State, market_id: int) -> None:
    """Raise InvalidTransaction if nobody takes in the market, or there is nothing to take."""
    check_not_halted(state, market_id)
    check_not_silent(state, market_id)
    check_prices_are_valid(state)
    check_not_resuming(state, TimeInForce.IOC)
    check_not_post_only(state, market_id, TimeInForce.IOC)
    check_may_trade(state, market_id, TimeInForce.IOC)
    if lots_to_unwind(state, market_id) == 0:
        raise _nothing(market_id, "neither its pool nor the insurance fund has a lot")
    now_ms = state.globals.time_ms
    from_ms = state.market(market_id).unwound_ms + UNWIND_EVERY_MS
    if now_ms < from_ms:
        raise InvalidTransaction(
            ErrorCode.UNWOUND_LATELY,
            f"market {market_id} is unwound from {from_ms} on, now {now_ms}",
            Broken("time_ms", now_ms, from_ms),
        )
    check_none_due(state, market_id)


def _nothing(market_id: int, detail: str) -> InvalidTransaction:
    return InvalidTransaction(
        ErrorCode.NOTHING_TO_UNWIND,
        f"nothing to unwind in market {market_id}: {detail}",
        Broken("size_lots", 0, 1),
    )


def _order(state: State, market_id: int, order_id: int) -> RestingOrder:
    """Return the order that meets the book; that of a pool is told as the insurance fund's."""
    lots = lots_to_unwind(state, market_id)
    side = opposite_side(lots)
    return RestingOrder(
        order_id=order_id,
        account_id=INSURANCE_ACCOUNT_ID,
        market_id=market_id,
        side=side,
        reduce_only=True,
        remaining_lots=div_ceil(abs(lots), UNWIND_SHARE),
        price_ticks=unwinding_price_ticks(state, market_id, side),
        expiry_time_ms=state.globals.time_ms + 1,
        max_fee_ppm=0,
        key_index=0,
        nonce=0,
    )


def _left_lots(state: State, market_id: int, *, is_pool: bool) -> int:
    if is_pool:
        return state.price_of(market_id).pool_lots
    return state.account(INSURANCE_ACCOUNT_ID).position(market_id).size_lots
