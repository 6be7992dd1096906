"""Whether a refusal is one that could be expected: the state must show why, in other words.

Each rule here is looked up in what a trader sees, not in the code that refused.
"""

from collections.abc import Callable
from typing import Final

from novation.protocol.constants import MAX_ORDERS_PER_SLOT, PPM_ONE, USD_ASSET_ID
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.orders import Side, TimeInForce, crosses
from novation.protocol.transactions import (
    Bid,
    CancelOrder,
    MassQuote,
    PlaceOrder,
    PruneOrder,
    Quote,
    ReplaceOrder,
    Transaction,
    Transfer,
    Unwind,
    Withdraw,
)
from simulation.view import View

Judge = Callable[[View, Transaction, InvalidTransaction], bool]


def is_explained(view: View, tx: Transaction, error: InvalidTransaction) -> bool:
    """Return whether what the trader sees shows why the transaction was refused."""
    judge = _JUDGES.get(error.code)
    return judge is not None and judge(view, tx, error)


def is_reducing(view: View, tx: PlaceOrder) -> bool:
    """Return whether an order can only make its account's position smaller, and at once."""
    size_lots = view.size_lots(tx.account_id, tx.market_id)
    closes = size_lots < 0 if tx.side is Side.BUY else size_lots > 0
    fits = tx.reduce_only or tx.size_lots <= abs(size_lots)
    return closes and fits and tx.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)


def can_trade(view: View, tx: PlaceOrder) -> bool:
    """Return whether the other side has an order that could be filled at a price of this one."""
    best = view.best(tx.market_id, tx.side.other)
    return best is not None and crosses(tx.side, tx.price_ticks, best.price_ticks)


def _stale_price(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    needs_them = isinstance(tx, PlaceOrder | MassQuote | Withdraw | Transfer | Bid)
    return needs_them and not view.has_valid_prices


def _post_only_period(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    is_other = isinstance(tx, PlaceOrder) and not tx.time_in_force.never_trades
    return is_other and view.is_post_only


def _resolving(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    """Orders that may trade, and USD that leaves an account, wait until a jump is settled."""
    if isinstance(tx, Withdraw | Transfer):
        slots = view.account(tx.account_id).positions
        return any(view.has_jumped(slot.market_id) for slot in slots)
    if not isinstance(tx, PlaceOrder) or tx.time_in_force.never_trades:
        return False
    return view.has_jumped(tx.market_id)


def _nothing_to_unwind(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    """Who pays enough could not carry the lots."""
    best = view.best_for_unwinding(tx.market_id) if isinstance(tx, Unwind) else None
    return best is not None and not view.margin(best.account_id).meets_initial


def _post_only_crosses(view: View, tx: Transaction, error: InvalidTransaction) -> bool:
    """A quote minds a dead order, too: it clears nothing out of its way but its author's own."""
    if isinstance(tx, MassQuote):
        quote = _named_quote(tx, error)
        head = view.head(tx.market_id, quote.side.other)
        crossing = head is not None and crosses(quote.side, quote.price_ticks, head.price_ticks)
        return crossing and not tx.terms.slides
    if not isinstance(tx, PlaceOrder) or not tx.time_in_force.never_trades:
        return False
    return can_trade(view, tx)


def _fok_not_filled(view: View, tx: Transaction, error: InvalidTransaction) -> bool:
    """Look for the lots in the book; some of them may belong to makers who cannot trade."""
    if not isinstance(tx, PlaceOrder) or tx.time_in_force is not TimeInForce.FOK:
        return False
    lots = sum(
        order.remaining_lots
        for order in view.book(tx.market_id, tx.side.other)
        if crosses(tx.side, tx.price_ticks, order.price_ticks)
    )
    return error.broken.limit <= lots and error.broken.limit < tx.size_lots


def _unknown_order(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    if isinstance(tx, PruneOrder):
        return not view.has_order(tx.order_id)
    if not isinstance(tx, CancelOrder | ReplaceOrder):
        return False
    orders = view.orders_of(tx.account_id)
    if isinstance(tx, ReplaceOrder):
        # A dead one cannot be replaced.
        orders = [order for order in orders if not view.is_prunable(order)]
    return all(tx.order_id != order.order_id and tx.origin != order.origin for order in orders)


def _insufficient_margin(view: View, tx: Transaction, error: InvalidTransaction) -> bool:
    """The refusal names what could be afforded: that must be less.

    Margin is no reason to refuse what neither trades nor rests.
    """
    if isinstance(tx, PlaceOrder) and is_reducing(view, tx) and not can_trade(view, tx):
        return False
    if isinstance(tx, Bid):
        return error.broken.value < error.broken.limit
    if not isinstance(tx, PlaceOrder | MassQuote | Withdraw | Transfer):
        return False
    return error.broken.limit < error.broken.value


def _bankrupt(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    if not isinstance(tx, PlaceOrder | MassQuote):
        return False
    return view.margin(tx.account_id).equity_x16 < 0


def _outside_band(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    if not isinstance(tx, PlaceOrder):
        return False
    sign = 1 if tx.side is Side.BUY else -1
    distance = sign * (tx.price_ticks - view.mark_ticks(tx.market_id)) * PPM_ONE
    # A mark that is rounded to a tick may be off by one.
    return distance >= (view.price_band_ppm(tx.market_id) - 1) * view.mark_ticks(tx.market_id) - (
        PPM_ONE
    )


def _too_small(view: View, tx: Transaction, error: InvalidTransaction) -> bool:
    """A lot may be worth too little alone; what only closes and cannot rest may be."""
    if isinstance(tx, MassQuote):
        quote = _named_quote(tx, error)
        value_quanta = view.value_quanta(tx.market_id, quote.size_lots, quote.price_ticks)
        return value_quanta < view.min_order_quanta(tx.market_id)
    if not isinstance(tx, PlaceOrder) or (tx.reduce_only and is_reducing(view, tx)):
        return False
    lots = tx.size_lots
    if tx.reduce_only:
        lots = min(lots, abs(view.size_lots(tx.account_id, tx.market_id)))
    value_quanta = view.value_quanta(tx.market_id, lots, tx.price_ticks)
    return value_quanta < view.min_order_quanta(tx.market_id)


def _custody_exceeded(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    return isinstance(tx, Withdraw) and tx.amount_quanta > view.custody_quanta


def _insufficient_balance(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    if not isinstance(tx, Withdraw | Transfer) or tx.asset_id == USD_ASSET_ID:
        return False
    return tx.amount_quanta > view.balance_quanta(tx.account_id, tx.asset_id)


def _too_many_orders(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    if not isinstance(tx, PlaceOrder | MassQuote):
        return False
    n_new = len(tx.quotes) if isinstance(tx, MassQuote) else 1
    slot = view.account(tx.account_id).position(tx.market_id)
    return slot.n_orders + n_new > MAX_ORDERS_PER_SLOT


def _not_same_owner(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    if not isinstance(tx, Transfer):
        return False
    owners = {view.account(i).l1_address for i in (tx.account_id, tx.to_account_id)}
    return len(owners) > 1


def _bid_limit(view: View, tx: Transaction, error: InvalidTransaction) -> bool:
    """Lots are rounded up in each position: of few lots a small share is another mixture."""
    if not isinstance(tx, Bid) or error.broken.field != "min_discount_ppm":
        return False
    offered_ppm = view.offered_discount_ppm(tx.failing_account_id)
    return error.broken.limit < tx.min_discount_ppm <= offered_ppm


def _market_post_only(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    if not isinstance(tx, PlaceOrder) or tx.time_in_force.never_trades:
        return False
    return view.terms(tx.market_id).is_post_only


def _market_reduce_only(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    if not isinstance(tx, PlaceOrder | MassQuote):
        return False
    reduces = isinstance(tx, PlaceOrder) and tx.reduce_only
    return not reduces and view.terms(tx.market_id).is_reduce_only


def _market_halted(view: View, tx: Transaction, _: InvalidTransaction) -> bool:
    return isinstance(tx, PlaceOrder | MassQuote) and view.terms(tx.market_id).is_halted


def _named_quote(tx: MassQuote, error: InvalidTransaction) -> Quote:
    """Return the quote that a refusal names: `quotes[3].price_ticks`."""
    index, _ = error.broken.field.removeprefix("quotes[").split("]")
    return tx.quotes[int(index)]


_JUDGES: Final[dict[ErrorCode, Judge]] = {
    ErrorCode.STALE_PRICE: _stale_price,
    ErrorCode.POST_ONLY_PERIOD: _post_only_period,
    ErrorCode.RESOLVING: _resolving,
    ErrorCode.POST_ONLY_CROSSES: _post_only_crosses,
    ErrorCode.NOTHING_TO_UNWIND: _nothing_to_unwind,
    ErrorCode.FOK_NOT_FILLED: _fok_not_filled,
    ErrorCode.UNKNOWN_ORDER: _unknown_order,
    ErrorCode.INSUFFICIENT_MARGIN: _insufficient_margin,
    ErrorCode.BANKRUPT: _bankrupt,
    ErrorCode.PRICE_OUTSIDE_BAND: _outside_band,
    ErrorCode.ORDER_TOO_SMALL: _too_small,
    ErrorCode.CUSTODY_EXCEEDED: _custody_exceeded,
    ErrorCode.INSUFFICIENT_BALANCE: _insufficient_balance,
    ErrorCode.TOO_MANY_ORDERS: _too_many_orders,
    ErrorCode.NOT_SAME_OWNER: _not_same_owner,
    ErrorCode.BID_LIMIT: _bid_limit,
    ErrorCode.MARKET_POST_ONLY: _market_post_only,
    ErrorCode.MARKET_REDUCE_ONLY: _market_reduce_only,
    ErrorCode.MARKET_HALTED: _market_halted,
}
