"""An account that holds a position and has little or nothing left, or less than nothing."""

from novation.protocol.margin import Margin, margin_of
from novation.protocol.orders import Side
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, Exchange

POOR, DEALER, STRANGER = 2, 3, 4
LOTS, MARK_TICKS = 1_000, 940
# What it cost to open the position, and what a lot is worth less at the mark of now.
_OPENING_FEE_QUANTA = 5_000
_LOSS_TICKS = 1000 - MARK_TICKS
# Three percent of its value.
REQUIRED_QUANTA = LOTS * MARK_TICKS * 10 * 3 // 100


def mark_of(side: Side) -> int:
    """Return the mark at which a position of that side has lost."""
    return MARK_TICKS if side is BUY else 2000 - MARK_TICKS


def holding(equity_quanta: int, side: Side = BUY, *, sign: bool = True) -> Exchange:
    """Return an exchange whose account POOR holds LOTS that have lost, and so much equity."""
    exchange = Exchange(sign=sign)
    exchange.fund(DEALER, STRANGER, amount_quanta=10**6 * ONE_DOLLAR)
    paid_quanta = LOTS * _LOSS_TICKS * 10 + _OPENING_FEE_QUANTA
    exchange.fund(POOR, amount_quanta=paid_quanta + equity_quanta)
    exchange.place(DEALER, side.other, LOTS, 1000)
    exchange.place(POOR, side, LOTS, 1000)
    exchange.seal()
    exchange.set_price(mark_of(side))
    assert margin(exchange).equity_x16 == equity_quanta << 16
    return exchange


def margin(exchange: Exchange, account_id: int = POOR) -> Margin:
    """Return equity and requirements of an account."""
    state = exchange.state
    return margin_of(state.account(account_id), state.underlyings, state.parameters)
