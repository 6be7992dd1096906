"""The walk: an incoming order meets the resting orders of the other side, best first.

docs/spec/protocol.md, section 6, step 5.
"""

from dataclasses import dataclass, replace

from novation.protocol.accounts import Account, Position
from novation.protocol.batch import MakerVisit
from novation.protocol.constants import PPM_ONE
from novation.protocol.events import CANCEL_REASONS, OrderFilled
from novation.protocol.margin import maker_fee_quanta
from novation.protocol.numeric import div_ceil
from novation.protocol.orders import RestingOrder, Side, VisitOutcome, crosses
from novation.protocol.rules.book import remove_order, take_off_book
from novation.protocol.rules.dead_orders import apply_timer, cancelled, cause_of_death, is_idle
from novation.protocol.rules.guards import spend_guard
from novation.protocol.rules.self_trade import is_self_trade, prevent_self_trade
from novation.protocol.rules.walk import Taker, Walk
from novation.protocol.state import State


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade between two accounts, at the maker's price."""

    lots: int
    notional_quanta: int
    maker_fee_quanta: int
    taker_fee_quanta: int


def walk_book(state: State, taker: Taker) -> Walk:
    """Match an order that is not on the book until nothing crosses, is left, or may go on."""
    order = taker.order
    walk = Walk(order.remaining_lots)
    while walk.remaining_lots > 0 and not walk.is_self_trade:
        head_id, head_price_ticks = state.market(order.market_id).head(order.side.other)
        if head_id == 0 or not crosses(order.side, order.price_ticks, head_price_ticks):
            break
        if len(walk.visits) == taker.most_makers:
            walk.hit_limit = True
            break
        walk.visits.append(_visit(state, taker, state.order(head_id), walk))
    return walk


def _visit(state: State, taker: Taker, maker: RestingOrder, walk: Walk) -> MakerVisit:
    # The taker's own id is the next one as far as makers are concerned.
    walk.events.extend(apply_timer(state, maker.account_id, taker.order.order_id))
    before = state.account(maker.account_id)
    walk.n_slots += len(before.positions)
    if before.position(maker.market_id).guarded_lots:
        walk.guard_slots.append(len(before.positions))
    outcome = cause_of_death(state, maker, before.position(maker.market_id))
    if outcome is None and is_self_trade(state, taker, maker):
        return prevent_self_trade(state, taker, maker, walk)
    if outcome is None:
        outcome = _reason_to_skip(state, maker, before)
    if outcome is None:
        fill = _size_fill(state, taker, maker, before, walk.remaining_lots)
        after = _settle_maker(state, maker, before, fill)
        fee_quanta = maker_fee_quanta(
            before,
            after,
            maker.market_id,
            state.underlyings,
            state.parameters,
            fill.maker_fee_quanta,
        )
        if fee_quanta is not None:
            returned_quanta = fill.maker_fee_quanta - fee_quanta
            after = after.with_balance(after.collateral_quanta + returned_quanta)
            fill = replace(fill, maker_fee_quanta=fee_quanta)
            _apply_fill(state, taker, maker, after, fill)
            walk.remaining_lots -= fill.lots
            walk.traded_lots += fill.lots
            walk.taker_fees_quanta += fill.taker_fee_quanta
            walk.events.append(_fill_event(taker.order, maker, fill))
            taker_order_id = taker.order.order_id
            walk.events.extend(spend_guard(state, maker, fill.lots, taker_order_id))
            return MakerVisit(maker.order_id, VisitOutcome.FILL, fill.lots)
        outcome = VisitOutcome.MARGIN
        walk.n_slots += len(before.positions)
    take_off_book(state, maker)
    if outcome is not VisitOutcome.CANCELLED:
        walk.events.append(cancelled(maker, maker.remaining_lots, CANCEL_REASONS[outcome]))
    return MakerVisit(maker.order_id, outcome)


def _reason_to_skip(state: State, maker: RestingOrder, account: Account) -> VisitOutcome | None:
    slot = account.position(maker.market_id)
    if maker.max_fee_ppm < state.underlying_of(maker.market_id).maker_fee_ppm:
        return VisitOutcome.FEE
    if is_idle(maker, slot):
        return VisitOutcome.REDUCE_ONLY
    return None


def _size_fill(
    state: State, taker: Taker, maker: RestingOrder, account: Account, remaining_lots: int
) -> Fill:
    lots = min(remaining_lots, maker.remaining_lots)
    if maker.reduce_only:
        lots = min(lots, abs(account.position(maker.market_id).size_lots))
    underlying = state.underlying_of(maker.market_id)
    notional = underlying.notional_quanta(lots, maker.price_ticks)
    return Fill(
        lots,
        notional,
        maker_fee_quanta=div_ceil(notional * underlying.maker_fee_ppm, PPM_ONE),
        taker_fee_quanta=div_ceil(notional * taker.fee_ppm, PPM_ONE),
    )


def count_for_makers(state: State, walk: Walk) -> None:
    """Let the fees that a taker pays count for its makers, if the exchange gives rebates."""
    if not state.parameters.fee_schedule.rebates:
        return
    for event in walk.events:
        if isinstance(event, OrderFilled) and event.taker_fee_quanta:
            account = state.account(event.maker_account_id)
            account = account.with_batch_fees(event.taker_fee_quanta)
            state.set_account(event.maker_account_id, account)


def lower_taker_fees(state: State, taker_id: int, walk: Walk, fees_quanta: int) -> None:
    """Let the taker pay so much of its fees only; what it does not pay are those of the last fills.

    Args:
        state: in which all of them are paid.
        taker_id: its account.
        walk: whose events are changed.
        fees_quanta: what it pays in all.
    """
    returned_quanta = walk.taker_fees_quanta - fees_quanta
    if returned_quanta == 0:
        return
    account = state.account(taker_id).with_batch_fees(-returned_quanta)
    state.set_account(taker_id, account.with_balance(account.collateral_quanta + returned_quanta))
    state.fees_quanta -= returned_quanta
    left_quanta = fees_quanta
    for index, event in enumerate(walk.events):
        if isinstance(event, OrderFilled):
            fee_quanta = min(event.taker_fee_quanta, left_quanta)
            left_quanta -= fee_quanta
            walk.events[index] = replace(event, taker_fee_quanta=fee_quanta)


def _settle_maker(state: State, maker: RestingOrder, account: Account, fill: Fill) -> Account:
    old = account.position(maker.market_id)
    slot = old.traded(maker.side, fill.lots)
    payment_quanta = _payment(state, maker.side, old, slot, fill)
    slot = slot.with_open_change(maker.side, 0 if maker.reduce_only else -fill.lots)
    return account.with_position(slot, payment_quanta - fill.maker_fee_quanta)


def _settle_taker(state: State, taker: RestingOrder, account: Account, fill: Fill) -> Account:
    old = account.position(taker.market_id)
    slot = old.traded(taker.side, fill.lots)
    payment_quanta = _payment(state, taker.side, old, slot, fill)
    return account.with_position(slot, payment_quanta - fill.taker_fee_quanta)


def _settle_pool(state: State, order: RestingOrder, fill: Fill) -> None:
    """Let a pool trade: its lots have paid nothing before, and are no open interest."""
    prices = state.price_of(order.market_id)
    sign = 1 if order.side is Side.BUY else -1
    after = replace(
        prices,
        pool_cash_quanta=prices.pool_cash_quanta - sign * fill.notional_quanta,
        pool_lots=prices.pool_lots + sign * fill.lots,
    )
    state.set_underlying(order.market_id, after)


def _payment(state: State, side: Side, old: Position, slot: Position, fill: Fill) -> int:
    """Return what a side gets, without fees: the price, and what its position counts as paid.

    So that a position can be worth its mark less all that its lots have paid, to whoever holds it:
    nothing has to be settled.
    """
    price_quanta = -fill.notional_quanta if side is Side.BUY else fill.notional_quanta
    prices = state.price_of(old.market_id)
    return price_quanta + prices.paid_quanta(slot.size_lots) - prices.paid_quanta(old.size_lots)


def _apply_fill(
    state: State, taker: Taker, maker: RestingOrder, maker_after: Account, fill: Fill
) -> None:
    maker_after = maker_after.with_batch_fees(fill.maker_fee_quanta)
    changes = [(state.account(maker.account_id), maker_after)]
    state.set_account(maker.account_id, maker_after)
    if taker.for_pool:
        _settle_pool(state, taker.order, fill)
    else:
        taker_before = state.account(taker.order.account_id)
        taker_after = _settle_taker(state, taker.order, taker_before, fill)
        taker_after = taker_after.with_batch_fees(fill.taker_fee_quanta)
        state.set_account(taker.order.account_id, taker_after)
        changes.append((taker_before, taker_after))
    state.fees_quanta += fill.maker_fee_quanta + fill.taker_fee_quanta
    market = state.market(maker.market_id)
    open_interest = market.open_interest_lots
    for before, after in changes:
        open_interest -= max(before.position(maker.market_id).size_lots, 0)
        open_interest += max(after.position(maker.market_id).size_lots, 0)
    state.set_market(maker.market_id, market.with_open_interest(open_interest))
    if maker.remaining_lots > fill.lots:
        state.set_order(maker.with_remaining(maker.remaining_lots - fill.lots))
    else:
        slot = maker_after.position(maker.market_id).with_open_change(maker.side, 0, -1)
        state.set_account(maker.account_id, maker_after.with_position(slot))
        remove_order(state, maker)


def _fill_event(taker: RestingOrder, maker: RestingOrder, fill: Fill) -> OrderFilled:
    return OrderFilled(
        market_id=maker.market_id,
        taker_side=taker.side,
        price_ticks=maker.price_ticks,
        size_lots=fill.lots,
        taker_order_id=taker.order_id,
        taker_account_id=taker.account_id,
        taker_fee_quanta=fill.taker_fee_quanta,
        maker_order_id=maker.order_id,
        maker_account_id=maker.account_id,
        maker_fee_quanta=fill.maker_fee_quanta,
        maker_remaining_lots=maker.remaining_lots - fill.lots,
    )
