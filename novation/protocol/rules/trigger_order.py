"""TriggerOrder: a dormant order whose price the mark has reached meets the book, or goes.

docs/spec/protocol.md, section 16. It can always be executed: where a rule would refuse the order,
the order goes, so that none can hold up the others.
"""

from dataclasses import dataclass, replace
from typing import Final

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult, TriggerOrderHints
from novation.protocol.constants import (
    MAX_MAKERS_PER_ORDER,
    PPM_ONE,
    PRICE_BOUND,
    PRICE_X16_ONE,
)
from novation.protocol.errors import ResultCode
from novation.protocol.events import (
    CANCEL_REASONS,
    CancelReason,
    Event,
    OrderCancelled,
    OrderPlaced,
    OrderTriggered,
)
from novation.protocol.margin import charged_fee_quanta
from novation.protocol.numeric import div_ceil, div_floor
from novation.protocol.orders import (
    RestingOrder,
    SelfTradeScope,
    Side,
    TimeInForce,
    Trigger,
    VisitOutcome,
)
from novation.protocol.rules.book import insert_order, take_off_book
from novation.protocol.rules.dead_orders import (
    apply_timer,
    cancellations,
    cancelled,
    cause_of_death,
    is_idle,
)
from novation.protocol.rules.list_market import not_listed
from novation.protocol.rules.market_modes import check_not_halted, check_not_post_only
from novation.protocol.rules.matching import lower_taker_fees, walk_book
from novation.protocol.rules.price_validity import (
    check_has_price,
    check_not_resuming,
    check_not_silent,
    check_prices_are_valid,
)
from novation.protocol.rules.resolving import check_may_trade
from novation.protocol.rules.triggers import due_order, not_triggered
from novation.protocol.rules.walk import Taker, Walk
from novation.protocol.state import Savepoint, State
from novation.protocol.transactions.trigger_order import TriggerOrder, validate_trigger_order

# Why what is left of a triggered order goes away.
_REASONS: Final = {
    ResultCode.IOC_CANCELLED: CancelReason.IMMEDIATE_OR_CANCEL,
    ResultCode.MAKER_LIMIT: CancelReason.MAKER_LIMIT,
    ResultCode.SELF_TRADE_CANCELLED: CancelReason.SELF_TRADE_TAKING,
}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of an order that met the book."""

    code: ResultCode
    hints: TriggerOrderHints
    events: tuple[Event, ...]
    n_slots: int
    guard_slots: tuple[int, ...]


def check_trigger_order(state: State, tx: TriggerOrder) -> RestingOrder:
    """Check that orders may trade and one is due; return it."""
    if tx.market_id not in state.markets:
        raise not_listed(state, tx.market_id)
    check_has_price(tx.market_id, state.mark_price_x16(tx.market_id))
    check_not_silent(state, tx.market_id)
    check_not_halted(state, tx.market_id)
    check_not_post_only(state, tx.market_id, TimeInForce.IOC)
    check_prices_are_valid(state)
    check_not_resuming(state, TimeInForce.IOC)
    check_may_trade(state, tx.market_id, TimeInForce.IOC)
    order = due_order(state, tx.market_id, state.globals.time_ms)
    if order is None:
        raise not_triggered(state, tx.market_id)
    return order


def apply_trigger_order(state: State, tx: TriggerOrder) -> TransactionResult:
    """Let the order that is due leave its list, then meet the book under a new id."""
    validate_trigger_order(tx)
    dormant = check_trigger_order(state, tx)
    timed_out = apply_timer(state, dormant.account_id)
    state.open_market(tx.market_id)
    account = state.account(dormant.account_id)
    outcome = _reason_to_go(state, dormant, account)
    take_off_book(state, dormant)
    order_id = state.globals.next_order_id
    state.globals = replace(state.globals, next_order_id=order_id + 1)
    n_slots = len(account.positions)
    hints = TriggerOrderHints(dormant.order_id, order_id)
    if dormant.trigger is not None and dormant.trigger.ends_others:
        # The account may be written once more.
        n_slots += n_slots
    if outcome is not None:
        gone: tuple[OrderCancelled, ...] = ()
        if outcome is not VisitOutcome.CANCELLED:
            gone = (cancelled(dormant, dormant.remaining_lots, CANCEL_REASONS[outcome]),)
        if outcome is VisitOutcome.REDUCE_ONLY:
            gone = (*gone, *_end_others(state, dormant, order_id))
        return TransactionResult(ResultCode.NOT_EXECUTED, (*timed_out, *gone), hints, n_slots)
    placed = _place(state, dormant, hints)
    # Its margin may be looked at, and it may be written twice.
    n_slots = 2 * n_slots + placed.n_slots
    events = (*timed_out, *placed.events)
    return TransactionResult(
        placed.code, events, placed.hints, n_slots, guard_slots=placed.guard_slots
    )


def _reason_to_go(state: State, dormant: RestingOrder, account: Account) -> VisitOutcome | None:
    """Return why an order may not meet the book; the timer of its account has been applied."""
    slot = account.position(dormant.market_id)
    outcome = cause_of_death(state, dormant, slot)
    if outcome is not None:
        return outcome
    if dormant.max_fee_ppm < state.underlying_of(dormant.market_id).highest_fee_ppm:
        return VisitOutcome.FEE
    return VisitOutcome.REDUCE_ONLY if is_idle(dormant, slot) else None


def _place(state: State, dormant: RestingOrder, hints: TriggerOrderHints) -> _Outcome:
    """Match the order; take everything back if its account then fails the margin rule."""
    trigger = dormant.trigger
    assert trigger is not None
    before = state.account(dormant.account_id)
    order = _order_of(state, dormant, before, hints.order_id)
    point = state.savepoint()
    walk = _walk(state, trigger, before, order)
    hints = replace(hints, visits=tuple(walk.visits))
    guard_slots = tuple(walk.guard_slots)
    fees_quanta = _fees_quanta(state, before, order, walk)
    if fees_quanta is None:
        timers = _take_back(state, point, order.order_id)
        gone = cancelled(dormant, dormant.remaining_lots, CancelReason.MARGIN)
        hints = replace(hints, is_taken_back=True)
        return _Outcome(ResultCode.NOT_EXECUTED, hints, (*timers, gone), walk.n_slots, guard_slots)
    lower_taker_fees(state, order.account_id, walk, fees_quanta)
    ended = _end_others(state, dormant, order.order_id)
    code = _result_code(state, trigger, order, walk)
    order = order.with_remaining(walk.remaining_lots)
    if code is ResultCode.RESTING:
        predecessor_id = _rest(state, order)
        hints = replace(hints, resting_lots=order.remaining_lots, predecessor_id=predecessor_id)
    size_lots = walk.traded_lots + walk.decremented_lots + walk.remaining_lots
    placed = OrderPlaced(
        order_id=order.order_id,
        account_id=order.account_id,
        nonce=order.nonce,
        market_id=order.market_id,
        side=order.side,
        price_ticks=order.price_ticks,
        size_lots=size_lots,
        resting_lots=hints.resting_lots,
        decremented_lots=walk.decremented_lots,
    )
    events: tuple[Event, ...] = (_triggered(dormant, order), placed, *walk.events)
    if code in _REASONS:
        events = (*events, cancelled(order, order.remaining_lots, _REASONS[code]))
    events = (*events, *ended)
    return _Outcome(code, hints, events, walk.n_slots, guard_slots)


def _end_others(state: State, dormant: RestingOrder, order_id: int) -> tuple[OrderCancelled, ...]:
    """Let the other orders of the account in the market die if their position is closed.

    Only if the order says so. Those that it shares a position with only shrink while there is one,
    as they reduce it, too.
    """
    trigger = dormant.trigger
    assert trigger is not None
    account = state.account(dormant.account_id)
    slot = account.position(dormant.market_id)
    if not trigger.ends_others or not is_idle(dormant, slot):
        return ()
    account_id, market_id = dormant.account_id, dormant.market_id
    events = cancellations(state, account_id, CancelReason.POSITION_CLOSED, market_id)
    state.set_account(account_id, account.with_position(slot.all_cancelled(order_id)))
    return events


def _order_of(state: State, dormant: RestingOrder, account: Account, order_id: int) -> RestingOrder:
    """Return what meets the book: no more lots than the position, at a price within the band."""
    held_lots = abs(account.position(dormant.market_id).size_lots)
    return replace(
        dormant,
        order_id=order_id,
        remaining_lots=min(dormant.remaining_lots, held_lots),
        price_ticks=_price_within_band(state, dormant),
        next_id=0,
        next_price_ticks=0,
        trigger=None,
    )


def _price_within_band(state: State, dormant: RestingOrder) -> int:
    """Return the signed price, or the band's limit if that is beyond.

    The limit is rounded away from the mark, so that it is a price, however small that is.
    """
    mark_x16 = state.mark_price_x16(dormant.market_id)
    band_ppm = state.underlying_of(dormant.market_id).price_band_ppm
    scale = PRICE_X16_ONE * PPM_ONE
    if dormant.side is Side.BUY:
        return min(dormant.price_ticks, div_ceil(mark_x16 * (PPM_ONE + band_ppm), scale))
    limit_ticks = min(div_floor(mark_x16 * (PPM_ONE - band_ppm), scale), PRICE_BOUND - 1)
    return max(dormant.price_ticks, limit_ticks)


def _walk(state: State, trigger: Trigger, account: Account, order: RestingOrder) -> Walk:
    owner = account.l1_address if trigger.self_trade_scope is SelfTradeScope.OWNER else None
    fee_ppm = state.underlying_of(order.market_id).taker_fee_ppm
    taker = Taker(order, trigger.self_trade_mode, owner, fee_ppm, MAX_MAKERS_PER_ORDER)
    return walk_book(state, taker)


def _fees_quanta(state: State, before: Account, order: RestingOrder, walk: Walk) -> int | None:
    """Return what of its fees the order pays, None if its account cannot afford it."""
    return charged_fee_quanta(
        before,
        state.account(order.account_id),
        order.market_id,
        state.underlyings,
        state.parameters,
        walk.taker_fees_quanta,
    )


def _take_back(state: State, point: Savepoint, order_id: int) -> tuple[OrderCancelled, ...]:
    """Take back a walk, but not the timers that it applied: their time has come in any case."""
    assert state.batch is not None
    timed_out = state.batch.timed_out[len(point.timed_out) :]
    state.take_back(point)
    return tuple(
        event for account_id in timed_out for event in apply_timer(state, account_id, order_id)
    )


def _result_code(state: State, trigger: Trigger, order: RestingOrder, walk: Walk) -> ResultCode:
    """Return what becomes of the rest: it may rest if the whole of it was worth an order."""
    if walk.is_self_trade:
        return ResultCode.SELF_TRADE_CANCELLED
    if walk.remaining_lots == 0:
        is_filled = walk.decremented_lots == 0
        return ResultCode.FILLED if is_filled else ResultCode.SELF_TRADE_CANCELLED
    if walk.hit_limit:
        return ResultCode.MAKER_LIMIT
    underlying = state.underlying_of(order.market_id)
    is_order = underlying.is_worth_an_order(order.remaining_lots, order.price_ticks)
    if trigger.time_in_force is TimeInForce.IOC or not is_order:
        return ResultCode.IOC_CANCELLED
    return ResultCode.RESTING


def _rest(state: State, order: RestingOrder) -> int:
    """Let the rest stand in the book: the slot has room, as the dormant order has left it."""
    account = state.account(order.account_id)
    slot = account.position(order.market_id).with_open_change(order.side, order.reserved_lots, 1)
    state.set_account(order.account_id, account.with_position(slot))
    return insert_order(state, order)


def _triggered(dormant: RestingOrder, order: RestingOrder) -> OrderTriggered:
    return OrderTriggered(
        order_id=dormant.order_id,
        account_id=dormant.account_id,
        market_id=dormant.market_id,
        placed_order_id=order.order_id,
    )
