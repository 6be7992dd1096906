"""MassQuote: orders of a market maker that never take, all placed or none.

docs/spec/protocol.md, section 6.
"""

from dataclasses import replace

from novation.protocol.accounts import Account, Position
from novation.protocol.batch import (
    CancelOrderHints,
    MassQuoteHints,
    NamedCancelHints,
    PlaceOrderHints,
    TransactionResult,
)
from novation.protocol.book_index import priority_at
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, Event, OrderPlaced
from novation.protocol.margin import charged_fee_quanta, margin_of
from novation.protocol.orders import OrderList, RestingOrder, Side, TimeInForce, crosses
from novation.protocol.rules.book import insert_order, remove_order
from novation.protocol.rules.dead_orders import apply_timer, cancellations, cancelled
from novation.protocol.rules.place_order import (
    check_band,
    check_least_notional,
    check_margin,
    check_market,
    check_position_limit,
    check_room,
    check_slot,
    check_terms,
    give_id,
)
from novation.protocol.rules.price_validity import check_prices_are_valid
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions import MassQuote, PlaceOrder, QuoteCancel
from novation.protocol.transactions.mass_quote import naming, validate_mass_quote

# Dead orders that a message takes along: more than it adds, so that they become fewer each time.
MOST_CLEARED = 20
# They do not trade.
_NO_FEE = 0


def apply_mass_quote(state: State, tx: MassQuote, *, verify_signature: bool) -> TransactionResult:
    """Let old orders die, all or those that are named, then place the quotes one by one."""
    validate_mass_quote(tx)
    events: tuple[Event, ...] = apply_timer(state, tx.account_id)
    before = check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    orders = _orders(tx)
    check_market(state, orders[0])
    check_prices_are_valid(state)
    check_terms(state, orders[0])
    check_slot(before, orders[0])
    apply_nonce(state, tx, before)
    state.open_market(tx.market_id)
    slot = before.position(tx.market_id)
    if tx.terms.cancels_first:
        events += cancellations(state, tx.account_id, CancelReason.CANCEL_ALL, tx.market_id)
        min_order_id = state.globals.next_order_id
        slot = replace(slot, open_buy_lots=0, open_sell_lots=0, min_order_id=min_order_id)
    cleared = _clear_dead(state, tx, slot)
    slot = replace(slot, n_orders=slot.n_orders - len(cleared))
    slot, named, named_events = _cancel_named(state, tx, slot)
    events += named_events
    slots = [replace(slot, guarded_lots=tx.terms.guard_lots)]
    placed = []
    for index, order_tx in enumerate(orders):
        with naming("quotes", index):
            order = _check_quote(state, order_tx, slots[-1], index)
        slots.append(slots[-1].with_open_change(order.side, order.remaining_lots, 1))
        placed.append(_hints(order, insert_order(state, order)))
        events += (_event(order, tx.terms.label),)
    _check_margin(state, orders, before, slots)
    return TransactionResult(
        ResultCode.RESTING,
        events,
        MassQuoteHints(cleared, tuple(placed), named),
        n_slots=len(before.positions) + 1,
    )


def _orders(tx: MassQuote) -> list[PlaceOrder]:
    """Return the quotes as the orders that they are."""
    return [
        PlaceOrder(
            account_id=tx.account_id,
            key_index=tx.key_index,
            nonce=tx.nonce,
            market_id=tx.market_id,
            side=quote.side,
            price_ticks=quote.price_ticks,
            size_lots=quote.size_lots,
            expiry_time_ms=tx.terms.expiry_time_ms,
            max_fee_ppm=tx.terms.max_fee_ppm,
            time_in_force=tx.time_in_force,
        )
        for quote in tx.quotes
    ]


def _clear_dead(state: State, tx: MassQuote, slot: Position) -> tuple[CancelOrderHints, ...]:
    """Take the account's cancelled orders out of the way of its new ones, the oldest first.

    The slot as given counts them still.
    """
    dead = [
        order.order_id
        for order in state.orders_of(tx.account_id)
        if order.market_id == tx.market_id and order.order_id < slot.min_order_id
    ]
    # One that is gone may have changed the next one: each is read when it is its turn.
    return tuple(
        CancelOrderHints(order_id, remove_order(state, state.order(order_id)))
        for order_id in dead[:MOST_CLEARED]
    )


def _cancel_named(
    state: State, tx: MassQuote, slot: Position
) -> tuple[Position, tuple[NamedCancelHints, ...], tuple[Event, ...]]:
    """Take the orders off the book that the message names; return the slot without them.

    One that is not there is gone already, by whatever rule; the circuit proves that nothing is at
    its place.
    """
    hints: list[NamedCancelHints] = []
    events: list[Event] = []
    for index, named in enumerate(tx.cancels):
        order = _order_at(state, tx.market_id, named)
        if order is None:
            hints.append(NamedCancelHints(is_there=False, predecessor_id=_look(state, tx, named)))
            continue
        _check_owner(tx, order, index)
        if order.order_id >= slot.min_order_id:
            events.append(cancelled(order, order.remaining_lots, CancelReason.USER))
        slot = slot.without_order(order)
        hints.append(NamedCancelHints(is_there=True, predecessor_id=remove_order(state, order)))
    return slot, tuple(hints), tuple(events)


def _check_owner(tx: MassQuote, order: RestingOrder, index: int) -> None:
    if order.account_id != tx.account_id:
        raise InvalidTransaction(
            ErrorCode.NOT_ORDER_OWNER,
            f"cancel {index}: order {order.order_id} is not of account {tx.account_id}",
            Broken("account_id", tx.account_id, order.account_id),
        )


def _order_at(state: State, market_id: int, named: QuoteCancel) -> RestingOrder | None:
    """Return the order that is where a name says, of whatever account."""
    order = state.get_order(named.order_id)
    if order is None or order.trigger is not None:
        return None
    place = order.market_id, order.side, order.price_ticks
    return order if place == (market_id, named.side, named.price_ticks) else None


def _look(state: State, tx: MassQuote, named: QuoteCancel) -> int:
    """Return the order before an empty place, which proves that it is empty; 0 for the head."""
    order_list = OrderList(named.side)
    rank = priority_at(order_list, named.price_ticks, named.order_id)
    predecessor_id = state.books[tx.market_id, order_list].id_before(rank)
    if predecessor_id:
        state.open_order(predecessor_id)
    return predecessor_id


def _check_quote(state: State, tx: PlaceOrder, slot: Position, index: int) -> RestingOrder:
    """Return the order that a quote is, after all checks but that of margin."""
    check_band(state, tx)
    check_least_notional(state, tx, tx.size_lots, tx.price_ticks)
    check_position_limit(state, slot, tx)
    _check_post_only(state, tx)
    order = replace(give_id(state, tx, tx.size_lots), quote_index=index)
    check_least_notional(state, tx, tx.size_lots, order.price_ticks)
    check_room(state, slot)
    return order


def _check_post_only(state: State, tx: PlaceOrder) -> None:
    """Refuse a quote that crosses, if it does not slide; it clears nothing away but its own dead.

    So a quote costs the same whatever is in the book.
    """
    head_id, head_price_ticks = state.market(tx.market_id).head(tx.side.other)
    is_apart = head_id == 0 or not crosses(tx.side, tx.price_ticks, head_price_ticks)
    if tx.time_in_force is TimeInForce.POST_ONLY_SLIDE or is_apart:
        return
    best_ticks = head_price_ticks + (-1 if tx.side is Side.BUY else 1)
    raise InvalidTransaction(
        ErrorCode.POST_ONLY_CROSSES,
        f"crosses order {head_id} at {head_price_ticks} ticks",
        Broken("price_ticks", tx.price_ticks, best_ticks),
    )


def _hints(order: RestingOrder, predecessor_id: int) -> PlaceOrderHints:
    return PlaceOrderHints(
        order.order_id, resting_lots=order.remaining_lots, predecessor_id=predecessor_id
    )


def _event(order: RestingOrder, label: int) -> OrderPlaced:
    return OrderPlaced(
        order_id=order.order_id,
        account_id=order.account_id,
        nonce=order.nonce,
        market_id=order.market_id,
        side=order.side,
        price_ticks=order.price_ticks,
        size_lots=order.remaining_lots,
        resting_lots=order.remaining_lots,
        label=label,
        quote_index=order.quote_index,
    )


def _check_margin(
    state: State, orders: list[PlaceOrder], before: Account, slots: list[Position]
) -> None:
    """Check the margin rule of all quotes together; a refusal names the first that is too much.

    `slots[i]` is the slot with the first i of them. Equity stays, so no later one makes up for it.
    """
    account = state.account(orders[0].account_id)
    steps = [account.with_position(slot) for slot in slots]
    state.set_account(orders[0].account_id, steps[-1])
    rule = orders[0].market_id, state.underlyings, state.parameters, _NO_FEE
    if charged_fee_quanta(before, steps[-1], *rule) is not None:
        return
    if margin_of(before, state.underlyings, state.parameters).equity_x16 < 0:
        # Of no quote in particular.
        check_margin(state, orders[0], before, _NO_FEE)
    paid = [charged_fee_quanta(before, after, *rule) for after in steps[1:]]
    index = paid.index(None)
    state.set_account(orders[0].account_id, steps[index + 1])
    with naming("quotes", index):
        check_margin(state, orders[index], steps[index], _NO_FEE)
