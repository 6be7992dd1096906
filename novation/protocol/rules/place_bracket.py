"""PlaceBracket: an order is placed, and the stop and the take-profit of what it opens lie dormant.

docs/spec/protocol.md, section 16.
"""

from dataclasses import replace

from novation.protocol.batch import BracketHints, PlaceOrderHints, TransactionResult
from novation.protocol.constants import PRICE_X16_ONE
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.events import TriggerPlaced
from novation.protocol.orders import (
    RestingOrder,
    Side,
    TimeInForce,
    Trigger,
    TriggerDirection,
    reduces,
)
from novation.protocol.rules.dead_orders import apply_timer
from novation.protocol.rules.place_order import check_worth, place, rest_order
from novation.protocol.state import State
from novation.protocol.transactions.place_bracket import PlaceBracket, validate_place_bracket


def apply_place_bracket(
    state: State, tx: PlaceBracket, *, verify_signature: bool
) -> TransactionResult:
    """Place the order, then its exits behind it."""
    validate_place_bracket(tx)
    timed_out = apply_timer(state, tx.account_id)
    result = place(state, tx, verify_signature=verify_signature)
    assert isinstance(result.hints, PlaceOrderHints)
    exits = _exits(tx, result.hints.order_id)
    for order in exits:
        _check_exit(state, tx, order)
    state.globals = replace(state.globals, next_order_id=result.hints.order_id + 3)
    account = state.account(tx.account_id)
    n_slots = result.n_slots + len(account.positions)
    size_lots = account.position(tx.market_id).size_lots
    never_rests = tx.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
    if never_rests and not reduces(size_lots, tx.side.other):
        # Nothing has come of it.
        exits = ()
    placed = tuple(
        PlaceOrderHints(
            order.order_id,
            resting_lots=order.remaining_lots,
            predecessor_id=rest_order(state, order),
        )
        for order in exits
    )
    events = (*timed_out, *result.events, *(_event(tx, order) for order in exits))
    hints = BracketHints(result.hints, placed)
    return replace(result, events=events, hints=hints, n_slots=n_slots)


def _exits(tx: PlaceBracket, order_id: int) -> tuple[RestingOrder, ...]:
    """Return the stop and the take-profit, with the ids behind that of the order."""
    is_buy = tx.side is Side.BUY
    fall, rise = TriggerDirection.FALL, TriggerDirection.RISE
    kinds = (
        (tx.stop_trigger_ticks, tx.stop_price_ticks, fall if is_buy else rise),
        (tx.profit_trigger_ticks, tx.profit_price_ticks, rise if is_buy else fall),
    )
    return tuple(
        RestingOrder(
            order_id=order_id + index,
            account_id=tx.account_id,
            market_id=tx.market_id,
            side=tx.side.other,
            reduce_only=True,
            remaining_lots=tx.size_lots,
            price_ticks=price_ticks,
            expiry_time_ms=tx.exits_expiry_time_ms,
            max_fee_ppm=tx.max_fee_ppm,
            key_index=tx.key_index,
            nonce=tx.nonce,
            quote_index=index,
            trigger=Trigger(
                trigger_ticks,
                direction,
                TimeInForce.IOC,
                tx.self_trade_mode,
                tx.self_trade_scope,
                ends_others=True,
            ),
        )
        for index, (trigger_ticks, price_ticks, direction) in enumerate(kinds, 1)
    )


def _check_exit(state: State, tx: PlaceBracket, exit_order: RestingOrder) -> None:
    """Check that an exit lives and is worth an order, and the mark has not reached its trigger."""
    now_ms, expiry_ms = state.globals.time_ms, tx.exits_expiry_time_ms
    if expiry_ms <= now_ms:
        raise InvalidTransaction(
            ErrorCode.ORDER_EXPIRED,
            f"expiry of the exits {expiry_ms} <= now {now_ms}",
            Broken("exits_expiry_time_ms", expiry_ms, now_ms + 1),
        )
    check_worth(state, tx.market_id, tx.size_lots, exit_order.price_ticks)
    assert exit_order.trigger is not None
    mark_x16 = state.mark_price_x16(tx.market_id)
    trigger_x16 = exit_order.trigger.price_ticks * PRICE_X16_ONE
    falls = exit_order.trigger.direction is TriggerDirection.FALL
    if (mark_x16 <= trigger_x16) if falls else (mark_x16 >= trigger_x16):
        nearest_x16 = trigger_x16 + (1 if falls else -1)
        raise InvalidTransaction(
            ErrorCode.EXIT_DUE,
            f"mark {mark_x16} / 2^16 has reached the trigger of an exit at "
            f"{exit_order.trigger.price_ticks} ticks already",
            Broken("mark_price_x16", mark_x16, nearest_x16),
        )


def _event(tx: PlaceBracket, order: RestingOrder) -> TriggerPlaced:
    assert order.trigger is not None
    return TriggerPlaced(
        order_id=order.order_id,
        account_id=order.account_id,
        nonce=order.nonce,
        market_id=order.market_id,
        side=order.side,
        price_ticks=order.price_ticks,
        size_lots=order.remaining_lots,
        trigger=order.trigger,
        label=tx.label,
        quote_index=order.quote_index,
    )
