"""PlaceOrder: the order is matched against the book; what is left may rest on it.

docs/spec/protocol.md, section 6: the numbered steps there are the order of this file.
"""

from dataclasses import replace
from typing import Final

from novation.protocol.accounts import Account, Position
from novation.protocol.batch import PlaceOrderHints, TransactionResult
from novation.protocol.constants import (
    MARKET_ACTIVE,
    MAX_MAKERS_PER_ORDER,
    MAX_ORDERS_PER_SLOT,
    MAX_POSITIONS,
    ORDER_TREE_HEIGHT,
    POSITION_BOUND,
    PPM_ONE,
    PRICE_BOUND,
    PRICE_X16_ONE,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, Event, OrderFilled, OrderPlaced
from novation.protocol.insured_interest import interest_cap_lots
from novation.protocol.margin import charged_fee_quanta, margin_of
from novation.protocol.mark import opening_margin_ppm, unsettled_gain_x16
from novation.protocol.numeric import div_ceil
from novation.protocol.orders import (
    RestingOrder,
    SelfTradeScope,
    Side,
    TimeInForce,
    crosses,
    reduces,
)
from novation.protocol.rules.book import insert_order
from novation.protocol.rules.dead_orders import apply_timer, cancelled
from novation.protocol.rules.list_market import not_listed
from novation.protocol.rules.market_modes import check_modes
from novation.protocol.rules.matching import count_for_makers, lower_taker_fees, walk_book
from novation.protocol.rules.price_validity import (
    check_all_priced,
    check_has_price,
    check_not_resuming,
    check_not_silent,
    check_prices_are_valid,
)
from novation.protocol.rules.resolving import check_may_trade
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.rules.triggers import check_none_due
from novation.protocol.rules.walk import Taker, Walk
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.place_order import PlaceOrder, validate_place_order

# Why what is left of an order goes away.
_CANCEL_REASONS: Final = {
    ResultCode.IOC_CANCELLED: CancelReason.IMMEDIATE_OR_CANCEL,
    ResultCode.MAKER_LIMIT: CancelReason.MAKER_LIMIT,
    ResultCode.SELF_TRADE_CANCELLED: CancelReason.SELF_TRADE_TAKING,
}


def check_place_order(
    state: State, tx: PlaceOrder, *, verify_signature: bool, filled_lots: int = 0
) -> Account:
    """Check everything that can be known before the walk; return the taker's account."""
    account = check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    check_market(state, tx)
    check_prices_are_valid(state)
    check_not_resuming(state, tx.time_in_force)
    check_may_trade(state, tx.market_id, tx.time_in_force)
    check_terms(state, tx)
    check_band(state, tx)
    check_slot(account, tx)
    lots = _lots_to_trade(account, tx, filled_lots)
    check_least_notional(state, tx, lots, tx.price_ticks)
    check_position_limit(state, account.position(tx.market_id), tx)
    return account


def apply_place_order(state: State, tx: PlaceOrder, *, verify_signature: bool) -> TransactionResult:
    """Place an order that replaces none."""
    validate_place_order(tx)
    timed_out = apply_timer(state, tx.account_id)
    result = place(state, tx, verify_signature=verify_signature)
    return replace(result, events=(*timed_out, *result.events))


def place(
    state: State, tx: PlaceOrder, *, verify_signature: bool, filled_lots: int = 0
) -> TransactionResult:
    """Match the order, rest or cancel what is left, then check the taker's margin.

    `filled_lots` of its size were filled before, of the order that it replaces.
    """
    before = check_place_order(
        state, tx, verify_signature=verify_signature, filled_lots=filled_lots
    )
    apply_nonce(state, tx, before)
    interest_lots = state.open_market(tx.market_id).open_interest_lots
    order = give_id(state, tx, _lots_to_trade(before, tx, filled_lots))
    if order.price_ticks != tx.price_ticks:
        check_least_notional(state, tx, order.remaining_lots, order.price_ticks)
    _check_turn(state, tx)
    walk = _walk(state, tx, before, order)
    _check_post_only(tx, walk)
    _check_fok(tx, order.remaining_lots, walk)
    _check_open_interest(state, tx, interest_lots)
    order = order.with_remaining(walk.remaining_lots)
    result_code = _result_code(tx, walk)
    hints = PlaceOrderHints(order.order_id, tuple(walk.visits))
    if result_code is ResultCode.RESTING:
        predecessor_id = rest_order(state, order)
        hints = replace(hints, resting_lots=order.remaining_lots, predecessor_id=predecessor_id)
    _keep_min_order_id(state, tx, before)
    fees_quanta = check_margin(state, tx, before, walk.taker_fees_quanta)
    if fees_quanta == walk.taker_fees_quanta:
        count_for_makers(state, walk)
    else:
        hints = replace(hints, pays_in_full=False)
        lower_taker_fees(state, tx.account_id, walk, fees_quanta)
    placed = OrderPlaced(
        order_id=order.order_id,
        account_id=tx.account_id,
        nonce=tx.nonce,
        market_id=tx.market_id,
        side=tx.side,
        price_ticks=order.price_ticks,
        size_lots=tx.size_lots - filled_lots,
        resting_lots=hints.resting_lots,
        decremented_lots=walk.decremented_lots,
        label=tx.label,
    )
    events: tuple[Event, ...] = (placed, *walk.events)
    if result_code in _CANCEL_REASONS:
        reason = _CANCEL_REASONS[result_code]
        events = (*events, cancelled(order, order.remaining_lots, reason))
    # Its own account may get a slot more.
    n_slots = len(before.positions) + 1 + walk.n_slots
    return TransactionResult(
        result_code, events, hints, n_slots, guard_slots=tuple(walk.guard_slots)
    )


def check_market(state: State, tx: PlaceOrder) -> None:
    """Check that the market is active, and takes such an order now."""
    check_active(state, tx.market_id)
    check_modes(state, tx)


def check_active(state: State, market_id: int) -> None:
    """Check that a market is listed, is active and has a price."""
    if market_id not in state.markets:
        raise not_listed(state, market_id)
    market = state.market(market_id)
    if market.status != MARKET_ACTIVE:
        raise InvalidTransaction(
            ErrorCode.MARKET_NOT_ACTIVE,
            f"market {market_id} has status {market.status}",
            Broken("status", market.status, MARKET_ACTIVE),
        )
    check_has_price(market_id, state.mark_price_x16(market_id))
    check_not_silent(state, market_id)


def check_terms(state: State, tx: PlaceOrder) -> None:
    """Check the end and the fee limit of an order."""
    if tx.expiry_time_ms <= state.globals.time_ms:
        raise InvalidTransaction(
            ErrorCode.ORDER_EXPIRED,
            f"expiry {tx.expiry_time_ms} <= now {state.globals.time_ms}",
            Broken("expiry_time_ms", tx.expiry_time_ms, state.globals.time_ms + 1),
        )
    fee_ppm = state.underlying_of(tx.market_id).highest_fee_ppm
    if fee_ppm > tx.max_fee_ppm:
        raise InvalidTransaction(
            ErrorCode.FEE_ABOVE_LIMIT,
            f"fee {fee_ppm} ppm > signed limit {tx.max_fee_ppm} ppm",
            Broken("max_fee_ppm", tx.max_fee_ppm, fee_ppm),
        )


def check_band(state: State, tx: PlaceOrder) -> None:
    """Check the price on the side on which it could do harm."""
    underlying = state.underlying_of(tx.market_id)
    mark_x16 = state.mark_price_x16(tx.market_id)
    scale = PRICE_X16_ONE * PPM_ONE
    if tx.side is Side.BUY:
        limit_ticks = mark_x16 * (PPM_ONE + underlying.price_band_ppm) // scale
        inside = tx.price_ticks <= limit_ticks
    else:
        limit_ticks = div_ceil(mark_x16 * (PPM_ONE - underlying.price_band_ppm), scale)
        inside = tx.price_ticks >= limit_ticks
    if not inside:
        raise InvalidTransaction(
            ErrorCode.PRICE_OUTSIDE_BAND,
            f"{tx.side.name} at {tx.price_ticks} ticks, limit {limit_ticks}: "
            f"mark {mark_x16} / 2^16, band {underlying.price_band_ppm} ppm",
            Broken("price_ticks", tx.price_ticks, limit_ticks),
        )


def check_slot(account: Account, tx: PlaceOrder) -> None:
    """Check that the account has room for the market, and something to reduce if it shall."""
    check_free_slot(account, tx.market_id)
    size_lots = account.position(tx.market_id).size_lots
    if tx.reduce_only and not reduces(size_lots, tx.side):
        raise InvalidTransaction(
            ErrorCode.REDUCE_ONLY_INCREASES,
            f"{tx.side.name} with a position of {size_lots} lots",
            Broken("reduce_only", 1, 0),
        )


def check_free_slot(account: Account, market_id: int) -> None:
    """Check that the account has a slot for the market, or a free one."""
    if not account.has_position(market_id) and len(account.positions) >= MAX_POSITIONS:
        raise InvalidTransaction(
            ErrorCode.TOO_MANY_POSITIONS,
            f"{len(account.positions)} of {MAX_POSITIONS} in use",
            Broken("positions", len(account.positions) + 1, MAX_POSITIONS),
        )


def _lots_to_trade(account: Account, tx: PlaceOrder, filled_lots: int) -> int:
    lots = tx.size_lots - filled_lots
    if not tx.reduce_only:
        return lots
    return min(lots, abs(account.position(tx.market_id).size_lots))


def check_least_notional(state: State, tx: PlaceOrder, lots: int, price_ticks: int) -> None:
    """Refuse dust; what only closes, and never rests, may be as small as the position."""
    if not (tx.reduce_only and tx.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)):
        check_worth(state, tx.market_id, lots, price_ticks)


def check_worth(state: State, market_id: int, lots: int, price_ticks: int) -> None:
    """Refuse dust: whoever meets it pays for a visit, and gets next to nothing."""
    underlying = state.underlying_of(market_id)
    if not underlying.is_worth_an_order(lots, price_ticks):
        value_quanta = underlying.notional_quanta(lots, price_ticks)
        raise InvalidTransaction(
            ErrorCode.ORDER_TOO_SMALL,
            f"{lots} lots at {price_ticks} ticks are worth {value_quanta} quanta, an order "
            f"at least {underlying.min_order_usd} USD",
            Broken("notional_quanta", value_quanta, underlying.min_order_quanta),
        )


def check_position_limit(state: State, slot: Position, tx: PlaceOrder) -> None:
    """Check that no position can become too large by the order and those of the slot.

    What only reduces has to keep within the width of a position alone.
    """
    held_lots = max(slot.size_lots if tx.side is Side.BUY else -slot.size_lots, 0)
    worst = held_lots + slot.open_lots(tx.side) + tx.size_lots
    limit_lots = state.underlying_of(tx.market_id).limits.position_limit_lots
    if tx.reduce_only:
        limit_lots = POSITION_BOUND - 1
    if worst > limit_lots:
        room_lots = max(limit_lots - (worst - tx.size_lots), 0)
        raise InvalidTransaction(
            ErrorCode.POSITION_LIMIT,
            f"could reach {worst} lots, limit {limit_lots}",
            Broken("size_lots", tx.size_lots, room_lots),
        )


def give_id(state: State, tx: PlaceOrder, lots: int) -> RestingOrder:
    """Return the order that so many lots of the message are, with the next id."""
    order_id = state.globals.next_order_id
    state.globals = replace(state.globals, next_order_id=order_id + 1)
    return RestingOrder(
        order_id=order_id,
        account_id=tx.account_id,
        market_id=tx.market_id,
        side=tx.side,
        reduce_only=tx.reduce_only,
        remaining_lots=lots,
        price_ticks=_slid_price(state, tx),
        expiry_time_ms=tx.expiry_time_ms,
        max_fee_ppm=tx.max_fee_ppm,
        key_index=tx.key_index,
        nonce=tx.nonce,
    )


def _slid_price(state: State, tx: PlaceOrder) -> int:
    """Return the price of an order: one tick behind the other side's head if it slides from it.

    Whether the head lives does not matter: nobody chooses the price by pruning it or not, but for
    what a prune gives back.
    """
    if tx.time_in_force is not TimeInForce.POST_ONLY_SLIDE:
        return tx.price_ticks
    head_id, head_price_ticks = state.market(tx.market_id).head(tx.side.other)
    if head_id == 0 or not crosses(tx.side, tx.price_ticks, head_price_ticks):
        return tx.price_ticks
    price_ticks = head_price_ticks + (-1 if tx.side is Side.BUY else 1)
    if not 0 < price_ticks < PRICE_BOUND:
        raise InvalidTransaction(
            ErrorCode.POST_ONLY_CROSSES,
            f"crosses order {head_id} at {head_price_ticks} ticks, behind which there is no price",
            Broken("price_ticks", tx.price_ticks, price_ticks),
        )
    return price_ticks


def _check_turn(state: State, tx: PlaceOrder) -> None:
    """Refuse an order that could trade before the dormant ones that are due."""
    head_id, head_price_ticks = state.market(tx.market_id).head(tx.side.other)
    if head_id == 0 or tx.time_in_force.never_trades:
        return
    if crosses(tx.side, tx.price_ticks, head_price_ticks):
        check_none_due(state, tx.market_id)


def _walk(state: State, tx: PlaceOrder, account: Account, order: RestingOrder) -> Walk:
    if tx.time_in_force is TimeInForce.POST_ONLY_SLIDE:
        return Walk(order.remaining_lots)
    owner = account.l1_address if tx.self_trade_scope is SelfTradeScope.OWNER else None
    fee_ppm = state.underlying_of(tx.market_id).taker_fee_ppm
    taker = Taker(order, tx.self_trade_mode, owner, fee_ppm, MAX_MAKERS_PER_ORDER)
    return walk_book(state, taker)


def _check_fok(tx: PlaceOrder, size_lots: int, walk: Walk) -> None:
    """Refuse a fill-or-kill order of which not everything traded."""
    if tx.time_in_force is TimeInForce.FOK and walk.traded_lots < size_lots:
        raise InvalidTransaction(
            ErrorCode.FOK_NOT_FILLED,
            f"{walk.traded_lots} of {size_lots} lots would be filled at {tx.price_ticks} ticks",
            Broken("size_lots", size_lots, walk.traded_lots),
        )


def _check_post_only(tx: PlaceOrder, walk: Walk) -> None:
    """Refuse a post-only order that traded; who only clears dead orders away may rest."""
    if tx.time_in_force is not TimeInForce.POST_ONLY:
        return
    fill = next((event for event in walk.events if isinstance(event, OrderFilled)), None)
    if fill is not None:
        best_ticks = fill.price_ticks + (-1 if tx.side is Side.BUY else 1)
        raise InvalidTransaction(
            ErrorCode.POST_ONLY_CROSSES,
            f"crosses order {fill.maker_order_id} at {fill.price_ticks} ticks",
            Broken("price_ticks", tx.price_ticks, best_ticks),
        )


def _check_open_interest(state: State, tx: PlaceOrder, before_lots: int) -> None:
    """Refuse an order by which the open interest rises above its cap, or further above it.

    It rises only where both sides of a fill open: who reduces is never refused by it.
    """
    open_interest_lots = state.market(tx.market_id).open_interest_lots
    prices, terms = state.price_of(tx.market_id), state.underlying_of(tx.market_id)
    limit_lots = max(interest_cap_lots(prices, terms), before_lots)
    if open_interest_lots > limit_lots:
        raise InvalidTransaction(
            ErrorCode.OPEN_INTEREST_LIMIT,
            f"open interest would be {open_interest_lots} lots, limit {limit_lots}",
            Broken("open_interest_lots", open_interest_lots, limit_lots),
        )


def _result_code(tx: PlaceOrder, walk: Walk) -> ResultCode:
    if walk.is_self_trade:
        return ResultCode.SELF_TRADE_CANCELLED
    if walk.remaining_lots == 0:
        is_filled = walk.decremented_lots == 0
        return ResultCode.FILLED if is_filled else ResultCode.SELF_TRADE_CANCELLED
    if walk.hit_limit:
        return ResultCode.MAKER_LIMIT
    if tx.time_in_force is TimeInForce.IOC:
        return ResultCode.IOC_CANCELLED
    return ResultCode.RESTING


def rest_order(state: State, order: RestingOrder) -> int:
    """Let an order stand in its list; return the one before it, 0 at the head."""
    account = state.account(order.account_id)
    slot = account.position(order.market_id)
    check_room(state, slot)
    slot = slot.with_open_change(order.side, order.reserved_lots, 1)
    state.set_account(order.account_id, account.with_position(slot))
    return insert_order(state, order)


def check_room(state: State, slot: Position) -> None:
    """Check that one more order may rest: in the slot, and in the tree."""
    if slot.n_orders >= MAX_ORDERS_PER_SLOT:
        raise InvalidTransaction(
            ErrorCode.TOO_MANY_ORDERS,
            f"{slot.n_orders} of {MAX_ORDERS_PER_SLOT} orders in market {slot.market_id}, with "
            f"the dead that nobody has pruned yet",
            Broken("n_orders", slot.n_orders + 1, MAX_ORDERS_PER_SLOT),
        )
    # Of admission, as BatchFull is: the circuit proves slots to be empty, and needs no count.
    if state.slots_needed() > 1 << ORDER_TREE_HEIGHT:
        raise InvalidTransaction(
            ErrorCode.TOO_MANY_ORDERS,
            "no slot left in the order tree",
            Broken("order_slots", state.slots_needed(), 1 << ORDER_TREE_HEIGHT),
        )


def _keep_min_order_id(state: State, tx: PlaceOrder, before: Account) -> None:
    """A slot that the walk emptied and the order took again is the one that it was."""
    account = state.account(tx.account_id)
    slot, old = account.position(tx.market_id), before.position(tx.market_id)
    if not slot.is_empty and slot.least != old.least:
        kept = replace(slot, min_order_id=old.min_order_id, guarded_lots=old.guarded_lots)
        state.set_account(tx.account_id, account.with_position(kept))


def check_margin(state: State, tx: PlaceOrder, before: Account, fees_quanta: int) -> int:
    """Return what of its fees the order pays, all of which are paid in the state."""
    after = state.account(tx.account_id)
    paid_quanta = charged_fee_quanta(
        before, after, tx.market_id, state.underlyings, state.parameters, fees_quanta
    )
    if paid_quanta is not None:
        return paid_quanta
    equity_x16 = margin_of(before, state.underlyings, state.parameters).equity_x16
    if equity_x16 < 0:
        raise InvalidTransaction(
            ErrorCode.BANKRUPT,
            f"account {tx.account_id} has equity {equity_x16} / 2^16 quanta: until somebody "
            f"deposits, none of its orders counts",
            Broken("equity_x16", equity_x16, 0),
        )
    check_all_priced(state, after)
    raise InvalidTransaction(
        ErrorCode.INSUFFICIENT_MARGIN,
        f"account {tx.account_id} would miss initial margin and not only reduce risk",
        Broken("size_lots", tx.size_lots, _affordable_lots(state, tx, before)),
    )


def _affordable_lots(state: State, tx: PlaceOrder, before: Account) -> int:
    """Return a size that margin allows whatever fills, at the limit price, with fees."""
    margin = margin_of(before, state.underlyings, state.parameters)
    if margin.is_unpriced:
        return 0
    underlying, mark_x16 = state.underlying_of(tx.market_id), state.mark_price_x16(tx.market_id)
    loss_x16 = tx.price_ticks * PRICE_X16_ONE - mark_x16
    if tx.side is Side.SELL:
        loss_x16 = -loss_x16
    prices, fee_ppm = state.price_of(tx.market_id), underlying.highest_fee_ppm
    lot_x16_ppm = underlying.multiplier * (
        mark_x16 * opening_margin_ppm(prices, underlying)
        + max(0, loss_x16) * PPM_ONE
        + tx.price_ticks * PRICE_X16_ONE * fee_ppm
    )
    lot = 1 if tx.side is Side.BUY else -1
    lot_x16_ppm += unsettled_gain_x16(lot, prices, underlying) * PPM_ONE
    # Each fill rounds its fee up to a whole quantum.
    free_x16_ppm = (margin.settled_x16 - MAX_MAKERS_PER_ORDER * PRICE_X16_ONE) * PPM_ONE
    return max(0, (free_x16_ppm - margin.opening_x16_ppm) // lot_x16_ppm)
